"""Programs of the system, made up: scripts on a PATH of their own."""

import shlex
from pathlib import Path

import pytest


class Programs:
    """Makes scripts that answer, and are the only programs that are found."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv("PATH", str(directory))

    def make(self, name: str, out: str = "", err: str = "", code: int = 0) -> None:
        """A program that writes down its arguments and says `out` and `err`."""
        lines = [
            "#!/bin/sh",
            f'printf "%s\\n" "$*" >> {shlex.quote(str(self._asked(name)))}',
            f"printf %s {shlex.quote(out)}",
            f"printf %s {shlex.quote(err)} >&2",
            f"exit {code}",
        ]
        file = self._directory / name
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        file.chmod(0o755)

    def asked(self, name: str) -> list[str]:
        """The arguments of each call so far."""
        return self._asked(name).read_text(encoding="utf-8").splitlines()

    def _asked(self, name: str) -> Path:
        return self._directory / f"{name}.asked"
