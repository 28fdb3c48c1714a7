"""Which place of a picture, or pitch of a sound, has the train, and where in the train it is.

Every place may be the light. The short flashes of the most contrasting ones, of the last two
minutes, are held against the train: a place is the light when its flashes come at the train's
times. Nothing else is known of it, so that neither a person moving, nor mains flicker, nor the
camera being moved in mid-session can be taken for it. Once it is found it is followed, and looked
for again where its flashes are the train's no more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.pulsetrain import NotFound, Piece, any_drift, find
from recorder.align.exposure import (
    MOST_PULSES,
    Exposure,
    LitFrames,
    fit_delay,
    fit_exposure,
    joined,
    near_pulses,
)
from recorder.align.flashes import Pulses, Stretch, flashes, pulses
from recorder.align.train import Train

Times = NDArray[np.float64]
Cells = NDArray[np.intp]

WINDOW_S: Final = 120.0  # so much of a recording is held against the train at once
TAIL_S: Final = 60.0  # and so much of what was found, with what follows it
KEPT: Final = 300  # places of a stretch are kept,
TRIED: Final = 120  # and tried,
ENOUGH: Final = 3  # until so many have the train: places overlap
TRIED_WIDELY: Final = 20  # for a rate that is told wrongly,
WIDELY_S: Final = 50.0  # each time that so much has come
AT_ONCE: Final = 512  # cells whose flashes are looked for at once, which bounds the memory
ROUNDS: Final = 2  # how sharp the frames' edges are is seen once the drift is right
FEW, MANY = 0.3, 2.0  # pulses of a place, as a share of the train's
REACH_S: Final = 60.0  # a mapping is good for at most so long beyond its pulses


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of recording is looked at.

    Attributes:
        longest_s: no pulse is seen for longer than this.
        within_s: how far a pulse may be off, given the length of a frame.
        least_step_s: by how much the recording is out of step where something of it was lost.
        times: which times of the pulses are compared with the same of the train.
        exposes: frames gather light over a time that is not known.
    """

    longest_s: float
    within_s: Callable[[float], float]
    least_step_s: Callable[[float], float]
    times: Callable[[Pulses | Train], Times]
    exposes: bool


LIGHT: Final = Look(
    longest_s=0.06,
    within_s=lambda frame_s: 0.005 + 0.65 * frame_s,
    least_step_s=lambda frame_s: 0.5 * frame_s,
    times=lambda seen: seen.middle_s,
    exposes=True,
)
# A beeper rings on for as long as it likes: of a beep, only the beginning is told by the pulse.
BEEP: Final = Look(
    longest_s=0.15,
    within_s=lambda frame_s: 0.01,
    least_step_s=lambda frame_s: 0.01,
    times=lambda seen: seen.rise_s,
    exposes=False,
)


@dataclass(frozen=True, slots=True)
class Aligned:
    """What was found.

    Attributes:
        pieces: recording time to session time, from piece to piece, in which it holds.
        exposure_s: how long a frame gathers light; None where that is not known.
        cell: which of the stretches' cells had the train for longest.
        begin_s: of the recording, its first frame,
        end_s: and its last.
    """

    pieces: tuple[Piece, ...]
    exposure_s: float | None
    cell: int
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The most promising cells of a stretch, most so first.

    Attributes:
        t_s: (n,) frames.
        frame_s: how long one is.
        bright: cell: (n,) its brightness, and
        pulse_s: cell: (m,) its pulses.
    """

    t_s: Times
    frame_s: float
    bright: dict[int, NDArray[np.float32]]
    pulse_s: dict[int, Times]


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """The train in one stretch: frames, their brightness, and the times of the pulses."""

    cell: int
    t_s: Times
    bright: NDArray[np.float32]
    frame_s: float
    pulse_s: Times


def align(train: Train, stretches: Iterable[Stretch], look: Look) -> Aligned | NotFound:
    """Find a session's train, as LIGHT or BEEP, in a recording: stretches of the same cells.

    Returns:
        The mapping of recording time to session time; or why there is none.
    """
    search = _Search(train, look)
    for stretch in stretches:
        search.see(stretch)
    return search.result()


class _Search:
    """What has been seen of a recording so far."""

    def __init__(self, train: Train, look: Look) -> None:
        self._train, self._look = train, look
        self._known = look.times(train)
        self._recent: list[Seen] = []  # since the train was last seen
        self._sightings: list[Sighting] = []
        self._cells = np.empty(0, np.intp)  # that had the train last
        self._drift = 0.0
        self._widely_s = 0.0  # until here a rate that is told wrongly was looked for
        self._nearest = NotFound("nothing in it flashes as often as the train")
        self._begin_s, self._end_s = np.inf, -np.inf

    def see(self, stretch: Stretch) -> None:
        """Look at the next stretch."""
        begin_s, end_s = float(stretch.t_s[0]), float(stretch.t_s[-1])
        self._begin_s = min(self._begin_s, begin_s)
        self._end_s = max(self._end_s, end_s + stretch.frame_s)
        seen, hits, cell = self._followed(stretch) if len(self._cells) else (None, 0, -1)
        expected = (end_s - begin_s) / np.diff(self._train.rise_s).mean()
        if seen and hits >= FEW * max(expected, len(seen.pulse_s[cell])):
            self._sight(seen, cell)
            self._recent.clear()
            return
        self._recent = [one for one in self._recent if end_s - one.t_s[0] <= WINDOW_S]
        promising = _promising(self._train, stretch, self._look)
        self._recent.append(_seen(stretch, promising, self._look))
        if self._look_for((self._drift,), TRIED):
            return
        if seen and hits:
            self._sight(seen, cell)  # the last of the train, perhaps
        elif not self._sightings and end_s - self._widely_s >= WIDELY_S:
            self._look_widely()

    def result(self) -> Aligned | NotFound:
        """One mapping through all sightings."""
        if not self._sightings and self._recent:
            self._look_widely()
        if not self._sightings:
            return self._nearest
        pulse_s = np.sort(np.concatenate([one.pulse_s for one in self._sightings]))
        found = self._find(pulse_s, self._frame_s, (self._drift,), TRIED)
        if isinstance(found, NotFound):
            return found
        exposure_s = None
        if self._look.exposes and self._train.has_ends:
            found, exposure_s = self._exposed(found)
        pieces = _reaching(found, pulse_s, self._begin_s, self._end_s)
        cells = np.array([one.cell for one in self._sightings])
        most = int(np.bincount(cells).argmax())
        return Aligned(pieces, exposure_s, most, self._begin_s, self._end_s)

    @property
    def _frame_s(self) -> float:
        return float(np.median([one.frame_s for one in self._sightings]))

    def _find(
        self, pulse_s: Times, frame_s: float, drifts: Sequence[float] | Times, lists: int
    ) -> tuple[Piece, ...] | NotFound:
        return find(
            self._known,
            pulse_s,
            within_s=self._look.within_s(frame_s),
            lists=lists,
            drifts=drifts,
            least_step_s=self._look.least_step_s(frame_s),
        )

    def _followed(self, stretch: Stretch) -> tuple[Seen, int, int]:
        """The cells that had the train before: how many of its pulses are there, and in which."""
        seen = _seen(stretch, self._cells, self._look)
        since_s = float(stretch.t_s[0]) - TAIL_S
        before = [one.pulse_s for one in self._sightings[-20:] if one.t_s[-1] > since_s]
        tail_s = np.concatenate([*before, np.empty(0)])
        best = 0, int(self._cells[0])
        for cell, pulse_s in seen.pulse_s.items():
            both_s = np.concatenate([tail_s, pulse_s])
            found = self._find(both_s, seen.frame_s, (self._drift,), ENOUGH)
            if not isinstance(found, NotFound):
                best = max(best, (_hits(found, pulse_s), cell))
        return seen, *best

    def _look_for(self, drifts: Sequence[float] | Times, most: int) -> bool:
        """Try the most promising cells of the newest stretch, with all that is recent of them."""
        newest = self._recent[-1]
        found: dict[int, tuple[int, float, float]] = {}
        for cell in [*newest.pulse_s][:most]:
            pulse_s = [one.pulse_s[cell] for one in self._recent if cell in one.pulse_s]
            result = self._find(np.concatenate(pulse_s), newest.frame_s, drifts, most)
            if isinstance(result, NotFound):
                if result.false_alarm <= self._nearest.false_alarm:
                    self._nearest = result
                continue
            matched = sum(piece.matched for piece in result)
            found[cell] = matched, -result[0].residual_s, result[0].drift_ppm * 1e-6
            if len(found) == ENOUGH:
                break
        if not found:
            return False
        best = max(found, key=lambda cell: found[cell][:2])
        if len(drifts) > 1:
            self._drift = found[best][2]
        known_s = self._sightings[-1].t_s[-1] if self._sightings else -np.inf
        for one in self._recent:
            if best in one.pulse_s and one.t_s[0] > known_s:
                self._sight(one, best)
        self._recent.clear()
        self._cells = np.array(list(found), np.intp)
        return True

    def _look_widely(self) -> None:
        """As if the file's rate were told wrongly."""
        newest = self._recent[-1]
        self._widely_s = float(newest.t_s[-1])
        self._look_for(any_drift(self._look.within_s(newest.frame_s)), TRIED_WIDELY)

    def _sight(self, seen: Seen, cell: int) -> None:
        sighting = Sighting(cell, seen.t_s, seen.bright[cell], seen.frame_s, seen.pulse_s[cell])
        self._sightings.append(sighting)

    def _exposed(self, pieces: tuple[Piece, ...]) -> tuple[tuple[Piece, ...], float]:
        """The mapping of the beginnings of exposures, and how long they are."""
        t_s = np.concatenate([one.t_s for one in self._sightings])
        bright = np.concatenate([one.bright for one in self._sightings]).astype(np.float64)
        most = max(20, MOST_PULSES // len(pieces))
        train = self._train.rise_s, self._train.fall_s
        frame_s = self._frame_s

        def near(piece: Piece) -> LitFrames:
            inside = _within(piece, t_s, frame_s)
            return near_pulses(piece.to_known(t_s[inside]), bright[inside], train, most)

        for _ in range(ROUNDS):
            exposure = fit_exposure(joined(map(near, pieces)), frame_s)
            pieces = tuple(
                _corrected(piece, exposure, t_s[_within(piece, t_s, frame_s)]) for piece in pieces
            )
        if len(pieces) > 1:
            delays_s = [fit_delay(near(piece), frame_s, exposure) for piece in pieces]
            pieces = tuple(
                replace(piece, offset_s=piece.offset_s + delay_s)
                for piece, delay_s in zip(pieces, delays_s, strict=True)
            )
        return pieces, exposure.exposure_s


def _promising(train: Train, stretch: Stretch, look: Look) -> Cells:
    """Those cells first that stand out most, or flash as often as the train, by turns."""
    expected = (stretch.t_s[-1] - stretch.t_s[0]) / np.diff(train.rise_s).mean()
    count, contrast = [], []
    for first in range(0, stretch.level.shape[1], AT_ONCE):
        seen = flashes(stretch.only(slice(first, first + AT_ONCE)), look.longest_s)
        count.append(seen.count)
        contrast.append(seen.contrast)
    counts, contrasts = np.concatenate(count), np.concatenate(contrast)
    often = np.flatnonzero((counts > FEW * expected) & (counts < MANY * expected))
    by_contrast = np.argsort(-contrasts[often])
    by_count = np.argsort(np.abs(np.log(counts[often] / expected)))
    by_turns = np.stack([by_contrast, by_count], axis=1).ravel()
    _, first_of = np.unique(by_turns, return_index=True)
    return often[by_turns[np.sort(first_of)[:KEPT]]]


def _seen(stretch: Stretch, cells: Cells, look: Look) -> Seen:
    """The flashes of some cells."""
    if not len(cells):
        return Seen(stretch.t_s, stretch.frame_s, {}, {})
    lights = flashes(stretch.only(cells), look.longest_s)
    bright = {int(cell): lights.excess[:, at] for at, cell in enumerate(cells)}
    pulse_s = {int(cell): look.times(pulses(lights, at)) for at, cell in enumerate(cells)}
    return Seen(stretch.t_s, stretch.frame_s, bright, pulse_s)


def _hits(pieces: tuple[Piece, ...], pulse_s: Times) -> int:
    """How many of the pulses are within the pieces."""
    inside = [(pulse_s >= piece.begin_s) & (pulse_s <= piece.end_s) for piece in pieces]
    return int(np.any(inside, axis=0).sum())


def _within(piece: Piece, t_s: Times, frame_s: float) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (t_s > piece.begin_s - 3 * frame_s) & (
        t_s < piece.end_s + 3 * frame_s
    )
    return inside


def _corrected(piece: Piece, exposure: Exposure, t_s: Times) -> Piece:
    """The mapping of the beginnings of exposures: t becomes t + delay + tilt (t - middle)."""
    middle_s = float(piece.to_known((t_s[:1] + t_s[-1:]) / 2)[0])
    shift_s = exposure.delay_s - exposure.tilt * middle_s
    rate = (1 + piece.drift_ppm * 1e-6) * (1 + exposure.tilt)
    offset_s = piece.offset_s * (1 + exposure.tilt) + shift_s
    return replace(piece, offset_s=offset_s, drift_ppm=(rate - 1) * 1e6)


def _reaching(
    pieces: tuple[Piece, ...], pulse_s: Times, begin_s: float, end_s: float
) -> tuple[Piece, ...]:
    """The outer pieces up to the ends of the recording, unless pulses there contradict."""
    first, last = pieces[0], pieces[-1]
    if first.begin_s - begin_s <= _reach_s(first) and not (pulse_s < first.begin_s).any():
        pieces = (replace(first, begin_s=min(begin_s, 0.0)), *pieces[1:])
    if end_s - last.end_s <= _reach_s(last) and not (pulse_s > last.end_s).any():
        pieces = (*pieces[:-1], replace(pieces[-1], end_s=end_s))
    return pieces


def _reach_s(piece: Piece) -> float:
    """For how long a mapping is good before its first pulse and after its last."""
    return min(REACH_S, (piece.end_s - piece.begin_s) / 2)
