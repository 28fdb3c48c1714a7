"""What must not leave the ward in a text meant for others: codes, labels, notes, people's names.

The words are those that this machine knows of: from the session files and their notes, from the
configuration, and the names of its users. A text is rid of them wherever they stand as words.
"""

import errno
import os
import pwd
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from recorder.settings.file import Config
from recorder.store.beside import notes_files_of
from recorder.store.catalog import OWN_ID, sessions
from recorder.store.reader import SessionReader
from recorder.support.plain_config import REMOVED, secrets_of

# Shorter labels and notes say nothing about a person, and would tear holes into every text.
SHORTEST_TEXT = 3
TEXTS = (
    "SELECT label FROM marker",
    "SELECT label FROM interval",
    "SELECT text FROM event WHERE kind = 'note'",
)
IN_NOTES = (
    "SELECT label FROM marker UNION SELECT author FROM marker",
    "SELECT label FROM interval UNION SELECT author FROM interval",
    "SELECT speaker FROM transcript",
)
GIVEN = re.compile(rf"\w{{{SHORTEST_TEXT},}}")
PEOPLE = range(1000, 60_000)  # user numbers of people, login.defs(5)


class Scrubber:
    """Rids texts of private words."""

    def __init__(self, words: Iterable[str]) -> None:
        longest_first = sorted({word for word in words if word}, key=len, reverse=True)
        choices = "|".join(map(re.escape, longest_first)) or r"(?!)"
        self._pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{choices})(?![A-Za-z0-9])", re.IGNORECASE)

    def text(self, text: str) -> str:
        """`text` without them."""
        return self._pattern.sub(REMOVED, text)

    def value(self, value: Any) -> Any:
        """A value of JSON whose texts are without them."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        return [self.value(one) for one in value] if isinstance(value, list | tuple) else value


def private_words(config: Config) -> Iterator[str]:
    """All that this machine knows of; some of them several times.

    Raises:
        PermissionError: there are sessions that this user may not read.
    """
    for secret in secrets_of(config):
        parts = (secret, *_credentials(secret))
        yield from (word for word in parts if len(word) >= SHORTEST_TEXT)
    yield from _names_of_users()
    directory = config.sessions_path
    if directory.exists():
        _require_readable(directory)
    for entry in sessions(directory):
        _require_readable(entry.path)
        if not OWN_ID.fullmatch(entry.id):  # somebody has named the file, maybe after a person
            yield from (entry.id, *GIVEN.findall(OWN_ID.sub("", entry.id)))
        if not entry.problem:
            yield from _in_session(entry.path)
            for notes in notes_files_of(entry.path):
                yield from _in_notes(notes)


def _credentials(text: str) -> Iterator[str]:
    """User and password of an address such as rtsp://user:password@camera/live."""
    if "://" in text and "@" in text:
        inside = text.partition("://")[2].partition("@")[0]
        yield from inside.split(":", maxsplit=1)


def _require_readable(path: Path) -> None:
    if not os.access(path, os.R_OK):
        reason = "its codes must be known to be left out: do it as root"
        raise PermissionError(errno.EACCES, reason, str(path))


def _names_of_users() -> Iterator[str]:
    """Login names and full names of the people who may log in."""
    for user in pwd.getpwall():
        if user.pw_uid in PEOPLE:
            full_name = user.pw_gecos.partition(",")[0]
            yield from (word for word in (user.pw_name, full_name) if len(word) >= SHORTEST_TEXT)


def _in_session(path: Path) -> Iterator[str]:
    with SessionReader(path) as session:
        yield from (code for (code,) in session.query("SELECT code FROM person"))
        for sql in TEXTS:
            yield from (text for (text,) in session.query(sql) if len(text) >= SHORTEST_TEXT)


def _in_notes(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as notes:
        for sql in IN_NOTES:
            yield from (word for (word,) in notes.execute(sql) if word)
