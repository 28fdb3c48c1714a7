"""One session, from the boards' bytes to the closed file, by the real code on a simulated clock.

Real are the keeper's threads, the opening of a board, the assembler, wearer, lane and clock, the
recorder, the session, the writer and the file. Left out are the terminal (port.py), the measures.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from types import SimpleNamespace
from typing import Final
from unittest import mock

import numpy as np

from hardware import keeper, rest
from hardware.board import BoardFault
from hardware.cyton import board as cyton
from hardware.cyton import followed
from recorder.clocks.utc_pairs import UtcPairs, read_pair
from recorder.measures.mains import Mains
from recorder.privacy.consent import persons
from recorder.recording import recorder as recording
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.recording.starting import begin
from recorder.settings.board import ROLES, BoardSettings
from recorder.settings.file import Config
from recorder.wearers.wearer import Wearer
from recorder.wearers.whose import Whose
from tests.truth.board import TrueBoard
from tests.truth.line import SECOND, Line, Neighbour, Window
from tests.truth.port import Dongle, Port, Timeline, awake
from tests.truth.script import BoardScript, Script, Stretch
from tests.truth.sockets import BY_ID, TTY, Sockets

START_NS: Final = 5_000 * SECOND
UTC_NS: Final = 1_790_000_000 * SECOND
TICK_NS: Final = SECOND
# The product's are 0.1 and 0.5 s; what is stored is the same, in fewer and larger pieces.
REST_TICK_NS: Final = 200_000_000
COMMIT_S: Final = 2.0
CHANNELS: Final = ("F3", "F4", "P3")
PEOPLE: Final = persons({"patient": "P01", "therapist": "T01"}, ("eeg",))
_SPARE_S: Final = 80.0


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What came of a script: the files of its session, and all that there is to know of its boards.

    Attributes:
        paths: of the closed files; none when the session could not be begun.
        boards: of patient and therapist.
        arrived: (n,) each, the samples whose packets the host has read.
        stalls: of the host.
        steps: of the time of day: when, and how far it was off from then on.
    """

    script: Script
    paths: list[Path]
    boards: list[TrueBoard]
    arrived: list[np.typing.NDArray[np.int64]]
    stalls: list[Window]
    steps: list[tuple[int, int]]


class Unmeasured(Recorder):
    """A recorder whose time of day steps, and that measures nothing."""

    utc_ns: Callable[[], int]

    def _new_utc_pairs(self) -> UtcPairs:
        return UtcPairs(lambda: read_pair(self._monotonic_ns, self.utc_ns, lambda: True))

    def _measure(self, now_ns: int) -> None:
        pass


class Room:
    """Two people with their boards, and a host with two sockets."""

    def __init__(self, script: Script) -> None:
        end_s = script.recorded[1] + _SPARE_S
        span_ns = (START_NS, at(end_s))
        self.stalls = windows(script.stalls)
        self.now_ns = START_NS
        self.script = script
        rng = np.random.default_rng([script.seed, 1])
        self.dongles = [
            _dongle(it, person, span_ns, self.stalls, child)
            for person, (it, child) in enumerate(zip(script.boards, rng.spawn(2), strict=True))
        ]
        exchanged_s = script.exchanged_s
        self.sockets = Sockets(
            self.dongles,
            self._caller_ns,
            exchanged_ns=None if exchanged_s is None else at(exchanged_s),
            has_serials=script.has_serials,
        )
        name = BY_ID if script.by_id else TTY
        self.timelines = {name.format(it): Timeline(START_NS, self.stalls) for it in (0, 1)}

    def open(self, path: str, timeline: Timeline) -> Port:
        """As `SerialPort`."""
        return Port(path, self.sockets.dongle(path), timeline)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the product find these ports."""
        with ExitStack() as stack:
            for where, name, what in (
                (cyton, "SerialPort", self.open),
                (cyton, "serial_number", self.sockets.serial),
                (followed, "usb", self.sockets.as_usb()),
                (followed, "Path", self.sockets.path),
                (keeper, "device_behind", self.sockets.device),
                (rest, "TICK_NS", REST_TICK_NS),
                (recording, "COMMIT_S", COMMIT_S),
                (Mains, "listen", lambda _: None),
            ):
                stack.enter_context(mock.patch.object(where, name, what))
            yield

    def make_wearers(self, config: Config) -> tuple[Wearer, Wearer]:
        """Return both people, each board as the product makes it, on its own clock."""
        patient, therapist = (
            Wearer(role, BoardSettings(channels=CHANNELS), board, config.mains_hz)
            for role, board in zip(ROLES, starmap(_board, self.timelines.items()), strict=True)
        )
        return patient, therapist

    def _caller_ns(self) -> int:
        """Return the time in the thread that asks: a board's, or the recorder's."""
        name = threading.current_thread().name.removeprefix("board ")
        return self.timelines[name].now_ns if name in self.timelines else self.now_ns

    def utc_ns(self) -> int:
        """Return the time of day."""
        off_s = sum(step for when_s, step in self.script.steps if at(when_s) <= self.now_ns)
        return UTC_NS + self.now_ns + round(off_s * 1e9)


def live(script: Script, directory: Path) -> Told:
    """Let a session happen; its files are in `directory`."""
    room = Room(script)
    with room.in_place():
        return _live(room, script, directory)


def _live(room: Room, script: Script, directory: Path) -> Told:
    config = Config(sessions=str(directory), socket=str(directory / "none.sock"))
    wearers = room.make_wearers(config)
    recorder = Unmeasured(config, wearers, monotonic_ns=lambda: room.now_ns)
    recorder.utc_ns, recorder.whose = room.utc_ns, Whose(wearers, room.sockets.device)
    recorder.start()
    for timeline in room.timelines.values():
        timeline.begin()
    sessions = _record(room, recorder, config)
    recorder.close()
    recorder.tick()
    for session in sessions:
        if session is recorder.session:
            recorder.detach()
            session.close(room.now_ns)
    steps = [(at(when_s), round(step * 1e9)) for when_s, step in script.steps]
    paths = [session.path for session in sessions]
    arrived = [np.concatenate(it.arrived or [np.empty(0, np.int64)]) for it in room.dongles]
    own = [dongle.board for dongle in room.dongles]
    return Told(script, paths, own, arrived, room.stalls, steps)


def _record(room: Room, recorder: Recorder, config: Config) -> list[Session]:
    """Tick until the end; the session, and no other follows it."""
    sessions: list[Session] = []
    begin_ns, end_ns = map(at, room.script.recorded)
    while room.now_ns < end_ns:
        room.now_ns = awake(room.stalls, room.now_ns + TICK_NS)
        for timeline in room.timelines.values():
            timeline.run_until(room.now_ns)
        recorder.tick()
        if not sessions and room.now_ns >= begin_ns:
            sessions += _begin(config, recorder, room.now_ns)
        if recorder.session is not None and recorder.session.stranger:
            ended = recorder.detach()
            assert ended is not None
            ended.close(room.now_ns)
    return sessions


def _begin(config: Config, recorder: Recorder, now_ns: int) -> list[Session]:
    """Begin the session, if both boards have been seen and are alone."""
    try:
        session = begin(config, recorder.wearers, PEOPLE, now_ns)
    except BoardFault:
        return []
    recorder.attach(session)
    return [session]


def _board(path: str, timeline: Timeline) -> cyton.CytonBoard:
    with mock.patch.object(cyton, "threading", SimpleNamespace(Event=lambda: timeline)):
        return cyton.CytonBoard(path, monotonic_ns=timeline)


def at(seconds: float) -> int:
    """Return CLOCK_MONOTONIC so many seconds after the service began."""
    return START_NS + round(seconds * 1e9)


def windows(stretches: tuple[Stretch, ...]) -> list[Window]:
    """Return the same by CLOCK_MONOTONIC."""
    return [(at(begin_s), at(end_s)) for begin_s, end_s in stretches]


def _dongle(
    script: BoardScript,
    person: int,
    span_ns: Window,
    stalls: list[Window],
    rng: np.random.Generator,
) -> Dongle:
    board = TrueBoard(person, span_ns, script.off, script.warming, rng)
    neighbours = []
    for number, it in enumerate(script.strangers):
        off = script.off + it.faster
        other = TrueBoard(10 + number, span_ns, off, script.warming, rng)
        other.switch_on(0, board.born_ns - round(it.older_s * 1e9))
        other.obey(b"b", at(it.heard[0]) - int(rng.integers(SECOND)))
        neighbours.append(Neighbour(it, other, (at(it.heard[0]), at(it.heard[1]))))
    silences, off_ns = windows(script.silences), windows(script.resets)
    line = Line(script, board, neighbours, silences=silences, stalls=stalls, rng=rng)
    unplugged = windows(script.unplugged)
    return Dongle(board, line, neighbours, unplugged=unplugged, off=off_ns, silences=silences)
