"""A control socket whose answers are as a service's, in a thread of its own."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import msgspec

from hardware.cyton import impedance as hardware
from recorder.failure import Refused
from recorder.privacy.names import suspicions
from recorder.wearers.impedance import told_of
from recorder.wire.messages import (
    Alarm,
    BoardStatus,
    Impedances,
    Noted,
    Request,
    SessionStatus,
    Started,
    Status,
)
from recorder.wire.server import ControlServer
from tests.recorder.bounded import WITHIN_S
from tests.recorder.statuses import board_status, session_status

SESSION = session_status("P07", "T02", "music starts")


def board(role: str, **fields: Any) -> BoardStatus:
    return board_status(role, **fields)


def status(session: SessionStatus | None, boards: list[BoardStatus], *alarms: Alarm) -> Status:
    state = "idle" if session is None else "recording"
    return Status(state, session, boards, list(alarms), 50_000.0, 41.3, "0.1.0")


class Desk:
    """The socket of a service in a thread of its own, and who answers there. A context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[Request] = []
        self.session: SessionStatus | None = None
        self.boards = [board("patient"), board("therapist")]
        self.alarms: list[Alarm] = []
        self.warnings: list[str] = []
        self.kohm: dict[str, float | None] = {}
        self._loop = asyncio.new_event_loop()
        self._server = ControlServer(path, self._answer)
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> "Desk":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN_S)
        self._loop.close()

    def _measure(self, request: Request) -> Impedances:
        contacts = []
        for label in request.channels or self.kohm:
            found = hardware.Impedance(1, label, self.kohm[label])
            contacts.append(told_of(request.label, found))
            self._server.publish("impedance", contacts[-1])
        return Impedances(contacts)

    async def _answer(self, request: Request) -> msgspec.Struct | None:
        self.asked.append(request)
        if request.do == "examine":
            raise Refused("not here", code=64)
        if request.do == "status":
            return status(self.session, self.boards, *self.alarms)
        if request.do == "impedance":
            return self._measure(request)
        if request.do == "start":
            is_on, self.session = self.session is not None, self.session or SESSION
            fields = msgspec.structs.asdict(self.session)
            return Started(**fields, started=not is_on, warnings=self.warnings)
        if request.do in ("mark", "note"):
            if self.session is None:
                raise Refused("no session is running: start one first", code=69)
            found = suspicions(request.label)
            return Noted(t_s=self.session.elapsed_s, label=request.label, warnings=found)
        session = self.session
        if request.do == "stop":
            self.session = None
        return session
