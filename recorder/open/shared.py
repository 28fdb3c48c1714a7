"""A session as strangers may see it: without dates, codes, serial numbers and what people wrote.

Everything else is as it is: samples, times within the session, holes, measures, who agreed to what.

The session begins at a constant instant. A random number of days would have to be kept nowhere, or
it could be undone; then it tells no more than a constant, and each export of a session would be
another one. The instant lies before 1925, by which BIDS and MNE know that a date is none.

Codes are made of the file's own SHA-256, which nobody knows who has not the file. So the same
session has the same codes each time, and a person who is in two sessions has two.

Labels that the recorder or the configuration knows stay, and the sorts of moments; of others, which
somebody typed, it stays that there was a mark. Notes, events, the transcript, the music and
the names of videos are left out.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from recorder.moments.labels import sort_of
from recorder.music.series import MusicRow
from recorder.open.clocks import Clock
from recorder.open.joined import Interval, Mark, Told, Words
from recorder.open.rated import Rating
from recorder.open.results import Run
from recorder.open.session import OpenSession
from recorder.open.video import Video
from recorder.settings.board import ROLES
from recorder.store.beside import sha256_of, stored_sha256
from recorder.store.headers import BoardHeader, Person, SessionHeader
from recorder.store.note_rows import ConsentRow, RefitRow
from recorder.store.reader import MeasureSeries
from recorder.store.rows import ClockUtcRow, RedactionRow, SeriesRow

BEGUN_UTC_NS: Final = -1_577_923_200 * 10**9  # 1920-01-01T00:00:00Z
OWN_LABELS: Final = frozenset({"baseline starts", "baseline ends", "shift"})
MARK, INTERVAL = "mark", "interval"
SHARED: Final = "shared-"  # what ids begin with
CODE_DIGITS = 8
NOBODY: Final = ("", *ROLES)  # authors that are no codes: in an interview, one of the two


class SharedSession(OpenSession):
    """One session for people outside; what it overrides is other than in the file.

    Args:
        path: of the session file.
        clock: as `open_session`.
        labels: that nobody typed, such as the configuration's `marks`.
    """

    def __init__(self, path: Path, clock: Clock, labels: Collection[str]) -> None:
        super().__init__(path, clock)
        self._known = OWN_LABELS | set(labels)
        self._secret = stored_sha256(path) or sha256_of(path)
        self.path = Path(f"{self.id}.antiphon")  # errors name it
        self.damage = ("damaged",) if self.damage else ()

    @cached_property
    def header(self) -> SessionHeader:
        """With a new id and new codes, without dates, serial numbers, ports and the box's name."""
        told = super().header
        return replace(
            told,
            id=f"{SHARED}{self._code('session')}",
            created_utc_ns=BEGUN_UTC_NS,
            boot_id="",
            template="",
            box="",
            clock_synchronised=False,
            persons=tuple(map(self._person, told.persons)),
            boards=tuple(map(_board, told.boards)),
        )

    @property
    def clock_pairs(self) -> list[ClockUtcRow]:
        """One, of the constant instant."""
        return [ClockUtcRow(self.started_ns, BEGUN_UTC_NS, synchronised=False)]

    @property
    def refits(self) -> list[RefitRow]:
        """Without the time of day at which they were made."""
        return [replace(it, made_utc_ns=0) for it in super().refits]

    @cached_property
    def music(self) -> tuple[MusicRow, ...]:
        """None: it was made of a recording that needs a consent of its own."""
        return ()

    @property
    def consents(self) -> list[ConsentRow]:
        """None: they say who wrote them down."""
        return []

    @property
    def redactions(self) -> list[RedactionRow]:
        """None: they tell of another day."""
        return []

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """With the labels that nobody typed."""
        return tuple(
            replace(it, label=self._label(it.label, MARK), author=self._author(it.author))
            for it in super().marks
        )

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """With the labels that nobody typed."""
        return tuple(
            replace(it, label=self._label(it.label, INTERVAL), author=self._author(it.author))
            for it in super().intervals
        )

    @property
    def series(self) -> list[SeriesRow]:
        """Those of other programs are numbered: whoever sent them named them freely."""
        return [_nameless(it) for it in super().series]

    def each_measure(self, name: str | None = None) -> Iterator[MeasureSeries]:
        """As `series`."""
        for found in super().each_measure(name):
            yield replace(found, series=_nameless(found.series))

    @cached_property
    def words(self) -> tuple[Words, ...]:
        """None."""
        return ()

    @cached_property
    def events(self) -> tuple[Told, ...]:
        """None, for their texts are free."""
        return ()

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """None: contrasts name what people wrote."""
        return ()

    @cached_property
    def videos(self) -> tuple[Video, ...]:
        """None."""
        return ()

    @cached_property
    def ratings(self) -> tuple[Rating, ...]:
        """Without what else was written there, and with other codes."""
        return tuple(replace(it, text="", author=self._author(it.author)) for it in super().ratings)

    def _label(self, label: str, otherwise: str) -> str:
        if rated := sort_of(label):
            return rated[0]
        return label if label in self._known else otherwise

    def _person(self, person: Person) -> Person:
        code = f"{person.role[:1].upper()}{self._code(person.role)}"
        return replace(person, code=code if person.code else "")

    def _author(self, author: str) -> str:
        return f"R{self._code('author ' + author)}" if author not in NOBODY else author

    def _code(self, word: str) -> str:
        return sha256(f"{self._secret} {word}".encode()).hexdigest()[:CODE_DIGITS]


def _nameless(series: SeriesRow) -> SeriesRow:
    if series.persons:  # computed here, of somebody
        return series
    return replace(series, name=f"external_{series.id}", formula="received", unit="")


def _board(board: BoardHeader) -> BoardHeader:
    return replace(board, port="", serial="")
