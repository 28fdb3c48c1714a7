"""The service: the recorder's ticks, the control socket, and who asks for what. One asyncio thread.

    ticker     20/s   boards -> lanes -> measures -> session file, and pushes to subscribers
    control    asks   start, stop, mark, note, status

Each duty is supervised: an error in one is written down, and the duty goes on a second later. What
blocks (making and closing a file) runs in a thread.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import msgspec

from hardware.board import BoardFault
from recorder import contacts, starting
from recorder.config import ROLES, Code, Config
from recorder.control import ControlServer, RequestRefused
from recorder.external import TooMany
from recorder.failure import (
    EX_CANTCREAT,
    EX_IOERR,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    EX_USAGE,
    Failure,
    words,
)
from recorder.messages import Impedances, Measures, Request, SessionStatus, Status
from recorder.periods import Period
from recorder.recorder import TICK_S, Recorder
from recorder.status import describe, describe_session, free_bytes

TRACES_S = 0.1
STATUS_S = 0.25
DISK_S = 10.0
RETRY_S = 1.0

log = logging.getLogger("antiphon")
P = ParamSpec("P")
R = TypeVar("R")


class Noted(msgspec.Struct):
    """The answer to `mark` and `note`: when it was, in seconds of the session."""

    t_s: float
    label: str


class Service:
    """Runs a recorder and answers on a socket until told to stop."""

    def __init__(
        self,
        config: Config,
        prepare: Callable[[], Recorder],
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        retry_s: float = RETRY_S,
    ) -> None:
        """Serve what `prepare` makes; it is called once the socket, and so the box, is ours.

        A duty that failed goes on after `retry_s`.
        """
        self._config = config
        self._prepare = prepare
        self._monotonic_ns = monotonic_ns
        self._retry_s = retry_s
        self._control = ControlServer(config.socket_path, self._answer)
        self._stopping = asyncio.Event()
        self._changing = asyncio.Lock()
        self._traces = Period(TRACES_S)
        self._status = Period(STATUS_S)
        self._disk = Period(DISK_S)
        self._free_bytes = 0
        self._shown_measures: Measures | None = None

    async def run(self) -> None:
        """Serve until SIGTERM, SIGINT, SIGHUP or `stop`; a running session is closed.

        Raises:
            BlockingIOError: another service answers on the socket.
            Failure: no socket can be made there.
            ConfigError: there is no board of a name that is configured.
        """
        await self._listen()
        try:
            await self._serve()
        finally:
            await self._control.stop()

    async def _serve(self) -> None:
        self._recorder = self._prepare()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                loop.add_signal_handler(number, self.stop)
        ticker: asyncio.Task[None] | None = None
        try:
            self._recorder.start()
            ticker = asyncio.create_task(self._supervised("ticker", self._tick_forever))
            await self._stopping.wait()
        finally:
            if ticker is not None:
                ticker.cancel()
            await self._shut_down()

    async def _listen(self) -> None:
        try:
            await self._control.start()
        except BlockingIOError:
            raise
        except OSError as error:
            reason = error.strerror or error
            text = f"{self._config.socket_path}: {reason}: give another --socket"
            raise Failure(text, EX_CANTCREAT) from error

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()

    async def _supervised(self, name: str, duty: Callable[[], Awaitable[None]]) -> None:
        """Do a duty for ever: whatever goes wrong in it, the recording goes on."""
        while True:
            try:
                await duty()
            except Exception as error:
                log.exception("%s failed; it goes on in %.0f s", name, self._retry_s)
                self._write_down(f"{name}: {type(error).__name__}: {error}")
                await asyncio.sleep(self._retry_s)

    def _write_down(self, text: str) -> None:
        if self._recorder.session is not None:
            self._recorder.session.log(self._monotonic_ns(), "fault", text)

    async def _tick_forever(self) -> None:
        while True:
            self._recorder.tick()
            self._publish(self._monotonic_ns())
            await asyncio.sleep(TICK_S)

    def _publish(self, now_ns: int) -> None:
        """Push what subscribers have not seen yet."""
        if self._traces.due(now_ns) and self._control.wanted("traces"):
            for trace in self._recorder.traces():
                self._control.publish("traces", trace)
        measures = self._recorder.measures
        if measures is not None and measures is not self._shown_measures:
            self._shown_measures = measures
            self._control.publish("measures", measures)
        if self._disk.due(now_ns):
            self._free_bytes = free_bytes(self._config.sessions_path)
        if self._status.due(now_ns) and self._control.wanted("status"):
            self._control.publish("status", self._describe())

    def _describe(self) -> Status:
        return describe(self._recorder, self._free_bytes)

    async def _answer(self, request: Request) -> msgspec.Struct | None:
        verbs: dict[str, Callable[[Request], Awaitable[msgspec.Struct | None]]] = {
            "status": self._tell_status,
            "start": self._start,
            "stop": self._stop,
            "mark": self._mark,
            "note": self._note,
            "value": self._take_value,
            "impedance": self._measure_contacts,
        }
        if request.do not in verbs:
            raise RequestRefused(f"no such request: {request.do!r}", EX_USAGE)
        return await verbs[request.do](request)

    async def _tell_status(self, _: Request) -> Status:
        return self._describe()

    async def _mark(self, request: Request) -> Noted:
        return self._annotate(self._recorder.mark, request.label)

    async def _note(self, request: Request) -> Noted:
        return self._annotate(self._recorder.note, request.label)

    async def _start(self, request: Request) -> SessionStatus | None:
        """Begin a session; when one is running already, that one is the answer."""
        codes = _checked_codes(request)
        async with self._changing:
            if self._recorder.session is None:
                session = await _in_thread(
                    starting.begin,
                    self._config,
                    self._recorder.wearers,
                    codes,
                    self._monotonic_ns(),
                )
                self._recorder.attach(session)
                log.info("recording %s", session.path)
        return self._tell()

    async def _stop(self, _: Request | None = None) -> SessionStatus | None:
        """End the session; when none is running the answer is null."""
        async with self._changing:
            session = self._recorder.detach()
            if session is None:
                return None
            await _in_thread(session.close, self._monotonic_ns())
            log.info("closed %s", session.path)
            self._control.publish("status", self._describe())
            return describe_session(session)

    def _tell(self) -> SessionStatus | None:
        self._control.publish("status", self._describe())
        return describe_session(self._recorder.session)

    def _annotate(self, write: Callable[[str], float], text: str) -> Noted:
        try:
            return Noted(t_s=round(write(text), 3), label=text)
        except LookupError as error:
            raise RequestRefused(str(error), EX_UNAVAILABLE) from error
        except OSError as error:
            raise RequestRefused(words(error), EX_IOERR) from error

    async def _take_value(self, request: Request) -> Noted:
        if request.value is None or not request.label:
            raise RequestRefused("a value needs a name and a number", EX_USAGE)
        name, unit, value = request.label, request.unit, request.value
        try:
            return self._annotate(lambda name: self._recorder.value(name, unit, value), name)
        except TooMany as error:
            raise RequestRefused(str(error), EX_TEMPFAIL) from error

    async def _measure_contacts(self, request: Request) -> Impedances:
        """Measure one board's electrodes; it does not stream meanwhile, about 3 s a channel."""
        if request.label not in ROLES:
            raise RequestRefused(f"whose electrodes? one of {', '.join(ROLES)}", EX_USAGE)
        place = ROLES.index(request.label)
        async with self._changing:
            if self._recorder.session is not None and not request.interrupt:
                text = "a session is running, and measuring would tear a hole into it: stop first"
                raise RequestRefused(text, EX_TEMPFAIL)
            wearer = self._recorder.wearers[place]
            rows, told = await _in_thread(contacts.measure, place, wearer, self._monotonic_ns)
            self._recorder.keep_contacts(rows)
        return told

    async def _shut_down(self) -> None:
        """Boards first: what they still hold belongs to the session, which ends in any case."""
        await self._control.stop()
        try:
            await asyncio.to_thread(self._recorder.close)
            self._recorder.tick()
        finally:
            await self._stop()


async def _in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do what blocks in a thread; what it cannot do becomes a refusal with its reason."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except BoardFault as fault:
        raise RequestRefused(str(fault), EX_UNAVAILABLE) from fault
    except OSError as error:
        raise RequestRefused(words(error), EX_CANTCREAT) from error


def _checked_codes(request: Request) -> dict[str, str]:
    """The two codes, P01 and T01 when none are given; a code is not a name.

    Raises:
        RequestRefused: a code has other signs than letters, digits, - and _, or more than 16.
    """
    given = {"patient": request.patient or "P01", "therapist": request.therapist or "T01"}
    try:
        return msgspec.convert(given, dict[str, Code])
    except msgspec.ValidationError as error:
        text = "codes are 1 to 16 letters, digits, - or _; give codes, never names"
        raise RequestRefused(text, EX_USAGE) from error
