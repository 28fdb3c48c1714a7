"""The log (-wal) beside a session file that grows, read past what is damaged in it.

    head    magic, format, page size, number, salt (8 bytes), checksum (8)       32 bytes
    frame   page number, pages of the file (0 but for the last frame of a transaction),
            salt (8), checksum (8), then the page                                24 bytes + page

A frame with the head's salt is of this log; others are left from before, for the log is used again
from its start. Each checksum goes on from the one before it, and SQLite takes nothing that comes
after a wrong one: what it leaves is read here, for every row has a check of its own.
Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.store.pages import PAGE_SIZES

HEAD_BYTES, FRAME_HEAD_BYTES = 32, 24
MAGIC = (0x377F0682, 0x377F0683)  # checksums of little-endian words, of big-endian words
FORMAT = 3007000
FRAMES_AT_ONCE = 64  # summing them up takes six times their bytes

Words = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Log:
    """A log as it is.

    Attributes:
        content: all of its bytes.
        page_size: of its pages.
        numbers: which page each frame holds, of the frames up to the last whole transaction.
        good: for each of them, whether its own checksum is right.
        taken: how many of them SQLite takes.
        saved: how many of them are of transactions that were on disk before the last one began.
    """

    content: bytes
    page_size: int
    numbers: NDArray[np.int64]
    good: NDArray[np.bool_]
    taken: int
    saved: int

    def page(self, frame: int) -> bytes:
        """The page that a frame holds."""
        at = HEAD_BYTES + frame * (FRAME_HEAD_BYTES + self.page_size) + FRAME_HEAD_BYTES
        return self.content[at : at + self.page_size]

    @property
    def is_damaged(self) -> bool:
        """Whether SQLite leaves out what had been saved."""
        return self.taken < self.saved

    @property
    def is_torn(self) -> bool:
        """Whether SQLite leaves out the last transaction, which may never have been saved."""
        return self.saved <= self.taken < len(self.numbers)


def log_of(path: Path) -> Path:
    """Where the log of a session file is, when there is one."""
    return path.with_name(f"{path.name}-wal")


def read_log(path: Path, page_size: int | None) -> Log | None:
    """The log of the session file `path`; None when there is none, or nothing in it.

    Args:
        path: the session file.
        page_size: of that file, as far as it is known; used when the log's head is damaged.

    Raises:
        OSError: it cannot be read.
    """
    content = _at_rest(log_of(path))
    if len(content) < HEAD_BYTES:
        return None
    head = np.frombuffer(content, ">u4", 8).astype(np.uint32)
    is_whole, size = _is_whole(content, head), int(head[2])
    if not is_whole:
        size = page_size or size
    if size not in PAGE_SIZES or len(content) < HEAD_BYTES + FRAME_HEAD_BYTES + size:
        return None
    return _log(content, head, size, is_whole=is_whole)


def require_whole_log(path: Path) -> None:
    """See that SQLite takes all that was saved into the log of `path`, before it sees the log.

    Raises:
        ValueError: it does not; once it has opened the file to write, the rest is lost.
        OSError: the log cannot be read.
    """
    log = read_log(path, None)
    if log is not None and log.is_damaged:
        raise ValueError(f"{path}: its log is damaged: {lost_words(log)}; see antiphon repair")


def lost_words(log: Log) -> str:
    """What SQLite leaves of a log, for people."""
    return f"{len(log.numbers) - log.taken} of its {len(log.numbers)} frames are not read"


def _at_rest(path: Path) -> bytes:
    """The content of a log that may be begun again while it is read."""
    try:
        while True:
            content = path.read_bytes()
            with open(path, "rb") as file:
                if file.read(HEAD_BYTES) == content[:HEAD_BYTES]:
                    return content
    except FileNotFoundError:
        return b""


def _log(content: bytes, head: Words, size: int, *, is_whole: bool) -> Log:
    count = (len(content) - HEAD_BYTES) // (FRAME_HEAD_BYTES + size)
    words = np.frombuffer(content, ">u4", count * (6 + size // 4), HEAD_BYTES)
    frames = words.reshape(count, -1)
    salt = head[4:6] if is_whole else frames[0, 2:4]
    is_ours = (frames[:, 2:4] == salt).all(axis=1)
    commits = np.flatnonzero(is_ours & (frames[:, 1] > 0))
    end = int(commits[-1]) + 1 if len(commits) else 0
    good = is_ours[:end] & _are_right(frames[:end], head)
    first_bad = int(np.append(good, False).argmin()) if is_whole else 0
    return Log(
        content=content,
        page_size=size,
        numbers=frames[:end, 0].astype(np.int64),
        good=good,
        taken=_end_of_last(commits[commits < first_bad]),
        saved=_end_of_last(commits[:-1]),
    )


def _end_of_last(commits: NDArray[np.int64]) -> int:
    return int(commits[-1]) + 1 if len(commits) else 0


def _is_whole(content: bytes, head: Words) -> bool:
    if int(head[0]) not in MAGIC or int(head[1]) != FORMAT:
        return False
    words = np.frombuffer(content, _order(head), 6)[None]
    return bool((_checksums(words, np.zeros((1, 2), np.uint32)) == head[6:8]).all())


def _are_right(frames: NDArray[np.uint32], head: Words) -> NDArray[np.bool_]:
    """Whether each frame's checksum goes on from the one that stands in the frame before."""
    stored = frames[:, 4:6].astype(np.uint32)
    before = np.concatenate([head[None, 6:8], stored])[:-1]
    right = np.zeros(len(frames), np.bool_)
    for at in range(0, len(frames), FRAMES_AT_ONCE):
        some = slice(at, at + FRAMES_AT_ONCE)
        summed = np.concatenate([frames[some, :2], frames[some, 6:]], axis=1)
        words = np.frombuffer(summed.astype(">u4").tobytes(), _order(head)).reshape(summed.shape)
        right[some] = (_checksums(words, before[some]) == stored[some]).all(axis=1)
    return right


def _order(head: Words) -> str:
    """How the words of a checksum stand in the bytes."""
    return ">u4" if head[0] & 1 else "<u4"


def _checksums(words: NDArray[np.uint32], before: Words) -> Words:
    """SQLite's checksum of each row of `words`; (rows, 2), as are those `before`.

    For each pair of words x, y

        s0 += x + s1;  s1 += y + s0        modulo 2**32

    which is linear, so that each word has a factor of its own.
    """
    factors = _factors(words.shape[1] // 2)
    x, y = words[:, 0::2].astype(np.uint32), words[:, 1::2].astype(np.uint32)
    s = before[:, None, :] * factors[0]
    pairs = np.stack([x, x + y], axis=-1)
    own = np.einsum("rpk,pjk->rj", pairs, factors[1:])
    return np.asarray(s.sum(axis=2) + own, np.uint32)


@cache
def _factors(pairs: int) -> NDArray[np.uint32]:
    """Powers of the step (s0, s1) -> (s0 + s1, s0 + 2 s1), the highest first."""
    powers = [np.eye(2, dtype=np.uint32)]
    step = np.array([[1, 1], [1, 2]], np.uint32)
    for _ in range(pairs):
        powers.append(step @ powers[-1])
    return np.stack(powers[::-1])
