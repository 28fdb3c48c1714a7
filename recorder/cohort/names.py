"""What sites, people and sessions are called in the results: as they are, or for strangers.

For sharing, a code is made of the true one and of a secret that stays beside the jobs, so that a
person has the same code in each session and each run, and nobody can find out which. Sites are
numbered as they were given, all sessions are of one month, and it is not told how many days lie
between them: as recorder/open/shared.py has it, a constant tells least.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

from recorder.cohort.sites import Seen, Site
from recorder.durable import write_whole
from recorder.open.shared import BEGUN_UTC_NS, SHARED

KEY: Final = "key-of-codes"
CODE_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Names:
    """How things are called.

    Attributes:
        sites: in the order in which they were given.
        secret: of the codes for sharing; "" of results for oneself.
    """

    sites: tuple[str, ...]
    secret: str = ""

    @property
    def for_sharing(self) -> bool:
        """Whether strangers may see them."""
        return bool(self.secret)

    def site(self, name: str) -> str:
        """Of a site."""
        return f"site{self.sites.index(name) + 1:02}" if self.secret else name

    def session(self, it: Seen) -> str:
        """Of a session."""
        return f"{SHARED}{self._code(f'session {it.id}')}" if self.secret else it.id

    def person(self, it: Seen, place: int) -> str:
        """Of the patient (0) or the therapist (1); "" of who has no code."""
        code = it.codes[place]
        if not self.secret or not code:
            return code
        return f"{'PT'[place]}{self._code(f'person {it.site} {code}')}"

    def month(self, it: Seen) -> str:
        """As 2026-11."""
        return month_of(BEGUN_UTC_NS if self.secret else it.begun_utc_ns)

    def _code(self, word: str) -> str:
        return hmac.digest(self.secret.encode(), word.encode(), "sha256").hex()[:CODE_DIGITS]


def names_of(sites: Sequence[Site], jobs: Path, *, for_sharing: bool) -> Names:
    """How things are called in the results; makes the secret where it is needed first.

    Raises:
        OSError: it cannot be read or written.
    """
    names = tuple(it.name for it in sites)
    return Names(names, _secret(jobs / KEY)) if for_sharing else Names(names)


def _secret(file: Path) -> str:
    if not file.is_file():
        write_whole(file, token_hex(32).encode())
    return file.read_text(encoding="ascii")


def month_of(utc_ns: int) -> str:
    """As 2026-11."""
    return datetime.fromtimestamp(utc_ns // 10**9, UTC).strftime("%Y-%m")
