"""EDF, EDF+, BDF and BDF+ files, by edfio: a person's digits as they are.

A digit of a file is a count of the session where all its channels of EEG have one scale, as those
of an amplifier do; the scale's offset is rounded to whole ones. What is appended to fill the
last record (BAD_padding) is no sample. Times are those of the header, perhaps of whole seconds.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from hardware.lsl.description import Channel
from recorder.export.bdf_file import PADDING
from recorder.export.library import library
from recorder.importing.brought import Brought, FileClock, Noted, Stretch
from recorder.importing.channels import distinct, label_of
from recorder.importing.complaints import heard
from recorder.importing.counts import counts_of, finest_for

if TYPE_CHECKING:
    import edfio

BDF_MAGIC: Final = b"\xffBIOSEMI"
EDF_MAGIC: Final = b"0       "
SAME_SCALE: Final = 1e-7
WHOLE_SECONDS_SIGMA_S: Final = 1 / np.sqrt(12)
NEARLY_HALF: Final = 0.499  # half a digit, which most scales are off, is none


def bring_edf(path: Path) -> list[Brought]:
    """The one person of a file.

    Raises:
        Failure: edfio is missing.
        ValueError: it is none of these files, is one with pauses in it, or holds no voltage.
    """
    with heard("edfio") as complaints:
        found = _opened(path)
    return [_brought(found, complaints, "BDF" if _is_bdf(path) else "EDF")]


def _brought(found: "edfio.Edf | edfio.Bdf", complaints: list[str], form: str) -> Brought:
    signals, left = _voltages(found.signals)
    rails = [max(abs(it.digital_min), abs(it.digital_max)) for it in signals]
    counts, uv_per_count, provenance = _counts(signals)
    padding_s = [it.onset for it in found.annotations if it.text == PADDING]
    rate_hz = float(signals[0].sampling_frequency)
    if padding_s:
        counts = counts[: round(padding_s[0] * rate_hz)]
    names = [label_of(it.label) for it in signals]
    clock, begin_ns, sigma_s = _start(found)
    index = np.arange(len(counts), dtype=np.int64)
    aux = np.empty((len(counts), 0), np.int32)
    return Brought(
        "",
        form,
        form.lower(),
        provenance,
        rate_hz,
        uv_per_count,
        int(max(rails)) if provenance == "counts" else 2**23 - 1,
        distinct([label for label, _, _ in names]),
        tuple(kind or "eeg" for _, kind, _ in names),
        tuple(reference for _, _, reference in names),
        (0.0,) * len(signals),
        (Stretch(index, counts, aux, None, begin_ns),),
        clock,
        "exact",
        start_sigma_s=sigma_s,
        notes=tuple(_notes(found, begin_ns)),
        told=(*complaints, *left),
    )


def _is_bdf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(BDF_MAGIC)) == BDF_MAGIC


def _opened(path: Path) -> "edfio.Edf | edfio.Bdf":
    reading = library("edfio", "edfio", "analysis")
    read = reading.read_bdf if _is_bdf(path) else reading.read_edf
    try:
        found: edfio.Edf | edfio.Bdf = read(str(path), header_encoding="latin-1")
        is_whole = bool(found.is_continuous)
        samples = [len(it.digital) for it in found.signals]
    except Exception as error:  # it raises what damaged bytes make it raise
        text = " ".join(str(error).split())
        raise ValueError(f"no EDF or BDF file that edfio can read: {text}") from error
    if not is_whole:
        raise ValueError("EDF+D or BDF+D, with pauses in it: export it as EDF+C, a file a stretch")
    if not samples or not max(samples):
        raise ValueError("no samples in it")
    return found


def _voltages(signals: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """The signals in volts that have the rate most of them have; what is left out, in words."""
    volts = [it for it in signals if _uv_per_unit(it) is not None]
    if not volts:
        units = ", ".join(sorted({it.physical_dimension or "none" for it in signals}))
        raise ValueError(f"no channel in volts; its units are {units}")
    rates = [float(it.sampling_frequency) for it in volts]
    rate_hz = max(set(rates), key=lambda it: (rates.count(it), it))
    kept = [it for it, own in zip(volts, rates, strict=True) if own == rate_hz]
    left = [it.label.strip() for it in signals if not any(it is one for one in kept)]
    return kept, [f"left out, of another unit or rate: {', '.join(left)}"] if left else []


def _uv_per_unit(signal: Any) -> float | None:
    unit = signal.physical_dimension.strip()
    try:
        return Channel(signal.label, unit, "").uv_per_unit if unit else None
    except ValueError:
        return None


def _counts(signals: Sequence[Any]) -> tuple[NDArray[np.int32], float, str]:
    """(n, channels), microvolts a count, and what they are."""
    scales = [_scale(it) for it in signals]
    worth = [uv for uv, _ in scales]
    digits = np.stack([np.asarray(it.digital, np.int64) for it in signals], axis=1)
    offsets = np.array([offset for _, offset in scales])
    if max(worth) / min(worth) - 1 <= SAME_SCALE:
        whole = np.trunc(offsets + np.copysign(NEARLY_HALF, offsets))
        return (digits + whole.astype(np.int64)).astype(np.int32), worth[0], "counts"
    uv = (digits + offsets) * np.array(worth)
    uv_per_count = finest_for(uv)
    return counts_of(uv, uv_per_count), uv_per_count, "float"


def _scale(signal: Any) -> tuple[float, float]:
    """Microvolts a digit, and the digits by which 0 is off."""
    low, high = signal.digital_min, signal.digital_max
    unit = _uv_per_unit(signal) or 1.0
    uv_per_digit = (signal.physical_max - signal.physical_min) * unit / (high - low)
    if not uv_per_digit > 0:
        raise ValueError(f"channel {signal.label.strip()}: a range from high to low")
    return uv_per_digit, signal.physical_min * unit / uv_per_digit - low


def _start(found: "edfio.Edf | edfio.Bdf") -> tuple[FileClock, int, float]:
    """By which clock, when on it, and how well that is known."""
    at = found.starttime
    sigma_s = 0.0 if at.microsecond else float(WHOLE_SECONDS_SIGMA_S)
    try:
        day: date | None = found.startdate
    except ValueError:  # left out, so that nobody is known by it
        day = None
    since = datetime.combine(day or date(1970, 1, 1), at, UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    whole_s = since.days * 86_400 + since.seconds
    begin_ns = whole_s * 10**9 + since.microseconds * 1000
    return ("day" if day is None else "utc"), begin_ns, sigma_s


def _notes(found: "edfio.Edf | edfio.Bdf", begin_ns: int) -> list[Noted]:
    notes = []
    for it in found.annotations:
        if it.text and it.text != PADDING:
            onset_ns = begin_ns + round(it.onset * 1e9)
            notes.append(Noted(onset_ns, onset_ns + round((it.duration or 0.0) * 1e9), it.text))
    return notes
