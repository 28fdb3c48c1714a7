"""Stories of two dongles that vanish and come back, exchanged or not; and the accounts of them.

In each there is one pair of dongles and boards, in and between sessions, and a person who says who
is who when asked, never before and never wrongly. The accountant knows whose each sample was.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from unittest import mock

import numpy as np

from hardware.board import BoardFault, BoardState
from hardware.emulated import stream
from recorder.privacy.consent import persons
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.recording.starting import begin
from recorder.rehearsal import simulated_board
from recorder.settings.board import ROLES, BoardSettings
from recorder.settings.file import Config
from recorder.settings.measures import MeasureSettings
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.wearers.signs import Answer
from recorder.wearers.wearer import Wearer
from tests.exchanges.desk import SIGNS, Desk, DeskBoard, Dongle, cyton
from tests.soak.day import Clock

TICK_S = 0.5
READ_NS = 50_000_000
TTYS = ("ttyUSB0", "ttyUSB1")
RATES_HZ = (250.263, 250.326, 250.52, 250.6)  # of four real boards
SETTLED_S = 13.0
WITHIN_S = 10.0
LONGEST_S = 30.0
PEOPLE = persons({"patient": "P01", "therapist": "T01"}, ("eeg",))


class Marks(StrEnum):
    """By what the dongles can be told apart."""

    SERIALS = "serials"
    ONE_SERIAL = "one serial number, of both"
    PLACES = "places"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Return:
    """What happens once.

    Attributes:
        exchanged: whether they come back in each other's port.
        by_hand: whether they are pulled out one after the other, else their hub loses power.
        apart_s: how long after the one the other goes, or comes.
        away_s: how long both are away.
        switched_off: whether the boards are switched off and on meanwhile.
        first: who comes back first.
        recording: whether a session is recorded.
    """

    exchanged: bool
    by_hand: bool
    apart_s: float
    away_s: float
    switched_off: bool
    first: int
    recording: bool


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        samples: that were stored; `foreign` of them under the other one's name.
        resumed_s: of each return that was not exchanged, how long until both were taken again.
        asked: how often a person had to say who is who; `asked_exchanged`, after an exchange.
        never: returns after which nothing was ever taken again.
        faults: of the files.
    """

    samples: int = 0
    foreign: int = 0
    resumed_s: list[float] = field(default_factory=list)
    exchanges: int = 0
    asked: int = 0
    asked_exchanged: int = 0
    never: int = 0
    faults: list[str] = field(default_factory=list)


class Story:
    """Two people at a desk, whose files are in `directory`."""

    def __init__(self, directory: Path, marks: Marks, rng: np.random.Generator) -> None:
        self.outcome = Outcome()
        self._rng = rng
        self._clock = Clock()
        self._sessions: list[Path] = []
        self._session: Session | None = None
        sessions = directory / "sessions"
        settings = MeasureSettings(kinds=())
        self._config = Config(sessions=str(sessions), measures=settings)
        now_ns = self._clock()
        self._desk = Desk(directory / "desk", has_places=marks is Marks.PLACES)
        serials = {Marks.SERIALS: ("DM00AAAA", "DM00BBBB"), Marks.ONE_SERIAL: ("0001", "0001")}
        rates_hz = rng.choice(RATES_HZ, 2, replace=False)
        self._dongles = []
        for person, serial in enumerate(serials.get(marks, (None, None))):
            born_ns = now_ns - int(rng.uniform(5, 600) * 1e9)
            board = cyton(person, float(rates_hz[person]), born_ns)
            self._dongles.append(Dongle(person, serial, float(rates_hz[person]), board))
            self._desk.put(self._dongles[person], TTYS[person], person, now_ns)
        boards = [DeskBoard(self._desk, self._path(place), self._clock) for place in range(2)]
        patient, therapist = (
            Wearer(role, BoardSettings(), board, 50.0)
            for role, board in zip(ROLES, boards, strict=True)
        )
        self._recorder = Recorder(self._config, (patient, therapist), monotonic_ns=self._clock)
        self._boards = boards

    def tell(self, returns: list[Return]) -> Outcome:
        """Let all this happen, one after the other."""
        with (
            mock.patch.object(simulated_board, "READ_NS", READ_NS),
            mock.patch.object(stream, "_AHEAD", 500),
        ):
            self._pass(40.0)
            for it in returns:
                self._be_recording(it.recording)
                self._pass(SETTLED_S)
                self._befall(it)
            self._be_recording(recording=False)
            for board in self._boards:
                board.close()
        for path in self._sessions:
            self._account(path)
        return self.outcome

    def _path(self, place: int) -> str:
        return str(self._desk.root / "dev" / TTYS[place])

    def _pass(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            self._clock.now_ns += round(TICK_S * 1e9)
            self._recorder.tick()

    def _be_recording(self, recording: bool) -> None:
        session = self._session
        if recording and session is None:
            try:
                session = begin(self._config, self._recorder.wearers, PEOPLE, self._clock())
            except BoardFault as fault:
                self.outcome.faults.append(str(fault))
                return
            self._recorder.attach(session)
            self._session = session
        elif not recording and session is not None:
            self._recorder.detach()
            session.close(self._clock())
            self._sessions.append(session.path)
            self._session = None

    def _befall(self, it: Return) -> None:
        one, two = self._dongles if it.first == 0 else self._dongles[::-1]
        sockets = {dongle.person: (dongle.tty, dongle.socket) for dongle in (one, two)}
        for dongle in (one, two):
            self._desk.pull(dongle)
            self._pass(it.apart_s if it.by_hand and dongle is one else 0.0)
        self._pass(it.away_s)
        for dongle, other in ((one, two), (two, one)):
            tty, socket = sockets[other.person if it.exchanged else dongle.person]
            if it.exchanged and not it.by_hand:  # only their names are exchanged
                socket = sockets[dongle.person][1]
            if it.switched_off:
                dongle.restart(self._clock() + int(self._rng.uniform(0, 2e9)))
            self._desk.put(dongle, tty, socket, self._clock())
            self._pass(it.apart_s if it.by_hand and dongle is one else 0.0)
        self._await(it)

    def _await(self, it: Return) -> None:
        """Wait until both are recorded again; if people are asked for too long, they say it."""
        began_ns = self._clock()
        while (waited_s := (self._clock() - began_ns) / 1e9) < LONGEST_S and not self._both():
            self._pass(TICK_S)
            if waited_s == WITHIN_S + 2 and self._recorder.whose.is_asked:
                self._say()
                self.outcome.asked += 1
                self.outcome.asked_exchanged += it.exchanged
        self.outcome.never += not self._both()
        self.outcome.exchanges += it.exchanged
        if not it.exchanged:
            self.outcome.resumed_s.append(waited_s)

    def _say(self) -> None:
        """Say who is who, by a look at whose board is at which port."""
        wearer = next(it for it in self._recorder.wearers if it.held)
        there = None if wearer.board.info is None else self._desk.at(wearer.board.info.port)
        own = there is not None and ROLES[there.person] == wearer.role
        self._recorder.whose.confirm(Answer.SAME if own else Answer.EXCHANGED)

    def _both(self) -> bool:
        wearers = self._recorder.wearers
        return all(it.state is BoardState.STREAMING and not it.held for it in wearers)

    def _account(self, path: Path) -> None:
        with SessionReader(path) as file:
            for board in file.boards():
                for samples in file.samples(board.id):
                    is_own = np.sign(samples.counts[:, 0]) == SIGNS[board.id]
                    self.outcome.samples += len(is_own)
                    self.outcome.foreign += int((~is_own).sum())
        found = verify(path)
        self.outcome.faults += [str(it) for it in found.problems]


def returns(rng: np.random.Generator, count: int, *, exchanged: bool) -> list[Return]:
    """So many, as they happen: by hand or by a loss of power, most with the boards left on."""
    return [
        Return(
            exchanged=exchanged,
            by_hand=bool(rng.random() < (0.7 if exchanged else 0.4)),
            apart_s=float(rng.choice([1.0, 2.0, 4.0])),
            away_s=float(rng.choice([0.5, 2.0, 6.0])),
            switched_off=bool(rng.random() < 0.2),
            first=int(rng.integers(2)),
            recording=bool(rng.random() < 0.7),
        )
        for _ in range(count)
    ]
