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
from hardware.cyton.aux_mode import AuxLayout, AuxMode
from hardware.cyton.followed import FollowedPort
from hardware.cyton.opening import Opening, ReadyBoard
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
            aux_mode: what the board is to put into the aux bytes of each packet.
            serial: of the dongle, where that is known: it is found wherever it is plugged in.
        """
        closing = threading.Event()
        assembler = BlockAssembler(rate_hz, first_segment)
        plain, dongle = _cyton(port, rate_hz), FollowedPort(port, serial)
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
        self._was: BoardInfo | None = None  # when it was opened first
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
            opening = Opening(port, path, self._monotonic_ns, self._aux_mode, port.set_baud)
            ready, channel = opening.run(), opening.radio_channel()
            self._dongle.learn(path)
            info = self._described(path, ready, channel)
            self._refuse_another_kind(info)
            undo.pop_all()
        return _Connection(info, port, ready.aux, self._assembler, self._pauses, self._monotonic_ns)

    def end(self, cause: GapCause) -> list[Event]:
        return self._assembler.end_stream(cause)

    def _described(self, path: str, ready: ReadyBoard, channel: int | None) -> BoardInfo:
        info = replace(
            self._plain,
            port=path,
            serial=serial_number(path),
            place=self._dongle.place,
            firmware=ready.firmware,
            uv_per_count=ready.uv_per_count,
            aux_labels=ready.aux.labels,
            shortcomings=ready.shortcomings,
            radio_channel=channel,
        )
        return daisy.with_daisy(info) if ready.has_daisy else info

    def _refuse_another_kind(self, info: BoardInfo) -> None:
        """Refuse a board that came back as one whose samples mean something else."""
        self._was = was = self._was or info
        text = ""
        if info.kind != was.kind:
            text = f"this was a {was.kind} and now is a {info.kind}: check the Daisy module"
        elif (info.uv_per_count, info.aux_labels) != (was.uv_per_count, was.aux_labels):
            named = f"firmware {was.firmware or '1'} and now has {info.firmware or '1'}"
            text = f"this board had {named}, or another gain: it is not the same board"
        if text:
            raise BoardFault(FaultKind.REFUSED, f"{info.port}: {text}")


class _Connection:
    """A `hardware.keeper.Connection`."""

    def __init__(
        self,
        info: BoardInfo,
        port: SerialPort,
        aux: AuxLayout,
        assembler: BlockAssembler,
        pauses: Pauses,
        monotonic_ns: Callable[[], int],
    ) -> None:
        self.info = info
        self._port = port
        self._aux = aux
        self._assembler = assembler
        self._pauses = pauses
        self._monotonic_ns = monotonic_ns

    @property
    def heard_ns(self) -> int:
        return self._assembler.last_frame_ns

    def begin(self) -> None:
        self._port.write(frames.START_STREAM)
        now_ns, has_daisy = self._monotonic_ns(), self.info.kind == daisy.KIND
        self._assembler.begin_stream(now_ns, has_daisy=has_daisy, aux=self._aux)
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


def _cyton(port: str, rate_hz: float) -> BoardInfo:
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
        aux_labels=(),
    )
