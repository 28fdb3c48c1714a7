"""A Cyton with a Daisy, or with its accelerometer, on a pseudo-terminal."""

from pathlib import Path

import numpy as np
import pytest

from hardware import keeper
from hardware.board import MISSING_COUNT, BoardFault, BoardState, FaultKind, Gap, GapCause
from hardware.cyton.aux_mode import ACCEL_G_PER_COUNT, ACCEL_LABELS, AuxMode
from hardware.cyton.daisy import CHANNEL_DELAY_S
from hardware.cyton.frames import UV_PER_COUNT
from hardware.emulated.air import Chances
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.replay import ReplaySource
from hardware.recordings.reading import read_recording
from tests.hardware.cyton.bench import Bench
from tests.places import RECORDINGS

DAISY_FILE = RECORDINGS / "openbci/brainhat_gui_daisy.txt"


def daisy(*script: str, chances: Chances | None = None) -> Behaviour:
    faults = tuple(parse_fault(text) for text in script)
    return Behaviour(daisy=True, faults=faults, chances=chances or Chances())


def by_sample(bench: Bench, segment: int = 0) -> dict[int, list[int]]:
    """Counts of each sample of a segment."""
    return {
        block.first_index + i: block.counts[i].tolist()
        for block in bench.blocks
        if block.segment == segment
        for i in range(len(block))
    }


def require_right_halves(samples: dict[int, list[int]]) -> int:
    """Check each sample of `Counting` against its index; return how many lack a half.

    Packet p carries the mean of p - 1 and p, cut towards zero: p - 1, from the start on.
    """
    begin = next(row[8] - 2 * k for k, row in samples.items() if row[8] != MISSING_COUNT)
    for index, row in samples.items():
        whole = [begin + 2 * index + 1] * 8 + [begin + 2 * index] * 8
        halves = (row[:8], row[8:])
        for half, right in zip(halves, (whole[:8], whole[8:]), strict=True):
            assert half in (right, [MISSING_COUNT] * 8)
        assert row != [MISSING_COUNT] * 16
    return sum(MISSING_COUNT in row for row in samples.values())


@pytest.mark.parametrize("first_state", [FirstState.READY, FirstState.STREAMING])
def test_a_daisy_is_found_and_named(bench: Bench, first_state: FirstState) -> None:
    bench.emulate(Behaviour(daisy=True, first_state=first_state))
    info = bench.board.open()
    assert (info.kind, info.rate_hz, info.channels) == ("cyton-daisy", 125.0, 16)
    assert info.channel_delay_s == CHANNEL_DELAY_S
    assert info.aux_labels == ("D11", "D12", "board_ms", "D11_even", "D12_even", "board_ms_even")


def test_sixteen_channels_are_delivered_whole(bench: Bench) -> None:
    bench.emulate(daisy())
    bench.board.start()
    bench.until(lambda b: b.samples() >= 100)
    bench.close()
    assert bench.indexes() == list(range(1, bench.samples() + 1))
    assert require_right_halves(by_sample(bench)) == 0
    assert bench.gaps == []
    aux = np.concatenate([block.aux for block in bench.blocks])
    assert set((aux[:, 2] - aux[:, 5]).tolist()) <= {3, 4, 5}
    assert set(np.diff(aux[:, 2]).tolist()) <= {7, 8, 9}


def test_losses_in_the_air_cost_halves_and_samples(bench: Bench) -> None:
    script = ("0.1:late:5", "0.15:duplicate", "0.2:lose:101", "0.65:late:30")
    bench.emulate(daisy(*script, chances=Chances(loss=0.05, byte_drop=0.0003)))
    bench.board.start()
    bench.until(lambda b: max(b.indexes(), default=0) >= 220)
    bench.close()
    samples = by_sample(bench)
    halves = require_right_halves(samples)
    lost = [g for g in bench.gaps if g.cause is not GapCause.HALF]
    missing = {i for g in lost for i in range(g.first_index, g.first_index + g.count)}
    tally = bench.board.tally
    assert len(samples) == bench.samples()
    assert sorted([*samples, *missing]) == list(range(1, max(samples) + 1))
    assert len([g for g in bench.gaps if g.cause is GapCause.HALF]) == halves > 0
    assert (tally.samples, tally.halves, tally.lost) == (len(samples), halves, len(missing))
    assert tally.lost >= 50


def test_a_dongle_put_back_resumes_with_sixteen_channels(bench: Bench) -> None:
    bench.emulate(daisy("0.3:unplug:0.5"))
    bench.board.start()
    bench.until_state(BoardState.LOST)
    bench.until(lambda b: b.samples(segment=1) > 10)
    bench.close()
    (gap,) = bench.gaps
    assert gap == Gap(1, 0, 0, GapCause.UNPLUGGED, gap.begin_ns, gap.end_ns)
    for segment in (0, 1):
        assert require_right_halves(by_sample(bench, segment)) == 0
        assert min(by_sample(bench, segment)) == 1


def test_a_board_that_comes_back_without_its_daisy_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BACK_OFF_S", (0.0, 0.1))
    bench.emulate(daisy())
    bench.board.open()
    bench.take_away()
    bench.emulate()
    with pytest.raises(BoardFault, match="was a cyton-daisy and now is a cyton:") as caught:
        bench.board.open()
    assert caught.value.kind is FaultKind.REFUSED
    bench.board.start()
    bench.until_state(BoardState.LOST)
    bench.take_away()
    bench.emulate(daisy())
    bench.until(lambda b: b.samples() > 10)
    assert require_right_halves(by_sample(bench)) == 0


@pytest.mark.skipif(not DAISY_FILE.exists(), reason="no recordings beside the project")
def test_a_replayed_recording_comes_back_count_by_count(bench: Bench) -> None:
    bench.emulate(daisy(), ReplaySource(read_recording(DAISY_FILE)))
    bench.board.start()
    bench.until(lambda b: b.samples() > 150)
    bench.close()
    uv = read_recording(DAISY_FILE).uv[0, 1 : bench.samples() + 1]
    assert bench.indexes() == list(range(1, bench.samples() + 1))
    counts = np.concatenate([block.counts for block in bench.blocks])
    np.testing.assert_array_equal(counts, np.rint(uv / UV_PER_COUNT))


# --- the accelerometer --------------------------------------------------------------------------


@pytest.mark.parametrize("has_daisy", [False, True])
def test_the_accelerometer_is_read_instead_of_the_pins(tmp_path: Path, has_daisy: bool) -> None:
    bench = Bench(tmp_path, AuxMode.ACCELEROMETER)
    bench.emulate(Behaviour(daisy=has_daisy))
    info = bench.board.open()
    assert info.aux_labels[:4] == ACCEL_LABELS
    assert len(info.aux_labels) == (8 if has_daisy else 4)
    bench.board.start()
    bench.until(lambda b: b.samples() >= 60)
    bench.put_away()
    aux = np.concatenate([block.aux for block in bench.blocks]).reshape(-1, 4)
    axes = [column[column != MISSING_COUNT] for column in aux[:, :3].T]
    assert [set(axis.tolist()) for axis in axes] == [{160}, {-240}, {7900}]
    assert all(abs(len(axis) - len(aux) / 10) <= 2 for axis in axes)
    assert np.hypot.reduce([axis[0] * ACCEL_G_PER_COUNT for axis in axes]) == pytest.approx(
        1, abs=0.05
    )
    assert (aux[:, 3] > 0).all()
