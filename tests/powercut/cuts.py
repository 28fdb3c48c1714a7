"""What a card may hold after a power cut, from the log of what had been written to it.

What was flushed is there. Of what was written since, a card may have kept nothing, everything, the
first so many writes, or any of them, even in part: a sector of 512 bytes is the smallest it keeps.
"""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

SECTOR = 512
Write = tuple[int, bytes]


class CutKind(StrEnum):
    """What became of the writes since the last flush."""

    NONE = "none"
    ALL = "all"
    PREFIX = "prefix"
    HALF = "half"
    TORN = "torn"


@dataclass(frozen=True, slots=True)
class Cut:
    """A power cut.

    Attributes:
        position: how many entries of the log the card had seen.
        kind: what became of the writes since the last flush.
        at_risk: how many those were.
        durable: what the card holds in any case; changes when the next cut is asked for.
        kept: the writes that it holds besides.
        notes: what had been told by then, oldest first.
    """

    position: int
    kind: CutKind
    at_risk: int
    durable: bytearray
    kept: list[Write]
    notes: tuple[str, ...]

    def write_image(self, path: Path) -> None:
        """Write down what the card holds when the power is back."""
        with path.open("wb") as image:
            image.write(self.durable)
            for offset, octets in self.kept:
                image.seek(offset)
                image.write(octets)


@dataclass(frozen=True, slots=True)
class Log:
    """What a card held in the beginning, and everything that came since."""

    base: bytes
    entries: list[tuple[Any, ...]]

    @classmethod
    def load(cls, path: Path) -> "Log":
        """Read what `tests.powercut.card` saved."""
        return cls(*pickle.loads(path.read_bytes()))

    def count(self, kind: str) -> int:
        """How many entries of this kind there are."""
        return sum(entry[0] == kind for entry in self.entries)

    def written_bytes(self) -> int:
        """How much was written in all."""
        return sum(len(entry[2]) for entry in self.entries if entry[0] == "write")


def cut(log: Log, count: int, rng: np.random.Generator, *, unflushed: int = 0) -> Iterator[Cut]:
    """Cut the power at `count` positions of the log, each kind as often as the others.

    Args:
        log: of an honest card.
        count: how many cuts.
        rng: chooses the positions and what is kept.
        unflushed: of a card that lies, how many writes before a flush it may lose all the same.
    """
    entries = len(log.entries)
    positions = np.sort(rng.choice(entries + 1, count, replace=count > entries))
    kinds = rng.permutation(np.resize(list(CutKind), len(positions)))
    durable, at_risk, notes, seen = bytearray(log.base), list[Write](), list[str](), 0
    for position, kind in zip(positions.tolist(), map(CutKind, kinds.tolist()), strict=True):
        for entry in log.entries[seen:position]:
            at_risk = _advance(entry, durable, at_risk, notes, unflushed)
        seen = position
        kept = survivors(at_risk, kind, rng)
        yield Cut(position, kind, len(at_risk), durable, kept, tuple(notes))


def _advance(
    entry: tuple[Any, ...],
    durable: bytearray,
    at_risk: list[Write],
    notes: list[str],
    unflushed: int,
) -> list[Write]:
    """Let one entry happen; returns the writes that are at risk after it."""
    if entry[0] == "note":
        notes.append(entry[1])
    elif entry[0] == "write":
        at_risk.append(entry[1:])
    else:
        safe = max(len(at_risk) - unflushed, 0)
        for offset, octets in at_risk[:safe]:
            durable[offset : offset + len(octets)] = octets
        return at_risk[safe:]
    return at_risk


def survivors(at_risk: list[Write], kind: CutKind, rng: np.random.Generator) -> list[Write]:
    """Which of the writes the card kept."""
    if kind is CutKind.NONE:
        return []
    if kind is CutKind.ALL:
        return at_risk
    if kind is CutKind.PREFIX:
        return at_risk[: int(rng.integers(len(at_risk) + 1))]
    kept = [
        write for write, stays in zip(at_risk, rng.random(len(at_risk)) < 0.5, strict=True) if stays
    ]
    return kept if kind is CutKind.HALF else [_torn(write, rng) for write in kept]


def _torn(write: Write, rng: np.random.Generator) -> Write:
    """Some writes end at any of their sectors."""
    offset, octets = write
    if rng.random() < 0.3:
        octets = octets[: int(rng.integers(len(octets) // SECTOR + 1)) * SECTOR]
    return offset, octets
