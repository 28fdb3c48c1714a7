"""Export as XDF 1.0, which EEGLAB, MNE, MoBILAB and pyxdf read; `<id>.xdf`.

A stream for each person, of microvolts in double precision with a time for every sample: what is
missing is not there, and `can_drop_samples` tells readers to leave the times as they are. Where
only a channel is missing stands NaN. Then `markers` (marks, and both ends of intervals), `words`
(the transcript) and `events` (notes, and what the recorder noticed).

Times are CLOCK_MONOTONIC in seconds, for all streams the same. No library writes XDF. Of the same
session come the same bytes.

Source: the XDF 1.0 specification (github.com/sccn/xdf/wiki/Specifications).
"""

import struct
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from recorder.export.asked import Asked
from recorder.export.beside import beside, file_of
from recorder.open import Native, OpenSession
from recorder.plain_text import shown
from recorder.progress import Progress

FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY, STREAM_FOOTER = range(1, 7)
BOUNDARY_MARK = bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4")
SAMPLES_TOGETHER = 1000
BOUNDARY_EVERY = 100  # chunks; from there a reader of a damaged file resumes
TIME_FOLLOWS = 8  # bytes of a time before each sample

Moment = tuple[int, str]  # t_ns and a text


@dataclass(frozen=True, slots=True)
class Stream:
    """What the header of a stream says."""

    number: int
    name: str
    kind: str
    rate_hz: float
    form: str
    source: str
    described: ET.Element
    channels: int = 1


def export_xdf(session: OpenSession, directory: Path, _: Asked, progress: Progress) -> list[Path]:
    """Write a session as one XDF file.

    `progress` is told as the samples of one person after the other are written.

    Raises:
        ValueError: the session is damaged.
        OSError: the file cannot be written.
    """
    path = file_of(directory, f"{session.id}.xdf")
    with beside(path) as part, part.open("xb") as file:
        file.write(b"XDF:" + _chunk(FILE_HEADER, _xml("info", {"version": "1.0"})))
        people = len(session.roles)
        for place, role in enumerate(session.roles):
            native = session.native(role)
            stream = _eeg(session, role, place + 1)
            for end in _write_samples(file, stream, native):
                progress(place * len(native) + end, people * len(native))
            del native  # before the other one's is read
        for number, (name, moments) in enumerate(_texts(session).items(), people + 1):
            _write_texts(file, _told(session, name, number), moments)
    return [path]


def _eeg(session: OpenSession, role: str, number: int) -> Stream:
    board = session.board(role)
    described = _described(session)
    channels = ET.SubElement(described, "channels")
    for channel in board.channels:
        told = {
            "label": channel.label,
            "unit": "microvolts" if channel.unit == "uV" else channel.unit,
            "type": channel.kind.upper(),
            "reference": channel.reference,
            "microvolts_a_count": repr(channel.scale),
            "delay_s": repr(channel.delay_s),
        }
        _put(ET.SubElement(channels, "channel"), told)
    made = {"model": board.kind, "serial_number": board.serial, "firmware": board.firmware}
    _put(ET.SubElement(described, "acquisition"), made)
    name = f"{role} {session.person(role).code}"
    source = f"antiphon {session.id} {role}"
    rate_hz = board.nominal_rate_hz
    return Stream(number, name, "EEG", rate_hz, "double64", source, described, len(board.channels))


def _told(session: OpenSession, name: str, number: int) -> Stream:
    source = f"antiphon {session.id} {name}"
    return Stream(number, name, "Markers", 0.0, "string", source, _described(session))


def _described(session: OpenSession) -> ET.Element:
    described = ET.Element("desc")
    synchronised = ET.SubElement(described, "synchronization")
    _put(synchronised, {"can_drop_samples": "true", "offset_mean": "0"})
    _put(described, {"clock": session.clock})
    return described


def _texts(session: OpenSession) -> dict[str, list[Moment]]:
    """What happened, in streams of texts in time; those that have any."""
    begins = [(it.begin_ns, f"{it.label} begins") for it in session.intervals]
    ends = [(it.end_ns, f"{it.label} ends") for it in session.intervals]
    found = {
        "markers": [(it.t_ns, it.label) for it in session.marks] + begins + ends,
        "words": [(it.begin_ns, f"{it.speaker}: {it.text}") for it in session.words],
        "events": [(it.t_ns, f"{it.kind}: {it.text}") for it in session.events],
    }
    return {name: sorted(moments) for name, moments in found.items() if moments}


def _write_samples(file: BinaryIO, stream: Stream, native: Native) -> Iterator[int]:
    """Header, samples and footer of a stream; yields how many samples are written."""
    t_s = native.t_ns / 1e9
    file.write(_begin(stream, t_s))
    row = [("bytes", "u1"), ("t_s", "<f8"), ("uv", "<f8", (stream.channels,))]
    for number, begin in enumerate(range(0, len(t_s), SAMPLES_TOGETHER)):
        some = slice(begin, begin + SAMPLES_TOGETHER)
        rows = np.empty(len(t_s[some]), row)
        rows["bytes"], rows["t_s"], rows["uv"] = TIME_FOLLOWS, t_s[some], native.uv_of(some)
        file.write(_chunk(SAMPLES, _number(stream) + _size(len(rows)) + rows.tobytes()))
        if number % BOUNDARY_EVERY == BOUNDARY_EVERY - 1:
            file.write(_chunk(BOUNDARY, BOUNDARY_MARK))
        yield begin + len(rows)
    file.write(_end(stream, t_s))


def _write_texts(file: BinaryIO, stream: Stream, moments: Sequence[Moment]) -> None:
    t_s = np.array([t_ns for t_ns, _ in moments], np.int64) / 1e9
    texts = (text.encode(errors="replace") for _, text in moments)
    rows = [
        struct.pack("<Bd", TIME_FOLLOWS, at_s) + _size(len(text)) + text
        for at_s, text in zip(t_s, texts, strict=True)
    ]
    file.write(_begin(stream, t_s))
    file.write(_chunk(SAMPLES, _number(stream) + _size(len(rows)) + b"".join(rows)))
    file.write(_end(stream, t_s))


def _begin(stream: Stream, t_s: NDArray[np.float64]) -> bytes:
    """The header; and that this stream's clock is the others', where it begins and ends."""
    told = {
        "name": stream.name,
        "type": stream.kind,
        "channel_count": str(stream.channels),
        "nominal_srate": repr(stream.rate_hz),
        "channel_format": stream.form,
        "source_id": stream.source,
        "uid": str(uuid.uuid5(uuid.NAMESPACE_OID, stream.source)),
        "version": "1.1",
        "created_at": "0",
    }
    header = _number(stream) + _xml("info", told, stream.described)
    same = (_number(stream) + struct.pack("<dd", at_s, 0.0) for at_s in t_s[[0, -1][: len(t_s)]])
    return _chunk(STREAM_HEADER, header) + b"".join(_chunk(CLOCK_OFFSET, it) for it in same)


def _end(stream: Stream, t_s: NDArray[np.float64]) -> bytes:
    told = {"sample_count": str(len(t_s))}
    if len(t_s):
        told |= {"first_timestamp": repr(float(t_s[0])), "last_timestamp": repr(float(t_s[-1]))}
    return _chunk(STREAM_FOOTER, _number(stream) + _xml("info", told))


def _number(stream: Stream) -> bytes:
    return struct.pack("<I", stream.number)


def _chunk(tag: int, content: bytes) -> bytes:
    return _size(len(content) + 2) + struct.pack("<H", tag) + content


def _size(n: int) -> bytes:
    """A length, after the number of bytes it takes."""
    return struct.pack("<BB", 1, n) if n < 1 << 8 else struct.pack("<BI", 4, n)


def _xml(root: str, told: dict[str, str], described: ET.Element | None = None) -> bytes:
    element = ET.Element(root)
    _put(element, told)
    if described is not None:
        element.append(described)
    return b'<?xml version="1.0"?>' + ET.tostring(element)


def _put(element: ET.Element, told: dict[str, str]) -> None:
    for key, value in told.items():
        ET.SubElement(element, key).text = shown(value)
