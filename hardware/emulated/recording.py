"""Recordings that others made, read as they are: labels, counters and microvolts.

Accepted are

    OpenBCI GUI text   lines that begin with %, then in versions 5 and 6 a line of column names,
                       then rows parted by commas: sample index, channels, ...; numbers may have
                       decimal commas where a space follows the commas between columns
    BrainFlow, csv     24 columns without names, parted by tabs (BrainFlow's file streamer) or by
    and brainHat       commas: sample counter, 8 channels (uV), 3 accelerometer, 7 other, 3 analog,
                       time stamp, marker or formatted time; with a Daisy 32, for it has 16 channels
    npz                `x_uV` (persons, channels, n) or (channels, n) and `fs`; channel names in
                       `ch_names`, `ch_names_assumed` or nowhere

A row of a Cyton + Daisy is one sample of 16 channels, 125 Hz; where its counter is that of the even
packet of its two, it steps by 2. The last line may be torn, as a power cut leaves it.
"""

import codecs
import re
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.cyton import daisy
from hardware.cyton.frames import CHANNELS, COUNTER_MODULUS, RATE_HZ

ACCEPTED = (
    "accepted are OpenBCI GUI text files, BrainFlow and brainHat csv files of a Cyton with or"
    " without a Daisy, and npz files with x_uV and fs"
)
_TOP_CHANNELS = daisy.CHANNELS
_LABELS = tuple(f"EXG{number}" for number in range(1, _TOP_CHANNELS + 1))
_SD_CARD = re.compile(r"[0-9A-F]{2}(,[0-9A-F]{6}){8}")  # a card's counter and channels
# GUIs before version 4 do not state it: index, channels, 3 accelerometer, perhaps a time stamp
_OLD_GUI: dict[int, float] = {12: CHANNELS, 13: CHANNELS, 20: daisy.CHANNELS, 21: daisy.CHANNELS}
_BRAINFLOW = {24: (CHANNELS, RATE_HZ), 32: (daisy.CHANNELS, RATE_HZ / 2)}  # by number of columns
# What numpy and zipfile raise on damaged files: in an npz they seek to negative places (OSError),
# read odd headers (SyntaxError, TokenError) or are to take gigabytes (MemoryError).
_DAMAGE = (
    *(ValueError, KeyError, EOFError, OSError, SyntaxError, OverflowError, MemoryError),
    *(RuntimeError, TypeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What a file holds.

    Attributes:
        labels: one per channel.
        rate_hz: as the file states it.
        counters: (n,) int64, of samples, unwrapped, 0 for the first row, with the losses and in the
            order of the file; None where the file has no counters.
        uv: (persons, n, channels) microvolts.
    """

    labels: tuple[str, ...]
    rate_hz: float
    counters: NDArray[np.int64] | None
    uv: NDArray[np.float64]


def read_recording(path: Path) -> Recording:
    """Read a recording.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a recording that can be replayed; the text says what is.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; {ACCEPTED}")
    try:
        recording = _read_npz(path) if path.suffix == ".npz" else _read_text(path)
        if not 0 < recording.rate_hz < np.inf:
            raise ValueError(f"a sample rate of {recording.rate_hz} Hz")
    except _DAMAGE as error:
        raise ValueError(f"{path}: {_one_line(error)}; {ACCEPTED}") from error
    return recording


def _one_line(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not text"
    return (str(error.args[-1]) if error.args else "damaged").splitlines()[0]


def _read_npz(path: Path) -> Recording:
    # of a damaged file np.load leaves open what it has opened itself
    with path.open("rb") as octets, np.load(octets, allow_pickle=False) as file:
        if not {"x_uV", "fs"} <= set(file.files):
            raise ValueError("an npz file without x_uV and fs")
        x_uv, rate_hz = np.asarray(file["x_uV"], np.float64), float(file["fs"])
        names = [file[key] for key in ("ch_names", "ch_names_assumed") if key in file.files]
    if x_uv.ndim not in (2, 3) or x_uv.size == 0:
        raise ValueError(f"x_uV of shape {x_uv.shape}, not (persons, channels, n)")
    if not np.isfinite(x_uv).all():
        raise ValueError("x_uV holds values that are not numbers")
    uv = np.moveaxis(x_uv.reshape(-1, *x_uv.shape[-2:]), 1, 2)
    channels = uv.shape[2]
    _refuse_other_channels(channels)
    labels = tuple(str(name) for name in names[0]) if names else _LABELS[:channels]
    if len(labels) != channels:
        raise ValueError(f"{channels} channels and {len(labels)} names for them")
    return Recording(labels, rate_hz, None, uv)


def _read_text(path: Path) -> Recording:
    lines = _text(path.read_bytes()).splitlines()
    comments = [line for line in lines if line.startswith("%")]
    rows = [line for line in lines if line.strip() and not line.startswith("%")]
    if not rows:
        raise ValueError("no samples in it")
    if any(_SD_CARD.match(row) for row in rows[:2]):
        raise ValueError("an SD card's file, in hexadecimal: convert it with the OpenBCI GUI first")
    return _read_gui(comments, rows) if comments else _read_brainflow(rows)


def _text(octets: bytes) -> str:
    """UTF-8 or, with its byte order mark, UTF-16; only a comment may hold anything else."""
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16")
    lines = octets.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
    return "".join(
        line.decode("utf-8", "replace" if line.startswith(b"%") else "strict") for line in lines
    )


def _read_gui(comments: list[str], rows: list[str]) -> Recording:
    names = rows.pop(0) if rows[0].startswith("Sample Index") else ""
    if not rows:
        raise ValueError("no samples in it")
    rows = _with_points(rows)
    channels, rate_hz = _stated("Number of channels", comments), _stated("Sample Rate", comments)
    if channels is None:
        channels = _OLD_GUI.get(rows[0].count(",") + 1)
    if channels is None or rate_hz is None:
        raise ValueError("neither a number of channels nor a sample rate in its header")
    _refuse_other_channels(int(channels))
    columns = _named_columns(names) if names else list(range(int(channels) + 1))
    expected = names.count(",") if names else 2 * channels
    if rows[0].count(",") > expected and "." not in rows[0].partition(":")[0]:
        raise ValueError("its numbers have decimal commas: write them with points")
    return _recording(_table(rows, ",", columns), rate_hz)


def _with_points(rows: list[str]) -> list[str]:
    """Rows of a machine with decimal commas, as `1, 0,25, 0,5`, the way others write them."""
    if not re.match(r"\d+(,\d+)?, -?\d+,\d+, ", rows[0]):
        return rows
    return [row.replace(", ", ";").replace(",", ".").replace(";", ",") for row in rows]


def _named_columns(names: str) -> list[int]:
    wanted = re.compile(r"Sample Index|E[XE]G Channel \d+")
    columns = [at for at, name in enumerate(names.split(",")) if wanted.fullmatch(name.strip())]
    _refuse_other_channels(len(columns) - 1)
    return columns


def _stated(name: str, comments: list[str]) -> float | None:
    found = re.search(rf"%{name} *= *([\d.]+)", "\n".join(comments))
    return float(found[1]) if found else None


def _read_brainflow(rows: list[str]) -> Recording:
    delimiter = "\t" if "\t" in rows[0] else ","
    columns = rows[0].count(delimiter) + 1
    if columns not in _BRAINFLOW:
        expected = " or ".join(str(number) for number in _BRAINFLOW)
        raise ValueError(f"{columns} columns, {expected} expected")
    channels, rate_hz = _BRAINFLOW[columns]
    return _recording(_table(rows, delimiter, list(range(channels + 1))), rate_hz)


def _table(rows: list[str], delimiter: str, columns: list[int]) -> NDArray[np.float64]:
    """Return (n, len(columns)) numbers of these columns."""
    if len(rows) > 1 and rows[-1].count(delimiter) < rows[0].count(delimiter):
        rows = rows[:-1]  # torn
    table = np.loadtxt(rows, np.float64, delimiter=delimiter, usecols=columns, ndmin=2)
    if not np.isfinite(table).all():
        raise ValueError("it holds values that are not numbers")
    return np.asarray(table)


def _recording(table: NDArray[np.float64], rate_hz: float) -> Recording:
    """Make a recording from columns sample counter, channels."""
    labels = _LABELS[: table.shape[1] - 1]
    differences = np.diff(table[:, 0]).astype(np.int64)
    of_packets = len(labels) > CHANNELS and not np.any(differences % 2)
    counters = (
        _unwrap(differences // 2, COUNTER_MODULUS // 2) if of_packets else _unwrap(differences)
    )
    return Recording(labels, rate_hz, counters, table[None, :, 1:])


def _unwrap(differences: NDArray[np.int64], modulus: int = COUNTER_MODULUS) -> NDArray[np.int64]:
    """Return (n + 1,) counters that never wrap, from 0; steps are the shorter way round."""
    ahead = modulus // 2 - 1
    steps = np.mod(differences + ahead, modulus) - ahead
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(steps)])


def _refuse_other_channels(channels: int) -> None:
    if not 1 <= channels <= _TOP_CHANNELS:
        raise ValueError(f"{channels} channels, and only up to {_TOP_CHANNELS} can be replayed")
