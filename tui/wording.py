"""Numbers as a tired person reads them. What is not known is a dash, never a zero."""

from recorder.messages import Measure

UNKNOWN = "—"
MINUS = "−"
# Below this share of clean samples the service gives no value.
LEAST_CLEAN = 0.5


def clock(seconds: float) -> str:
    """Seconds as mm:ss, from an hour on as h:mm:ss."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"


def number(value: float | None, digits: int, unit: str = "") -> str:
    """A value, or a dash, with its unit."""
    text = UNKNOWN if value is None else f"{value:.{digits}f}".replace("-", MINUS)
    return f"{text} {unit}".rstrip()


def signed(value: float | None) -> str:
    """A value that may lie on either side of zero, with its sign."""
    return UNKNOWN if value is None else f"{value:+.2f}".replace("-", MINUS)


def share(part: float | None) -> str:
    """A share of 1 in per cent: as many digits as say something."""
    if part is None:
        return UNKNOWN
    percent = 100 * part
    digits = 2 if 0 < percent < 1 else 0
    return f"{percent:.{digits}f} %"


def lost_share(lost: int, samples: int) -> float | None:
    """The share of samples that never came, or None before any was expected."""
    expected = lost + samples
    return lost / expected if expected > 0 else None


def disk(hours: float) -> str:
    """Hours of recording that still fit on the disk; beyond two days the number says nothing."""
    if hours >= 48:
        return "over 48 h"
    return f"{hours:.0f} h" if hours >= 2 else f"{max(0, int(60 * hours))} min"


def shortened(text: str, width: int) -> str:
    """The last `width` characters: of a path, the end says which file it is."""
    if len(text) <= width:
        return text
    return "…" + text[len(text) - width + 1 :] if width > 1 else ""


def why_missing(measure: Measure) -> str:
    """Why a measure has no value, in few words."""
    if measure.clean_share < LEAST_CLEAN:
        return f"only {share(measure.clean_share)} clean"
    return "no value now"
