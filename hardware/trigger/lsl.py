"""Another program's LSL markers as a trigger source, with the life of their stream."""

import time
from collections.abc import Callable

from hardware.board_fault import BoardFault
from hardware.lsl.library import LOOPBACK, LslSettings
from hardware.lsl.markers import LslMarkers
from hardware.trigger.edges import MarkerEdges, TriggerEvent, TriggerFault


class LslEdges(MarkerEdges):
    """The markers of one stream that mean a trigger; each is a rise to level 1.

    Args:
        name: of the path.
        stream: as for `hardware.lsl.board.LslBoard`.
        label: the marker that means a trigger, or "" for all.
        settings: how LSL is used in this process.
        monotonic_ns: the clock.

    Raises:
        ValueError: `stream` is nothing that can be searched for.
    """

    def __init__(
        self,
        name: str,
        stream: str,
        label: str = "",
        *,
        settings: LslSettings = LOOPBACK,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._markers = LslMarkers(stream, settings=settings, monotonic_ns=monotonic_ns)
        self._monotonic_ns = monotonic_ns
        super().__init__(name, self._markers.poll, label or None)

    def open(self) -> None:
        """Begin to search for the stream.

        Raises:
            TriggerFault: LSL cannot be used.
        """
        try:
            self._markers.open()
        except BoardFault as fault:
            raise TriggerFault(self.name, str(fault)) from fault
        super().open()

    def poll(self) -> list[TriggerEvent]:
        """The markers since the last call; none while their stamps cannot be believed."""
        events = super().poll()
        doubts = self._markers.stamps.doubts_s(self._monotonic_ns())
        if not (events and doubts):
            return events
        text = "the stamps of its markers are not of LSL's clock: they are no edges"
        return [TriggerFault(self.name, text)]

    def close(self) -> None:
        """Disconnect. May be called twice, and without `open`."""
        super().close()
        self._markers.close()
