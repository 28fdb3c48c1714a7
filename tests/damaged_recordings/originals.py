"""Recordings of which every row is known, one of each form of text that is imported."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import UV_PER_COUNT
from hardware.recordings.text import GANGLION_UV_PER_COUNT
from tests.recorder.importing.files import BEGAN_S, HEAD, NAMES

ROWS = 900
OLD_HEAD = "%OpenBCI Raw EEG Data\n%\n%Sample Rate = {rate:.1f} Hz\n%First Column = SampleIndex\n"
STATED = "%Number of channels = 8\n"


@dataclass(frozen=True, slots=True, eq=False)
class Original:
    """A file.

    Attributes:
        form: what it is.
        head: its lines before the first row.
        rows: its rows, in order.
        counts: (n, channels) of each row, no two alike.
        cycle: samples after which its counter begins again.
        stamped: whether its rows have time stamps.
        uv_per_count: what a count is worth.
        delimiter: between columns.
    """

    form: str
    head: tuple[str, ...]
    rows: tuple[str, ...]
    counts: NDArray[np.int32]
    cycle: int
    stamped: bool
    uv_per_count: float = UV_PER_COUNT
    delimiter: str = ","

    @property
    def lines(self) -> list[str]:
        """All of it."""
        return [*self.head, *self.rows]


def _counts(channels: int, seed: int, limit: int = 400_000) -> NDArray[np.int32]:
    rng = np.random.default_rng(seed)
    return rng.integers(-limit, limit, (ROWS, channels)).astype(np.int32)


def _stamp(n: int, rate_hz: float = 250.0) -> float:
    """Late by up to 60 ms, as bursts are."""
    return float(BEGAN_S + n / rate_hz + 0.06 * ((n * 7919) % 97) / 97)


def _gui_6() -> Original:
    counts = _counts(8, 1)
    rows = [
        ", ".join([str(n % 256), *_uv(row), f"{_stamp(n):.6f}"]) for n, row in enumerate(counts)
    ]
    head = (HEAD.format(rate=250) + NAMES).split("\n")
    return Original("GUI 6", tuple(head), tuple(rows), counts, 256, stamped=True)


def _gui_4_commas() -> Original:
    counts = _counts(8, 2)
    rows = [
        ", ".join([str(n % 256), *_uv(row), "0,000", "0,000", "0,000"]).replace(".", ",")
        + f", 12:00:53.329, {round(_stamp(n) * 1000)}"
        for n, row in enumerate(counts)
    ]
    head = (OLD_HEAD.format(rate=250) + STATED).strip().split("\n")
    return Original(
        *("GUI 4, decimal commas", tuple(head), tuple(rows), counts, 256), True, delimiter=", "
    )


def _gui_1() -> Original:
    counts = _counts(8, 3)
    rows = [", ".join([str(n % 256), *_uv(row), *["0.00"] * 3]) for n, row in enumerate(counts)]
    head = OLD_HEAD.format(rate=250).strip().split("\n")
    return Original("GUI 1", tuple(head), tuple(rows), counts, 256, stamped=False)


def _brainflow() -> Original:
    counts = _counts(8, 4)
    rows = [
        "\t".join(
            [f"{n % 256:.6f}", *_uv(row, ".6f"), *["0.000000"] * 13, f"{_stamp(n):.6f}", "0.000000"]
        )
        for n, row in enumerate(counts)
    ]
    return Original("BrainFlow", (), tuple(rows), counts, 256, stamped=True, delimiter="\t")


def _daisy() -> Original:
    counts = _counts(16, 5)
    rows = [
        ",".join(
            [f"{2 * n % 256}", *_uv(row, ".4f"), *["0.0"] * 13, f"{_stamp(n, 125):.6f}", "0.0"]
        )
        for n, row in enumerate(counts)
    ]
    return Original("BrainFlow, Daisy", (), tuple(rows), counts, 128, stamped=True)


def _ganglion() -> Original:
    counts = _counts(4, 6)
    rows = [
        ", ".join([str(n % 201), *_uv(row, ".4f", GANGLION_UV_PER_COUNT), *["0.000"] * 3])
        for n, row in enumerate(counts)
    ]
    head = OLD_HEAD.format(rate=200).strip().split("\n")
    return Original(
        *("Ganglion", tuple(head), tuple(rows), counts, 201), False, GANGLION_UV_PER_COUNT
    )


def _card() -> Original:
    counts = _counts(8, 7, 1 << 23)
    rows = [
        ",".join([f"{n % 256:02X}", *(f"{count & 0xFFFFFF:06X}" for count in row.tolist())])
        + (",FFB0,0E60,03B0" if n % 10 == 0 else "")
        for n, row in enumerate(counts)
    ]
    return Original("SD card", ("%START AT", "00010C2B"), tuple(rows), counts, 256, stamped=False)


def _uv(row: NDArray[np.int32], form: str = ".2f", worth: float = UV_PER_COUNT) -> list[str]:
    return [format(count * worth, form) for count in row.tolist()]


_MAKERS: tuple[Callable[[], Original], ...] = (
    _gui_6,
    _gui_4_commas,
    _gui_1,
    _brainflow,
    _daisy,
    _ganglion,
    _card,
)


@cache
def originals() -> tuple[Original, ...]:
    """All of them."""
    return tuple(make() for make in _MAKERS)
