"""Numbers as a tired person reads them. What is not known is a dash, never a zero."""

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap

from recorder.wire.messages import Measure, Shift
from recorder.wire.wording import reason
from tui.language import N_, _, figure

UNKNOWN = "—"
MINUS = "−"
# A shift that began longer ago is found in the file.
RECENT_S = 600.0
# What a pair's chance level takes where most of the data is usable.
CHANCE_MIN = 5
LEAST_WIDTH = 20
# As the service tells a time of day (recorder/wire/past.py); how it is written here.
TOLD_AS = "%Y-%m-%d %H:%M"
DAY, TIME_OF_DAY = N_("%Y-%m-%d"), N_("%Y-%m-%d %H:%M")


def beside(head: str, text: str, width: int) -> str:
    """`text` in lines right of `head`, together no wider than `width`."""
    lines = wrap(text, max(width - len(head), LEAST_WIDTH)) or [""]
    return head + ("\n" + " " * len(head)).join(lines)


def clock(seconds: float) -> str:
    """Seconds as mm:ss, from an hour on as h:mm:ss."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"


def time_of_day(told: str, form: str = TIME_OF_DAY) -> str:
    """When it was, as people here write it; what the service cannot tell, as it is."""
    try:
        return datetime.strptime(told, TOLD_AS).strftime(_(form))
    except ValueError:
        return told


def length(seconds: float) -> str:
    """How long something has lasted: 12 s, 4 min."""
    return f"{max(0, int(seconds))} s" if seconds < 120 else f"{int(seconds / 60)} min"


def number(value: float | None, digits: int, unit: str = "") -> str:
    """A value, or a dash, with its unit."""
    text = UNKNOWN if value is None else figure(value, f"z.{digits}f").replace("-", MINUS)
    return f"{text} {unit}".rstrip()


def signed(value: float | None, digits: int = 2) -> str:
    """A value that may lie on either side of zero, with its sign; there is no minus zero."""
    return UNKNOWN if value is None else figure(value, f"+z.{digits}f").replace("-", MINUS)


def share(part: float | None) -> str:
    """A share of 1 in per cent: as many digits as say something."""
    if part is None:
        return UNKNOWN
    percent = 100 * part
    digits = 2 if 0 < percent < 1 else 0
    return f"{figure(percent, f'.{digits}f')} %"


def lost_share(lost: int, samples: int) -> float | None:
    """The share of samples that never came, or None before any was expected."""
    expected = lost + samples
    return lost / expected if expected > 0 else None


def disk(hours: float) -> str:
    """Hours of recording that still fit on the disk; beyond two days the number says nothing."""
    if hours >= 48:
        return _("over 48 h")
    return f"{hours:.0f} h" if hours >= 2 else f"{max(0, int(60 * hours))} min"


def shortened(text: str, width: int) -> str:
    """The last `width` characters: of a path, the end says which file it is."""
    if len(text) <= width:
        return text
    return "…" + text[len(text) - width + 1 :] if width > 1 else ""


def with_error(measure: Measure) -> str:
    """A value that may lie on either side of zero, with its standard error where it is known."""
    if measure.value is None or measure.error is None:
        return signed(measure.value)
    return f"{signed(measure.value)} ±{number(measure.error, 2)}"


def basis(measure: Measure) -> str:
    """What a value stands on; without a value, why there is none."""
    window = f"{measure.window_s:.0f} s, "
    text = f"{reason(measure.why, _) or _('no value now')}, " if measure.value is None else window
    return text + _("{share} usable").format(share=share(measure.clean_share))


def shift_times(shifts: Sequence[Shift], now_s: float) -> str:
    """When and where asymmetry has shifted of late, the newest first; "" when it has not."""
    recent = [shift for shift in reversed(shifts) if now_s - shift.t_s <= RECENT_S]
    times = ", ".join(f"{clock(it.t_s)} {_(it.who)} {it.where}" for it in recent)
    return times and _("shift marked, see video (provisional): {times}").format(times=times)


def chance_note(minutes: float) -> str:
    """Why values have no percentile yet, `minutes` after they were first measured."""
    text = _("?: not yet known how alike chance makes them ({n} of about {of} min)")
    return text.format(n=int(minutes), of=CHANCE_MIN)
