"""What leaves this machine encrypted, while it is on its way.

<sessions>/outbox/<destination>/<what>/<name>.age     <what>: a hash of the file and of the key
                                       <name>.0003-of-0032.age
                                       <name>.0003-of-0032.age.arrived   it is there

age makes another file each time, so what was begun to be sent is kept until it has arrived: only
then can a cut transfer resume where it was. What is large, such as a video, goes in pieces, so that
of it only a piece lies here twice, and a destination that resumes nothing begins a piece anew. In
the order of their numbers the decrypted pieces are the file.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recorder.durable import make_anew, sync_directory, write_whole
from recorder.failure import EX_CANTCREAT, Refused, words
from recorder.privacy.age import AGE, encrypt
from recorder.sync.finished import Sealed, seal

OUTBOX = "outbox"
PIECE_BYTES = 64 << 20
PORTION_BYTES = 1 << 20
NEW, PIECE = ".new", ".piece"  # ends of what is not encrypted yet, or not wholly
ARRIVED = ".arrived"  # the SHA-256 of a piece is in it


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of one destination; `key` is the age public key that all is encrypted for.

    Without a key things leave as they are.
    """

    directory: Path
    key: str = ""

    @property
    def piece_bytes(self) -> int:
        """How long a piece is, but for the last."""
        return PIECE_BYTES

    def names_of(self, path: Path) -> list[str]:
        """What the file is called at the destination, or its pieces are, in their order."""
        if not self.key:
            return [path.name]
        number = -(-_size(path) // self.piece_bytes)
        if number <= 1:
            return [path.name + AGE]
        return [f"{path.name}.{k:04d}-of-{number:04d}{AGE}" for k in range(1, number + 1)]

    def wrap(self, file: Sealed) -> Sealed:
        """What leaves this machine of a file; the same again until it is thrown away.

        Raises:
            Refused: it cannot be encrypted, the disk being full for one.
            Failure: there is no library for it, or the key is none.
        """
        if not self.key:
            return file
        parcel = self._place(file) / (file.path.name + AGE)
        if not parcel.exists():
            with self._making(file, parcel.parent):
                self._encrypt(file.path, parcel)
        return seal(parcel)

    def wrap_piece(self, file: Sealed, name: str, number: int) -> Sealed:
        """The same of one piece of a file, `number` from 0."""
        parcel = self._place(file) / name
        if not parcel.exists():
            plain = parcel.with_name(file.path.name + PIECE)
            with self._making(file, parcel.parent):
                _cut(file.path, plain, number * self.piece_bytes, self.piece_bytes)
                self._encrypt(plain, parcel)
                plain.unlink()
        return seal(parcel)

    def arrived(self, file: Sealed, name: str) -> str:
        """The SHA-256 of a piece that has arrived as it was; "" of one that has not."""
        try:
            return self._mark(file, name).read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def has_arrived(self, file: Sealed, name: str, sha256: str) -> None:
        """Write down that a piece has arrived, and throw it away."""
        with _refusing():
            write_whole(self._mark(file, name), f"{sha256}\n".encode())
            (self._place(file) / name).unlink()

    def throw_away(self, path: Path) -> None:
        """Forget all parcels of a file."""
        for place in self._places_of(path):
            shutil.rmtree(place)

    def _place(self, file: Sealed) -> Path:
        what = hashlib.sha256(f"{file.sha256} {self.key}".encode()).hexdigest()[:32]
        return self.directory / what

    def _mark(self, file: Sealed, name: str) -> Path:
        return self._place(file) / (name + ARRIVED)

    @contextmanager
    def _making(self, file: Sealed, place: Path) -> Iterator[None]:
        """Parcels of what the file was before make room for new ones."""
        for earlier in self._places_of(file.path) - {place}:
            shutil.rmtree(earlier)
        try:
            with _refusing():
                for needed in (self.directory.parent, self.directory, place):
                    needed.mkdir(mode=0o750, exist_ok=True)
                yield
        except Refused:
            self._tidy(place)
            raise

    def _encrypt(self, plain: Path, parcel: Path) -> None:
        new = parcel.with_name(parcel.name + NEW)
        encrypt(plain, new, self.key)
        new.rename(parcel)
        sync_directory(parcel.parent)

    def _tidy(self, place: Path) -> None:
        """Of what could not be made nothing stays: the disk may be full of it."""
        for path in place.glob("*"):
            if path.suffix in (NEW, PIECE):
                path.unlink(missing_ok=True)

    def _places_of(self, path: Path) -> set[Path]:
        """Where parcels of a file are, or marks that its pieces have arrived."""
        name = rf"{re.escape(path.name)}(?:\{AGE}|\.\d+-of-\d+\{AGE}|\{PIECE}).*"
        places = self.directory.iterdir() if self.key and self.directory.is_dir() else ()
        return {
            place
            for place in places
            if any(re.fullmatch(name, it.name, re.DOTALL) for it in place.glob("*"))
        }


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(words(error), EX_CANTCREAT) from error


def _size(path: Path) -> int:
    """0 of what is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _cut(source: Path, target: Path, begin: int, size: int) -> None:
    """A stretch of a file as a file."""
    with source.open("rb") as whole, open(make_anew(target, 0o640), "wb") as piece:
        whole.seek(begin)
        while size and (portion := whole.read(min(size, PORTION_BYTES))):
            piece.write(portion)
            size -= len(portion)


AS_IT_IS = Outbox(Path(OUTBOX))
