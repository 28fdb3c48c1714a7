"""A Cyton on a serial port, with or without a Daisy, kept streaming by `hardware.keeper`.

A thread waits for bytes, stamps each read at once, and every 100 ms makes blocks and gaps of what
has come.
"""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace

from hardware.board import BoardInfo, Event, GapCause, PacketTally
from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton import daisy, frames
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.aux_mode import AUX_LAYOUTS, AuxMode
from hardware.cyton.followed import FollowedPort
from hardware.cyton.opening import Opening
from hardware.cyton.serial_port import SerialPort
from hardware.cyton.usb import serial_number
from hardware.keeper import KeptBoard
from hardware.pauses import Pauses

QUEUE_S = 150.0  # what a stalled reader of the queue may cost before samples are dropped
BATCH_S = 0.1


class CytonBoard(KeptBoard):
    """A Cyton behind its dongle; whether it has a Daisy shows when it is opened."""

    def __init__(
        self,
        port: str,
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        rate_hz: float = frames.RATE_HZ,
        first_segment: int = 0,
        aux_mode: AuxMode = AuxMode.DIGITAL,
        serial: str = "",
    ) -> None:
        """Name the board; nothing is touched yet.

        Args:
            port: path of the serial port.
            monotonic_ns: the clock that stamps arrivals.
            rate_hz: nominal rate of the packets; of the samples, too, without a Daisy.
            first_segment: number of the first segment, when an earlier run left off before it.
            aux_mode: what the board puts into the aux bytes of each packet.
            serial: of the dongle, where that is known: it is found wherever it is plugged in.
        """
        closing = threading.Event()
        assembler = BlockAssembler(rate_hz, first_segment, aux_mode)
        plain, dongle = _cyton(port, rate_hz, aux_mode), FollowedPort(port, serial)
        stream = _Stream(plain, dongle, aux_mode, assembler, closing, monotonic_ns)
        super().__init__(stream, closing, monotonic_ns, capacity=int(QUEUE_S * rate_hz))


class _Stream:
    """A `hardware.keeper.Stream`."""

    def __init__(
        self,
        plain: BoardInfo,
        dongle: FollowedPort,
        aux_mode: AuxMode,
        assembler: BlockAssembler,
        closing: threading.Event,
        monotonic_ns: Callable[[], int],
    ) -> None:
        self.name = plain.port
        self._dongle = dongle
        self._plain = plain  # what the board is if it has no Daisy
        self._aux_mode = aux_mode
        self._assembler = assembler
        self._closing = closing
        self._monotonic_ns = monotonic_ns
        self._kind = ""
        self._pauses = Pauses()

    @property
    def port(self) -> str:
        return self._dongle.now()

    @port.setter
    def port(self, path: str) -> None:
        self._dongle.move(path)

    @property
    def tally(self) -> PacketTally:
        pauses = self._pauses
        return replace(self._assembler.tally, paused_s=pauses.lasted_s, pause_end_ns=pauses.end_ns)

    def connect(self) -> "_Connection":
        path = self.port
        self._dongle.check(path)
        with ExitStack() as undo:
            port = SerialPort(path, self._closing)
            undo.callback(port.close)
            banner = Opening(port, path, self._monotonic_ns, self._aux_mode).run()
            self._dongle.learn(path)
            info = self._described(path, banner)
            self._refuse_another_kind(info)
            undo.pop_all()
        return _Connection(info, port, self._assembler, self._pauses, self._monotonic_ns)

    def end(self, cause: GapCause) -> list[Event]:
        return self._assembler.end_stream(cause)

    def _described(self, path: str, banner: frames.Banner) -> BoardInfo:
        serial, place = serial_number(path), self._dongle.place
        info = replace(self._plain, port=path, serial=serial, place=place, firmware=banner.firmware)
        return daisy.with_daisy(info) if banner.has_daisy else info

    def _refuse_another_kind(self, info: BoardInfo) -> None:
        """Refuse a board that came back with a Daisy, or without the one that it had."""
        self._kind = self._kind or info.kind
        if info.kind != self._kind:
            text = f"this was a {self._kind} and now is a {info.kind}: check the Daisy module"
            raise BoardFault(FaultKind.REFUSED, f"{info.port}: {text}")


class _Connection:
    """A `hardware.keeper.Connection`."""

    def __init__(
        self,
        info: BoardInfo,
        port: SerialPort,
        assembler: BlockAssembler,
        pauses: Pauses,
        monotonic_ns: Callable[[], int],
    ) -> None:
        self.info = info
        self._port = port
        self._assembler = assembler
        self._pauses = pauses
        self._monotonic_ns = monotonic_ns

    @property
    def heard_ns(self) -> int:
        return self._assembler.last_frame_ns

    def begin(self) -> None:
        self._port.write(frames.START_STREAM)
        now_ns, has_daisy = self._monotonic_ns(), self.info.kind == daisy.KIND
        self._assembler.begin_stream(now_ns, has_daisy=has_daisy)
        self._pauses.begin(now_ns)

    def receive(self) -> list[Event]:
        if (doubt := self._assembler.doubt) is not None:
            raise BoardFault(doubt.kind, f"{self.info.port}: {doubt}")
        reads = self._port.read_timed(BATCH_S, self._monotonic_ns)
        for _, stamp_ns in reads or [(b"", self._monotonic_ns())]:
            self._pauses.look(stamp_ns)
        return self._assembler.feed(reads, self._pauses.backlog_until_ns) if reads else []

    def close(self) -> None:
        with suppress(BoardFault):
            self._port.write(frames.STOP_STREAM)
        self._port.close()


def _cyton(port: str, rate_hz: float, aux_mode: AuxMode) -> BoardInfo:
    """Return what is known of a Cyton before it has been asked."""
    return BoardInfo(
        kind="cyton",
        port=port,
        serial="",
        firmware="",
        rate_hz=rate_hz,
        channels=frames.CHANNELS,
        uv_per_count=frames.UV_PER_COUNT,
        rail_counts=frames.RAIL_COUNTS,
        aux_labels=AUX_LAYOUTS[aux_mode].labels,
    )
