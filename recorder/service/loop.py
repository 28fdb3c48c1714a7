"""The service: the recorder's ticks, the control socket, and who asks for what. One asyncio thread.

    ticker     10/s   boards -> lanes -> measures -> session file, and pushes to subscribers
    disk       1/s    room for the session, and its parts when there is none
    health     5 s    heat, power, memory, clock, the disk's pace: events, alarms, Prometheus
    leftovers  60 s   what is to be put away, at once after a stop, or could not be erased
    unattended 1/s    sessions that begin and end by themselves
    control    asks   start, stop, mark, note, status

Each duty is supervised: an error in one is written down, and it is resumed a second later. What
blocks (making and closing a file) runs in a thread.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from recorder.companions.external import TooMany
from recorder.doctor.rights import Examined, look
from recorder.failure import (
    EX_CANTCREAT,
    EX_CONFIG,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    EX_USAGE,
    Failure,
    Refused,
)
from recorder.health.watch import Health
from recorder.periods import Period
from recorder.privacy.names import suspicions
from recorder.recording.alarms import LOOK_S as LOOK_ALARMS_S
from recorder.recording.alarms import Alarms, found
from recorder.recording.impairments import Impairments
from recorder.recording.leftovers import EVERY_S, Leftovers
from recorder.recording.recorder import Recorder
from recorder.recording.rollover import LOOK_S, Parts, PartStep
from recorder.recording.session import Session
from recorder.service import past
from recorder.service.care import Care
from recorder.service.marking import Marking
from recorder.service.recent import recent
from recorder.service.requests import (
    annotate,
    checked_persons,
    in_thread,
    require_asked_for,
    started_now,
)
from recorder.service.retention import Retention
from recorder.service.status import describe, describe_session, state_word
from recorder.service.succession import Succession
from recorder.service.systemd import Systemd, Watchdog, pulses
from recorder.service.tapping import Tapping
from recorder.service.ticks import at_each_tick
from recorder.service.unattended import TEMPLATE as UNATTENDED
from recorder.service.unattended import ByItself
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.store.apart import Apart
from recorder.store.catalog import first_id
from recorder.store.finish import unclean_stops
from recorder.wearers import impedance
from recorder.wearers.signs import Answer
from recorder.wire.messages import (
    Impedance,
    Impedances,
    Measures,
    Noted,
    Recent,
    Request,
    SessionStatus,
    Status,
)
from recorder.wire.past import PastSession, People, SessionLines
from recorder.wire.peer import by_whom
from recorder.wire.server import ControlServer

# What ends the service: told by SIGUSR1 it leaves its session to the next one, which resumes it.
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MAKING_WAY = signal.SIGUSR1  # RestartKillSignal of deploy/box/systemd/system/antiphon.service

STATUS_S = 0.9  # under a second, so that no second of its clock is left out
RETRY_S = 1.0

log = logging.getLogger("antiphon")


class Service:
    """Runs a recorder and answers on a socket until told to stop."""

    def __init__(
        self,
        config: Config,
        prepare: Callable[[], Recorder],
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        retry_s: float = RETRY_S,
        systemd: Systemd | None = None,
    ) -> None:
        """Serve what `prepare` makes; it is called once the socket, and so the box, is ours.

        A duty that failed is resumed after `retry_s`; `systemd` is told how it goes.
        """
        self._systemd = systemd or Systemd()
        self._config = config
        self._prepare = prepare
        self._monotonic_ns = monotonic_ns
        self._retry_s = retry_s
        self._control = ControlServer(config.socket_path, self._answer, group=config.group)
        self._stopping = asyncio.Event()
        self._examining = asyncio.Lock()
        self._has_enough = False
        self._makes_way = False
        self._traces = Period(1 / config.screen.frames_per_s)
        self._status = Period(STATUS_S)
        self._alarms = Alarms()
        self._impairments = Impairments()
        self._alarm_looks = Period(LOOK_ALARMS_S)
        self._shown_measures: Measures | None = None
        self._told_states: tuple[str, ...] = ()

    async def run(self) -> None:
        """Serve until SIGTERM, SIGINT, SIGHUP or `stop`; a running session is closed.

        With SIGUSR1 or `make_way` it is left instead, as it is, for the next service to resume.

        Raises:
            BlockingIOError: another service answers on the socket.
            Failure: no socket can be made there, or there is no such group.
            ConfigError: there is no board of a name that is configured.
        """
        await self._listen()
        try:
            await self._serve()
        finally:
            await self._control.stop()

    async def _serve(self) -> None:
        self._recorder = self._prepare()
        self._unclean_stops = unclean_stops(self._config.sessions_path)
        self._parts = Parts(self._config, self._recorder, self._monotonic_ns)
        self._parts.recall()
        self._leftovers = Leftovers(self._config.sessions_path, self._ours)
        self._apart = Apart()
        self._succession = Succession(self._config, self._recorder, self._parts, self._monotonic_ns)
        self._health = Health(self._config.sessions_path)
        self._retention = Retention(self._config, self._recorder)
        self._by_itself = ByItself(
            self._config,
            self._recorder,
            self._succession,
            monotonic_ns=self._monotonic_ns,
        )
        self._marking = Marking(self._recorder, self._write_who, self._publish_status)
        self._tapping = Tapping(self._recorder)
        self._loop = loop = asyncio.get_running_loop()
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(MAKING_WAY, self.make_way)
        duties: list[asyncio.Task[None]] = []
        try:
            self._recorder.start()
            self._watchdog = Watchdog(self._systemd, pulses(self._recorder), self._monotonic_ns)
            self._systemd.tell(READY="1")
            for name, duty in self._duties().items():
                duties.append(asyncio.create_task(self._supervised(name, duty)))
            await self._stopping.wait()
        finally:
            for task in duties:
                task.cancel()
            await self._shut_down()

    def _duties(self) -> dict[str, Callable[[], Awaitable[None]]]:
        care = Care(
            self._health,
            self._recorder,
            self._describe,
            prometheus_file=self._config.health.prometheus,
            monotonic_ns=self._monotonic_ns,
        )
        return {
            "ticker": self._tick_forever,
            "disk": self._watch_disk,
            "health": care.forever,
            "unattended": self._by_itself.forever,
            "retention": self._retention.forever,
            "leftovers": self._clear_forever,
        }

    async def _listen(self) -> None:
        try:
            await self._control.start()
        except BlockingIOError:
            raise
        except LookupError as error:
            raise Failure(f"group: {error}", EX_CONFIG) from error
        except OSError as error:
            reason = error.strerror or error
            text = f"{self._config.socket_path}: {reason}: give another --socket"
            raise Failure(text, EX_CANTCREAT) from error

    def stop(self) -> None:
        """End `run`, and the session."""
        self._stopping.set()

    def make_way(self) -> None:
        """End `run`, but not the session: the next service resumes it."""
        self._makes_way = True
        self._stopping.set()

    async def _supervised(self, name: str, duty: Callable[[], Awaitable[None]]) -> None:
        """Do a duty for ever: whatever goes wrong in it, the recording goes on."""
        while True:
            try:
                await duty()
            except Exception as error:
                log.exception("%s failed; it resumes in %.0f s", name, self._retry_s)
                self._write_down(f"{name}: {type(error).__name__}: {error}")
                await asyncio.sleep(self._retry_s)

    def _write_down(self, text: str) -> None:
        if self._recorder.session is not None:
            self._recorder.session.log(self._monotonic_ns(), "fault", text)

    async def _tick_forever(self) -> None:
        await at_each_tick(self._tick, self._monotonic_ns)

    def _tick(self) -> None:
        self._recorder.tick()
        if self._alarm_looks.due(self._monotonic_ns()):
            self._look_for_alarms()
        self._publish(self._monotonic_ns())
        self._watchdog.feed(self._state_word)

    def _look_for_alarms(self) -> None:
        wrong = [*found(self._recorder, self._parts, self._impairments), *self._health.alarms()]
        wrong += self._leftovers.alarms()
        wrong += [*self._by_itself.alarms(), *self._retention.alarms()]
        self._alarms.observe(self._monotonic_ns(), wrong, self._recorder.session)

    def _state_word(self) -> str:
        return state_word(self._recorder, waits=self._parts.ended is not None)

    async def _clear_forever(self) -> None:
        """In a process of its own: what is recorded meanwhile must not notice."""
        while True:
            self._parts.endings.closed.clear()
            await self._put_away()
            await self._closed_or_late()

    async def _closed_or_late(self) -> None:
        until_ns = self._monotonic_ns() + round(EVERY_S * 1e9)
        while not self._parts.endings.closed and self._monotonic_ns() < until_ns:
            await asyncio.sleep(LOOK_S)

    def _ours(self) -> list[Path]:
        session = self._recorder.session
        return self._parts.endings.paths + ([] if session is None else [session.path])

    async def _watch_disk(self) -> None:
        """End the file of a session that cannot be written, and resume in a new one when it can."""
        while True:
            step = self._parts.look()
            if step is not PartStep.NOTHING:
                async with self._succession.changing:
                    await self._change_part(step)
            await self._succession.retry()
            await asyncio.sleep(LOOK_S)

    async def _change_part(self, step: PartStep) -> None:
        if step is PartStep.BEGIN:
            session = await asyncio.to_thread(self._parts.begin)
            if session is not None:
                self._recorder.attach(session)
        elif (session := self._parts.end()) is not None:
            await asyncio.to_thread(self._parts.close, session)

    def _publish(self, now_ns: int) -> None:
        """Push what subscribers have not seen yet."""
        if self._traces.due(now_ns) and self._control.wanted("traces"):
            for trace in self._recorder.traces():
                self._control.publish("traces", trace)
        if self._control.wanted("measures"):
            measures = self._recorder.measures
            if measures is not None and measures is not self._shown_measures:
                self._shown_measures = measures
                self._control.publish("measures", measures)
        if self._control.wanted("status"):
            if is_news := self._is_news():
                self._look_for_alarms()
            if is_news or self._status.due(now_ns):
                self._publish_status()

    def _is_news(self) -> bool:
        """Whether a board, the recording or what is wrong is otherwise than at the last look."""
        before = self._told_states
        boards = (wearer.state for wearer in self._recorder.wearers)
        wrong = (f"{alarm.kind} {alarm.role}" for alarm in self._alarms.standing)
        session = self._recorder.session
        refused = "" if session is None else session.disk_error
        self._told_states = (self._state_word(), refused, *boards, *wrong)
        return before != self._told_states

    def _publish_status(self) -> None:
        if self._control.wanted("status"):
            self._control.publish("status", self._describe())

    def _describe(self) -> Status:
        standing = self._alarms.standing
        status = describe(self._recorder, self._parts, standing, self._unclean_stops)
        status.health = list(self._health.vitals)
        status.unattended = self._by_itself.reason
        status.trigger.kind = self._config.trigger.kind
        status.camera = self._config.camera.kind
        status.box = self._config.box
        return status

    async def _answer(self, request: Request) -> msgspec.Struct | None:
        verbs: dict[str, Callable[[Request], Awaitable[msgspec.Struct | None]]] = {
            "status": self._tell_status,
            "start": self._start,
            "stop": self._stop,
            "value": self._take_value,
            "confirm": self._confirm,
            "impedance": self._measure_impedances,
            "enough": self._end_measuring,
            "tap": self._tapping.tap,
            "examine": self._examine,
            **self._marking.verbs,
            "recent": self._tell_recent,
            "people": self._tell_people,
            "sessions": self._tell_sessions,
            "session": self._tell_session,
            "comment": self._comment,
            "interview": self._interview,
        }
        if request.do not in verbs:
            raise Refused(f"no such request: {request.do!r}", EX_USAGE)
        return await verbs[request.do](request)

    async def _tell_status(self, _: Request) -> Status:
        self._look_for_alarms()  # what is told is how it is now
        return self._describe()

    async def _start(self, request: Request) -> SessionStatus | None:
        """Begin a session; when one of the same people has been begun already, it is the answer."""
        people, started = checked_persons(request, self._config.codes), False
        while (running := self._recorder.session) is None or _is_unattended(running):
            begun = await self._succession.change(running, people, practice=request.practice)
            if begun is not None and begun.header.persons is people:
                self._write_who(begun, "start")
                self._tapping.write_down(begun)
                for text in request.passed:
                    begun.log(self._monotonic_ns(), past.PASSED, text)
                started = True
        if not started:
            require_asked_for(running, request)
        now = self._tell()
        return now and started_now(now, started=started)

    async def _stop(self, request: Request | None = None) -> SessionStatus | None:
        """End the session; when none is running, nor waits for room, the answer is null."""
        if request is not None:
            self._require_same(request.session)
            await self._by_itself.hold()
        if self._recorder.session is not None:
            self._write_who(self._recorder.session, "stop")
        session = await self._succession.end()
        self._publish_status()
        return describe_session(session, self._parts)

    def _require_same(self, session_id: str) -> None:
        """See that the session which somebody means is the one that is on. Raises Refused."""
        on = self._recorder.session or self._parts.ended
        if session_id and on is not None and first_id(on.id) != first_id(session_id):
            text = f"{session_id} has ended already; {on.id} is being recorded, and was not stopped"
            raise Refused(text, EX_TEMPFAIL)

    def _write_who(self, session: Session, what: str) -> None:
        session.log(self._monotonic_ns(), "asked", f"{what}: {by_whom()}")

    def _tell(self) -> SessionStatus | None:
        self._publish_status()
        return describe_session(self._recorder.session, self._parts)

    async def _take_value(self, request: Request) -> Noted:
        if request.value is None or not request.label:
            raise Refused("a value needs a name and a number", EX_USAGE)
        name, unit, value = request.label, request.unit, request.value
        try:
            return annotate(lambda name: self._recorder.value(name, unit, value), name)
        except TooMany as error:
            raise Refused(str(error), EX_TEMPFAIL) from error

    async def _confirm(self, request: Request) -> Status:
        """A person says who is who."""
        if request.label not in list(Answer):
            raise Refused(f"who is who? one of {', '.join(Answer)}", EX_USAGE)
        try:
            self._recorder.whose.confirm(Answer(request.label))
        except LookupError as error:
            raise Refused(str(error), EX_UNAVAILABLE) from error
        if self._recorder.session is not None:
            self._write_who(self._recorder.session, f"confirm {request.label}")
        return await self._tell_status(request)

    async def _measure_impedances(self, request: Request) -> Impedances:
        """Measure one board's electrodes; it does not stream meanwhile, about 3 s a channel."""
        if request.label not in ROLES:
            raise Refused(f"whose electrodes? one of {', '.join(ROLES)}", EX_USAGE)
        place = ROLES.index(request.label)
        if self._recorder.wearers[place].held:
            raise Refused("whose board this is is not known: confirm that first", EX_TEMPFAIL)
        async with self._succession.changing:
            if self._recorder.session is not None and not request.interrupt:
                text = "a session is running, and measuring would tear a hole into it: stop first"
                raise Refused(text, EX_TEMPFAIL)
            wearer = self._recorder.wearers[place]
            self._has_enough = False
            try:
                rows, told = await in_thread(
                    impedance.measure,
                    place,
                    wearer,
                    self._monotonic_ns,
                    request.channels,
                    self._tell_soon,
                    lambda: not self._has_enough,
                )
            except LookupError as error:
                raise Refused(str(error), EX_USAGE) from error
            self._recorder.keep_impedances(rows)
        return told

    def _tell_soon(self, contact: Impedance) -> None:
        """From the thread that measures: push it to whoever looks on."""
        self._loop.call_soon_threadsafe(self._control.publish, "impedance", contact)

    async def _end_measuring(self, _: Request) -> None:
        """Measure no further electrode; what is measured counts."""
        self._has_enough = True

    async def _tell_recent(self, _: Request) -> Recent:
        session = self._recorder.session
        return Recent([]) if session is None else await in_thread(recent, session.path)

    async def _tell_people(self, request: Request) -> People:
        return await in_thread(past.people_here, self._config, request)

    async def _tell_sessions(self, _: Request) -> SessionLines:
        return await in_thread(past.session_lines, self._config.sessions_path)

    async def _tell_session(self, request: Request) -> PastSession:
        return await in_thread(past.past_session, self._config, request.session)

    async def _comment(self, request: Request) -> Noted:
        await self._put_away()
        directory, text = self._config.sessions_path, request.label
        await in_thread(past.comment, directory, request.session, text)
        return Noted(0.0, text, suspicions(text))

    async def _put_away(self) -> None:
        """What has just been stopped is packed before anybody notes anything beside it."""
        await asyncio.to_thread(self._leftovers.clear, self._apart.settle)

    async def _interview(self, request: Request) -> Noted:
        await self._put_away()
        await in_thread(past.interview, self._config.sessions_path, request)
        return Noted(request.at_s, request.label, suspicions(request.label))

    async def _examine(self, _: Request) -> Examined:
        """What the service can do, for `antiphon doctor`; one look at a time."""
        async with self._examining:
            directory, root = self._config.sessions_path, Path("/")
            return Examined(await in_thread(list, look(directory, root, service_answers=True)))

    async def _shut_down(self) -> None:
        """Boards first: what they still hold belongs to the session, which ends or is left."""
        self._systemd.tell(STOPPING="1")
        await self._control.stop()
        try:
            await asyncio.to_thread(self._recorder.close)
            self._recorder.tick()
        finally:
            try:
                await (self._succession.leave() if self._makes_way else self._stop())
            finally:
                await asyncio.to_thread(self._parts.endings.retry)
                self._apart.end()
        if not self._makes_way:
            await asyncio.to_thread(self._leftovers.clear)


def _is_unattended(session: Session) -> bool:
    return session.header.template == UNATTENDED
