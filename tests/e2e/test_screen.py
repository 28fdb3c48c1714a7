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
from tests.e2e.terminals import Terminal, terminal

LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"


def test_a_session_is_started_marked_and_stopped_by_keys(tmp_path: Path) -> None:
    with box(tmp_path) as (_, config), service(config, tmp_path):
        with terminal("ui", "--socket", config.socket) as screen:
            screen.await_words("therapist")
            until_status(config.socket_path, both_stream, "both boards stream")
            screen.press("s")
            screen.await_words("Start a session")
            screen.press("\r")
            until_status(config.socket_path, lambda status: status.session is not None, "started")
            screen.press(" ")
            status = until_status(
                config.socket_path,
                lambda status: status.session is not None and status.session.markers == 1,
                "marked",
            )
            screen.press("x")
            screen.await_words("Stop the recording?")
            screen.press("y")
            screen.await_words("stopped at")
            assert status_of(config.socket_path).session is None
            screen.press("q")
            assert screen.await_end() == 0
            assert LEFT_ALTERNATE_SCREEN in screen.seen
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
        screen.await_words("no service answers")
        screen.hang_up()
        assert screen.process.wait(timeout=20) != 0


def leave_by_keys(screen: Terminal) -> int:
    screen.press("q")
    screen.await_words("Leave the screen?")
    screen.press("y")
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
        screen.await_words("clock ±")  # data come in
        screen.press("s")
        screen.await_words("Start a session")
        screen.press("\r")
        screen.await_words("recording P01")
        assert len(processes_about(scratch)) == 3
        assert leave(screen) == code
        assert b"Traceback" not in screen.seen
    assert processes_about(scratch) == {}
    assert list(scratch.iterdir()) == []
    [path] = (out / "done").glob("*.antiphon")
    report = verify(path)
    assert (report.problems, report.state) == ((), "closed")
