"""What leaves this machine encrypted, while it is on its way.

<sessions>/outbox/<destination>/<what>/<name>.age     <what>: a hash of the file and of the key

age makes another file each time, so what was begun to be sent is kept until it has arrived: only
then can a cut transfer resume where it was.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from recorder.durable import sync_directory
from recorder.failure import EX_CANTCREAT, Refused, words
from recorder.privacy.age import AGE, encrypt
from recorder.sync.finished import Sealed, seal

OUTBOX = "outbox"


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of one destination; `key` is the age public key that all is encrypted for.

    Without a key things leave as they are.
    """

    directory: Path
    key: str = ""

    def name_of(self, path: Path) -> str:
        """What the file is called at the destination."""
        return path.name + AGE if self.key else path.name

    def wrap(self, file: Sealed) -> Sealed:
        """What leaves this machine of a file; the same again until it is thrown away.

        Raises:
            Refused: it cannot be encrypted, the disk being full for one.
            Failure: there is no library for it, or the key is none.
        """
        if not self.key:
            return file
        parcel = self._place(file)
        if not parcel.exists():
            self._make(file, parcel)
        return seal(parcel)

    def throw_away(self, path: Path) -> None:
        """Forget all parcels of a file."""
        for parcel in self._parcels(path):
            shutil.rmtree(parcel.parent)

    def _place(self, file: Sealed) -> Path:
        what = hashlib.sha256(f"{file.sha256} {self.key}".encode()).hexdigest()[:32]
        return self.directory / what / self.name_of(file.path)

    def _make(self, file: Sealed, parcel: Path) -> None:
        """Parcels of what the file was before make room for the new one."""
        new = parcel.with_name(f"{parcel.name}.new")
        self.throw_away(file.path)
        try:
            for place in (self.directory.parent, self.directory, parcel.parent):
                place.mkdir(mode=0o750, exist_ok=True)
            encrypt(file.path, new, self.key)
            new.rename(parcel)
            sync_directory(parcel.parent)
        except OSError as error:
            shutil.rmtree(parcel.parent, ignore_errors=True)
            raise Refused(words(error), EX_CANTCREAT) from error

    def _parcels(self, path: Path) -> list[Path]:
        places = self.directory.iterdir() if self.key and self.directory.is_dir() else ()
        names = (path.name + AGE, f"{path.name}{AGE}.new")
        return [place / name for place in places for name in names if (place / name).exists()]


AS_IT_IS = Outbox(Path(OUTBOX))
