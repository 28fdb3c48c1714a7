"""One clock for both people: how the clock of each file becomes that of the session.

In this order: the offset that was given; time stamps, where both files have the same kind; a
trigger that both boards saw on D11 or D12. What nothing tells is refused, and not guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from dsp.pulsetrain import FEWEST, NotFound, any_drift, find
from recorder.importing.brought import Brought, Stretch
from recorder.importing.clock import Line

Floats = NDArray[np.float64]
By = Literal["stamps", "trigger"]

BEGIN_NS: Final = 1_000_000_000  # of a session whose files' clock is no session's
LATEST_NS: Final = 1 << 52  # 52 days: later times are not exact in seconds
PULSES_WITHIN_S: Final = 0.012  # three samples
SAME_FEW_S: Final = 0.02
OFFSET_WANTED = (
    "give --offset, the seconds from the first sample of the first to that of the second"
)
_KINDS = {
    "utc": "time of day",
    "day": "time of day without a date",
    "own": "a clock that no other file has",
    "none": "none",
}


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """One person's part of a file, with the clock of each stretch."""

    brought: Brought
    lines: tuple[Line, ...]

    @property
    def begin_ns(self) -> int:
        """Of the first sample, by the file's clock."""
        return int(self.lines[0].times_ns(np.zeros(1, np.int64))[0])

    @property
    def end_ns(self) -> int:
        """Of the last one."""
        return int(self.lines[-1].times_ns(self.brought.stretches[-1].index[-1:])[0])


@dataclass(frozen=True, slots=True)
class Mapping:
    """From a file's clock to the session's: `shift_ns` more, and what it drifts from `about_ns`."""

    shift_ns: int
    drift: float = 0.0
    about_ns: int = 0

    def __call__(self, t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Times of the session."""
        drifted = np.rint((t_ns - self.about_ns) * self.drift).astype(np.int64)
        mapped: NDArray[np.int64] = t_ns + self.shift_ns + drifted
        return mapped

    def of(self, t_ns: int) -> int:
        """One time of the session."""
        return int(self(np.array([t_ns], np.int64))[0])

    def line(self, line: Line) -> Line:
        """A clock, as the session tells it."""
        return Line(line.index, self(line.t_ns), line.period_ns * (1 + self.drift), line.sigma_ns)


@dataclass(frozen=True, slots=True)
class Aligned:
    """How both files become one session.

    Attributes:
        mappings: of each person's file.
        by: how, in words.
        utc_ns: time of day at time 0 of the session; None where no file tells.
    """

    mappings: tuple[Mapping, ...]
    by: str
    utc_ns: int | None


def aligned(
    people: Sequence[Timed], *, one_file: bool, offset_s: float | None, by: By | None
) -> Aligned:
    """Find the clock of the session.

    Args:
        people: the patient's and the therapist's parts.
        one_file: whether both are of one file, and so of one clock.
        offset_s: from the first's first sample to the second's.
        by: what is to tell it; the first of what is there.

    Raises:
        ValueError: nothing tells it, or by what tells it they share no time.
    """
    first, second = people
    if offset_s is not None:
        shift_ns = first.begin_ns + round(offset_s * 1e9) - second.begin_ns
        return _both(people, Mapping(shift_ns), f"an offset of {offset_s:g} s")
    if one_file:
        return _both(people, Mapping(0), "the clock of one file")
    clocks = first.brought.clock, second.brought.clock
    if by != "trigger" and clocks in (("utc", "utc"), ("day", "day")):
        found = _both(people, Mapping(0), _stamps_in_words(people))
        _require_overlap(people, found)
        return found
    if by == "stamps":
        raise ValueError(_no_stamps(*clocks))
    mapping, told = _by_trigger(first, second)
    found = _both(people, mapping, told)
    _require_overlap(people, found)
    return found


def _both(people: Sequence[Timed], of_second: Mapping, by: str) -> Aligned:
    """Both on the clock of the first file, moved so that the session begins near its zero."""
    first, second = people
    begins_ns = [first.begin_ns, of_second.of(second.begin_ns)]
    zero_ns = min(begins_ns) - BEGIN_NS
    is_session_clock = first.brought.clock == "own" and 0 <= zero_ns < LATEST_NS
    shift_ns = 0 if is_session_clock else -zero_ns
    moved = Mapping(of_second.shift_ns + shift_ns, of_second.drift, of_second.about_ns)
    return Aligned((Mapping(shift_ns), moved), by, _utc_ns(people, (Mapping(shift_ns), moved)))


def _utc_ns(people: Sequence[Timed], mappings: Sequence[Mapping]) -> int | None:
    for one, mapping in zip(people, mappings, strict=True):
        if one.brought.clock == "utc":
            return one.begin_ns - mapping.of(one.begin_ns)
    return None


def _stamps_in_words(people: Sequence[Timed]) -> str:
    sigma_s = max(it.brought.start_sigma_s for it in people)
    return "time stamps" + (", that are of whole seconds" if sigma_s > 0.1 else "")


def _no_stamps(first: str, second: str) -> str:
    told = f"time stamps of the first file: {_KINDS[first]}; of the second: {_KINDS[second]}"
    return f"{told}; {OFFSET_WANTED}"


def _require_overlap(people: Sequence[Timed], found: Aligned) -> None:
    spans = [
        mapping(np.array([it.begin_ns, it.end_ns])).tolist()
        for it, mapping in zip(people, found.mappings, strict=True)
    ]
    between_s = (max(spans[0][0], spans[1][0]) - min(spans[0][1], spans[1][1])) * 1e-9
    if between_s >= 0:
        text = f"by {found.by} they share no time: {between_s:.1f} s lie between them"
        raise ValueError(f"{text}; {OFFSET_WANTED}")


def _by_trigger(first: Timed, second: Timed) -> tuple[Mapping, str]:
    """The mapping of the second, by pulses that both saw."""
    refused = _no_stamps(first.brought.clock, second.brought.clock)
    for pin in (it for it in first.brought.aux_labels if it in second.brought.aux_labels):
        known_s, seen_s = pulses_s(first, pin), pulses_s(second, pin)
        if not (len(known_s) and len(seen_s)):
            continue
        mapping = _mapping(first, second, known_s, seen_s)
        if isinstance(mapping, Mapping):
            return mapping, f"the trigger on {pin}"
        refused = f"the trigger on {pin}: {mapping}; {OFFSET_WANTED}"
    raise ValueError(refused)


def _mapping(first: Timed, second: Timed, known_s: Floats, seen_s: Floats) -> Mapping | str:
    """By pulses in seconds after each file's first sample; or why there is none."""
    if len(known_s) < FEWEST or len(seen_s) < FEWEST:
        if not _are_alike(known_s, seen_s):
            return f"{len(known_s)} and {len(seen_s)} pulses are too few to be told apart"
        return _shifted(first, second, float((known_s - seen_s).mean()), 0.0)
    drifts = [0.0] if _are_timed(first, second) else any_drift(PULSES_WITHIN_S)
    found = find(known_s, seen_s, within_s=PULSES_WITHIN_S, drifts=drifts)
    if isinstance(found, NotFound):
        return found.reason
    if len(found) > 1:
        return "its pulses do not fit at one place"
    return _shifted(first, second, found[0].offset_s, found[0].drift_ppm * 1e-6)


def _are_timed(first: Timed, second: Timed) -> bool:
    """Whether both have been timed by a computer's clock, which hardly drifts."""
    return all(it.brought.clock != "none" for it in (first, second))


def _are_alike(known_s: Floats, seen_s: Floats) -> bool:
    if len(known_s) != len(seen_s):
        return False
    return bool(np.all(np.abs(np.diff(known_s) - np.diff(seen_s)) < SAME_FEW_S))


def _shifted(first: Timed, second: Timed, offset_s: float, drift: float) -> Mapping:
    shift_ns = first.begin_ns + round(offset_s * 1e9) - second.begin_ns
    return Mapping(shift_ns, drift, second.begin_ns)


def pulses_s(timed: Timed, pin: str) -> Floats:
    """When a pin became active, in seconds after the first sample."""
    found = [line.times_ns(places) - timed.begin_ns for line, places in each_stretch(timed, pin, 1)]
    return np.concatenate([np.empty(0), *found]) * 1e-9


def each_stretch(timed: Timed, pin: str, level: int) -> list[tuple[Line, Floats]]:
    """Of each stretch its clock, and between which samples the pin's level became that."""
    column = timed.brought.aux_labels.index(pin)
    return [
        (line, _places(stretch, stretch.aux[:, column], level))
        for stretch, line in zip(timed.brought.stretches, timed.lines, strict=True)
    ]


def _places(stretch: Stretch, levels: NDArray[np.int32], level: int) -> Floats:
    at = np.flatnonzero((np.diff(levels) != 0) & (levels[1:] == level))
    middles: Floats = (stretch.index[at] + stretch.index[at + 1]) / 2.0
    return middles
