"""The recorder: two wearers, the session when there is one, and the measures. No event loop in it.

`tick` is called some ten times a second by whoever owns the recorder (the service, or the
`record` command) and never waits for anything.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from hardware.board import Block, BoardState, FaultKind, Gap
from hardware.rest import next_tick_ns
from recorder.clocks.board_memory import BoardMemory, MemoryKeeper
from recorder.clocks.utc_pairs import UtcPairs, read_pair
from recorder.companions.asking import Asking
from recorder.companions.buttons import Press, buttons_of
from recorder.companions.lsl_feed import LslFeed
from recorder.companions.running import Companion, companions
from recorder.companions.trigger_paths import host_trigger
from recorder.companions.triggers import TriggerWatch
from recorder.failure import words
from recorder.measures.mains import Mains
from recorder.measures.measuring import Measuring
from recorder.measures.pipeline import Values
from recorder.periods import Period
from recorder.privacy.consent import may_film
from recorder.recording.marking import Change
from recorder.recording.session import Session
from recorder.settings.camera import CameraSettings
from recorder.settings.file import Config
from recorder.store.columns import row_from
from recorder.store.rows import ImpedanceRow, IntervalRow, MarkerRow, QualityRow, Row
from recorder.wearers.boards import lsl_settings
from recorder.wearers.taps import TapTest
from recorder.wearers.wearer import Wearer
from recorder.wearers.whose import Whose
from recorder.wire.messages import Measures, Trace

TICK_S = 0.1
# After the readers' tick: by then the packets they waited for are there, and stamped, even if an
# adapter holds them back for 16 ms. What is computed here at the same moment makes stamps late.
AFTER_READERS_NS = 30_000_000
# A killed service loses what was not yet committed: a commit this often, and what is on its way to
# it, stay under one second together.
COMMIT_S = 0.5
QUALITY_S = 5.0

# Presses that wait while the disk has stalled.
PRESSED = 1000

log = logging.getLogger("antiphon")


def until_tick_s(now_ns: int) -> float:
    """How long it is until the next tick, ten of which are a second (hardware/rest.py)."""
    return (next_tick_ns(now_ns, AFTER_READERS_NS) - now_ns) / 1e9


class Recorder:
    """Everything that is recorded and computed on one box.

    Attributes:
        wearers: the patient and the therapist.
        session: what is being recorded, if anything is.
        triggers: where the camera's trigger is seen.
        buttons: what can be pressed beside the screen's keys.
        mains: which mains hum here.
        whose: who is who.
        tap_test: listens to both boards, while somebody taps one.
    """

    def __init__(
        self,
        config: Config,
        wearers: tuple[Wearer, Wearer],
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.wearers = wearers
        self.session: Session | None = None
        self._memory = BoardMemory(config.sessions_path)
        for wearer in wearers:
            wearer.recall = partial(self._memory.for_one_of, wearers)
        self.whose = Whose(wearers)
        self.tap_test: TapTest | None = None
        self._asking = Asking(monotonic_ns)
        host = host_trigger(config, monotonic_ns)
        self.triggers = TriggerWatch(host, config.trigger.pin, monotonic_ns)
        self.buttons = buttons_of(config, monotonic_ns)
        self._pressed: deque[Press] = deque(maxlen=PRESSED)
        self._config = config
        self._monotonic_ns = monotonic_ns
        self.mains = Mains(config.mains_hz, wearers)
        self._measuring = Measuring(config.measures, wearers)
        self._next_series_id = 1
        self._feed: LslFeed | None = None
        self._impedances: list[ImpedanceRow] = []  # measured before the session they belong to
        self._commit = Period(COMMIT_S)
        self._quality = Period(QUALITY_S)
        self._utc_pairs = self._new_utc_pairs()

    @property
    def now_ns(self) -> int:
        """CLOCK_MONOTONIC, as everything here is timed by."""
        return self._monotonic_ns()

    @property
    def measures(self) -> Measures | None:
        """The newest values with their names, as Measuring.named."""
        return self._measuring.named(None if self.session is None else self.session.started_t_ns)

    def start(self) -> None:
        """Let the boards stream and watch for triggers; until `close`. Raises ConfigError."""
        self.triggers.open()
        self.buttons.open()
        for wearer in self.wearers:
            wearer.start()

    def close(self) -> None:
        """Let go of the boards and the trigger. Blocks; what they still hold, `tick` fetches."""
        for wearer in self.wearers:
            wearer.board.close()
        self.triggers.close()
        self.buttons.close()

    def tick(self) -> None:
        """Fetch what the boards have, compute what is due, hand over what is to be stored."""
        now_ns = self._monotonic_ns()
        self._introduce()
        edges = self._asking.rows("trigger", "trigger", self.triggers.poll)
        for board, wearer in enumerate(self.wearers):
            edges += self._take(board, wearer)
        self.mains.listen()
        self._pressed.extend(self._asking.told("buttons", "buttons", self.buttons.poll))
        if self.session is not None:
            self.session.take_rows(edges)
            self.session.gather()
            self._mark_presses(self.session)
            self._store(self.session, now_ns)
        self._measure(now_ns)

    def attach(self, session: Session) -> None:
        """Record into `session` from now on."""
        self.session = session
        self._quality, self._utc_pairs = Period(QUALITY_S), self._new_utc_pairs()
        for board, wearer in enumerate(self.wearers):
            if wearer.lane is not None and wearer.lane.clock.fit is not None:
                session.take_fit(board, wearer.lane.segment, wearer.lane.clock.fit)
            if wearer.state is BoardState.LOST:
                session.lose(board, wearer.fault_kind)
        self._measuring.forget()  # another session may be of other people
        self._next_series_id = session.past.next_series_id
        session.companions.add(MemoryKeeper(self._memory, self.wearers))
        session.companions.start(self._companions(session))
        session.take_rows([*self._impedances])
        self._impedances = []
        session.log(self._monotonic_ns(), "session", "recording")

    def detach(self) -> Session | None:
        """Record nothing from now on; the caller closes the session that was being recorded."""
        session, self.session, self._feed = self.session, None, None
        return session

    def mark(self, label: str, ago_s: float = 0.0) -> float:
        """Mark the moment that was `ago_s` ago; returns seconds of the session.

        Raises:
            LookupError: no session is running, or it was not then.
            OSError: the disk has stalled for so long that nothing more is taken.
        """
        session = self._running()
        return self._mark(session, _moment_ns(session, self._monotonic_ns(), ago_s), label)

    def _mark(self, session: Session, t_ns: int, label: str, source: str = "") -> float:
        now_ns = self._monotonic_ns()
        t_s = session.mark(t_ns, label, now_ns, source)
        session.take_rows([*self._measuring.mark(now_ns, label)])
        if self._feed is not None:
            self._feed.push_marker(t_ns, label)
        return t_s

    def _mark_presses(self, session: Session) -> None:
        """What was pressed in this session; while the disk takes nothing it waits."""
        while self._pressed:
            press = self._pressed[0]
            if press.t_ns >= session.started_t_ns:
                try:
                    self._mark(session, press.t_ns, press.label, press.source)
                except OSError:
                    return
            self._pressed.popleft()

    def revise(self, change: Change, others: Sequence[MarkerRow]) -> None:
        """Take back, or put right, what was marked; `others` are the marks that stay.

        Raises:
            LookupError: no session is running.
            OSError: the disk has stalled for so long that nothing more is taken.
        """
        session = self._running()
        session.put_marks(change.rows)
        if not isinstance(change.what, MarkerRow):
            return
        if len(change.rows) == 1:
            session.last_marker = others[-1].label if others else ""
        self._measuring.take_back(change.what.label)
        if self._feed is not None:
            self._feed.push_marker(self._monotonic_ns(), f"{change.what.label} (taken back)")

    def put_interval(self, row: IntervalRow) -> None:
        """Write down that something has begun, or ended. Raises as `revise`."""
        self._running().put_marks([row])

    def note(self, text: str, ago_s: float = 0.0) -> float:
        """Write down `text` for the moment `ago_s` ago; returns as `mark`, and raises as it."""
        session = self._running()
        return session.note(_moment_ns(session, self._monotonic_ns(), ago_s), text)

    def value(self, name: str, unit: str, value: float) -> float:
        """Store a value of an external series for this moment; returns seconds of the session.

        Raises:
            LookupError: no session is running.
            TooMany: it is one too many in a second.
        """
        session, now_ns = self._running(), self._monotonic_ns()
        session.take_rows(session.external.rows(now_ns, name, unit, value))
        return (now_ns - session.started_t_ns) * 1e-9

    def keep_impedances(self, rows: list[ImpedanceRow]) -> None:
        """Store impedances in this session, or the newest of each board in the next."""
        if self.session is not None:
            self.session.take_rows([*rows])
            return
        boards = {row.board for row in rows}
        self._impedances = [row for row in self._impedances if row.board not in boards] + rows

    def begin_tap_test(self) -> TapTest:
        """Listen to both boards for taps, until `tap_test` is None again.

        Raises:
            LookupError: a board is not there, or nobody knows whose it is.
        """
        infos = [it.board.info for it in self.wearers if it.is_heard]
        if len(infos) < len(self.wearers) or infos[0] is None or infos[1] is None:
            raise LookupError("both boards have to be there for that")
        self.tap_test = TapTest((infos[0], infos[1]), self.mains.hz)
        return self.tap_test

    def traces(self) -> list[Trace]:
        """New points of both people's traces."""
        thinners = [wearer.traces for wearer in self.wearers if wearer.traces is not None]
        return [trace for thinner in thinners if (trace := thinner.new_points()) is not None]

    def clean_share(self, person: int) -> float | None:
        """Share of clean data of one person in the asymmetry's window; None before there is any."""
        pipeline = self._measuring.pipeline
        return None if pipeline is None else pipeline.clean_share(person)

    def _new_utc_pairs(self) -> UtcPairs:
        return UtcPairs(lambda: read_pair(self._monotonic_ns))

    def _companions(self, session: Session) -> Iterator[Companion]:
        """What is configured, as far as it may be; what it fails with costs it alone."""
        config, first_frame = self._config, session.past.next_frame
        if config.camera.kind and not may_film(session.header.persons):
            config = msgspec.structs.replace(config, camera=CameraSettings())
            text = "no consent to video: the camera was not started"
            session.log(self._monotonic_ns(), "consent", text)
        try:
            yield from companions(
                config, session.path, first_frame, session.external, self._monotonic_ns
            )
        except Exception as error:
            log.exception("not all that runs beside the boards has started")
            session.log(self._monotonic_ns(), "fault", f"companions: {words(error)}")

    def _running(self) -> Session:
        if self.session is None:
            raise LookupError("no session is running: start one first")
        return self.session

    def _introduce(self) -> None:
        """Once both boards are known, what several paths see of the trigger ties their clocks."""
        patient, therapist = (wearer.lane for wearer in self.wearers)
        if patient is not None and therapist is not None:
            self.triggers.meet((patient, therapist))

    def _take(self, board: int, wearer: Wearer) -> list[Row]:
        """One board's news into the session, the lane has them already; its pin's edges."""
        session, edges = self.session, []
        for event in wearer.poll():
            if isinstance(event, Block):
                edges += self._hear(board, wearer, event)
                if session is not None:
                    session.take_block(board, event)
            elif session is None:
                continue
            elif isinstance(event, Gap):
                session.take_gap(board, event)
            else:
                text = f"{wearer.role}: {event.state.value} {event.fault}".rstrip()
                session.log(event.t_ns, "board", text)
                if event.state is BoardState.LOST:
                    session.lose(board, event.kind)
        if session is not None and wearer.held:
            session.lose(board, FaultKind.UNCONFIRMED)
        for segment, fit in wearer.lane.take_fits() if wearer.lane is not None else ():
            if session is not None:
                session.take_fit(board, segment, fit)
        return edges

    def _hear(self, board: int, wearer: Wearer, block: Block) -> list[Row]:
        """What others make of a block that the lane has taken; the edges on the board's pin."""
        if wearer.lane is None:
            return []
        if self.tap_test is not None:
            self.tap_test.hear(board, block)
        if self._feed is not None:
            self._feed.push_block(board, block, wearer.lane)
        lane, pin = wearer.lane, f"{wearer.role}'s trigger pin"
        return self._asking.rows(
            pin, pin, lambda: self.triggers.hear(board, wearer.role, lane, block)
        )

    def _measure(self, now_ns: int) -> None:
        session = self.session
        if self._measuring.begin(now_ns, self._next_series_id):
            self._define(session)
        values = self._measuring.advance(now_ns)
        if values is None:
            return
        if session is not None:
            session.take_rows([*values.rows(), *self._measuring.told])
            self._send(session, values)

    def _define(self, session: Session | None) -> None:
        """The measures have begun, or begun anew: their series are other ones than before."""
        rows = self._measuring.definitions
        self._next_series_id += len(rows)
        if session is not None:
            session.take_rows([*rows])

    def _send(self, session: Session, values: Values) -> None:
        """To other programs, if they are to have it."""
        if self._feed is None and self._config.lsl.outlets:
            rows, settings = self._measuring.definitions, lsl_settings(self._config.lsl)
            self._feed = LslFeed(session.id, self.wearers, rows, settings, self._monotonic_ns())
            session.companions.add(self._feed)
        if self._feed is not None:
            self._feed.push_measures(values.end_ns, values.value)

    def _store(self, session: Session, now_ns: int) -> None:
        """What is due to be written down, and the commit."""
        session.take_rows([*self._utc_pairs.rows(now_ns)])
        if self._quality.due(now_ns):
            for board, wearer in enumerate(self.wearers):
                session.take_rows(_quality_rows(board, wearer, now_ns))
        if self._commit.due(now_ns):
            session.commit()


def _quality_rows(board: int, wearer: Wearer, now_ns: int) -> list[Row]:
    return [
        row_from(QualityRow, contact, t_ns=now_ns, board=board, channel=channel)
        for channel, contact in enumerate(wearer.contacts())
    ]


def _moment_ns(session: Session, now_ns: int, ago_s: float) -> int:
    """When something was that somebody tells of now. Raises LookupError: before the session."""
    t_ns = now_ns - round(ago_s * 1e9)
    if ago_s and t_ns < session.started_t_ns:
        raise LookupError(f"{ago_s:.0f} s ago nothing was recorded yet")
    return t_ns
