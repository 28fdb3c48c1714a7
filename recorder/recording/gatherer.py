"""Small blocks as they arrive, gathered into the rows that are stored: one for each commit."""

from collections.abc import Iterator

import numpy as np

from hardware.board import Block, last_of_reads
from recorder.store.rows import BlockRow

# A row is closed at this length even when nobody flushes; bounds the memory of a gatherer.
ROW_SAMPLES = 512


class BlockGatherer:
    """Joins consecutive blocks of one board; a break in the indexes closes the row."""

    def __init__(self, board: int, channels: int) -> None:
        """Rows of `board` hold its first `channels` channels: those that the montage names."""
        self._board = board
        self._channels = channels
        self._blocks: list[Block] = []
        self._samples = 0

    def add(self, block: Block) -> Iterator[BlockRow]:
        """Take `block`; yield the rows that are complete because of it."""
        if block.late:
            yield self._row([block])
            return
        if self._blocks and not _continues(self._blocks[-1], block):
            yield from self.flush()
        self._blocks.append(block)
        self._samples += len(block)
        if self._samples >= ROW_SAMPLES:
            yield from self.flush()

    def flush(self) -> Iterator[BlockRow]:
        """Yield what has been gathered, at most one row."""
        blocks, self._blocks, self._samples = self._blocks, [], 0
        if blocks:
            yield self._row(blocks)

    def _row(self, blocks: list[Block]) -> BlockRow:
        arrival_ns = np.concatenate([block.arrival_ns for block in blocks])
        last_of_read = last_of_reads(arrival_ns)
        first = blocks[0]
        return BlockRow(
            board=self._board,
            segment=first.segment,
            first_index=first.first_index,
            counts=np.concatenate([block.counts[:, : self._channels] for block in blocks]),
            aux=np.concatenate([block.aux for block in blocks]),
            arrival_index=first.first_index + last_of_read,
            arrival_ns=arrival_ns[last_of_read],
            late=first.late,
        )


def _continues(before: Block, block: Block) -> bool:
    return block.segment == before.segment and block.first_index == before.first_index + len(before)
