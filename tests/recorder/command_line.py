"""The `antiphon` command, run inside the test."""

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from recorder.cli import main


@dataclass(frozen=True)
class Ran:
    """Exit code, and what was printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs `antiphon` with arguments."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: object) -> Ran:
        self.monkeypatch.setattr(sys, "argv", ["antiphon", *map(str, arguments)])
        self.monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
        with pytest.raises(SystemExit) as left:
            main()
        captured = self.capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Ran(left.value.code, captured.out, captured.err)

    def failure(self, *arguments: object) -> tuple[int, str]:
        """Exit code and complaint: one line on stderr, nothing on stdout."""
        ran = self(*arguments)
        assert ran.out == ""
        assert ran.err.startswith("antiphon: ")
        assert ran.err.count("\n") == 1
        return ran.code, ran.err.removeprefix("antiphon: ").strip()
