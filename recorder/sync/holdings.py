"""What this machine has of each session, by one look at its directories.

A file is about the session that it is named after, and a session file also about the one that its
header names: a copy under another name is the same EEG.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from recorder.store.card import card_of
from recorder.store.files import DONE, SUFFIX
from recorder.sync.outbox import OUTBOX

# <id>.antiphon, <id>.notes, <id>-camera-1.mkv, .<id>.card, .<id>.repair-XXXXXXXX, .<id>-export-XX
NAMED_AFTER = re.compile(r"\.?([^.]+?)(?:-(?:camera|export)-.*|\..*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Holdings:
    """The files and directories about each session, and of whom each session is.

    Attributes:
        paths: by session, as they are named.
        codes: the codes of the persons of each session, by its files' names.
        same: session files by the id that their headers give, where that is not their name.
        unreadable: session files of which it cannot be told whose they are.
    """

    paths: dict[str, list[Path]]
    codes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    same: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unreadable: list[str] = field(default_factory=list)

    def of(self, session_id: str) -> list[Path]:
        """All about a session, the recording first."""
        return sorted(self.paths.get(session_id, ()), key=lambda path: path.suffix != SUFFIX)

    def session_files(self) -> Iterator[tuple[str, Path]]:
        """All session files, each with the session that it is named after."""
        for name, paths in self.paths.items():
            yield from ((name, it) for it in paths if it.suffix == SUFFIX and it.is_file())

    def copies_of(self, session_ids: set[str]) -> set[str]:
        """The names under which the same sessions lie here a second time."""
        return {name for one in session_ids for name in self.same.get(one, ())} - session_ids


def look(directory: Path) -> Holdings:
    """What is there, by the names alone.

    Raises:
        OSError: a directory cannot be read.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    parcels = (directory / OUTBOX).glob("*/*")
    for place in (directory, directory / DONE, *parcels):
        with suppress(FileNotFoundError, NotADirectoryError):
            for path in place.iterdir():
                if named := NAMED_AFTER.fullmatch(path.name):
                    found[named[1]].append(path)
    return Holdings(found)


def read(directory: Path) -> Holdings:
    """What is there, and what the session files say of themselves.

    Raises:
        OSError: a directory cannot be read.
    """
    holdings = look(directory)
    for name, path in holdings.session_files():
        try:
            card = card_of(path)
        except (ValueError, OSError):
            holdings.unreadable.append(path.name)
            continue
        holdings.codes[name].update(card.codes)
        if card.id != name:
            holdings.same[card.id].add(name)
    return holdings
