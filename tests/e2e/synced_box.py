"""A machine with finished sessions, and the workstation they are copied to."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.sync.workstation import Workstation

OLD, NEW = "20260101T080000Z-aaaa", "20261123T040000Z-1f3a"
BLOCKS = 1200
MIB = 1 << 20
ASKED_BYTES = 8000  # a question to the workstation which notes it has, the greeting included


@dataclass(frozen=True)
class Box:
    """A machine with two finished sessions, and the workstation they go to."""

    directory: Path
    far: Workstation
    shell: Shell

    @property
    def sessions(self) -> Path:
        return self.directory / "sessions"

    @property
    def big(self) -> Path:
        return self.sessions / "done" / f"{NEW}.antiphon"

    def configure(self, **fields: object) -> Path:
        """A configuration file in which the workstation is called `ward`."""
        lines = [f"{key} = {json.dumps(value)}" for key, value in self.far.fields(**fields).items()]
        file = self.directory / "antiphon.toml"
        file.write_text("\n".join(["[sync.ward]", *lines]), encoding="utf-8")
        return file

    def words(self, verb: str, *words: object, **fields: object) -> list[object]:
        file = self.configure(**fields)
        return [verb, "--config", file, "--sessions", self.sessions, *words]

    def sync(self, *words: object, **fields: object) -> tuple[int, str, str]:
        return self.run(*self.words("sync", *words, **fields))

    def run(self, *words: object) -> tuple[int, str, str]:
        ran = self.shell(*words)
        return ran.code, ran.out, ran.err

    def failure(self, *words: object, **fields: object) -> tuple[int, str]:
        """The exit code and the one line of a sync that fails."""
        code, _, stderr = self.sync(*words, **fields)
        assert stderr.startswith("antiphon: ward: ")
        assert stderr.count("\n") == 1, stderr
        return code, stderr

    def receipts(self) -> list[str]:
        return sorted(path.name for path in (self.sessions / "receipts").glob("*/*"))

    def holds_all(self) -> bool:
        """Whether the workstation has exactly what the box has, byte by byte."""
        ours = [*self.sessions.rglob("*.antiphon"), *self.sessions.rglob("*.antiphon.sha256")]
        same = [sha256(path) == sha256(self.far.inbox / path.name) for path in ours]
        return all(same) and self.far.held == sorted(path.name for path in ours)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def finish(path: Path) -> None:
    """Leave the hash beside a file, as sha256sum writes it."""
    path.with_name(f"{path.name}.sha256").write_text(f"{sha256(path)}  {path.name}\n")


def make_sessions(made: Path) -> None:
    """One session of some MiB, finished, and a small one that still lies where it was recorded."""
    (made / "done").mkdir()
    small, big = made / f"{OLD}.antiphon", made / "done" / f"{NEW}.antiphon"
    session_files.write(small, session_files.usual_rows())
    session_files.write(big, [session_files.block(0, 250 * k, 250) for k in range(BLOCKS)])
    finish(big)
    assert big.stat().st_size > 3 * MIB


@contextmanager
def fresh_box(made: Path, directory: Path, far: Workstation, shell: Shell) -> Iterator[Box]:
    """Copies of these sessions, and an empty inbox."""
    shutil.copytree(made, directory / "sessions")
    far.line.again()
    yield Box(directory, far, shell)
    shutil.rmtree(far.inbox)
    far.inbox.mkdir()
