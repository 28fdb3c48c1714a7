"""Two scripted boards, a recorder and a clock: a bedside in simulated time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from recorder.privacy.consent import persons
from recorder.recording.recorder import TICK_S, Recorder
from recorder.recording.session import Session
from recorder.recording.starting import begin
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.wearers.wearer import Wearer
from tests.recorder.scripted_board import INFO, RATE_HZ, Air, Clock, ScriptedBoard, Signal, eeg
from tests.recorder.session_files import START_NS

PEOPLE = persons({"patient": "P01", "therapist": "T01"}, ("eeg",))
Indexes = Sequence[int]


class Bedside:
    """A recorder whose boards say what they are told to, ticked on a clock that does not wait."""

    def __init__(
        self,
        directory: Path,
        *,
        signals: tuple[Signal, Signal] | None = None,
        known: tuple[bool, bool] = (True, True),
        channels: int = INFO.channels,
        config: Config | None = None,
    ) -> None:
        self.clock = Clock()
        info = replace(INFO, channels=channels)
        self.boards = tuple(ScriptedBoard(self.clock, info=info, known=one) for one in known)
        signals = signals or (eeg(1, channels=channels), eeg(2, channels=channels))
        self.air = tuple(Air(signal, info) for signal in signals)
        self.config = msgspec.structs.replace(config or Config(), sessions=str(directory))
        patient, therapist = (
            Wearer(role, self.config.board(role), board, self.config.mains_hz)
            for role, board in zip(ROLES, self.boards, strict=True)
        )
        self.recorder = Recorder(self.config, (patient, therapist), monotonic_ns=self.clock)

    def at(self, seconds: float) -> int:
        """CLOCK_MONOTONIC so many seconds after the clock was set."""
        return START_NS + round(seconds * 1e9)

    def stream(self, person: int, begin_s: float, order: Indexes, *, batch: int = 20) -> None:
        """Plan a segment: the packets with these indexes, in this order."""
        board, air = self.boards[person], self.air[person]
        board.plan(air.stretch(self.at(begin_s), order, batch=batch))

    def stream_both(self, seconds: float, *, begin_s: float = 0.0) -> None:
        """Plan a segment of both people without a loss."""
        for person in (0, 1):
            self.stream(person, begin_s, range(round(seconds * RATE_HZ)))

    def run_until(self, seconds: float) -> None:
        """Tick until so many seconds after the clock was set."""
        while self.clock() < self.at(seconds):
            self.clock.advance(TICK_S)
            self.recorder.tick()

    def start(self) -> Session:
        """Make a file and record into it."""
        session = begin(self.config, self.recorder.wearers, PEOPLE, self.clock())
        self.recorder.attach(session)
        return session

    def stop(self) -> Path:
        """End the session; its file."""
        session = self.recorder.detach()
        assert session is not None
        session.close(self.clock())
        return session.path
