"""Real recordings, named by --channels, on their way to measures; nobody says which mains hum.

Cytons in a country of 60 Hz, with 0.1 to 1 mV of it. Replayed on a clock that does not wait.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.absence import Absence
from hardware.emulated.replay import ReplaySource
from hardware.emulated.source import Source
from recorder.rehearsal.boards import Plan
from recorder.settings.board import DEFAULT_CHANNELS
from recorder.settings.file import Config
from recorder.wire.messages import Measures
from recorder.wire.wording import in_words
from tests.places import RECORDINGS
from tests.recorder.bedside import Bedside
from tests.recorder.scripted_board import RATE_HZ, UV_PER_COUNT, Signal

Floats = NDArray[np.float64]
Change = Callable[[Floats], Floats]

FOLDER = RECORDINGS / "openbci"
ALPHA = FOLDER / "gui_v6_blinks-jawClench-alpha.txt"
WINK = FOLDER / "brainhat_blinkWink10.csv"
# Sixteen single losses and two of two; and packets out of order.
LOSSY = FOLDER / "brainhat_NewBlinkTest.csv"
TICK_S = 0.5
FULL_S = {"faa": 10.0, "plv": 30.0}
# At rest, blinking, without a baseline.
TRUE_OF_THEM = (Absence.NOT_YET, Absence.BLINK, Absence.NO_BASELINE)

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=f"no recordings at {FOLDER}")


def as_recorded(uv: Floats) -> Floats:
    return uv


def with_50_hz(uv: Floats) -> Floats:
    """Its own mains taken out, 0.3 mV of the other put in."""
    index = np.arange(len(uv))
    known = np.isfinite(uv[:, 0])
    own = np.zeros_like(uv)
    for _ in range(5):  # what was lost is as its surroundings have it
        whole = np.where(known[:, None], uv, 0) + np.where(known[:, None], 0, own)
        spectrum = np.fft.rfft(whole, axis=0)
        hertz = np.fft.rfftfreq(len(uv), 1 / RATE_HZ)
        mains = (np.abs(hertz - 60) < 1) | (np.abs(hertz - 120) < 1)
        spectrum[~(mains | (hertz < 1))] = 0
        own = np.fft.irfft(spectrum, len(uv), axis=0)
        spectrum[~mains] = 0
        hum = np.fft.irfft(spectrum, len(uv), axis=0)
    other: Floats = uv - hum + 300 * np.sin(2 * np.pi * 50 * index / RATE_HZ)[:, None]
    return other


class Replay:
    """Two recordings as two people, until the longer one is over.

    Attributes:
        told: all measures, in order.
        early: those of them from before the mains were known.
        bed: the recorder afterwards.
    """

    def __init__(self, directory: Path, paths: tuple[Path, Path], change: Change) -> None:
        plan = Plan(replays=paths, channels=(",".join(DEFAULT_CHANNELS),))
        length = max(it.length for it in plan.sources if isinstance(it, ReplaySource))
        people = [_sent(source, length, change) for source in plan.sources]
        signals = people[0][0], people[1][0]
        self.bed = Bedside(directory, signals=signals, config=Config())
        for person, (_, order) in enumerate(people):
            self.bed.stream(person, 0.0, order)
        self.told: list[Measures] = []
        self.early: list[Measures] = []
        while self.bed.clock() < self.bed.at(length / RATE_HZ):
            self.bed.clock.advance(TICK_S)
            self.bed.recorder.tick()
            self._listen()

    def _listen(self) -> None:
        newest = self.bed.recorder.measures
        if newest is not None and newest not in self.told[-1:]:
            self.told.append(newest)
            if self.bed.recorder.mains.found_hz is None:
                self.early.append(newest)

    def share(self, kind: str) -> float:
        """Of the windows that could be, those with a value, over all series of the kind."""
        there = [
            value.value is not None
            for told in self.told
            if told.measured_s >= FULL_S[kind]
            for value in told.values
            if value.kind == kind and value.band != "beta"
        ]
        assert len(there) > 50
        return float(np.mean(there))


def _sent(source: Source, length: int, change: Change) -> tuple[Signal, list[int]]:
    """A recording's samples by the time at which they were taken, and the order they come in."""
    counters, counts = source.packets(0, length)
    uv = np.full((int(counters.max()) + 1, counts.shape[1]), np.nan)
    uv[counters] = counts * UV_PER_COUNT
    changed = change(uv)
    return lambda t_s: changed[np.rint(t_s * RATE_HZ).astype(np.int64)], counters.tolist()


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Replay]:
    @cache
    def of(a: Path, b: Path, change: Change) -> Replay:
        return Replay(tmp_path_factory.mktemp("replay"), (a, b), change)

    return of


@pytest.mark.parametrize(
    ("a", "b", "change", "found_hz"),
    [
        (ALPHA, WINK, as_recorded, 60.0),
        (LOSSY, WINK, as_recorded, 60.0),
        (ALPHA, WINK, with_50_hz, 50.0),
        (LOSSY, WINK, with_50_hz, 50.0),
    ],
)
def test_the_mains_are_told(
    replay: Callable[..., Replay], a: Path, b: Path, change: Change, found_hz: float
) -> None:
    mains = replay(a, b, change).bed.recorder.mains
    assert mains.found_hz == found_hz
    expected = "the mains here are 60 Hz, the configuration says 50: set mains_hz"
    assert [in_words(alarm) for alarm in mains.alarms()] == [expected] * (found_hz != 50)


@pytest.mark.parametrize("change", [as_recorded, with_50_hz])
def test_people_with_blinks_and_clenched_teeth_are_shown(
    replay: Callable[..., Replay], change: Change
) -> None:
    found = replay(ALPHA, WINK, change)
    assert found.share("faa") >= 0.8
    assert found.share("plv") >= 0.7


@pytest.mark.parametrize("change", [as_recorded, with_50_hz])
def test_people_of_whom_packets_are_lost_are_shown(
    replay: Callable[..., Replay], change: Change
) -> None:
    assert replay(LOSSY, WINK, change).share("faa") >= 0.8


def test_no_muscle_is_told_of_people_at_rest_before_the_mains_are_known(
    replay: Callable[..., Replay],
) -> None:
    early = replay(LOSSY, WINK, as_recorded).early
    values = [value for one in early for value in one.values]
    assert len(early) == pytest.approx(9, abs=1)
    assert {value.why for value in values} <= {"", *TRUE_OF_THEM}
    shown = {value.kind for value in early[-1].values if value.value is not None}
    assert shown >= {"faa", "parietal", "fmtheta", "occalpha"}
