"""Who does the jobs: processes of this machine, or a Dask cluster of any number of them.

Both are asked in the same way (concurrent.futures), a few jobs at a time, and both may break: a
process is killed, the scheduler is restarted. Then the jobs that were under way are asked for
again. That is all there is to it, for a job that is done twice has done it once (job.py).

On this machine a job that may have killed its process is tried again by itself; one that kills it
then, too, has failed. Dask counts that for itself.
"""

import logging
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, TypeVar

from recorder.export.library import library
from recorder.failure import EX_UNAVAILABLE, Failure, words

J = TypeVar("J")
D = TypeVar("D")

KILLED: Final = "its process was killed, twice: is there enough memory?"
AT_ONCE: Final = 200  # of a cluster: enough for any that we know of, and little to be asked again
FIRST_S, AGAIN_S = 30.0, 600.0  # how long a scheduler is waited for
TIMEOUT_S: Final = 10.0

Pool = Callable[[], AbstractContextManager[tuple[Executor, int]]]


@contextmanager
def processes(workers: int) -> Iterator[tuple[Executor, int]]:
    """Processes of this machine that begin with nothing of this one's memory."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context)
    try:
        yield pool, workers
    finally:
        pool.shutdown(cancel_futures=True)


class Cluster:
    """A Dask cluster by the address of its scheduler, which may be restarted meanwhile.

    Raises:
        Failure: Dask is missing, or nothing answers there for as long as it is waited for.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._distributed = library("distributed", "dask", "cohort")
        # A scheduler that is away is waited for; its library would print a page about it.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        self._patience_s = FIRST_S

    @contextmanager
    def __call__(self) -> Iterator[tuple[Executor, int]]:
        """Ask it; where it does not answer, wait."""
        client = self._client()
        self._patience_s = AGAIN_S
        try:
            yield client.get_executor(pure=False), AT_ONCE
        finally:
            client.close(timeout=TIMEOUT_S)

    def _client(self) -> Any:
        given_up_s = time.monotonic() + self._patience_s
        while True:
            try:
                return self._distributed.Client(
                    self._address, timeout=TIMEOUT_S, set_as_default=False
                )
            except (OSError, ValueError) as error:
                if time.monotonic() > given_up_s:
                    text = f"no Dask scheduler answers at {self._address}: {words(error)}"
                    raise Failure(text, EX_UNAVAILABLE) from error


def all_done(
    jobs: Sequence[J], do: Callable[[J], D], open_pool: Pool
) -> Iterator[tuple[J, D | str]]:
    """Each job with what it gave, or why it gave nothing, in the order in which they are done.

    Raises:
        Failure: a cluster is not there any more.
    """
    waiting, suspects = deque(jobs), deque[J]()
    while waiting or suspects:
        alone = bool(suspects)
        with open_pool() as (pool, at_once):
            some = _Round(pool, 1 if alone else at_once, do)
            yield from some.done(suspects if alone else waiting)
        if alone:
            yield from ((job, KILLED) for job in some.lost)
        elif isinstance(pool, ProcessPoolExecutor):
            suspects.extend(some.lost)
        else:
            waiting.extendleft(some.lost)


class _Round:
    """As long as a pool holds.

    Attributes:
        lost: jobs that were under way when it broke.
    """

    def __init__(self, pool: Executor, at_once: int, do: Callable[[J], D]) -> None:
        self._pool, self._at_once, self._do = pool, at_once, do
        self._running: dict[Future[Any], Any] = {}
        self.lost: list[Any] = []

    def done(self, waiting: "deque[Any]") -> Iterator[tuple[Any, Any]]:
        while (waiting or self._running) and not self.lost:
            self._ask(waiting)
            ended, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in ended:
                job = self._running.pop(future)
                try:
                    yield job, _outcome(future)
                except (BrokenExecutor, CancelledError):
                    self.lost.append(job)
        self.lost += self._running.values()

    def _ask(self, waiting: "deque[Any]") -> None:
        while waiting and len(self._running) < self._at_once:
            try:
                future = self._pool.submit(self._do, waiting[0])
            except (BrokenExecutor, OSError, RuntimeError):  # it broke since
                self.lost.append(waiting.popleft())
                return
            self._running[future] = waiting.popleft()


def _outcome(future: Future[Any]) -> Any:
    """What a job gave, or what it raised, in words; raises when the pool broke under it."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenExecutor | CancelledError):
        raise error
    return f"{type(error).__name__}: {words(error) if isinstance(error, Exception) else error}"
