from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.clock import CYTON_DELAY_NS
from hardware.cyton.frames import FRAME_BYTES, UV_PER_COUNT, FrameDecoder, Packets
from hardware.emulated.air import Chances
from hardware.emulated.cyton import PIPELINE_S, Behaviour, EmulatedCyton, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.stream import TrueTime
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from hardware.packets.counter import CounterUnwrapper

S, MS = 1_000_000_000, 1_000_000
DYAD = SyntheticDyad(11)
NO_BOARD = b"Failure: Communications timeout - Device failed to poll Host$$$"


def at_once(**others: Any) -> Behaviour:
    """A board whose packets arrive the moment their sample is taken, so that both are one time."""
    return Behaviour(pipeline_s=0.0, **others)


class Bench:
    """A board on a clock that the test moves; keeps everything that arrived, and when."""

    def __init__(self, behaviour: Behaviour, seed: int = 1) -> None:
        self.now_ns = 3 * S
        self.source = SyntheticSource(DYAD, 0, behaviour.rate_hz)
        rng = np.random.default_rng(seed)
        self.board = EmulatedCyton(
            self.source, behaviour, self.now_ns, true_time=TrueTime(), rng=rng
        )
        self.arrived: list[tuple[int, bytes]] = []

    def say(self, octets: bytes) -> None:
        self.board.receive(octets, self.now_ns)

    def wait(self, seconds: float) -> bytes:
        """Call the board whenever it wants to be called, and in the end; return what came."""
        end_ns = self.now_ns + round(seconds * S)
        begin = len(self.arrived)
        while (next_ns := self.board.next_ns()) is not None and next_ns <= end_ns:
            self.call(max(next_ns, self.now_ns))
        self.call(end_ns)
        return b"".join(piece for _, piece in self.arrived[begin:])

    def call(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self.arrived += [(now_ns, piece) for piece in self.board.due(now_ns)]

    def ask(self, octets: bytes) -> bytes:
        self.say(octets)
        return self.wait(0.1)

    def packets(self, seconds: float) -> Packets:
        return FrameDecoder().feed(self.wait(seconds))


def streaming(*faults: str, **behaviour: float) -> Bench:
    script = tuple(parse_fault(text) for text in faults)
    bench = Bench(Behaviour(faults=script, **{"pipeline_s": 0.0, **behaviour}))  # type: ignore[arg-type]
    bench.say(b"b")
    return bench


def indexes(packets: Packets) -> list[int]:
    """Unwrapped counters of a stream without long gaps."""
    steps = (np.diff(packets.counter.astype(int)) + 127) % 256 - 127
    found: list[int] = (packets.counter[0] + np.concatenate([[0], np.cumsum(steps)])).tolist()
    return found


def test_it_boots_without_streaming_and_streams_when_told() -> None:
    bench = Bench(at_once())
    assert bench.wait(2) == b""
    bench.say(b"b")
    packets = bench.packets(2)
    assert indexes(packets) == list(range(501))
    np.testing.assert_array_equal(packets.counts, bench.source.packets(0, 501)[1])


@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.5, 1.0])
def test_a_reply_comes_after_the_stated_delay(delay_s: float) -> None:
    bench = Bench(at_once(reply_delay_s=delay_s))
    asked_ns = bench.now_ns
    bench.say(b"v")
    assert bench.wait(2).endswith(b"Firmware: v3.1.2\r\n$$$")
    assert bench.arrived[0][0] == asked_ns + round(delay_s * S)


def test_a_command_left_incomplete_times_out_by_itself() -> None:
    bench = Bench(at_once())
    asked_ns = bench.now_ns
    bench.say(b"x106")
    assert bench.wait(5).startswith(b"Timeout processing multi byte message")
    assert bench.arrived[0][0] == asked_ns + 1020 * MS


def test_a_command_may_come_in_pieces_within_a_second() -> None:
    bench = Bench(at_once())
    for octet in b"x1060110":
        bench.say(bytes((octet,)))
        bench.wait(0.1)
    assert bench.ask(b"X") == b"Success: Channel set for 1$$$"


@pytest.mark.parametrize("rate_hz", [250.0, 250.51])
def test_a_packet_arrives_as_long_after_its_sample_as_on_a_real_board(rate_hz: float) -> None:
    bench = Bench(Behaviour(rate_hz=rate_hz))
    bench.say(b"b")
    packets = bench.packets(3)
    times_ns = np.array([at for at, _ in bench.arrived])
    taken_ns = bench.board.truth().begin_ns + np.rint(np.arange(len(times_ns)) * S / rate_hz)
    assert indexes(packets) == list(range(len(times_ns)))
    np.testing.assert_array_equal(times_ns - taken_ns, 7_200_000)


def test_the_pipeline_is_as_long_as_the_clock_takes_it_to_be() -> None:
    assert round(Behaviour().pipeline_s * S) == CYTON_DELAY_NS


def test_what_is_on_its_way_arrives_after_the_stream_was_stopped() -> None:
    bench = Bench(Behaviour())
    bench.say(b"b")
    before = bench.packets(0.1)
    bench.say(b"s")
    after = bench.packets(0.1)
    assert indexes(before)[-1] == 23
    assert after.counter.tolist() == [24, 25]
    assert bench.board.truth().sent == 26


@pytest.mark.parametrize("burst_ms", [16.0, 60.0])
def test_a_burst_holds_what_has_arrived_by_then(burst_ms: float) -> None:
    bench = streaming(burst_ms=burst_ms, pipeline_s=PIPELINE_S)
    bench.wait(3)
    times_ns = np.array([at for at, _ in bench.arrived])
    behind_ns = times_ns - 3 * S - np.arange(len(times_ns)) * 4 * MS
    assert (times_ns % round(burst_ms * MS) == 0).all()
    assert 7.2 * MS <= behind_ns.min() < 11.2 * MS
    assert behind_ns.max() < (7.2 + burst_ms) * MS


@pytest.mark.parametrize("burst_ms", [1.0, 16.0, 60.0])
def test_bursts_hold_everything_back_and_lose_nothing(burst_ms: float) -> None:
    bench = streaming(burst_ms=burst_ms)
    packets = bench.packets(3)
    times_ns = np.array([at for at, _ in bench.arrived])
    behind_ns = times_ns - 3 * S - np.arange(len(times_ns)) * 4 * MS
    assert indexes(packets) == list(range(len(times_ns)))
    assert (times_ns % round(burst_ms * MS) == 0).all()
    assert behind_ns.min() >= 0
    assert behind_ns.max() < burst_ms * MS


def test_a_burst_fault_changes_the_bursts_from_then_on() -> None:
    bench = streaming("1:burst:60", "2:burst:0")
    packets = bench.packets(3)
    times_ns = np.array([at for at, _ in bench.arrived]) - 3 * S
    assert indexes(packets) == list(range(751))
    assert len(set(times_ns[times_ns < S].tolist())) == 250
    in_bursts = times_ns[(times_ns >= S) & (times_ns < 1.95 * S)]
    assert len(set(in_bursts.tolist())) <= 17
    assert len(set(times_ns[times_ns > 2.06 * S].tolist())) > 230


@pytest.mark.parametrize(
    ("fault", "around"),
    [
        ("1:lose:3", [248, 249, 253, 254]),
        ("1:lose:100", [248, 249, 350, 351]),
        ("1:late:1", [248, 249, 251, 250, 252]),
        ("1:late:4", [248, 249, 251, 252, 253, 254, 250, 255]),
    ],
)
def test_packet_faults_strike_at_their_time(fault: str, around: list[int]) -> None:
    bench = streaming(fault)
    found = indexes(bench.packets(3))
    assert found[248 : 248 + len(around)] == around
    truth = bench.board.truth()
    assert truth.lost == len(set(range(751)) - set(found))
    assert truth.late == ("late" in fault)
    assert truth.sent == len(found) == 751 - truth.lost


def test_a_duplicate_is_the_same_frame_twice() -> None:
    bench = streaming("1:duplicate")
    bench.wait(2)
    frames = [piece for _, piece in bench.arrived]
    assert [k for k in range(1, len(frames)) if frames[k] == frames[k - 1]] == [251]
    assert (bench.board.truth().duplicate, bench.board.truth().sent) == (1, 501)


def test_damage_is_found_by_the_decoder_and_counted() -> None:
    bench = streaming("1:drop:5", "1.5:flip:3")
    decoder = FrameDecoder()
    packets = decoder.feed(bench.wait(2))
    assert len(packets) in (499, 500)  # a flip may hit the head or the stop byte
    assert decoder.damaged_bytes in (28, 28 + FRAME_BYTES)
    assert bench.board.truth().damaged == 2


def test_a_stall_is_silence_in_which_the_samples_go_on() -> None:
    bench = streaming("1:stall:0.5")
    before, during = bench.packets(0.998), bench.wait(0.5)
    bench.say(b"\xf0\x07")  # heard in the next moment only
    after = bench.packets(1)
    assert indexes(before)[-1] == 249
    assert during == b""
    assert after.counter[0] == 375 % 256
    np.testing.assert_array_equal(after.counts[0], bench.source.packets(375, 1)[1][0])
    assert bench.board.truth().lost_in_outage == 125


def test_a_stalled_board_answers_nothing() -> None:
    bench = Bench(at_once(faults=(parse_fault("0.5:stall:2"),)))
    bench.say(b"b")
    bench.wait(0.49)
    bench.say(b"sv")
    assert bench.wait(1) == b""  # not even the answer that was on its way
    assert bench.ask(b"v") == b""
    bench.wait(1)
    assert bench.ask(b"v").endswith(b"$$$")


def test_an_unplugged_dongle_is_gone_and_the_board_streams_on() -> None:
    bench = streaming("1:unplug:2")
    bench.wait(0.999)
    assert bench.board.is_plugged(bench.now_ns)
    assert bench.wait(0.5) == b""
    assert not bench.board.is_plugged(bench.now_ns)
    after = bench.packets(2)
    assert bench.board.is_plugged(bench.now_ns)
    assert after.counter[0] == 750 % 256
    assert bench.board.truth().lost_in_outage == 500
    assert bench.board.truth().restarts == 0


def test_a_board_without_power_leaves_the_dongle_alone_and_comes_back_fresh() -> None:
    bench = Bench(at_once(faults=(parse_fault("1:reset:2"),)))
    bench.ask(b"/3")
    bench.ask(b"<")
    bench.say(b"b")
    assert indexes(bench.packets(1.5)) == list(range(250))
    assert bench.ask(b"v") == NO_BOARD
    assert bench.ask(b"\xf0\x00") == b"Failure: Host on Channel number: 7\x07$$$"
    bench.wait(1.5)
    assert bench.ask(b"//") == b"Success: default$$$"
    bench.ask(b"/3")
    bench.ask(b"<")
    bench.say(b"b")
    packets = bench.packets(0.1)
    ms = int.from_bytes(packets.aux[0, 2:].tobytes(), "big")
    power_on_ns = (3000 + 200 + 1000 + 2000) * MS
    assert packets.counter[0] == 0
    assert ms == (bench.now_ns - 100 * MS - power_on_ns) // MS
    assert bench.board.truth().restarts == 1
    assert bench.board.truth().lost_in_outage == 0


def test_the_first_state_may_be_streaming() -> None:
    bench = Bench(at_once(first_state=FirstState.STREAMING))
    assert indexes(bench.packets(1)) == list(range(251))
    bench.say(b"s")
    assert bench.wait(1) == b""
    assert bench.ask(b"v").endswith(b"$$$")


def test_the_first_state_may_be_off() -> None:
    bench = Bench(at_once(first_state=FirstState.OFF))
    assert bench.ask(b"v") == NO_BOARD
    assert bench.ask(b"b") == NO_BOARD
    assert bench.ask(b"\xf0\x07") == b"Failure: System is Down$$$"


def test_the_first_state_may_be_another_channel_and_can_be_mended() -> None:
    bench = Bench(at_once(first_state=FirstState.OTHER_CHANNEL))
    assert bench.ask(b"v") == NO_BOARD
    assert bench.ask(b"\xf0\x00").startswith(b"Failure: Host on Channel number: 10")
    assert bench.ask(b"\xf0\x02\x07") == b"Success: Host override - Channel number: 7\x07$$$"
    assert bench.ask(b"\xf0\x07") == b"Success: System is Up$$$"
    assert bench.ask(b"v").endswith(b"$$$")


@pytest.mark.parametrize(("channel", "other"), [(7, 10), (8, 10), (10, 11)])
def test_a_board_and_its_dongle_have_a_radio_channel_of_their_own(channel: int, other: int) -> None:
    near = Bench(Behaviour(radio_channel=channel))
    assert f"Device on Channel number: {channel}".encode() in near.ask(b"\xf0\x00")
    lost = Bench(Behaviour(radio_channel=channel, first_state=FirstState.OTHER_CHANNEL))
    assert f"Failure: Host on Channel number: {other}".encode() in lost.ask(b"\xf0\x00")
    lost.ask(bytes((0xF0, 0x02, channel)))
    assert lost.ask(b"\xf0\x07") == b"Success: System is Up$$$"


def test_random_loss_is_seeded_and_told() -> None:
    def run() -> tuple[bytes, int]:
        bench = Bench(at_once(chances=Chances(loss=0.01)), seed=4)
        bench.say(b"b")
        return bench.wait(20), bench.board.truth().lost

    octets, lost = run()
    assert 30 < lost < 75
    assert len(octets) == (5001 - lost) * FRAME_BYTES
    assert run() == (octets, lost)


def test_the_truth_is_what_a_counting_host_finds() -> None:
    bench = Bench(
        at_once(
            rate_hz=250.51,
            chances=Chances(loss=0.01),
            faults=tuple(map(parse_fault, ("2:late:3", "5:lose:20", "8:duplicate", "9:stall:3"))),
        )
    )
    bench.say(b"b")
    packets = bench.packets(30)
    arrivals = np.array([at for at, _ in bench.arrived])
    host = CounterUnwrapper(250.0)
    host.begin_segment()
    host.feed(packets.counter, arrivals)
    truth = bench.board.truth()
    assert truth.true_rate_hz == 250.51
    assert truth.begin_ns == 3 * S
    assert host.samples == truth.sent
    assert host.lost == truth.lost + truth.lost_in_outage
    assert (host.late, host.duplicate) == (truth.late, truth.duplicate) == (1, 1)


@given(
    st.lists(st.integers(1, 400 * MS), min_size=1, max_size=25),
    st.sampled_from((0.0, 16.0)),
    st.sampled_from((0.0, PIPELINE_S)),
)
@settings(max_examples=60, deadline=None)
def test_a_tardy_caller_gets_the_same_bytes(
    waits_ns: list[int], burst_ms: float, pipeline_s: float
) -> None:
    faults = ("0.3:lose:2", "0.5:stall:0.4", "1:drop:4", "1.2:late:2", "2:unplug:0.3", "3:reset:1")
    punctual, tardy = (
        streaming(*faults, burst_ms=burst_ms, pipeline_s=pipeline_s) for _ in range(2)
    )
    octets = b""
    for wait_ns in waits_ns:
        tardy.now_ns += wait_ns
        octets += b"".join(tardy.board.due(tardy.now_ns))
    assert octets == punctual.wait(sum(waits_ns) / S)
    assert tardy.board.truth() == punctual.board.truth()


def refused(make: Callable[[], Behaviour], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make()


def test_a_behaviour_that_makes_no_sense_is_refused() -> None:
    refused(lambda: Behaviour(rate_hz=0), "rate of 0 Hz")
    refused(lambda: Behaviour(reply_delay_s=1.5), "delay of 1.5 s")
    refused(lambda: Behaviour(pipeline_s=-1.0), "delay of -1.0 s")
    refused(lambda: Behaviour(radio_channel=26), "radio channel 26, not 0 to 25")
    refused(lambda: Behaviour(burst_ms=-1), "bursts of -1 ms")
    refused(lambda: Behaviour(d11_edges_s=(2.0, 1.0)), "not in order")
    refused(lambda: Behaviour(impedance_ohm=(5e3,)), "impedances are 8 numbers")
    refused(lambda: Behaviour(impedance_ohm=(5e3,) * 16), "impedances are 8 numbers")
    refused(lambda: Behaviour(impedance_ohm=(5e3,) * 9, daisy=True), "impedances are 16 numbers")


def test_a_board_without_power_finds_its_daisy_again() -> None:
    behaviour = at_once(daisy=True, faults=(parse_fault("0.5:reset:1"),))
    bench = Bench(behaviour)
    assert b"On Daisy" in bench.ask(b"v")
    assert bench.ask(b"c") == b"daisy removed$$$"
    bench.say(b"b")
    bench.wait(1.8)
    assert bench.ask(b"C") == b"16$$$"


@pytest.mark.parametrize("impedance_ohm", [(5e3,) * 8, (5e3,) * 8 + (9e3,) * 8])
def test_impedances_are_given_for_one_half_or_for_both(impedance_ohm: tuple[float, ...]) -> None:
    bench = Bench(at_once(daisy=True, impedance_ohm=impedance_ohm))
    bench.board._stream.ads.set_input(9, lead_off_n=1)
    quiet = np.zeros((1024, 16), np.int32)
    volt = bench.board._stream.ads.convert(quiet, np.arange(1024))[:, 9].std() * UV_PER_COUNT * 1e-6
    assert np.sqrt(2) * volt / 6e-9 - 2200 == pytest.approx((impedance_ohm * 2)[9], rel=0.01)
