"""What people mark while a session is recorded: marks, notes, intervals, and putting them right."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from recorder.failure import EX_IOERR, EX_UNAVAILABLE, EX_USAGE, Refused, words
from recorder.privacy.names import suspicions
from recorder.recording import marking
from recorder.recording.marking import Change, Marked, MarkRow
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.service.requests import annotate, doubted, refusing, until_saved
from recorder.store.rows import IntervalRow, MarkerRow
from recorder.wire.messages import Mark, Marks, Noted, Request

LISTED = 500  # of the newest; a reply must not grow beyond what a line may hold

Verb = Callable[[Request], Awaitable[msgspec.Struct | None]]


class Marking:
    """Answers what is asked about marks; what it answers is on disk."""

    def __init__(
        self,
        recorder: Recorder,
        write_who: Callable[[Session, str], None],
        publish_status: Callable[[], None],
    ) -> None:
        """Mark in the recorder's session; `write_who` writes down who has asked for what."""
        self._recorder = recorder
        self._write_who = write_who
        self._publish_status = publish_status
        self._revising = asyncio.Lock()

    @property
    def verbs(self) -> dict[str, Verb]:
        """What may be asked."""
        return {
            "mark": self._mark,
            "note": self._note,
            "marks": self._list,
            "withdraw": self._withdraw,
            "correct": self._correct,
            "begin": self._begin,
            "end": self._end,
        }

    async def _mark(self, request: Request) -> Noted:
        return await self._annotate(partial(self._recorder.mark, ago_s=request.ago_s), request)

    async def _note(self, request: Request) -> Noted:
        if not request.label.strip():
            raise Refused("a note needs a text", EX_USAGE)
        return await self._annotate(partial(self._recorder.note, ago_s=request.ago_s), request)

    async def _annotate(self, write: Callable[[str], float], request: Request) -> Noted:
        if warned := doubted(request):
            return warned
        session, noted = self._recorder.session, annotate(write, request.label)
        if session is not None:
            await self._save(session, f"{request.do} at {noted.t_s:.3f} s")
        return noted

    async def _list(self, _: Request) -> Marks:
        session = self._running()
        async with self._revising:
            marked = await _read(session)
        rows: list[MarkRow] = [*marked.markers, *marked.intervals]
        told = sorted((_told(row, session) for row in rows), key=lambda mark: mark.t_s)
        return Marks(told[-LISTED:])

    async def _withdraw(self, request: Request) -> Mark:
        """Take back one mark, or what was done last."""

        def change(marked: Marked) -> Change:
            now_ns = self._recorder.now_ns
            if not request.mark:
                return marking.undo(marked.newest(), now_ns)
            return marking.withdrawal(marked.mark(request.kind, request.mark), now_ns)

        return await self._revise(change, request)

    async def _correct(self, request: Request) -> Noted:
        if warned := doubted(request):
            return warned

        def change(marked: Marked) -> Change:
            session, earlier_ns = self._running(), round(request.earlier_s * 1e9)
            row = marked.mark(request.kind, request.mark)
            since_ns, now_ns = session.started_t_ns, self._recorder.now_ns
            return marking.correction(row, request.label, earlier_ns, since_ns, now_ns)

        mark = await self._revise(change, request)
        return Noted(mark.t_s, mark.label, suspicions(mark.label))

    async def _begin(self, request: Request) -> Noted:
        """Something begins: music, talking."""
        if not request.label.strip():
            raise Refused("what begins? give it a label", EX_USAGE)
        if warned := doubted(request):
            return warned
        session = self._running()
        async with self._revising:
            if (await _read(session)).is_on(request.label):
                raise Refused(f"{request.label} is on already: end it first", EX_USAGE)
            t_ns, now_ns = self._moment_ns(session, request), self._recorder.now_ns
            row = IntervalRow(t_ns, None, request.label, made_t_ns=now_ns)
            mark = await self._put(session, row, request)
        return Noted(mark.t_s, mark.label, suspicions(mark.label))

    async def _end(self, request: Request) -> Mark:
        session = self._running()
        async with self._revising:
            marked = await _read(session)
            with refusing():
                on = marked.open_interval(request.label)
                t_ns, now_ns = self._moment_ns(session, request), self._recorder.now_ns
                row = marking.end_of(on, t_ns, now_ns)
            return await self._put(session, row, request)

    async def _put(self, session: Session, row: IntervalRow, request: Request) -> Mark:
        with refusing():
            self._recorder.put_interval(row)
        await self._save(session, f"{request.do} at {session.session_s(row.begin_ns):.3f} s")
        return _told(row, session)

    async def _revise(self, change_of: Callable[[Marked], Change], request: Request) -> Mark:
        session = self._running()
        async with self._revising:
            marked = await _read(session)
            with refusing():
                change = change_of(marked)
                others = [row for row in marked.markers if row is not change.what]
                self._recorder.revise(change, others)
            told = _told(change.rows[0] if request.do == "correct" else change.what, session)
            await self._save(session, f"{request.do} {told.kind} of {told.t_s:.3f} s")
        return told

    async def _save(self, session: Session, what: str) -> None:
        self._write_who(session, what)
        self._publish_status()
        await until_saved(session)

    def _running(self) -> Session:
        if self._recorder.session is None:
            raise Refused("no session is running: start one first", EX_UNAVAILABLE)
        return self._recorder.session

    def _moment_ns(self, session: Session, request: Request) -> int:
        t_ns = self._recorder.now_ns - round(request.ago_s * 1e9)
        return max(t_ns, session.started_t_ns)


async def _read(session: Session) -> Marked:
    """All that was marked so far, from the file: nothing of it is kept in memory."""
    await until_saved(session)
    try:
        return await asyncio.to_thread(marking.read, session.path)
    except (OSError, ValueError) as error:
        raise Refused(words(error), EX_IOERR) from error


def _told(row: MarkRow, session: Session) -> Mark:
    if isinstance(row, MarkerRow):
        t_s = session.session_s(row.t_ns)
        return Mark("mark", row.id or 0, round(t_s, 3), row.label, source=row.source)
    end_s = None if row.end_ns is None else round(session.session_s(row.end_ns), 3)
    t_s = round(session.session_s(row.begin_ns), 3)
    return Mark("interval", row.id or 0, t_s, row.label, end_s, row.source)
