"""Two people of whom one's cap is tapped, as two boards send it: with all that may mislead.

Whoever taps moves, too; a table carries taps to the other board; cables are touched; it hums;
packets are lost; electrodes are off; now and then nobody taps, or a cap has no contact.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block
from hardware.emulated.synthetic import SyntheticDyad
from recorder.wearers.taps import TapTest
from recorder.wire.messages import TAPPING_S
from tests.recorder.scripted_board import INFO, RATE_HZ, Air
from tests.recorder.session_files import START_NS

Floats = NDArray[np.float64]
MAINS_HZ = 50.0
PAIRS, LONG_S = 8, 600.0  # of people; each is met at another time
POLLED = 25  # samples: a tenth of a second
RAIL_UV = 187_500.0
PEOPLE = (0, 1)


@dataclass(frozen=True, slots=True)
class Tapped:
    """A pair: who was tapped, None for nobody who can be heard; what the boards send."""

    whose: int | None
    blocks: tuple[list[Block], list[Block]]

    def heard(self) -> int | None:
        """Whose cap the test says it was."""
        test = TapTest((INFO, INFO), MAINS_HZ)
        events = [(it.arrival_ns[-1], who, it) for who in PEOPLE for it in self.blocks[who]]
        for _, who, block in sorted(events, key=lambda event: event[:2]):
            test.hear(who, block)
        return test.tapped


def pair(rng: np.random.Generator) -> Tapped:
    """A pair by chance."""
    t_s = np.arange(round(TAPPING_S * RATE_HZ)) / RATE_HZ
    whose = int(rng.integers(2))
    people, begin_s = dyad(int(rng.integers(PAIRS))), rng.uniform(0, LONG_S)
    uv = [
        people.uv(person, begin_s + t_s) + _hum(rng, t_s) + _muscle(rng, t_s) for person in PEOPLE
    ]
    taps_s = _times_s(rng) if rng.random() > 0.05 else np.zeros(0)
    hit = _hits(rng, t_s, taps_s)
    uv[whose] += hit
    uv[1 - whose] += _sway(rng, t_s, taps_s)
    if rng.random() < 0.3:
        uv[1 - whose] += rng.uniform(0, 0.2) * _other_gains(rng, hit)
    for person in PEOPLE:
        uv[person] += _touched_cable(rng, t_s)
    off = [_off(rng) for _ in PEOPLE]
    for person in PEOPLE:
        uv[person][:, off[person]] = RAIL_UV
    is_heard = len(taps_s) > 0 and all(len(one) < INFO.channels / 2 for one in off)
    blocks = tuple(_sent(rng, one) for one in uv)
    return Tapped(whose if is_heard else None, (blocks[0], blocks[1]))


@cache
def dyad(seed: int) -> SyntheticDyad:
    """Two people."""
    return SyntheticDyad(seed)


def _times_s(rng: np.random.Generator) -> Floats:
    """About once a second, by hand."""
    steps_s = np.clip(rng.normal(rng.uniform(0.7, 1.3), 0.15, 12), 0.4, None)
    times_s: Floats = rng.uniform(0.3, 1.5) + np.cumsum(steps_s) - steps_s[0]
    return times_s[times_s < TAPPING_S - 0.2]


def _hits(rng: np.random.Generator, t_s: Floats, taps_s: Floats) -> Floats:
    """Each tap rings in every electrode, in each otherwise, and no two are alike."""
    uv = np.zeros((len(t_s), INFO.channels))
    strength_uv = 800 * np.exp(rng.normal(0, 0.6))
    gains = rng.choice([-1, 1], INFO.channels) * np.exp(rng.normal(0, 0.5, INFO.channels))
    hz, fades_s = rng.uniform(8, 35), rng.uniform(0.03, 0.12)
    for at_s in taps_s:
        since_s = np.clip(t_s - at_s, 0, None)
        ring = np.sin(2 * np.pi * hz * since_s) * np.exp(-since_s / fades_s)
        uv += strength_uv * rng.uniform(0.6, 1.4) * ring[:, None] * gains
    return uv


def _sway(rng: np.random.Generator, t_s: Floats, taps_s: Floats) -> Floats:
    """The arm that taps moves the cap of whoever taps, slowly."""
    sizes_uv, width_s = rng.uniform(20, 250, INFO.channels), rng.uniform(0.1, 0.3)
    bumps = sum((np.exp(-(((t_s - at_s) / width_s) ** 2)) for at_s in taps_s), np.zeros(len(t_s)))
    return bumps[:, None] * sizes_uv


def _other_gains(rng: np.random.Generator, hit: Floats) -> Floats:
    return hit * np.exp(rng.normal(0, 0.5, INFO.channels))


def _touched_cable(rng: np.random.Generator, t_s: Floats) -> Floats:
    """In some pairs all electrodes of a person jump, once or twice."""
    uv = np.zeros((len(t_s), INFO.channels))
    jumps = int(rng.integers(1, 3)) if rng.random() < 0.15 else 0
    for at_s in rng.uniform(0, TAPPING_S, jumps):
        jump = (t_s >= at_s) * np.exp(-np.clip(t_s - at_s, 0, None) / 0.4)
        uv += jump[:, None] * rng.uniform(200, 1500, INFO.channels)
    return uv


def _hum(rng: np.random.Generator, t_s: Floats) -> Floats:
    size_uv = min(150.0, 5 * np.exp(rng.normal(0, 1.2)))
    hum: Floats = size_uv * np.sin(2 * np.pi * MAINS_HZ * t_s + rng.uniform(0, 6))[:, None]
    return hum


def _muscle(rng: np.random.Generator, t_s: Floats) -> Floats:
    """A tense jaw for a while, at some of the electrodes."""
    begin_s, size_uv = rng.uniform(0, TAPPING_S), rng.uniform(10, 60)
    is_tense = (t_s > begin_s) & (t_s < begin_s + 1.5)
    where = rng.random(INFO.channels) < 0.4
    noise: Floats = rng.normal(0, size_uv, (len(t_s), INFO.channels))
    return noise * is_tense[:, None] * where


def _off(rng: np.random.Generator) -> NDArray[np.int64]:
    """Electrodes without contact: mostly none or few, seldom most."""
    most = rng.random() < 0.015
    count = 6 if most else int(rng.integers(0, 3)) if rng.random() < 0.2 else 0
    return rng.choice(INFO.channels, count, replace=False)


def _sent(rng: np.random.Generator, uv: Floats) -> list[Block]:
    """As a board sends it, with a loss of up to 2 %."""
    is_kept = rng.random(len(uv)) >= rng.uniform(0, 0.02)
    is_kept[0] = True
    kept = np.flatnonzero(is_kept)
    air = Air(lambda t_s: uv[np.clip(np.rint(t_s * RATE_HZ).astype(int), 0, len(uv) - 1)])
    told = air.stretch(START_NS, kept.tolist(), batch=POLLED)
    return [event for _, event in told if isinstance(event, Block)]
