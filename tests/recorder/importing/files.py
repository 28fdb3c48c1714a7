"""Files of two people for tests: text of an OpenBCI GUI, whose every sample is known."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import UV_PER_COUNT
from recorder.importing.session import Asked, Imported, import_files
from recorder.store.headers import Person

PEOPLE = (
    Person("patient", "P07", True, False, False),
    Person("therapist", "T02", True, False, False),
)
SITES = ("F3", "F4", "Fz", "P3", "P4", "O1", "O2", "A2")
NAMES = "Sample Index, " + ", ".join(f"EXG Channel {n}" for n in range(8)) + ", Timestamp"
HEAD = "%OpenBCI Raw EXG Data\n%Number of channels = 8\n%Sample Rate = {rate:g} Hz\n"
BEGAN_S = 1_600_000_000.0
NOW_NS = 1_795_406_400_000_000_000


def counts_of(n: int, seed: int) -> NDArray[np.int32]:
    """(n, 8) a person's counts: 10 Hz, noise and an electrode's offset."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(n)[:, None] / 250
    uv = 8000 + 10 * np.sin(2 * np.pi * 10 * t_s + np.arange(8)) + rng.normal(0, 8, (n, 8))
    return np.rint(uv / UV_PER_COUNT).astype(np.int32)


def gui_text(
    counts: NDArray[np.int32],
    *,
    rate_hz: float = 250.0,
    true_hz: float | None = None,
    began_s: float = BEGAN_S,
    leave_out: Iterable[int] = (),
    replace: dict[int, str] | None = None,
) -> str:
    """As the GUI writes it, with stamps that are up to 30 ms late."""
    rng = np.random.default_rng(7)
    late_s = rng.exponential(0.004, len(counts)).clip(0, 0.03)
    out = set(leave_out)
    rows = [
        (replace or {}).get(n) or _row(n, row.tolist(), began_s + n / (true_hz or rate_hz) + late)
        for n, (row, late) in enumerate(zip(counts, late_s.tolist(), strict=True))
        if n not in out
    ]
    return HEAD.format(rate=rate_hz) + NAMES + "\n" + "\n".join(rows) + "\n"


def _row(n: int, counts: list[int], stamp_s: float) -> str:
    uv = (f"{count * UV_PER_COUNT:.2f}" for count in counts)
    return ", ".join([str(n % 256), *uv, f"{stamp_s:.6f}"])


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def pair(directory: Path, seconds: float = 8.0, apart_s: float = 0.5) -> tuple[Path, Path]:
    """Two people's files; the therapist's begins a little later."""
    n = round(seconds * 250)
    return (
        write(directory / "a.txt", gui_text(counts_of(n, 1), true_hz=250.33)),
        write(
            directory / "b.txt",
            gui_text(counts_of(n, 2), true_hz=250.51, began_s=BEGAN_S + apart_s),
        ),
    )


def imported(directory: Path, *files: Path, asked: Asked | None = None) -> Imported:
    """What `antiphon import` makes of them in a directory."""
    return import_files(files, PEOPLE, asked or Asked(), directory / "sessions", NOW_NS)
