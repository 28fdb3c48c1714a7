"""A service for the screen's tests: the real socket and protocol, everything said by script."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from recorder.failure import Refused
from recorder.wire.messages import (
    BoardStatus,
    Contact,
    Impedances,
    Mark,
    Marks,
    Measure,
    Measures,
    Noted,
    Recent,
    Request,
    SessionStatus,
    Status,
    Tapped,
    Trace,
)
from recorder.wire.past import PastSession, People, Recorded, SessionLine, SessionLines
from recorder.wire.server import ControlServer

LABELS = ["F3", "F4", "Fz", "P3", "P4", "O1", "O2", "A2"]
SESSION_FILE = "/var/lib/antiphon/sessions/2026-11-23T041500Z-P01-T01.antiphon"


class ScriptedService:
    """Answers as the real service does; `asked` keeps what was asked.

    `people` and `past` are who was recorded here, and the one session that has ended. A `refusal`
    or an `answer` that a test sets is what everything is then answered with; `warnings` go with
    every mark and note. A tap test is answered as soon as `tapped` says what was heard, contacts in
    kilo-ohm when `measured` is set.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[Request] = []
        self.refusal: Refused | None = None
        self.answer: msgspec.Struct | None = None
        self.warnings: list[str] = []
        self.marks: list[Mark] = []
        self.people = People([], [])
        self.past = past()
        self.recent = Recent([])
        self.tapped: Tapped | None = None
        self.measured = asyncio.Event()
        self.status = idle()
        self._server = ControlServer(path, self._answer)

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Go away, as a service does that is restarted."""
        await self._server.stop()

    def is_watched(self) -> bool:
        """Whether a screen has subscribed."""
        return self._server.wanted("status")

    def say(self, body: Status | Trace | Measures) -> None:
        """Push to the screens; a status is also what `status` is answered with."""
        topics = {Status: "status", Trace: "traces", Measures: "measures"}
        if isinstance(body, Status):
            self.status = body
        self._server.publish(topics[type(body)], body)

    def say_raw(self, topic: str, body: msgspec.Struct) -> None:
        """Push whatever is given, as a service of another version might."""
        self._server.publish(topic, body)

    async def _answer(self, request: Request) -> msgspec.Struct | None:
        self.asked.append(request)
        if self.refusal is not None and request.do != "status":
            raise self.refusal
        if self.answer is not None:
            return self.answer
        if (told := self._told(request)) is not None:
            return told
        match request.do:
            case "start":
                self.say(recording(patient=request.patient, therapist=request.therapist))
            case "stop":
                ended = self.status.session
                self.say(idle())
                return ended
            case "mark" | "note":
                return self._note(request)
            case "tap" | "impedance":
                return await self._take_time(request)
        return self._of_marks(request) or self.status.session

    async def _take_time(self, request: Request) -> Tapped | Impedances:
        if request.do == "impedance":
            await self.measured.wait()
            return Impedances([])
        while self.tapped is None:
            await asyncio.sleep(0.01)
        return self.tapped

    def _of_marks(self, request: Request) -> msgspec.Struct | None:
        match request.do:
            case "marks":
                return Marks(self.marks)
            case "withdraw":
                return self.marks.pop()
            case "correct":
                return Noted(self.marks[-1].t_s - request.earlier_s, request.label)
            case "begin":
                self.marks.append(Mark("interval", 9, 757.3, request.label))
                return Noted(757.3, request.label)
            case "end":
                return msgspec.structs.replace(self.marks[-1], end_s=760.0)
        return None

    def _told(self, request: Request) -> msgspec.Struct | None:
        """What changes nothing; None of anything else."""
        answers: dict[str, msgspec.Struct] = {
            "status": self.status,
            "recent": self.recent,
            "people": self.people,
            "session": self.past,
            "sessions": SessionLines([self.past.line]),
            "comment": Noted(0.0, request.label, self.warnings),
            "interview": Noted(request.at_s, request.label, self.warnings),
        }
        return answers.get(request.do)

    def _note(self, request: Request) -> Noted:
        session, label = self.status.session, request.label
        if session is None:
            raise Refused("nothing is being recorded: start a session first", code=69)
        if request.ask_first and self.warnings:
            return Noted(0.0, label, self.warnings, is_stored=False)
        self.say(changed(self.status, markers=session.markers + 1, last_marker=label))
        return Noted(session.elapsed_s, label, self.warnings)


def contacts(**states: str) -> list[Contact]:
    """Good contacts, but for those given as label=state."""
    return [Contact(label, states.get(label, "good"), 0.05, 60.0) for label in LABELS]


def board(role: str, **fields: Any) -> BoardStatus:
    """A board that streams, but for the fields given."""
    known: dict[str, Any] = {
        "role": role,
        "state": "streaming",
        "port": "/dev/ttyUSB0",
        "kind": "cyton",
        "firmware": "v3.1.2",
        "nominal_rate_hz": 250.0,
        "rate_hz": 250.31,
        "rate_sigma_hz": 0.002,
        "sigma_ms": 0.42,
        "samples": 99_980,
        "lost": 20,
        "late": 3,
        "halves": 0,
        "clean_share": 0.93,
        "contacts": contacts(),
        "rate_ppm": 1240.0,
    }
    return BoardStatus(**known | fields)


def idle(**fields: Any) -> Status:
    """Two boards stream and nothing is recorded, but for the fields given."""
    known: dict[str, Any] = {
        "state": "idle",
        "session": None,
        "boards": [board("patient"), board("therapist")],
        "alarms": [],
        "disk_free_mib": 50_000.0,
        "disk_hours": 41.0,
        "version": "0.1.0",
    }
    return Status(**known | fields)


def recording(state: str = "recording", **fields: Any) -> Status:
    """A session 12:37 old, but for the fields of it given."""
    known: dict[str, Any] = {
        "id": "2026-11-23T041500Z-P01-T01",
        "file": SESSION_FILE,
        "patient": "P01",
        "therapist": "T01",
        "elapsed_s": 757.3,
        "saved_s": 756.6,
        "markers": 2,
        "last_marker": "music starts",
    }
    return idle(state=state, session=SessionStatus(**known | fields))


def changed(status: Status, **fields: Any) -> Status:
    """The same status with fields of its session changed."""
    assert status.session is not None
    session = msgspec.structs.replace(status.session, **fields)
    return msgspec.structs.replace(status, session=session)


def trace(role: str, uv: list[list[float | None]], **fields: Any) -> Trace:
    """A push of traces: `uv` has a list of minimum, maximum, minimum, maximum ... a channel."""
    known: dict[str, Any] = {
        "segment": 0,
        "first_step": 0,
        "step_s": 0.032,
        "labels": LABELS[: len(uv)],
    }
    return Trace(role=role, uv=uv, **known | fields)


def faa(who: str, value: float | None, **fields: Any) -> Measure:
    """A frontal asymmetry of the last 10 s, but for the fields given."""
    known: dict[str, Any] = {
        "kind": "faa",
        "where": "F4-F3",
        "band": "alpha",
        "window_s": 10.0,
        "clean_share": 0.93,
        "error": None if value is None else 0.16,
    }
    return Measure(who=who, value=value, **known | fields)


def synchrony(
    kind: str, value: float | None, percentile: float | None = None, **fields: Any
) -> Measure:
    """A measure between the two."""
    known: dict[str, Any] = {
        "where": "F3-F3",
        "band": "alpha",
        "window_s": 30.0,
        "clean_share": 0.91,
    } | fields
    return Measure(kind=kind, who="both", value=value, percentile=percentile, **known)


def past(**fields: Any) -> PastSession:
    """A session of 24:10 that is put away, but for the fields given."""
    line = SessionLine(
        id="2026-11-23T041500Z-P01-T01",
        state="closed",
        begun="2026-11-23 05:15",
        is_certain=True,
        duration_s=1450.0,
        codes=("P01", "T01"),
        usable=(0.93, 0.88),
        marks=0,
        practice=False,
        copies=(),
    )
    known: dict[str, Any] = {
        "line": line,
        "file": SESSION_FILE,
        "is_put_away": True,
        "damage": [],
        "part": 1,
        "parts": 1,
        "people": [
            Recorded("patient", "P01", 0.93, {"radio": 6.0, "unplugged": 2.0}),
            Recorded("therapist", "T01", 0.88, {}),
        ],
        "gaps": [],
        "marks": [],
        "notes": [],
        "passed": [],
        "comments": [],
        "interviews": {},
        "destinations": [],
    }
    return PastSession(**known | fields)
