"""Another board on the channel, a board that rushes, and one whose packets are noise."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.cyton.frames import UV_PER_COUNT, FrameDecoder, Packets, decode_aux
from hardware.emulated.cyton import Behaviour, EmulatedCyton, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.neighbour import FASTER, MEAN_UV
from hardware.emulated.stream import TrueTime
from tests.hardware.cyton.virtual_line import Quiet

S = 1_000_000_000


class Bench:
    """A board on a clock that the test moves, asked every so many ms."""

    def __init__(self, *faults: str, state: FirstState = FirstState.READY, step_ms: int = 20):
        self.now_ns = 3 * S
        behaviour = Behaviour(
            faults=tuple(parse_fault(text) for text in faults), first_state=state, pipeline_s=0.0
        )
        self.board = EmulatedCyton(
            Quiet(), behaviour, self.now_ns, true_time=TrueTime(), rng=np.random.default_rng(5)
        )
        self._step_ns = step_ms * 1_000_000

    def say(self, octets: bytes) -> bytes:
        self.board.receive(octets, self.now_ns)
        return self.wait(0.1)

    def wait(self, seconds: float) -> bytes:
        end_ns, came = self.now_ns + round(seconds * S), b""
        while self.now_ns < end_ns:
            self.now_ns = min(self.now_ns + self._step_ns, end_ns)
            came += b"".join(self.board.due(self.now_ns))
        return came

    def start(self) -> None:
        for command in (b"/3", b"<"):
            self.say(command)
        self.board.receive(b"b", self.now_ns)

    def packets(self, seconds: float) -> Packets:
        return FrameDecoder().feed(self.wait(seconds))


def is_other(packets: Packets) -> NDArray[np.bool_]:
    return np.asarray(packets.counts.mean(axis=1) * UV_PER_COUNT > MEAN_UV / 2)


@pytest.mark.parametrize("per_cent", [1, 30, 100])
def test_a_share_of_its_packets_is_heard_beside_the_own_ones(per_cent: int) -> None:
    bench = Bench(f"2:stranger:{per_cent}", "12:stranger:0")
    bench.start()
    assert not is_other(bench.packets(1.9)).any()
    bench.wait(0.1)
    packets = bench.packets(10.0)
    other = is_other(packets)
    assert other.sum() == pytest.approx(25 * per_cent * (1 + FASTER), abs=2)
    assert set(np.diff(packets.counter[~other])) == {1}
    assert (packets.stop[other] == packets.stop[~other][0]).all()
    own_ms, other_ms = (decode_aux(packets)[rows, 2] for rows in (~other, other))
    assert abs(int(other_ms[0]) - int(own_ms[0])) > 500
    bench.wait(0.1)
    assert not is_other(bench.packets(1.0)).any()
    assert bench.board.truth().sent == pytest.approx(13 * 250, abs=40)


def test_both_hear_what_is_said_to_one() -> None:
    bench = Bench(state=FirstState.SHARED_CHANNEL)
    assert bench.say(b"v").count(b"Firmware") == 2
    bench.start()
    packets = bench.packets(0.5)
    other = is_other(packets)
    assert packets.counter[other][0] == packets.counter[~other][0] == 0
    bench.say(b"s")
    assert bench.wait(0.5) == b""


@pytest.mark.parametrize("step_ms", [3, 700])
def test_a_tardy_caller_gets_the_same_bytes(step_ms: int) -> None:
    benches = [Bench("0.5:stranger:70", step_ms=step) for step in (20, step_ms)]
    for bench in benches:
        bench.start()
    one, other = (bench.wait(2.1) for bench in benches)
    assert one == other


def test_a_board_that_rushes_counts_fast_by_its_own_milliseconds() -> None:
    bench = Bench("1:rush:10", "3:rush:1")
    bench.start()
    bench.wait(1.0)
    packets = bench.packets(1.0)
    assert len(packets) == pytest.approx(2500, abs=15)
    assert set(np.diff(packets.counter.astype(int)) % 256) == {1}
    ms = decode_aux(packets)[:, 2]
    assert int(ms[-1] - ms[0]) == pytest.approx(1000, abs=5)
    bench.wait(1.1)
    assert len(bench.packets(1.0)) == pytest.approx(250, abs=2)


def test_noise_in_the_form_of_packets_is_taken_for_packets() -> None:
    bench = Bench("1:babble:2")
    bench.start()
    bench.wait(1.0)
    packets = bench.packets(1.9)
    assert len(packets) == pytest.approx(475, abs=10)
    assert len(set(np.diff(packets.counter.astype(int)) % 256)) > 100
    assert bench.board.truth().damaged == pytest.approx(475, abs=30)
