"""A Cyton on a serial port, with or without a Daisy, kept streaming by `hardware.keeper`.

A thread takes what has come ten times a second (hardware/rest.py), stamps each read at once, and
makes blocks and gaps of it five times a second.
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
from hardware.rest import RestingReader, is_halfway

QUEUE_S = 150.0  # what a stalled reader of the queue may cost before samples are dropped


class CytonBoard(KeptBoard):
    """A Cyton behind its dongle; whether it has a Daisy shows when it is opened."""

    def __init__(
        self,
        port: str,
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        first_segment: int = 0,
        aux_mode: AuxMode = AuxMode.DIGITAL,
        serial: str = "",
        turn: int = 0,
    ) -> None:
        """Name the board; nothing is touched yet.

        Args:
            port: path of the serial port.
            monotonic_ns: the clock that stamps arrivals.
            first_segment: number of the first segment, when an earlier run left off before it.
            aux_mode: what the board is to put into the aux bytes of each packet.
            serial: of the dongle, where that is known: it is found wherever it is plugged in.
            turn: of its reader among those of all boards (hardware/rest.py).
        """
        closing = threading.Event()
        assembler = BlockAssembler(frames.RATE_HZ, first_segment)
        dongle = FollowedPort(port, serial)
        stream = _Stream(dongle, aux_mode, assembler, closing, monotonic_ns, turn)
        super().__init__(stream, closing, monotonic_ns, capacity=int(QUEUE_S * frames.RATE_HZ))


class _Stream:
    """A `hardware.keeper.Stream`."""

    def __init__(
        self,
        dongle: FollowedPort,
        aux_mode: AuxMode,
        assembler: BlockAssembler,
        closing: threading.Event,
        monotonic_ns: Callable[[], int],
        turn: int,
    ) -> None:
        self.name = dongle.path
        self._dongle = dongle
        self._plain = _cyton(dongle.path)  # what the board is if it has no Daisy
        self._aux_mode = aux_mode
        self._assembler = assembler
        self._closing = closing
        self._monotonic_ns = monotonic_ns
        self._turn = turn
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
        counted = self._assembler.tally
        return counted._replace(paused_s=pauses.lasted_s, pause_end_ns=pauses.end_ns)

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
        reader = RestingReader(port, frames.FRAME_BYTES, self._monotonic_ns, turn=self._turn)
        return _Connection(info, port, reader, ready.aux, self._assembler, self._pauses)

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
        reader: RestingReader,
        aux: AuxLayout,
        assembler: BlockAssembler,
        pauses: Pauses,
    ) -> None:
        self.info = info
        self._port = port
        self._reader = reader
        self._aux = aux
        self._assembler = assembler
        self._pauses = pauses

    @property
    def heard_ns(self) -> int:
        return self._assembler.last_frame_ns

    def begin(self) -> None:
        self._port.write(frames.START_STREAM)
        now_ns, has_daisy = self._reader.monotonic_ns(), self.info.kind == daisy.KIND
        self._assembler.begin_stream(now_ns, has_daisy=has_daisy, aux=self._aux)
        self._pauses.begin(now_ns)

    def receive(self) -> list[Event]:
        if (doubt := self._assembler.doubt) is not None:
            raise BoardFault(doubt.kind, f"{self.info.port}: {doubt}")
        reads = self._reader.read(self._assembler.missing_bytes)
        waited_until_ns = self._pauses.backlog_until_ns
        for _, stamp_ns in reads or [(b"", self._reader.monotonic_ns())]:
            self._pauses.look(stamp_ns)
        until_ns, events = self._pauses.backlog_until_ns, list[Event]()
        if until_ns != waited_until_ns:  # what came before the pause did not wait
            events = self._assembler.feed([], waited_until_ns)
        elif reads and is_halfway(reads[-1][1]) and not self._assembler.holds:
            self._assembler.hold(reads)
            return []
        return events + self._assembler.feed(reads, until_ns)

    def close(self) -> None:
        with suppress(BoardFault):
            self._port.write(frames.STOP_STREAM)
        self._port.close()


def _cyton(port: str) -> BoardInfo:
    """Return what is known of a Cyton before it has been asked."""
    return BoardInfo(
        kind="cyton",
        port=port,
        serial="",
        firmware="",
        rate_hz=frames.RATE_HZ,
        channels=frames.CHANNELS,
        uv_per_count=frames.UV_PER_COUNT,
        rail_counts=frames.RAIL_COUNTS,
        aux_labels=(),
    )
