import io
import sys

import pytest

from recorder.commands.options import progress_bar, progress_in_thousandths


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_moves_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("verify", 10) as show:
        for done in range(11):
            show(done)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_terminal_shows_how_far_it_is_and_never_goes_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar("verify", 10) as show:
        for done in (0, 5, 3, 25):
            show(done)
    assert "verify" in terminal.getvalue()
    assert "100%" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_work_may_count_in_anything_and_may_be_none_at_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_in_thousandths("repair") as progress:
        progress(1, 4)
    assert "25%" in terminal.getvalue()
    with progress_in_thousandths("nothing") as progress:
        progress(0, 0)
    assert capsys.readouterr().out == ""
