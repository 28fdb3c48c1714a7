import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from hardware.cyton.frames import FRAME_BYTES, FrameDecoder
from hardware.emulated.cyton import Behaviour, EmulatedCyton, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.ports import RING_PIECES, Emulator
from hardware.emulated.stream import TrueTime
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from tests.places import ROOT

S, MS = 1_000_000_000, 1_000_000
DYAD = SyntheticDyad(2)
RATES_HZ = (250.33, 250.51)


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now_ns = 100 * S

    def __call__(self) -> int:
        return self.now_ns


class Host:
    """What opens the port."""

    def __init__(self, link: Path) -> None:
        self.fd = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def say(self, octets: bytes) -> None:
        os.write(self.fd, octets)

    def read(self) -> bytes:
        """Return what is there; the kernel hands it over a moment after it was written."""
        octets = b""
        while select.select([self.fd], (), (), 0.05)[0]:
            octets += os.read(self.fd, 65536)
        return octets

    def read_bytes(self, n: int) -> bytes:
        return self.read_until(lambda octets: len(octets) >= n)

    def read_until(self, done: Callable[[bytes], bool]) -> bytes:
        octets = b""
        while not done(octets):
            assert select.select([self.fd], (), (), 5)[0], f"silence after {octets[-60:]!r}"
            octets += os.read(self.fd, 65536)
        return octets

    def close(self) -> None:
        os.close(self.fd)


def boards(
    folder: Path, clock: Callable[[], int], *behaviours: Behaviour
) -> dict[Path, EmulatedCyton]:
    true_time = TrueTime()
    return {
        folder / f"cyton-{person}": EmulatedCyton(
            SyntheticSource(DYAD, person, behaviour.rate_hz),
            behaviour,
            clock(),
            true_time=true_time,
            rng=np.random.default_rng(person),
        )
        for person, behaviour in enumerate(behaviours)
    }


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def two(tmp_path: Path, clock: Clock) -> Iterator[Emulator]:
    behaviours = (Behaviour(rate_hz=rate_hz, pipeline_s=0.0) for rate_hz in RATES_HZ)
    with Emulator(boards(tmp_path, clock, *behaviours), clock) as emulator:
        yield emulator


def one(folder: Path, clock: Callable[[], int], *faults: str) -> Emulator:
    behaviour = Behaviour(faults=tuple(map(parse_fault, faults)), pipeline_s=0.0)
    return Emulator(boards(folder, clock, behaviour), clock)


def start(emulator: Emulator, *hosts: Host) -> None:
    """Let the hosts start the streams; what they write reaches the other end a moment later."""
    for host in hosts:
        host.say(b"b")
    for _ in range(500):
        emulator.step()
        if all(truth["begin_ns"] for truth in emulator.truth()):
            return
        select.select((), (), (), 0.01)
    pytest.fail("a stream did not begin")


def pass_time(emulator: Emulator, clock: Clock, seconds: float, step_ms: int = 20) -> None:
    for _ in range(round(seconds * 1000 / step_ms)):
        clock.now_ns += step_ms * MS
        emulator.step()


def test_two_boards_stream_at_exactly_their_own_rates(
    tmp_path: Path, clock: Clock, two: Emulator
) -> None:
    hosts = [Host(tmp_path / f"cyton-{person}") for person in (0, 1)]
    start(two, *hosts)
    received = [b"", b""]
    for _ in range(40):
        pass_time(two, clock, 0.5)
        for person, host in enumerate(hosts):
            sent = two.truth()[person]["sent"]
            received[person] += host.read_bytes(
                FRAME_BYTES * int(str(sent)) - len(received[person])
            )
    for person, octets in enumerate(received):
        packets = FrameDecoder().feed(octets)
        expected = SyntheticSource(DYAD, person, RATES_HZ[person]).packets(0, len(packets))[1]
        assert len(packets) == int(20 * RATES_HZ[person]) + 1
        assert packets.counter.tolist() == [k % 256 for k in range(len(packets))]
        np.testing.assert_array_equal(packets.counts, expected)
        assert two.truth()[person]["sent"] == len(packets)
        assert two.truth()[person]["begin_ns"] == 100 * S
        assert two.truth()[person]["unread"] == 0
        hosts[person].close()


def test_the_terminal_is_raw_and_carries_all_bytes_both_ways(
    tmp_path: Path, clock: Clock, two: Emulator
) -> None:
    host = Host(tmp_path / "cyton-0")
    assert termios.tcgetattr(host.fd)[3] & (termios.ECHO | termios.ICANON) == 0
    host.say(b"\xf0\x01\x0a\xf0\x00")  # channel 10 looks like the end of a line
    octets = b""
    for _ in range(50):
        pass_time(two, clock, 0.1)
        octets += host.read()
        if octets.count(b"$$$") == 2:
            break
    assert octets == 2 * b"Success: Host and Device on Channel number: 10\n$$$"
    host.close()


def test_links_are_made_over_old_ones_and_taken_away(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "cyton-0").symlink_to("/nowhere")
    with one(tmp_path, clock):
        assert (tmp_path / "cyton-0").is_char_device()
        assert [path.name for path in tmp_path.iterdir()] == ["cyton-0"]
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_another_has_taken_over_is_left_alone(tmp_path: Path, clock: Clock) -> None:
    with one(tmp_path, clock):
        (tmp_path / "cyton-0").unlink()
        (tmp_path / "cyton-0").symlink_to("/elsewhere")
    assert (tmp_path / "cyton-0").readlink() == Path("/elsewhere")


def test_a_file_in_the_place_of_a_link_is_not_replaced(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "cyton-1").write_text("notes")
    pair = boards(tmp_path, clock, Behaviour(), Behaviour())
    with pytest.raises(FileExistsError, match="cyton-1 exists and is no link"), Emulator(pair):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["cyton-1"]


def test_a_host_that_does_not_read_blocks_nobody(
    tmp_path: Path, clock: Clock, two: Emulator
) -> None:
    deaf, host = (Host(tmp_path / f"cyton-{person}") for person in (0, 1))
    start(two, deaf, host)
    octets = host.read()
    for _ in range(10):
        pass_time(two, clock, 1)
        octets += host.read()
    assert len(FrameDecoder().feed(octets)) == 2506
    decoder = FrameDecoder()
    kept = decoder.feed(deaf.read())
    assert decoder.damaged_bytes == 0
    pass_time(two, clock, 0.02)  # the ring follows when there is room
    ring = decoder.feed(deaf.read())
    unread = two.truth()[0]["unread"]
    assert isinstance(unread, int)
    assert len(kept) + len(ring) + unread == two.truth()[0]["sent"] == 2509
    assert RING_PIECES <= len(ring) <= RING_PIECES + 6
    assert unread > 1000
    deaf.close()
    host.close()


def test_without_a_host_time_goes_on_and_the_next_host_finds_nothing_old(
    tmp_path: Path, clock: Clock
) -> None:
    with one(tmp_path, clock) as emulator:
        host = Host(tmp_path / "cyton-0")
        start(emulator, host)
        pass_time(emulator, clock, 1)
        host.close()
        pass_time(emulator, clock, 1)
        host = Host(tmp_path / "cyton-0")
        emulator.step()
        assert host.read() == b""
        pass_time(emulator, clock, 0.02)
        assert FrameDecoder().feed(host.read()).counter[0] == 501 % 256
        host.close()
        assert emulator.truth()[0]["sent"] == 506
        assert emulator.truth()[0]["restarts"] == 0


def test_an_unplugged_dongle_takes_port_and_link_along_and_brings_them_back(
    tmp_path: Path, clock: Clock
) -> None:
    link = tmp_path / "cyton-0"
    with one(tmp_path, clock, "1:unplug:2") as emulator:
        host = Host(link)
        start(emulator, host)
        pass_time(emulator, clock, 0.98)
        assert FrameDecoder().feed(host.read()).counter[-1] == 245
        pass_time(emulator, clock, 0.1)
        assert not link.is_symlink()
        poll = select.poll()
        poll.register(host.fd, 0)
        assert poll.poll(0)[0][1] & select.POLLHUP
        host.close()
        pass_time(emulator, clock, 2)
        host = Host(link)
        emulator.step()
        pass_time(emulator, clock, 0.1)
        packets = FrameDecoder().feed(host.read())
        assert packets.counter[0] == 771 % 256  # 3.08 s were over
        assert emulator.truth()[0]["lost_in_outage"] == 500
        host.close()


def test_it_serves_from_a_thread_until_told_to_stop(tmp_path: Path) -> None:
    stop = Event()
    with one(tmp_path, time.monotonic_ns) as emulator:
        thread = Thread(target=emulator.run, args=(stop.is_set,))
        thread.start()
        host = Host(tmp_path / "cyton-0")
        host.say(b"v")
        assert host.read_until(lambda octets: b"$$$" in octets).startswith(b"OpenBCI V3")
        host.say(b"b")
        octets = host.read_until(lambda octets: len(octets) >= 50 * FRAME_BYTES)
        assert FrameDecoder().feed(octets).counter[:50].tolist() == list(range(50))
        host.close()
        host = Host(tmp_path / "cyton-0")
        host.say(b"sv")
        assert host.read_until(lambda octets: b"$$$" in octets).endswith(b"v3.1.2\r\n$$$")
        stop.set()
        thread.join(5)
        assert not thread.is_alive()
        host.close()


def test_a_board_found_streaming_needs_no_word_from_the_host(tmp_path: Path, clock: Clock) -> None:
    behaviour = Behaviour(first_state=FirstState.STREAMING, pipeline_s=0.0)
    with Emulator(boards(tmp_path, clock, behaviour), clock) as emulator:
        pass_time(emulator, clock, 1)
        host = Host(tmp_path / "cyton-0")
        emulator.step()
        pass_time(emulator, clock, 0.1)
        assert FrameDecoder().feed(host.read()).counter.tolist() == [
            k % 256 for k in range(251, 276)
        ]
        host.close()


SHUT_AND_KILLED = """
import fcntl, os, sys, tempfile, termios
from pathlib import Path
from tests.hardware.emulated_port import emulated_cyton
from hardware.emulated.ports import Emulator
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)  # root passes what shuts others out
link = Path(tempfile.mkdtemp()) / "board"
with Emulator({link: emulated_cyton()}) as emulator:
    for n in range(2):
        host = os.open(link, os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(host, termios.TIOCEXCL)
        os.write(host, b"v")
        emulator.step()
        os.close(host)  # without TIOCNXCL
        emulator.step()
print("opened twice")
"""


def test_a_host_that_was_killed_does_not_leave_the_port_shut() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHUT_AND_KILLED],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.stdout, done.stderr) == ("opened twice\n", "")
