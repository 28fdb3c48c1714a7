"""A destination that is a directory, and that fails when it is told to."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recorder.failure import Refused
from recorder.progress import Progress, no_progress
from recorder.sync.finished import Sealed
from recorder.sync.ssh import STAGED


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def do_nothing() -> None:
    """Nothing happens."""


@dataclass
class DirectoryLink:
    """`meanwhile` happens after a file was sent and before it is looked at; it may raise.

    `spoil` is how many of the next files arrive with another last byte.
    """

    place: Path
    address: str = "antiphon@ward:22/srv/eeg"
    meanwhile: Callable[[], None] = do_nothing
    spoil: int = 0
    asked: list[str] = field(default_factory=list)

    def hashes_of(self, names: Sequence[str], size_bytes: int) -> dict[str, str]:
        self.asked += names
        return {name: sha256(self.place / name) for name in names if (self.place / name).exists()}

    def send(self, file: Sealed, progress: Progress = no_progress) -> None:
        content = file.path.read_bytes()
        if self.spoil:
            self.spoil -= 1
            content = content[:-1] + bytes([content[-1] ^ 1])
        progress(len(content) // 2, len(content))
        (self.place / (file.path.name + STAGED)).write_bytes(content)
        self.meanwhile()

    def notes(self) -> dict[str, str]:
        return {path.name: sha256(path) for path in self.place.glob("*.m????????.notes")}

    def fetch(self, name: str) -> bytes:
        return (self.place / name).read_bytes()

    def settle(self, file: Sealed, *, replace: bool, instead_of: str = "") -> bool:
        staged = self.place / (file.path.name + STAGED)
        if instead_of and sha256(self.place / file.path.name) != instead_of:
            raise Refused("it has changed there meanwhile", 75)
        if sha256(staged) != file.sha256:
            staged.unlink()
            return False
        assert replace or not (self.place / file.path.name).exists()
        staged.rename(self.place / file.path.name)
        return True

    def bury(self, session_id: str, inscription: str) -> list[str]:
        for path in self.place.glob(f"{session_id}.*"):
            path.unlink()
        (self.place / "tombstones").mkdir(exist_ok=True)
        (self.place / "tombstones" / f"{session_id}.json").write_text(inscription)
        return sorted(path.name for path in self.place.glob(f"{session_id}*"))

    @property
    def kept_as(self) -> str:
        return "ward"

    def require_ready(self) -> None:
        """It always is."""

    def try_out(self) -> str:
        return "a directory"

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            (self.place / name).unlink(missing_ok=True)

    def unfilm(self, session_id: str) -> None:
        self.remove([path.name for path in self.place.glob(f"{session_id}-camera-*")])

    @property
    def held(self) -> list[str]:
        return sorted(path.name for path in self.place.iterdir() if path.is_file())
