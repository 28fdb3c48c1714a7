"""Who follows whom, and by how much: asymmetries and envelopes of both, lagged against each other.

Of the whole session (`following`): the best lag on either side, in which the patient, or the
therapist, comes first; against every circular shift, at which the best lag is looked for again; all
places, bands and both directions corrected for each other. In windows (`segments`): how closely one
follows the other in each minute, against the same minutes in another order. Both of series without
drifts slower than 120 s, which two people share who get tired together.

Within one window the best lag is mostly chance: unrelated people correlate with 0.36 to 0.50 in
windows of 60 to 120 s. So nothing is tested of single windows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.drift import without_drift
from dsp.every_shift import correlation_at_every_shift
from dsp.lagged import Shuffled, Side, correlations, shuffled, windows_of
from dsp.shift_test import ShiftFamily, Tested
from recorder.analysis.replay import Replayed
from recorder.analysis.series import Course, both, envelope, places
from recorder.analysis.words import against_chance, known, p_in_words, verdict
from recorder.measures.series import HOP_S
from recorder.open import Result
from recorder.settings.board import ROLES

Floats = NDArray[np.float64]

FOLLOWING: Final = "following"
SEGMENTS: Final = "segments"
# An answer in sound or speech comes within seconds; what an index over 10 s tells, is slower.
LAG_S: Final = {"envelope": 10, "faa": 30}
WINDOW_S: Final = 60
LEADERS: Final = (ROLES, ROLES[::-1])


@dataclass(frozen=True, slots=True)
class Two:
    """The same series of patient and therapist, a value a second, without drifts.

    Attributes:
        name: faa or envelope.
        band: its band.
        channels: labels; of an asymmetry right and left, of envelopes each person's.
        x, y: (seconds,) of the patient, the therapist.
    """

    name: str
    band: str
    channels: tuple[str, ...]
    x: Floats
    y: Floats

    @property
    def clean(self) -> float:
        """Share of the seconds of which both have a value."""
        there = np.isfinite(self.x) & np.isfinite(self.y)
        return float(there.mean()) if there.size else 0.0


def twos(
    replayed: Replayed, labels: tuple[tuple[str, ...], tuple[str, ...]], indices: list[Course]
) -> list[Two]:
    """Every asymmetry that both have, and the envelopes of every pair."""
    found = [
        Two("faa", mine.row.band, mine.row.channels, *map(_smooth, (mine.values, yours.values)))
        for mine, yours in both(indices, "faa")
    ]
    of_channel: dict[tuple[str, str, str], Floats] = {}
    for place in places(replayed, labels):
        ends = []
        for role, label, z in zip(
            ROLES, place.channels, (place.of_patient, place.of_therapist), strict=True
        ):
            key = (role, place.band, label)
            if key not in of_channel:
                of_channel[key] = envelope(z)
            ends.append(of_channel[key])
        found.append(Two("envelope", place.band, place.channels, *ends))
    return found


def _smooth(values: Floats) -> Floats:
    return without_drift(values, HOP_S)


def following(series: list[Two]) -> list[Result]:
    """The best lag of each series in each direction."""
    found = []
    for name in LAG_S:
        own = [it for it in series if it.name == name and len(it.x)]
        if own:
            found += _followings(own, ShiftFamily(_circle(own[0])), round(LAG_S[name] / HOP_S))
    return found


def _circle(two: Two) -> int:
    return len(correlation_at_every_shift(two.x, two.y)[0])


def _followings(series: list[Two], family: ShiftFamily, lags: int) -> list[Result]:
    tested = []
    for two in series:
        r, points = correlation_at_every_shift(two.x, two.y)
        # At shift s x[t] meets y[t - s]: at s < 0 what the therapist does later.
        for leader, among in zip(LEADERS, ((-lags, -1), (1, lags)), strict=True):
            tested.append((two, leader, family.add(r, points, among)))
    return [_following(two, leader, it, family) for two, leader, it in tested]


def _following(two: Two, leader: tuple[str, ...], tested: Tested, family: ShiftFamily) -> Result:
    p, corrected = known(tested.p), known(family.corrected(tested))
    lag_s = abs(tested.lag) * HOP_S
    told = f"the {leader[1]} {lag_s:.0f} s behind the {leader[0]}: "
    return Result(
        FOLLOWING,
        two.name,
        two.band,
        leader,
        two.channels,
        known(tested.value),
        told + against_chance(tested, p, corrected),
        chance=known(tested.chance),
        chance_high=known(tested.chance_high),
        p=p,
        p_corrected=corrected,
        lag_s=lag_s,
        n=tested.n,
        clean=two.clean,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Windowed:
    """Lagged correlation in windows, for who wants to look at it.

    Attributes:
        begin_s: (windows,) since the first value.
        lag_s: (lags,) by how much the therapist is behind.
        r: (windows, lags).
    """

    two: Two
    begin_s: Floats
    lag_s: Floats
    r: Floats


def segments(series: list[Two], rng: np.random.Generator) -> tuple[list[Result], list[Windowed]]:
    """Each series in windows of a minute, against the same windows in another order."""
    results: list[Result] = []
    windowed = []
    for two in series:
        n, lags = round(WINDOW_S / HOP_S), round(LAG_S[two.name] / HOP_S)
        begins = np.arange(0, len(two.x) - n + 1, n)
        if not len(begins):
            continue
        r = correlations(windows_of(two.x, begins, n), windows_of(two.y, begins, n, lags))
        own = np.diagonal(r, axis1=0, axis2=1).T
        lag_s = np.arange(-lags, lags + 1, dtype=np.float64) * HOP_S
        begin_s = begins.astype(np.float64) * HOP_S
        windowed.append(Windowed(two, begin_s, lag_s, own))
        found = shuffled(r, rng)
        if found is not None:
            results += _segments(two, found)
    return results, windowed


def _segments(two: Two, found: Shuffled) -> Iterator[Result]:
    for leader, side in zip(LEADERS, (found.y_behind, found.x_behind), strict=True):
        yield Result(
            SEGMENTS,
            two.name,
            two.band,
            leader,
            two.channels,
            known(side.value),
            f"the {leader[1]} behind the {leader[0]}, minute by minute: {_side_in_words(side)}",
            unit="|Fisher z|",
            chance=side.chance,
            chance_high=side.chance_high,
            p=side.p,
            n=side.n,
            clean=two.clean,
        )


def _side_in_words(side: Side) -> str:
    return (
        f"{side.value:.3f}, with minutes in another order {side.chance:.3f}, "
        f"95 of 100 below {side.chance_high:.3f}; p {p_in_words(side.p)}, not corrected: "
        f"{verdict(side.p)} if this was the only question"
    )
