"""What two people's samples give, second by second."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block
from recorder.measures.pipeline import Pipeline
from recorder.measures.series import define
from recorder.settings.board import BoardSettings
from recorder.store.rows import SeriesRow
from recorder.wearers.lane import Lane
from tests.loss.recorded import MAINS_HZ, RATE_HZ, Person
from tests.recorder.scripted_board import INFO

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

READ_SAMPLES = 25
SEED = 20190710  # of the chance level's lags


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Everything that was measured.

    Attributes:
        rows: the series.
        value: (seconds, series) NaN where there is none.
        clean: the share of its window that was clean, less what loss took.
        percentile: as value.
    """

    rows: tuple[SeriesRow, ...]
    value: Floats
    clean: Floats
    percentile: Floats

    def of(self, name: str, band: str) -> list[int]:
        """The columns of these series."""
        return [k for k, row in enumerate(self.rows) if (row.name, row.band) == (name, band)]


def outcome(people: Sequence[Person], lost: Sequence[Flags] | None = None) -> Outcome:
    """Both people's samples through lanes and pipeline, without those that are `lost`."""
    lanes = (
        Lane(INFO, BoardSettings().channels, MAINS_HZ),
        Lane(INFO, BoardSettings().channels, MAINS_HZ),
    )
    definitions = define(
        BoardSettings(), BoardSettings(), (lanes[0].filter, lanes[1].filter), mains_hz=MAINS_HZ
    )
    pipeline = Pipeline(lanes, definitions, 0, rng=np.random.default_rng(SEED))
    came = [one.came if lost is None else one.came & ~lost[k] for k, one in enumerate(people)]
    found = []
    for begin in range(0, len(people[0].came), READ_SAMPLES):
        end = min(begin + READ_SAMPLES, len(people[0].came))
        read_ns = round(end / RATE_HZ * 1e9) + 8_000_000
        for person, arrived, lane in zip(people, came, lanes, strict=True):
            for block in _blocks(person.counts[begin:end], arrived[begin:end], begin, read_ns):
                lane.take(block)
                lane.take_fits()
        while pipeline.advance(read_ns):
            newest = pipeline.values()
            found.append((newest.value, newest.clean, newest.percentile))
    value, clean, percentile = np.array(found).transpose(1, 0, 2)
    return Outcome(definitions.rows, value, clean, percentile)


def _blocks(counts: NDArray[np.int32], came: Flags, first: int, read_ns: int) -> Iterator[Block]:
    """What arrived of one read: a block for each stretch without a hole."""
    edges = np.flatnonzero(np.diff(came.astype(np.int8), prepend=0, append=0))
    for begin, end in edges.reshape(-1, 2).tolist():
        aux = np.zeros((end - begin, 3), np.int32)
        yield Block(0, first + begin, counts[begin:end], aux, np.full(end - begin, read_ns))
