"""Which place of a picture, or pitch of a sound, has the train, and where in the train it is.

Every place may be the light. The short flashes of the most contrasting ones are held against the
train, stretch by stretch: a place is the light when its flashes come at the train's times. Nothing
else is known of it, so that neither a person moving, nor mains flicker, nor the camera being moved
in mid-session can be taken for it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.pulsetrain import Mapping, NotFound, find
from recorder.align.exposure import Exposure, fit_exposure, near_pulses
from recorder.align.flashes import Flashes, Pulses, Stretch, flashes, pulses
from recorder.align.train import Train

Times = NDArray[np.float64]

TRIED: Final = 300  # places of a stretch,
ENOUGH: Final = 3  # until so many have the train: places overlap
ROUNDS: Final = 2  # how sharp the frames' edges are is seen once the drift is right
FEW, MANY = 0.3, 2.0  # pulses of a place, as a share of the train's


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of recording is looked at.

    Attributes:
        longest_s: no pulse is seen for longer than this.
        within_s: how far a pulse may be off, given the length of a frame.
        times: which times of the pulses are compared with the same of the train.
        exposes: frames gather light over a time that is not known.
    """

    longest_s: float
    within_s: Callable[[float], float]
    times: Callable[[Pulses | Train], Times]
    exposes: bool


LIGHT: Final = Look(
    longest_s=0.06,
    within_s=lambda frame_s: 0.005 + 0.65 * frame_s,
    times=lambda seen: seen.middle_s,
    exposes=True,
)
# A beeper rings on for as long as it likes: of a beep, only the beginning is told by the pulse.
BEEP: Final = Look(
    longest_s=0.15,
    within_s=lambda frame_s: 0.01,
    times=lambda seen: seen.rise_s,
    exposes=False,
)


@dataclass(frozen=True, slots=True)
class Aligned:
    """What was found.

    Attributes:
        mapping: recording time to session time.
        exposure_s: how long a frame gathers light; None where that is not known.
    """

    mapping: Mapping
    exposure_s: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """The train in one stretch: frames, their brightness, and the times of the pulses."""

    t_s: Times
    bright: Times
    frame_s: float
    pulse_s: Times


def align(train: Train, stretches: Iterable[Stretch], look: Look) -> Aligned | NotFound:
    """Find a session's train, as LIGHT or BEEP, in a recording: stretches of the same cells.

    Returns:
        The mapping of recording time to session time; or why there is none.
    """
    sightings, nearest, cells = [], NotFound("nothing in it flashes"), np.empty(0, np.intp)
    for stretch in stretches:
        looked, cells = _look(train, stretch, look, cells)
        if isinstance(looked, Sighting):
            sightings.append(looked)
        elif looked.matched >= nearest.matched:
            nearest = looked
    return _whole(train, sightings, look) if sightings else nearest


def _look(
    train: Train, stretch: Stretch, look: Look, cells: NDArray[np.intp]
) -> tuple[Sighting | NotFound, NDArray[np.intp]]:
    """Look in the cells that had the train in the stretch before, then in all others."""
    seen = flashes(stretch, look.longest_s)
    result = _best_of(cells, train, (stretch, seen), look)
    if isinstance(result[0], Sighting):
        return result
    return _best_of(_promising(train, seen), train, (stretch, seen), look)


def _promising(train: Train, seen: Flashes) -> NDArray[np.intp]:
    """Those cells first that stand out most, or flash as often as the train, by turns."""
    expected = (seen.t_s[-1] - seen.t_s[0]) / np.diff(train.rise_s).mean()
    often = np.flatnonzero((seen.count > FEW * expected) & (seen.count < MANY * expected))
    by_contrast = np.argsort(-seen.contrast[often])
    by_count = np.argsort(np.abs(np.log(seen.count[often] / expected)))
    by_turns = np.stack([by_contrast, by_count], axis=1).ravel()
    _, first = np.unique(by_turns, return_index=True)
    return often[by_turns[np.sort(first)[:TRIED]]]


def _best_of(
    cells: NDArray[np.intp], train: Train, seen: tuple[Stretch, Flashes], look: Look
) -> tuple[Sighting | NotFound, NDArray[np.intp]]:
    """The cell in which most pulses are the train's, and all cells that have it."""
    stretch, lights = seen
    known, within_s = look.times(train), look.within_s(stretch.frame_s)
    found, nearest = {}, NotFound("nothing in it flashes")
    for cell in cells:
        pulse_s = look.times(pulses(lights, cell))
        result = find(known, pulse_s, within_s=within_s, lists=lights.excess.shape[1])
        if isinstance(result, Mapping):
            found[cell] = (result.matched, -result.residual_s, pulse_s)
            if len(found) == ENOUGH:
                break
        elif result.matched >= nearest.matched:
            nearest = result
    if not found:
        return nearest, cells[:0]
    best = max(found, key=lambda cell: found[cell][:2])
    bright = lights.excess[:, best].astype(np.float64)
    sighting = Sighting(stretch.t_s, bright, stretch.frame_s, found[best][2])
    return sighting, np.array(list(found), np.intp)


def _whole(train: Train, sightings: list[Sighting], look: Look) -> Aligned | NotFound:
    """One mapping through all sightings."""
    frame_s = float(np.median([one.frame_s for one in sightings]))
    pulse_s = np.concatenate([one.pulse_s for one in sightings])
    found = find(look.times(train), pulse_s, within_s=look.within_s(frame_s))
    if isinstance(found, NotFound) or not (look.exposes and train.has_ends):
        return found if isinstance(found, NotFound) else Aligned(found, None)
    t_s = np.concatenate([one.t_s for one in sightings])
    bright = np.concatenate([one.bright for one in sightings])
    for _ in range(ROUNDS):
        lit = near_pulses(found.to_known(t_s), bright, train.rise_s, train.fall_s)
        exposure = fit_exposure(lit, frame_s)
        found = _corrected(found, exposure)
    return Aligned(found, exposure.exposure_s)


def _corrected(found: Mapping, exposure: Exposure) -> Mapping:
    """The mapping of the beginnings of exposures: t becomes t + delay + tilt (t - middle)."""
    shift_s = exposure.delay_s - exposure.tilt * exposure.middle_s
    rate = (1 + found.drift_ppm * 1e-6) * (1 + exposure.tilt)
    offset_s = found.offset_s * (1 + exposure.tilt) + shift_s
    return replace(found, offset_s=offset_s, drift_ppm=(rate - 1) * 1e6)
