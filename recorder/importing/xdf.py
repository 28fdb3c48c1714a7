"""XDF files, of LabRecorder or of `export --to xdf`, by pyxdf.

Streams of the type EEG are boards; clock offsets between computers are taken out, as their writer
measured them. Stamps stay as they are: a stream that says `can_drop_samples`, or whose stamps are
as even as a crystal, has each sample's own time. Streams of texts are marks.
"""

import gzip
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import RAIL_COUNTS
from hardware.lsl.description import Channel
from hardware.recordings.placing import Loss
from recorder.export.library import library
from recorder.importing.brought import Brought, Noted, Stretch
from recorder.importing.channels import distinct, kind_named, label_of
from recorder.importing.complaints import heard
from recorder.importing.counts import are_counts, counts_of, finest_for

FORM: Final = "XDF"
EEG: Final = ("eeg", "exg")
GZIP_MAGIC: Final = b"\x1f\x8b"
OWN_TEXTS: Final = ("events", "words")  # of our own export: no marks
PAUSE_S: Final = 60.0
NEAR: Final = 0.2  # of a period: so even are stamps of samples
EVEN: Final = 0.5  # of the steps: the others may be losses
HOLE_S: Final = 0.5
# How well LSL puts two computers on one clock, as its makers measured it.
LSL_SIGMA_S: Final = 1e-3


def bring_xdf(path: Path) -> list[Brought]:
    """Each EEG stream of a file.

    Raises:
        Failure: pyxdf is missing.
        ValueError: it is no XDF file, damaged, or without EEG.
    """
    pyxdf = library("pyxdf", "pyxdf", "analysis")
    try:
        with (
            heard("pyxdf") as complaints,
            gzip.open(path) if _is_packed(path) else path.open("rb") as file,
        ):
            streams, _ = pyxdf.load_xdf(
                file, synchronize_clocks=True, dejitter_timestamps=False, verbose=False
            )
    except Exception as error:  # it raises what its bytes make it raise
        raise ValueError(f"no XDF that pyxdf can read: {' '.join(str(error).split())}") from error
    found = [it for it in streams if _one(it["info"], "type").lower() in EEG and _has_samples(it)]
    if not found:
        types = ", ".join(sorted({_one(it["info"], "type") or "?" for it in streams})) or "none"
        raise ValueError(f"no stream of EEG in it; its streams are of the types {types}")
    notes = tuple(note for it in streams for note in _notes(it))
    return [_brought(stream, notes, [*complaints, *_incomplete(stream)]) for stream in found]


def _incomplete(stream: dict[str, Any]) -> list[str]:
    """Whether its end says that there were other samples than these."""
    footer = ((stream.get("footer") or {}).get("info")) or {}
    stated, there = _one(footer, "sample_count"), len(stream["time_stamps"])
    if not stated:
        return ["its end is missing: the file was cut"]
    return [f"it had {stated} samples, and {there} are there"] if int(stated) != there else []


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def _has_samples(stream: dict[str, Any]) -> bool:
    return len(stream["time_stamps"]) > 1 and np.ndim(stream["time_series"]) == 2


def _brought(stream: dict[str, Any], notes: tuple[Noted, ...], complaints: list[str]) -> Brought:
    info = stream["info"]
    described = _described(info, np.shape(stream["time_series"])[1])
    rate_hz = float(_one(info, "nominal_srate") or 0) or _rate_hz(stream["time_stamps"])
    uv = np.asarray(stream["time_series"], np.float64) * [it["uv"] for it in described]
    stamp_ns, order = _stamps_ns(stream["time_stamps"])
    uv_per_count, provenance = _scale(uv, described)
    stretches = _stretches(uv[order], stamp_ns[order], rate_hz, uv_per_count)
    names = [label_of(it["label"]) for it in described]
    return Brought(
        _one(info, "name"),
        FORM,
        f"lsl:{_one(info, 'name')}"[:100],
        provenance,
        rate_hz,
        uv_per_count,
        RAIL_COUNTS,
        distinct([label for label, _, _ in names]),
        tuple(
            kind or kind_named(it["type"])
            for (_, kind, _), it in zip(names, described, strict=True)
        ),
        tuple(it["reference"] or named for it, (_, _, named) in zip(described, names, strict=True)),
        tuple(it["delay_s"] for it in described),
        stretches,
        "own",
        "exact",
        start_sigma_s=LSL_SIGMA_S,
        notes=notes,
        told=tuple(complaints),
    )


def _described(info: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Label, type, reference, microvolts a unit, counts and delay of each channel."""
    desc = (info.get("desc") or [None])[0] or {}
    channels = ((desc.get("channels") or [None])[0] or {}).get("channel") or []
    channels = [*channels, *[{}] * count][:count]
    return [
        {
            "label": _one(it, "label") or f"EXG{number}",
            "type": _one(it, "type") or "EEG",
            "reference": _one(it, "reference"),
            "uv": Channel(_one(it, "label"), _one(it, "unit"), "").uv_per_unit,
            "uv_per_count": float(_one(it, "microvolts_a_count") or 0),
            "delay_s": float(_one(it, "delay_s") or 0),
        }
        for number, it in enumerate(channels, start=1)
    ]


def _scale(uv: NDArray[np.float64], described: list[dict[str, Any]]) -> tuple[float, str]:
    """What a count is worth, and what the values are; a board's own where the stream tells it."""
    [told, *others] = {it["uv_per_count"] for it in described}
    if told > 0 and not others and are_counts(uv, told):
        return told, "counts"
    return finest_for(uv), "float"


def _stamps_ns(stamp_s: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """To the nanosecond, and the order of time; a stamp that is none is left out."""
    stamp_s = np.asarray(stamp_s, np.float64)
    known = np.isfinite(stamp_s)
    whole = np.floor(np.where(known, stamp_s, 0.0))
    part_ns = np.rint((np.where(known, stamp_s, 0.0) - whole) * 1e9)
    stamp_ns = whole.astype(np.int64) * 10**9 + part_ns.astype(np.int64)
    order = np.argsort(stamp_ns, kind="stable")
    order = order[known[order]]
    distinct_ones = np.append(True, np.diff(stamp_ns[order]) > 0)
    return stamp_ns, order[distinct_ones]


def _rate_hz(stamp_s: NDArray[np.float64]) -> float:
    """Of a stream that states none."""
    step_s = float(np.median(np.diff(stamp_s)))
    if not 0 < step_s < 1:
        raise ValueError("a stream of EEG that states no rate, and whose stamps tell none")
    return round(1 / step_s, 2)


def _stretches(
    uv: NDArray[np.float64], stamp_ns: NDArray[np.int64], rate_hz: float, uv_per_count: float
) -> tuple[Stretch, ...]:
    """Parted at pauses; what is missing in between is counted by the stamps."""
    has_any = ~np.isnan(uv).all(axis=1)
    uv, stamp_ns = uv[has_any], stamp_ns[has_any]
    pauses = np.flatnonzero(np.diff(stamp_ns) > PAUSE_S * 1e9) + 1
    counts = counts_of(uv, uv_per_count)
    return tuple(
        _stretch(some, ns, rate_hz)
        for some, ns in zip(np.split(counts, pauses), np.split(stamp_ns, pauses), strict=True)
        if len(ns)
    )


def _stretch(counts: NDArray[np.int32], stamp_ns: NDArray[np.int64], rate_hz: float) -> Stretch:
    steps = _steps(np.diff(stamp_ns).astype(np.float64), 1e9 / rate_hz)
    index = np.concatenate([np.zeros(1, np.int64), np.cumsum(steps)])
    jumps = np.flatnonzero(steps > 1).tolist()
    losses = tuple(Loss(int(index[at]) + 1, int(steps[at]) - 1, unread=False) for at in jumps)
    aux = np.empty((len(index), 0), np.int32)
    return Stretch(index, counts, aux, stamp_ns, int(stamp_ns[0]), losses)


def _steps(apart_ns: NDArray[np.float64], period_ns: float) -> NDArray[np.int64]:
    """By how many samples each is behind the one before."""
    near = apart_ns[np.abs(apart_ns / period_ns - 1) <= NEAR]
    own_ns = float(near.mean()) if len(near) else period_ns  # as the board's crystal has it
    ratio = apart_ns / own_ns
    whole = np.maximum(1, np.rint(ratio)).astype(np.int64)
    if len(near) >= EVEN * len(apart_ns):
        return whole
    # stamps that come in bursts tell of long holes only
    return np.where(apart_ns >= HOLE_S * 1e9, whole, 1)


def _notes(stream: dict[str, Any]) -> list[Noted]:
    """Of a stream of texts."""
    info = stream["info"]
    is_own = _one(info, "source_id").startswith("antiphon ")
    if _one(info, "channel_format") != "string" or (is_own and _one(info, "name") in OWN_TEXTS):
        return []
    stamp_ns, order = _stamps_ns(stream["time_stamps"])
    texts = [str(it[0]) for it in stream["time_series"]]
    return [Noted(int(stamp_ns[at]), int(stamp_ns[at]), texts[at]) for at in order.tolist()]


def _one(element: dict[str, Any], key: str) -> str:
    """The text of a child; pyxdf makes a list of each, and None of an empty one."""
    found = (element.get(key) or [None])[0]
    return found.strip() if isinstance(found, str) else ""
