"""The screen as a user has it: keys go into a terminal, words come out of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.e2e.processes import (
    both_stream,
    box,
    processes_about,
    service,
    status_of,
    until_status,
)
from tests.e2e.terminals import LEFT_ALTERNATE_SCREEN, Terminal, terminal


def start_by_keys(screen: Terminal) -> None:
    """From the first page to a session of two who are new here."""
    screen.await_words("channels good")
    screen.insist("\r", "Who is the patient?")
    screen.look_for_a_moment()
    screen.press("P07\r")
    screen.await_words("Who is the therapist?")
    screen.press("T02\r")
    screen.await_words("Record P07 with T02")
    screen.insist("\r", "recording P07")


def test_a_session_is_started_marked_and_stopped_by_keys(tmp_path: Path) -> None:
    with box(tmp_path) as (_, config), service(config, tmp_path):
        with terminal("ui", "--socket", config.socket) as screen:
            start_by_keys(screen)
            until_status(config.socket_path, lambda status: status.session is not None, "started")
            screen.press(" ")
            status = until_status(
                config.socket_path,
                lambda status: status.session is not None and status.session.markers == 1,
                "marked",
            )
            screen.insist("x", "Stop the recording?")
            screen.insist("y", "P07 and T02")
            assert status_of(config.socket_path).session is None
            screen.await_words("checked: whole")
            screen.insist("q", LEFT_ALTERNATE_SCREEN)
            assert screen.await_end() == 0
            assert LEFT_ALTERNATE_SCREEN.encode() in screen.seen
            assert b"Traceback" not in screen.seen
        assert both_stream(status_of(config.socket_path))
    assert status.session is not None
    path = Path(status.session.file)
    with SessionReader(path) as session:
        assert [marker.label for marker in session.markers()] == [""]
    report = verify(path)
    assert (report.problems, report.state) == ((), "closed")


def test_a_screen_whose_terminal_has_gone_ends(tmp_path: Path) -> None:
    with terminal("ui", "--socket", str(tmp_path / "s")) as screen:
        screen.await_words("The recorder is starting")
        screen.hang_up()
        assert screen.process.wait(timeout=20) != 0


def leave_by_keys(screen: Terminal) -> int:
    screen.look_for_a_moment()
    screen.press("q")
    screen.await_words("Leave the screen?")
    screen.insist("y", LEFT_ALTERNATE_SCREEN)
    return screen.await_end()


def leave_by_signal(screen: Terminal) -> int:
    screen.process.terminate()
    return screen.await_end()


@pytest.mark.parametrize(("leave", "code"), [(leave_by_keys, 0), (leave_by_signal, 130)])
def test_leaving_the_demo_closes_its_session_and_leaves_nothing_behind(
    tmp_path_factory: pytest.TempPathFactory, leave: Callable[[Terminal], int], code: int
) -> None:
    out, scratch = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("tmp")
    with terminal("demo", "--out", str(out), TMPDIR=scratch) as screen:
        start_by_keys(screen)
        assert len(processes_about(scratch)) == 3
        assert leave(screen) == code
        assert b"Traceback" not in screen.seen
    assert processes_about(scratch) == {}
    assert list(scratch.iterdir()) == []
    [path] = (out / "done").glob("*.antiphon")
    report = verify(path)
    assert (report.problems, report.state) == ((), "closed")
