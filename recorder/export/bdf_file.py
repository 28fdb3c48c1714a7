"""One person's samples as a file of BDF+C, 24 bit, by edfio.

Readers differ in how they take what cannot be said exactly in the header's eight characters, so
all of it is exact: the range is symmetric; a record is a binary fraction of a second long, and
begins at one. There is no BDF+D: MNE reads one as if it were continuous. Holes are bridged, and
annotated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recorder.export.beside import beside
from recorder.export.library import library
from recorder.export.track import FULL_COUNTS, Track
from recorder.open import OpenSession
from recorder.open.to_mne import time_of_day

if TYPE_CHECKING:
    import edfio

PADDING = "BAD_padding"
FIELD = 8  # characters of a number in the header
LONGEST_RECORD_S = 60
OFF_SAMPLES = 0.1  # at the end of a file, of its header's rate
TRIES = 50
FIRST_YEAR, LAST_YEAR = 1985, 2084  # of the header's date; others are written as hidden


def require_edfio() -> None:
    """See that the library is there.

    Raises:
        Failure: it is not; it is an extra, boxes have no need of it.
    """
    library("edfio", "edfio", "analysis")


def write_bdf(path: Path, session: OpenSession, track: Track) -> None:
    """Write one person's track.

    Raises:
        ValueError: the rate, or a channel's range, cannot be said in a header.
        OSError: it cannot be written.
    """
    bdf = _bdf(session, track)
    with beside(path) as part:
        bdf.write(part)


def _bdf(session: OpenSession, track: Track) -> "edfio.Bdf":
    """With the first record by which edfio finds all signals of one length.

    It compares sums of its own rounding, which are not always equal after an hour or two.
    """
    refused = f"BDF cannot say {track.rate_hz:g} Hz"
    for record in islice(records_of(track.rate_hz, track.counts.shape[1]), TRIES):
        try:
            return _bdf_of(session, track, record)
        except ValueError as error:
            refused = str(error)  # the error itself would keep all samples
    raise ValueError(refused)


def _bdf_of(session: OpenSession, track: Track, record: "Record") -> "edfio.Bdf":
    import edfio

    begun = _begun(session.utc_ns(track.begin_ns))
    return edfio.Bdf(
        _signals(session, track, record),
        patient=edfio.Patient(code=_subfield(session.person(track.role).code)),
        recording=edfio.Recording(
            startdate=begun.date() if FIRST_YEAR <= begun.year <= LAST_YEAR else None,
            equipment_code=_subfield(session.board(track.role).kind),
        ),
        starttime=begun.time(),
        data_record_duration=record.s,
        annotations=_annotations(track, track.counts.shape[1], record),
    )


@dataclass(frozen=True, slots=True)
class Record:
    """What a file is made of: so many samples in so many seconds."""

    n: int
    s: float

    @property
    def rate_hz(self) -> float:
        """As readers compute it from the header."""
        return self.n / self.s

    def padded(self, n: int) -> int:
        """How many samples fill whole records."""
        return -(-n // self.n) * self.n


def records_of(rate_hz: float, n: int) -> Iterator[Record]:
    """Records by which n samples end where they should, the shortest first; then the others."""
    lengths_s = _lengths_s()
    samples = np.rint(lengths_s * rate_hz)
    off = np.abs(samples / (lengths_s * rate_hz) - 1) * n
    order = np.argsort(np.where(off <= OFF_SAMPLES, 0.0, off), kind="stable")
    for place in order[samples[order] >= 1].tolist():
        yield Record(int(samples[place]), float(lengths_s[place]))


@lru_cache(maxsize=1)
def _lengths_s() -> NDArray[np.float64]:
    """Seconds, exact in binary and in a header, so that no sum of them goes astray."""
    parts = ((k / q) for q in (64, 32, 16) for k in range(q, LONGEST_RECORD_S * q + 1))
    return np.array(sorted({s for s in parts if len(str(s)) <= FIELD}))


def _begun(utc_ns: int) -> datetime:
    """To a 64th of a second: EDFlib refuses a file of which the records' times do not add up."""
    part_ns = 10**9 // 64
    return time_of_day(round(utc_ns / part_ns) * part_ns)


def _signals(session: OpenSession, track: Track, record: Record) -> list["edfio.BdfSignal"]:
    import edfio

    n = track.counts.shape[1]
    found = []
    for channel, counts in zip(session.channels(track.role), track.counts, strict=True):
        limit = float(_in_field(FULL_COUNTS * channel.scale))
        padding = np.full(record.padded(n) - n, counts[-1], np.int32)
        found.append(
            edfio.BdfSignal.from_digital(
                np.concatenate([counts, padding]),
                record.rate_hz,
                label=_ascii(channel.label, 16),
                physical_dimension=_ascii(channel.unit, FIELD),
                physical_range=(-limit, limit),
                digital_range=(-FULL_COUNTS, FULL_COUNTS),
                prefiltering="none",
            )
        )
    return found


def _annotations(track: Track, n: int, record: Record) -> list["edfio.EdfAnnotation"]:
    import edfio

    stretched = track.rate_hz / record.rate_hz
    told = [
        (it.onset_s * stretched, it.length_s * stretched, _plain(it.text))
        for it in track.annotations
    ]
    if padding := record.padded(n) - n:
        told.append((n / record.rate_hz, padding / record.rate_hz, PADDING))
    return [
        edfio.EdfAnnotation(round(onset_s, 6), round(length_s, 6) or None, text)
        for onset_s, length_s, text in told
    ]


def _in_field(value: float) -> str:
    """A number, and its negative, in the header's eight characters; as exact as they allow.

    Raises:
        ValueError: it is too large or too small.
    """
    for digits in range(FIELD, -1, -1):
        text = f"{value:.{digits}f}"
        if len(text) < FIELD:
            break
    if len(text) >= FIELD or not float(text) > 0:
        raise ValueError(f"BDF cannot say a range of {value:g}")
    return text


def _subfield(text: str) -> str:
    """A word of the header, which has no spaces; X where there is none."""
    return "_".join(_ascii(text, 40).split()) or "X"


def _ascii(text: str, most: int) -> str:
    kept = text.replace("µ", "u").encode("ascii", "replace").decode()
    return "".join(it if it.isprintable() else " " for it in kept)[:most]


def _plain(text: str) -> str:
    """Without the characters that part one annotation from the next."""
    return "".join(it if it >= " " else " " for it in text) or " "
