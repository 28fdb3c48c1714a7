"""The running session as LSL streams, for other programs on this machine.

Making the streams known takes a second or more, so a thread does it; until then nothing is sent.
"""

import logging
import threading
from collections.abc import Sequence

import numpy as np

from hardware.board import Block
from hardware.board_fault import BoardFault
from hardware.lsl.library import LslSettings
from hardware.lsl.outlets import OutletPerson, Outlets, OutletSeries
from recorder.store.rows import EventRow, MeasureRows, Row, SeriesRow
from recorder.wearers.lane import Lane
from recorder.wearers.wearer import Wearer

log = logging.getLogger("antiphon")


class LslFeed:
    """A companion (recorder/companions/running.py) that sends on what the session records."""

    def __init__(
        self,
        session_id: str,
        wearers: Sequence[Wearer],
        series: Sequence[SeriesRow],
        settings: LslSettings,
        now_ns: int,
    ) -> None:
        """Begin to make the streams of a session known.

        Args:
            session_id: of the session.
            wearers: both people; their boards are known.
            series: definitions of the measures.
            settings: how LSL is used in this process.
            now_ns: CLOCK_MONOTONIC.
        """
        self.follow(series)
        self._windows_s = np.array([row.window_s for row in series])
        self._outlets: Outlets | None = None
        self._told: list[Row] = []
        self._now_ns = now_ns
        people = [_person(wearer) for wearer in wearers]
        channels = [OutletSeries(_label(row), row.window_s) for row in series]
        self._thread = threading.Thread(
            target=self._make, args=(session_id, people, channels, settings), name="lsl outlets"
        )
        self._thread.start()

    def follow(self, series: Sequence[SeriesRow]) -> None:
        """The measures have begun anew: the same ones in the same order, as series of their own."""
        self._places = {row.id: place for place, row in enumerate(series)}

    def push_block(self, person: int, block: Block, lane: Lane) -> None:
        """Send the samples of a block that `lane` has taken."""
        if self._outlets is None or block.segment != lane.segment or lane.clock.fit is None:
            return
        indexes = block.first_index + np.arange(len(block))
        self._outlets.push_block(person, block, lane.clock.time_ns(indexes))

    def push_measures(self, end_ns: int, batches: Sequence[MeasureRows]) -> None:
        """Send the newest values, which belong to windows that end at `end_ns`."""
        if self._outlets is None:
            return
        values = np.full(len(self._places), np.nan)
        for batch in batches:
            values[[self._places[series] for series in batch.series.tolist()]] = batch.value
        self._outlets.push_measures(end_ns, values)

    def push_marker(self, t_ns: int, label: str) -> None:
        """Send a marker."""
        if self._outlets is not None:
            self._outlets.push_marker(t_ns, label)

    def poll(self) -> list[Row]:
        """What there is to say about the streams."""
        told, self._told = self._told, []
        return told

    def end(self) -> list[Row]:
        """Send the rest and take the streams away."""
        self._thread.join()
        if self._outlets is not None:
            self._outlets.close()
        return self.poll()

    def _make(
        self,
        session_id: str,
        people: list[OutletPerson],
        series: list[OutletSeries],
        settings: LslSettings,
    ) -> None:
        try:
            self._outlets = Outlets(session_id, people, series, settings=settings)
            text = "streams are served" + (" to the network" if settings.lan else "")
        except BoardFault as fault:
            text = str(fault)
            log.warning("no LSL outlets: %s", text)
        self._told = [EventRow(self._now_ns, "lsl", text)]


def _person(wearer: Wearer) -> OutletPerson:
    info = wearer.board.info
    if info is None:
        raise ValueError(f"the {wearer.role}'s board is not known yet")
    return OutletPerson(wearer.role, wearer.montage.channels, wearer.settings.reference, info)


def _label(row: SeriesRow) -> str:
    """E.g. `faa alpha patient F4-F3`."""
    who = row.persons[0] if len(row.persons) == 1 else "both"
    return f"{row.name} {row.band} {who} {'-'.join(row.channels)}"
