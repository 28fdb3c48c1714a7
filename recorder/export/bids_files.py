"""Tables and notes of a BIDS dataset as text: tab-separated values, JSON."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.durable import write_whole

NOTHING = "n/a"
ROWS_TOGETHER = 512


def write_tsv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a table; what is "" or None is n/a. Raises OSError when it cannot be written."""
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE)
    table.writerow(columns)
    table.writerows([NOTHING if it in ("", None) else it for it in row] for row in rows)
    write_whole(path, text.getvalue().encode())
    return path


def read_tsv(path: Path) -> list[dict[str, str]]:
    """The rows of a table by column; none when there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def write_numbers(
    path: Path, columns: Sequence[str], onset_s: NDArray[np.float64], values: NDArray[np.float64]
) -> Path:
    """Write (m,) onsets and (m, columns) numbers; NaN is n/a."""
    row = "%.6f" + "\t%.7g" * values.shape[1] + "\n"
    table = np.column_stack([onset_s, values])
    parts = ["\t".join(["onset", *columns]) + "\n"]
    for begin in range(0, len(table), ROWS_TOGETHER):
        some = table[begin : begin + ROWS_TOGETHER]
        parts.append((row * len(some) % tuple(some.ravel().tolist())).replace("nan", NOTHING))
    write_whole(path, "".join(parts).encode())
    return path
