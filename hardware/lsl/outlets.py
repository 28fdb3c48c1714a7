"""A session as LSL streams, for other programs: the EEG of both people, measures, markers.

    antiphon patient      EEG       float32, microvolts; rate: nominal; a stamp for each sample
    antiphon therapist    EEG
    antiphon measures     Measures  double64, irregular; a channel a series; NaN: no value
    antiphon markers      Markers   string, irregular

Stamps are the fitted times of the samples, on LSL's clock. Samples that are missing are not sent,
which `desc/synchronization/can_drop_samples` says, so that pyxdf (1.17.4 or later) leaves their
stamps alone. A sample that came late is not sent either: LSL has only one order.

What LSL sends is not encrypted. Unless `lan` is set, nothing leaves this machine. liblsl listens on
all addresses, whatever its configuration says: that governs only where it looks for streams and
announces them. Who knows the port (16572, the same everywhere) could read raw EEG from the ward's
network. A socket bound to the device `lo` hears nothing from there; Linux allows anybody to bind
one since 5.7.
"""

import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Block, BoardFault, BoardInfo, FaultKind
from hardware.lsl.description import OWN_SOURCE
from hardware.lsl.library import LOOPBACK, LslSettings, clock_offset_ns, load

CHUNK_S = 0.1
BUFFER_S = 60  # what is kept for a program that does not fetch it

_OWN_FILES = Path("/proc/self/fd")
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_Chunk = list[tuple[NDArray[np.float32], NDArray[np.float64]]]  # microvolts, stamps


@dataclass(frozen=True, slots=True)
class OutletPerson:
    """One person's stream: role, what the channels are, against what, and the board."""

    role: str
    labels: tuple[str, ...]
    reference: str
    info: BoardInfo


@dataclass(frozen=True, slots=True)
class OutletSeries:
    """One channel of the stream of measures; a value is stamped with the end of its window."""

    label: str
    window_s: float


class Outlets:
    """The outlets of one session. One thread calls it; nothing waits for a receiver."""

    def __init__(
        self,
        session_id: str,
        people: Sequence[OutletPerson],
        series: Sequence[OutletSeries],
        *,
        settings: LslSettings = LOOPBACK,
    ) -> None:
        """Make the streams known.

        Args:
            session_id: becomes part of each `source_id`.
            people: whose EEG is sent, in the order of `push_block`'s `person`.
            series: the channels of the measures, in the order of `push_measures`' `values`; without
                any there is no such stream.
            settings: how LSL is used in this process.

        Raises:
            BoardFault: LSL cannot be used, or not be kept on this machine.
        """
        self._pylsl = load(settings)
        self._settings = settings
        self._people = tuple(people)
        self._offset_ns = clock_offset_ns(self._pylsl)
        self._source = f"{OWN_SOURCE}{session_id}-"
        self._chunks: list[_Chunk] = [[] for _ in people]
        self._eegs = [self._serve(self._eeg(person)) for person in people]
        self._measures = self._serve(self._described(series)) if series else None
        self._markers = self._serve(self._stream("markers", "Markers", 1, 0.0, "string"))

    def push_block(self, person: int, block: Block, t_ns: NDArray[np.int64]) -> None:
        """Send samples of one person; every 100 ms they go out.

        Args:
            person: index in `people`.
            block: of that person's board; one that is `late` is not sent.
            t_ns: (n,) CLOCK_MONOTONIC of its samples, as fitted.
        """
        if block.late:
            return
        wearer, chunk = self._people[person], self._chunks[person]
        counts = block.counts[:, : len(wearer.labels)]
        uv = (counts * wearer.info.uv_per_count).astype(np.float32)
        uv[counts == MISSING_COUNT] = np.nan
        chunk.append((uv, (t_ns - self._offset_ns) / 1e9))
        if sum(len(uv) for uv, _ in chunk) >= CHUNK_S * wearer.info.rate_hz:
            self._send(person)

    def push_measures(self, t_ns: int, values: NDArray[np.float64]) -> None:
        """Send one value of each series, (series,); `t_ns` is where their windows end."""
        if self._measures is not None:
            self._measures.push_sample(values.tolist(), (t_ns - self._offset_ns) / 1e9)

    def push_marker(self, t_ns: int, label: str) -> None:
        """Send a marker; `t_ns` is CLOCK_MONOTONIC of what it marks."""
        self._markers.push_sample([label], (t_ns - self._offset_ns) / 1e9)

    def close(self) -> None:
        """Send what waits for its chunk, and take the streams away."""
        for person, _ in enumerate(self._eegs):
            self._send(person)
        self._eegs = []
        self._measures = self._markers = None

    def _send(self, person: int) -> None:
        chunk, self._chunks[person] = self._chunks[person], []
        if chunk:
            uv = np.concatenate([uv for uv, _ in chunk])
            stamps_s = np.concatenate([stamps_s for _, stamps_s in chunk])
            self._eegs[person].push_chunk(uv, stamps_s.tolist())

    def _serve(self, info: Any) -> Any:
        """Make an outlet; it and the sockets behind it stay where they belong."""
        confined = nullcontext() if self._settings.lan else loopback_only()
        try:
            with confined:
                outlet = self._pylsl.StreamOutlet(info, max_buffered=BUFFER_S)
        except OSError as error:
            text = f"LSL cannot be kept on this machine ({error}): set lan = true, or leave LSL off"
            raise BoardFault(FaultKind.DENIED, text) from error
        if outlet.get_info().session_id() != self._settings.session_id:
            raise BoardFault(
                FaultKind.REFUSED, "liblsl has another configuration than it was given"
            )
        return outlet

    def _eeg(self, person: OutletPerson) -> Any:
        info = self._stream(person.role, "EEG", len(person.labels), person.info.rate_hz, "float32")
        about = info.desc()
        _add_channels(
            about, [{"label": it, "unit": "microvolts", "type": "EEG"} for it in person.labels]
        )
        about.append_child("reference").append_child_value("label", person.reference)
        about.append_child("synchronization").append_child_value("can_drop_samples", "true")
        made_by = about.append_child("acquisition")
        made_by.append_child_value("model", person.info.kind)
        made_by.append_child_value("serial_number", person.info.serial)
        return info

    def _described(self, series: Sequence[OutletSeries]) -> Any:
        info = self._stream("measures", "Measures", len(series), 0.0, "double64")
        said = [{"label": it.label, "window_s": f"{it.window_s:g}"} for it in series]
        _add_channels(info.desc(), said)
        info.desc().append_child_value("stamp", "end of the window")
        return info

    def _stream(self, name: str, kind: str, channels: int, rate_hz: float, form: str) -> Any:
        return self._pylsl.StreamInfo(
            f"antiphon {name}", kind, channels, rate_hz, form, f"{self._source}{name}"
        )


def _add_channels(about: Any, channels: list[dict[str, str]]) -> None:
    listed = about.append_child("channels")
    for channel in channels:
        element = listed.append_child("channel")
        for key, value in channel.items():
            element.append_child_value(key, value)


@contextmanager
def loopback_only() -> Iterator[None]:
    """Confine to this machine all internet sockets that are made within, by whatever library.

    Raises:
        OSError: the kernel does not allow it.
    """
    before = set(_sockets())
    yield
    for inode, number in _sockets().items():
        if inode not in before:
            _confine(number)


def _sockets() -> dict[int, int]:
    """This process's sockets, by inode: file descriptors are used again."""
    found = {}
    for entry in _OWN_FILES.iterdir():
        try:
            status = os.fstat(int(entry.name))
        except OSError:  # the listing's own, or closed by another thread
            continue
        if stat.S_ISSOCK(status.st_mode):
            found[status.st_ino] = int(entry.name)
    return found


def _confine(number: int) -> None:
    with socket.socket(fileno=os.dup(number)) as same:
        if same.family in _INTERNET:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
