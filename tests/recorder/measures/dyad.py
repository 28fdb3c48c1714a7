"""Two people's boards, lanes and pipeline, in simulated time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, GapCause
from recorder.measures.pipeline import Pipeline
from recorder.measures.series import bands_of, define
from recorder.settings.board import DEFAULT_CHANNELS, BoardSettings
from recorder.settings.measures import MeasureSettings
from recorder.store.rows import SeriesRow
from recorder.wearers.lane import Lane
from tests.recorder.scripted_board import INFO, Air, Signal, Timed
from tests.recorder.session_files import START_NS

SECOND_NS = 1_000_000_000
SENT = 360 * 250
NONE = np.zeros(SENT, np.bool_)  # of what is sent


class Dyad:
    """Two lanes and a pipeline; `go_on` delivers what the boards send until then.

    What is `lost` never arrives from either board.
    """

    def __init__(
        self,
        patient: Signal | None,
        therapist: Signal | None,
        chosen: MeasureSettings | None = None,
        lost: NDArray[np.bool_] = NONE,
    ) -> None:
        self.lanes = (Lane(INFO, DEFAULT_CHANNELS, 50.0), Lane(INFO, DEFAULT_CHANNELS, 50.0))
        person = BoardSettings()
        chosen = chosen or MeasureSettings()
        for place, lane in enumerate(self.lanes):
            lane.filter = bands_of(chosen, place, lane.rate_hz, lane.mains_hz)
        filters = self.lanes[0].filter, self.lanes[1].filter
        definitions = define(person, person, filters, chosen=chosen)
        rng = np.random.default_rng(1)
        self.pipeline = Pipeline(self.lanes, definitions, START_NS, rng=rng)
        self.sent = [blocks_of(signal, lost=lost) for signal in (patient, therapist)]
        self.next = [next(sent, None) for sent in self.sent]

    def deliver(self, seconds: float) -> int:
        """Everything that arrives in the first `seconds`; the time then."""
        now_ns = START_NS + round(seconds * SECOND_NS)
        for person, lane in enumerate(self.lanes):
            while (timed := self.next[person]) is not None and timed[0] <= now_ns:
                if isinstance(timed[1], Block):
                    lane.take(timed[1])
                    lane.take_fits()
                self.next[person] = next(self.sent[person], None)
        return now_ns

    def go_on(self, begin_s: float, end_s: float) -> int:
        """Tick ten times a second; how many values there were."""
        fresh = 0
        for seconds in np.arange(begin_s, end_s, 0.1):
            fresh += self.pipeline.advance(self.deliver(seconds))
        return fresh

    def values(self) -> list[tuple[SeriesRow, float, float, int]]:
        """Series, value, share of clean data and time of each, in the order of the definitions."""
        named = {row.id: row for row in self.pipeline.definitions.rows}
        found = [
            (named[series], value, clean, batch.t_ns)
            for batch in self.pipeline.values().rows()
            for series, value, clean in zip(
                batch.series.tolist(), batch.value.tolist(), batch.clean.tolist(), strict=True
            )
        ]
        return sorted(found, key=lambda one: one[0].id)

    def value(self, name: str, who: str, where: str, band: str = "alpha") -> float:
        return next(
            value
            for row, value, _, _ in self.values()
            if (row.name, row.band, "-".join(row.channels)) == (name, band, where)
            and who in ("both", row.persons[0])
        )


def blocks_of(
    signal: Signal | None,
    begin_s: float = 0.0,
    segment: int = 0,
    lost: NDArray[np.bool_] = NONE,
) -> Iterator[Timed]:
    """A board that sends for six minutes, less what is lost; nothing where there is no signal."""
    if signal is None:
        return iter(())
    begin_ns = START_NS + round(begin_s * SECOND_NS)
    air = Air(signal, first_segment=segment)
    air.begin(begin_ns, GapCause.RESTART)
    return air.go_on(begin_ns, np.flatnonzero(~lost).tolist(), batch=25)
