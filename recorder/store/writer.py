"""The writing of a session file: a thread, a connection, a bounded queue.

    put ──▶ queue (bounded in bytes) ──▶ thread: BEGIN, INSERTs, COMMIT when asked ──▶ disk

A commit comes when it is asked for, when somebody waits for a row, and after PERIOD_S in any case.
A row leaves the queue when the commit that holds it has returned, and the file that it went into
is still the one at its path (recorder/store/ground.py); else all is rescued into a new file first.
While the disk refuses, rows wait in the queue and the commit is tried again, also after `close`;
the caller is never blocked, only told (`put` is False) when the queue is full.
"""

import sqlite3
import threading
import time
from collections import deque
from itertools import islice
from pathlib import Path
from typing import Self

from recorder.store.files import OwnFile, end_file, make_file, one_line
from recorder.store.ground import Ground
from recorder.store.headers import SessionHeader
from recorder.store.inserts import insert_rows
from recorder.store.ledger import Ledger
from recorder.store.rescue import rescue
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
        path: of the file; another one once what was at the first has been taken away.
        gone: how the file has left its path, while that is not made good; else "".
        rescued: how it had, since then; else "".
        turns: a number that changes while the thread goes on, whether or not the disk takes rows.
        ticket: stands for everything put so far: see `is_saved`.
    """

    def __init__(
        self,
        file: OwnFile,
        header: SessionHeader,
        *,
        period_s: float,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self.path = file.path
        self.gone = self.rescued = ""
        self.turns = 0
        self.ticket = 0
        self._file = file
        self._ledger: Ledger | None = None  # the thread's
        self._ground = Ground(file)
        self._header = header
        self._period_s = period_s
        self._queue_bytes = queue_bytes
        self._shapes = {b.id: (len(b.channels), len(b.aux_labels)) for b in header.boards}
        self._queue: deque[Row] = deque()
        self._committed: list[Row] = []
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
        return cls(file, header, period_s=period_s, queue_bytes=queue_bytes)

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
        header = session.header
        return cls(taken.for_writing(), header, period_s=period_s)

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
        """Save everything, mark the session closed, leave one plain file. May be called again.

        Raises:
            OSError: the disk refuses; nothing is given up: it is tried on, and `close` waits again.
        """
        self._end(ended_t_ns, timeout_s)

    def leave(self, *, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Save everything and let go of the file: the session stays `recording`, for `resume`.

        Raises:
            OSError: as `close`; what the disk took is there, as after a crash.
        """
        self._end(None, timeout_s)

    def _end(self, ended_t_ns: int | None, timeout_s: float) -> None:
        with self._changed:
            if not self._ends:
                self._ends, self._end_t_ns = True, ended_t_ns
            self._wake()
        self._thread.join(timeout_s)
        if self._thread.is_alive() or self._error is not None:
            raise OSError(f"{self.path}: {self._error or 'the disk does not keep up'}")

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
            self._save_until_closed()
            complete = True
        finally:
            if not complete:
                self._error = self._error or "the writer has stopped"
            self._file.close()

    def _save_until_closed(self) -> None:
        """The thread's life: until nothing is left to save, and the file has ended."""
        while True:
            self.turns += 1
            self._wait()
            saved = self._stands() and self._save() and self._stands()
            if saved:
                self._forget()
            if saved and self._ends and not self._queue and self._end_file():
                return

    def _wait(self) -> None:
        """For the period, or to be woken; at the end for what has failed only."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._hurry or (self._ends and self._error is None), self._period_s
            )
            self._hurry = False

    def _stands(self) -> bool:
        """Whether the file is the one at its path; if not, all is rescued into one that is."""
        self.gone = self._ground.gone()
        if not self.gone:
            return True
        try:
            self._file = rescue(self._file, self._ground, self._header, self._turn)
        except (sqlite3.Error, OSError) as error:
            self._error = one_line(error)
            return False
        self._ledger = None  # it follows one connection
        self._ground, self._error = Ground(self._file), None
        self.path, self.rescued, self.gone = self._file.path, self.gone, ""
        return True

    def _turn(self) -> None:
        self.turns += 1

    def _save(self) -> bool:
        """Commit the oldest rows, which stay in the queue; whether the disk has taken them."""
        with self._changed:
            batch = list(islice(self._queue, BATCH_ROWS))
        if self._committed or not batch:
            return True
        connection = self._file.connection
        try:
            self._ledger = self._ledger or Ledger(connection)
            connection.execute("BEGIN IMMEDIATE")
            insert_rows(connection, batch)
            self._ledger.enter()
            begin_ns = time.monotonic_ns()
            connection.execute("COMMIT")
            took_s = (time.monotonic_ns() - begin_ns) * 1e-9
        except sqlite3.Error as error:
            self._error = one_line(error)
            self._roll_back()
            return False
        self._error, self._committed = None, batch
        self._ground.observe()
        with self._changed:
            self._commit_s.append(took_s)
        return True

    def _roll_back(self) -> None:
        try:
            if self._file.connection.in_transaction:
                self._file.connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._error = one_line(error)

    def _forget(self) -> None:
        """Drop saved rows from the queue and say how far the session is saved."""
        batch, self._committed = self._committed, []
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

    def _end_file(self) -> bool:
        """Say in the file that it has ended, if it has; whether that is done."""
        if self._end_t_ns is None:
            return True
        try:
            end_file(self._file.connection, self.path, "closed", self._end_t_ns)
        except sqlite3.Error as error:
            self._error = one_line(error)
            return False
        except OSError:
            pass  # it has ended; the directory is flushed again when it is put away
        self._error = None
        return True
