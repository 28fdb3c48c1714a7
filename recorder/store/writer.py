"""The writing of a session file: a thread, a connection, a bounded queue.

    put ──▶ queue (bounded in bytes) ──▶ thread: BEGIN, INSERTs, COMMIT when asked ──▶ disk

A commit comes when it is asked for, when somebody waits for a row, and after PERIOD_S in any case.
A row leaves the queue when the commit that holds it has returned. While the disk refuses, rows wait
in the queue and the commit is tried again; the caller is never blocked, only told (`put` is False)
when the queue is full.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Self

from recorder.store.files import OwnFile, end_file, make_file, one_line
from recorder.store.headers import BoardHeader, SessionHeader
from recorder.store.inserts import insert_rows
from recorder.store.ledger import Ledger
from recorder.store.rows import BlockRow, Row, is_urgent, weight
from recorder.store.taken import Taken

PERIOD_S = 0.8
# Two boards with measures and quality make about 50 kB a second: ten minutes of a stalled disk.
QUEUE_BYTES = 32 << 20
BATCH_ROWS = 4096
CLOSE_TIMEOUT_S = 30.0
COMMITS_KEPT = 64  # they are fetched every few seconds


class SessionWriter:
    """Appends rows to one session file; made by `create` or `resume`.

    `put`, `commit` and all that is asked never block. `flush`, `close` and `leave` do.

    Attributes:
        turns: a number that changes while the thread goes on, whether or not the disk takes rows.
        ticket: stands for everything put so far: see `is_saved`.
    """

    def __init__(
        self,
        file: OwnFile,
        boards: Iterable[BoardHeader],
        *,
        period_s: float,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self.path = file.path
        self.turns = 0
        self.ticket = 0
        self._file = file
        self._connection = file.connection
        self._ledger: Ledger | None = None  # the thread's
        self._period_s = period_s
        self._queue_bytes = queue_bytes
        self._shapes = {b.id: (len(b.channels), len(b.aux_labels)) for b in boards}
        self._queue: deque[Row] = deque()
        self._queued_bytes = 0
        self._saved = 0
        self._saved_t_ns: int | None = None
        self._error: str | None = None
        self._commit_s: deque[float] = deque(maxlen=COMMITS_KEPT)
        self._hurry = False
        self._ends = False
        self._end_t_ns: int | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="session writer", daemon=True)
        self._thread.start()

    @classmethod
    def create(
        cls,
        path: Path,
        header: SessionHeader,
        *,
        period_s: float = PERIOD_S,
        queue_bytes: int = QUEUE_BYTES,
    ) -> Self:
        """Make the file; when this returns, a power cut leaves a readable session.

        Raises:
            FileExistsError: there is a file of this name.
            OSError: the file cannot be made, or the header contradicts itself.
        """
        file = make_file(path, header)
        return cls(file, header.boards, period_s=period_s, queue_bytes=queue_bytes)

    @classmethod
    def resume(cls, taken: Taken, boot_id: str, *, period_s: float = PERIOD_S) -> Self:
        """Resume a session whose recorder died; the file is the writer's from then on.

        Raises:
            ValueError: it has ended, or was begun in another boot, whose clock is not this one's.
            OSError: the file cannot be written.
        """
        path, session = taken.path, taken.session
        if session.state != "recording":
            raise ValueError(f"{path}: this session has ended")
        if session.header.boot_id != boot_id:
            raise ValueError(f"{path}: begun before a restart of the machine; start a new one")
        return cls(taken.for_writing(), session.header.boards, period_s=period_s)

    @property
    def saved_t_ns(self) -> int | None:
        """Newest arrival that a returned commit holds; None before the first."""
        return self._saved_t_ns

    @property
    def error(self) -> str | None:
        """Why rows cannot be saved at present, in one line; None when they can."""
        return self._error

    def take_commit_s(self) -> list[float]:
        """How long the commits since the last call took, seconds: what the disk is like."""
        with self._changed:
            taken = list(self._commit_s)
            self._commit_s.clear()
        return taken

    def is_saved(self, ticket: int) -> bool:
        """Whether a returned commit holds everything that `ticket` stands for."""
        return self._saved >= ticket

    def put(self, row: Row) -> bool:
        """Queue `row`. A marker, and an event of kind `session` or `note`, is saved at once.

        Arrays of a row belong to the writer from here on: do not change them.

        Returns:
            False when the queue is full or closed and the row was not taken.

        Raises:
            ValueError: a block of a board, or of a width, that the header does not know.
        """
        if isinstance(row, BlockRow):
            self._require_known(row)
        size = weight(row)
        with self._changed:
            if self._ends or self._queued_bytes + size > self._queue_bytes:
                return False
            self._queue.append(row)
            self._queued_bytes += size
            self.ticket += 1
            if is_urgent(row):
                self._wake()
        return True

    def commit(self) -> None:
        """Ask for what is queued to be saved now; does not wait for it."""
        with self._changed:
            self._wake()

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything put so far is saved; False when it is not after `timeout_s`."""
        with self._changed:
            goal = self.ticket
            self._wake()
            return self._changed.wait_for(lambda: self._saved >= goal, timeout_s)

    def close(self, ended_t_ns: int, *, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Save everything, mark the session closed, leave one plain file. May be called twice.

        Raises:
            OSError: the disk refused to the end; the session stays `recording`, as after a crash.
        """
        self._end(ended_t_ns, timeout_s)

    def leave(self, *, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Save everything and let go of the file: the session stays `recording`, for `resume`.

        Raises:
            OSError: the disk refused to the end; what it took is there, as after a crash.
        """
        self._end(None, timeout_s)

    def _end(self, ended_t_ns: int | None, timeout_s: float) -> None:
        self.flush(timeout_s)
        with self._changed:
            if not self._ends:
                self._ends, self._end_t_ns = True, ended_t_ns
            self._wake()
        self._thread.join()
        if self._error is not None:
            raise OSError(f"{self.path}: {self._error}")

    def _wake(self) -> None:
        self._hurry = True
        self._changed.notify_all()

    def _require_known(self, row: BlockRow) -> None:
        shape = self._shapes.get(row.board)
        found = (row.counts.shape[1], row.aux.shape[1])
        if shape != found:
            raise ValueError(f"board {row.board}: a block of {found} columns, header says {shape}")

    def _run(self) -> None:
        complete = False
        try:
            complete = self._save_until_closed()
        finally:
            self._finish(complete=complete)

    def _save_until_closed(self) -> bool:
        """The thread's life; True when nothing is left to save."""
        while True:
            self.turns += 1
            batch = self._next_batch()
            saved = not batch or self._save(batch)
            if saved:
                self._forget(batch)
            if self._ends and not (saved and self._queue):
                return saved

    def _next_batch(self) -> list[Row]:
        """Wait for the period, or to be woken; the oldest rows, which stay in the queue."""
        with self._changed:
            self._changed.wait_for(lambda: self._hurry or self._ends, self._period_s)
            self._hurry = False
            return list(islice(self._queue, BATCH_ROWS))

    def _save(self, batch: list[Row]) -> bool:
        try:
            self._ledger = self._ledger or Ledger(self._connection)
            self._connection.execute("BEGIN IMMEDIATE")
            insert_rows(self._connection, batch)
            self._ledger.enter()
            begin_ns = time.monotonic_ns()
            self._connection.execute("COMMIT")
            took_s = (time.monotonic_ns() - begin_ns) * 1e-9
        except sqlite3.Error as error:
            self._error = one_line(error)
            self._roll_back()
            return False
        self._error = None
        with self._changed:
            self._commit_s.append(took_s)
        return True

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._error = one_line(error)

    def _forget(self, batch: list[Row]) -> None:
        """Drop saved rows from the queue and say how far the session is saved."""
        arrivals = [int(row.arrival_ns.max()) for row in batch if isinstance(row, BlockRow)]
        with self._changed:
            for row in batch:
                self._queue.popleft()
                self._queued_bytes -= weight(row)
            self._saved += len(batch)
            self._hurry = self._hurry or len(batch) == BATCH_ROWS
            if arrivals:
                self._saved_t_ns = max(self._saved_t_ns or 0, *arrivals)
            self._changed.notify_all()

    def _finish(self, *, complete: bool) -> None:
        try:
            if not complete:
                self._error = self._error or "the writer has stopped"
            elif self._end_t_ns is not None:
                end_file(self._connection, self.path, "closed", self._end_t_ns)
        except (sqlite3.Error, OSError) as error:
            self._error = one_line(error)
        finally:
            self._file.close()
