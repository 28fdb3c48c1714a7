"""What systemd is told, over a real socket; and when it is not told that all goes on."""

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.service.systemd import Pulse, Systemd, Watchdog

WATCHDOG_S = 8.0
LIMIT_S = 60.0
TICK_S = 0.25


class Listener:
    """systemd's end of the socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        """What has been told since the last call."""
        told = []
        while True:
            try:
                told.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return told

    def close(self) -> None:
        self._socket.close()


class Bench:
    """A watchdog on a clock of its own, with one part that must go on."""

    def __init__(self, listener: Listener, address: str) -> None:
        self.listener = listener
        self.now_ns = 0
        self.beats: int | None = 0
        self.watchdog = Watchdog(
            Systemd(address, WATCHDOG_S),
            [Pulse("the writer", lambda: self.beats, LIMIT_S)],
            lambda: self.now_ns,
        )

    def pass_s(self, span_s: float, *, beating: bool) -> list[str]:
        """Let the loop go on for so long; what systemd heard meanwhile."""
        heard = []
        for _ in range(round(span_s / TICK_S)):
            self.now_ns += round(TICK_S * 1e9)
            if beating and self.beats is not None:
                self.beats += 1
            self.watchdog.feed(lambda: "recording")
            heard += self.listener.heard()
        return heard


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def listener(address: str) -> Iterator[Listener]:
    listener = Listener(address)
    yield listener
    listener.close()


@pytest.fixture
def bench(listener: Listener, address: str) -> Bench:
    return Bench(listener, address)


def test_fields_are_sent_one_a_line(listener: Listener, address: str) -> None:
    Systemd(address).tell(READY="1", STATUS="idle")
    assert listener.heard() == ["READY=1\nSTATUS=idle"]


def test_a_socket_without_a_file_is_reached() -> None:
    name = f"antiphon-test-{os.getpid()}"
    listener = Listener(f"\0{name}")
    Systemd(f"@{name}").tell(READY="1")
    assert listener.heard() == ["READY=1"]
    listener.close()


def test_without_systemd_nothing_is_sent() -> None:
    nobody = Systemd.of_environment({})
    nobody.tell(READY="1")
    assert nobody == Systemd("", None)


def test_a_systemd_that_is_gone_does_not_end_the_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        Systemd(str(tmp_path / "gone")).tell(READY="1")
    assert "systemd was not told READY" in caplog.text


def test_a_systemd_that_does_not_read_is_not_waited_for(listener: Listener, address: str) -> None:
    """Linux keeps a few datagrams for a reader that is busy."""
    for _ in range(2000):
        Systemd(address).tell(STATUS="x" * 1000)
    assert 0 < len(listener.heard()) < 2000


def test_the_variables_are_for_the_service_alone() -> None:
    environment = {
        "NOTIFY_SOCKET": "/run/systemd/notify",
        "WATCHDOG_USEC": "10000000",
        "WATCHDOG_PID": str(os.getpid()),
        "PATH": "/usr/bin",
    }
    assert Systemd.of_environment(environment) == Systemd("/run/systemd/notify", 10.0)
    assert environment == {"PATH": "/usr/bin"}


def test_a_watchdog_meant_for_another_process_is_not_fed() -> None:
    environment = {"NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}
    assert Systemd.of_environment(environment).watchdog_s is None


def test_systemd_hears_several_times_within_its_patience(bench: Bench) -> None:
    heard = bench.pass_s(WATCHDOG_S, beating=True)
    assert 3 <= heard.count("WATCHDOG=1") <= 5


def test_the_status_is_told_once(bench: Bench) -> None:
    heard = bench.pass_s(10 * WATCHDOG_S, beating=True)
    assert heard.count("STATUS=recording") == 1


def test_a_part_that_stands_still_for_less_than_its_limit_is_normal(bench: Bench) -> None:
    bench.pass_s(1, beating=True)
    heard = bench.pass_s(LIMIT_S, beating=False)
    assert heard.count("WATCHDOG=1") >= LIMIT_S / WATCHDOG_S


def test_a_part_that_hangs_takes_the_food_away(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.pass_s(1, beating=True)
    bench.pass_s(LIMIT_S + WATCHDOG_S, beating=False)
    assert bench.pass_s(2 * WATCHDOG_S, beating=False) == []
    assert "recording; stuck: the writer" in caplog.text
    assert len(caplog.records) == 1


def test_systemd_shows_what_hangs(bench: Bench) -> None:
    heard = bench.pass_s(LIMIT_S + WATCHDOG_S, beating=False)
    assert "STATUS=recording; stuck: the writer" in heard


def test_a_part_that_goes_on_again_is_believed(bench: Bench) -> None:
    bench.pass_s(LIMIT_S + WATCHDOG_S, beating=False)
    heard = bench.pass_s(WATCHDOG_S, beating=True)
    assert "WATCHDOG=1" in heard
    assert heard[0] == "STATUS=recording"


def test_a_part_that_is_not_needed_may_be_absent_for_ever(bench: Bench) -> None:
    bench.beats = None
    heard = bench.pass_s(3 * LIMIT_S, beating=False)
    assert heard.count("WATCHDOG=1") >= 3 * LIMIT_S / WATCHDOG_S


def test_a_part_that_is_needed_again_has_its_whole_limit(bench: Bench) -> None:
    bench.beats = None
    bench.pass_s(3 * LIMIT_S, beating=False)
    bench.beats = 7
    assert "WATCHDOG=1" in bench.pass_s(LIMIT_S, beating=False)


def test_without_a_watchdog_only_the_status_is_told(listener: Listener, address: str) -> None:
    Watchdog(Systemd(address), [], lambda: 1).feed(lambda: "idle")
    assert listener.heard() == ["STATUS=idle"]
