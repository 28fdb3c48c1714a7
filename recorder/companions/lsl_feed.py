"""The running session as LSL streams, for other programs on this machine.

Making the streams known takes a second or more, so a thread does it; until then nothing is sent.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block
from hardware.board_fault import BoardFault
from hardware.lsl.library import LslSettings
from hardware.lsl.outlets import OutletPerson, Outlets, OutletSeries
from recorder.companions.asking import Asking
from recorder.store.rows import EventRow, Row, SeriesRow
from recorder.wearers.lane import Lane
from recorder.wearers.wearer import Wearer

log = logging.getLogger("antiphon")


def _pushed(push: Callable[[Outlets], None], outlets: Outlets) -> list[Row]:
    push(outlets)
    return []


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
        self._outlets: Outlets | None = None  # until they are known, and again from the end on
        self._sending = threading.Lock()  # the end comes in a thread, while the boards stream on
        self._told: list[Row] = []
        self._now_ns = now_ns
        self._asking = Asking(lambda: now_ns)
        people = [_person(wearer) for wearer in wearers]
        channels = [OutletSeries(_label(row), row.window_s) for row in series]
        self._thread = threading.Thread(
            target=self._make, args=(session_id, people, channels, settings), name="lsl outlets"
        )
        self._thread.start()

    def push_block(self, person: int, block: Block, lane: Lane) -> None:
        """Send the samples of a block that `lane` has taken."""
        if block.segment != lane.segment or lane.clock.fit is None:
            return
        t_ns = lane.clock.time_ns(block.first_index + np.arange(len(block)))
        self._send(lambda outlets: outlets.push_block(person, block, t_ns))

    def push_measures(self, end_ns: int, values: NDArray[np.float64]) -> None:
        """Send the newest values, of all series in order, whose windows end at `end_ns`."""
        self._send(lambda outlets: outlets.push_measures(end_ns, values))

    def push_marker(self, t_ns: int, label: str) -> None:
        """Send a mark that was made at `t_ns`; one before the streams are known is not sent."""
        self._send(lambda outlets: outlets.push_marker(t_ns, label))

    def _send(self, push: Callable[[Outlets], None]) -> None:
        with self._sending:
            if self._outlets is not None:
                ask = partial(_pushed, push, self._outlets)
                self._told += self._asking.rows(self, "LSL outlets", ask)

    def poll(self) -> list[Row]:
        """What there is to say about the streams."""
        told, self._told = self._told, []
        return told

    def end(self) -> list[Row]:
        """Send the rest and take the streams away."""
        self._thread.join()
        with self._sending:
            outlets, self._outlets = self._outlets, None
            if outlets is not None:
                outlets.close()
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
