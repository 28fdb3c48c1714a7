"""One LSL stream: how it is named, how it is found, and what its description says.

A stream is named by one of

    NAME                 its name or its source_id
    name=NAME            its name only
    source_id=ID         its source_id only
    type=EEG             its content type; our own outlets are left out

and must then be the only one: of two, none is taken. The description follows the XDF conventions
(desc/channels/channel with label, unit and type).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hardware.board_fault import BoardFault, Closing, FaultKind

FOUND_WITHIN_S = 5.0
RIVAL_WITHIN_S = 1.0  # on the loopback liblsl finds one stream at once, all others after 0.5 s
OWN_SOURCE = "antiphon-"

_LOOK_S = 0.05
_FIELDS = ("name", "source_id", "type")
_UV_PER_UNIT = {
    **dict.fromkeys(("nanovolts", "nanovolt", "nv", "-9"), 1e-3),
    # Greek mu and the micro sign are two characters. Without a unit, microvolts are meant.
    **dict.fromkeys(("", "microvolts", "microvolt", "uv", "\u00b5v", "\u03bcv", "-6"), 1.0),
    **dict.fromkeys(("millivolts", "millivolt", "mv", "-3"), 1e3),
    **dict.fromkeys(("volts", "volt", "v", "0"), 1e6),  # numbers: powers of ten, as MNE writes
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as its stream describes it; "" for what is not said."""

    label: str
    unit: str
    type: str

    @property
    def uv_per_unit(self) -> float:
        """Microvolts in one of its units.

        Raises:
            ValueError: it is not a voltage.
        """
        scale = _UV_PER_UNIT.get(self.unit.casefold())
        if scale is None:
            raise ValueError(f"channel {self.label or '?'} is in {self.unit!r}, not in volts")
        return scale


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """What a stream says of itself."""

    name: str
    source_id: str
    maker: str
    rate_hz: float
    channels: tuple[Channel, ...]

    def pick(self, wanted: tuple[str, ...]) -> tuple[int, ...]:
        """The numbers of the channels to record, in the order of `wanted`.

        By label, where the stream knows any of the wanted ones. Else it does not know where the
        electrodes are, and its first channels are taken; of those only the ones whose type is EEG,
        if any are. All of them when nothing is wanted.

        Raises:
            ValueError: some of the wanted labels are there and others are not.
        """
        labels = [channel.label.casefold() for channel in self.channels]
        missing = [label for label in wanted if label.casefold() not in labels]
        if wanted and not missing:
            return tuple(labels.index(label.casefold()) for label in wanted)
        if len(missing) < len(wanted):
            there = ", ".join(channel.label for channel in self.channels)
            raise ValueError(f"has no channel {', '.join(missing)}; it has {there}")
        typed = [n for n, channel in enumerate(self.channels) if channel.type.casefold() == "eeg"]
        all_of_them = typed or range(len(self.channels))
        return tuple(all_of_them)[: len(wanted) or None]


def predicate(stream: str) -> str:
    """The XPath that finds a stream.

    Raises:
        ValueError: nothing is named, or with both kinds of quotes in it.
    """
    field, _, value = stream.partition("=")
    if field not in _FIELDS:
        quoted = _quoted(stream)
        return f"(name={quoted} or source_id={quoted})"
    others = f" and not(starts-with(source_id,'{OWN_SOURCE}'))" if field == "type" else ""
    return f"{field}={_quoted(value)}{others}"


def find(
    pylsl: Any,
    stream: str,
    closing: threading.Event,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> Any:
    """Wait for a stream, at most 5 s, and make sure that it is the only one.

    Raises:
        BoardFault: there is none, or more than one.
        Closing: `closing` was set.
    """
    resolver = pylsl.ContinuousResolver(pred=predicate(stream))
    limit_ns = monotonic_ns() + int(FOUND_WITHIN_S * 1e9)
    while not resolver.results() and monotonic_ns() < limit_ns:
        _wait(_LOOK_S, closing)
    if resolver.results():
        _wait(RIVAL_WITHIN_S, closing)
    return only_one(resolver.results(), stream)


def only_one(found: list[Any], stream: str) -> Any:
    """The one stream that was found.

    Raises:
        BoardFault: there is none, or more than one.
    """
    if not found:
        text = f"lsl:{stream}: no such stream: is its program running, in reach of this machine?"
        raise BoardFault(FaultKind.MISSING, text)
    if len(found) > 1:
        rivals = ", ".join(f"source_id={text_of(info.source_id)}" for info in found)
        text = f"lsl:{stream}: {len(found)} streams are called that: name one ({rivals})"
        raise BoardFault(FaultKind.REFUSED, text)
    return found[0]


def describe(info: Any) -> StreamDescription:
    """Read the full information of a stream."""
    channels = info.desc().child("channels").child("channel")
    said = []
    while not channels.empty():
        said.append(_channel(channels))
        channels = channels.next_sibling("channel")
    count = info.channel_count()
    said = (said + [Channel("", "", "")] * count)[:count]
    acquisition = info.desc().child("acquisition")
    maker = [text_of(acquisition.child_value, field) for field in ("manufacturer", "model")]
    return StreamDescription(
        name=text_of(info.name),
        source_id=text_of(info.source_id),
        maker=" ".join(part for part in maker if part),
        rate_hz=info.nominal_srate(),
        channels=tuple(said),
    )


def text_of(ask: Callable[..., str], *arguments: str) -> str:
    """What pylsl says; of a sender that does not write UTF-8, as it must, its ISO-8859-1."""
    try:
        return ask(*arguments)
    except UnicodeDecodeError as error:
        return error.object.decode("latin-1")


def _channel(element: Any) -> Channel:
    label, unit, kind = (text_of(element.child_value, it) for it in ("label", "unit", "type"))
    return Channel(label.strip(), unit.strip(), kind.strip())


def _quoted(text: str) -> str:
    """A literal of XPath 1.0, which has no escapes."""
    if not text:
        raise ValueError("an LSL stream is named by its name, source_id=... or type=...")
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    raise ValueError(f"a stream's name cannot be searched for with both ' and \" in it: {text}")


def _wait(span_s: float, closing: threading.Event) -> None:
    if closing.wait(span_s):
        raise Closing
