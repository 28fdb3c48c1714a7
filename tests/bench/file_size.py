"""How large a session file is, and what in it takes the room: `make bench-file`.

python -m tests.bench.file_size [--json] [--minutes 10]

Two people's synthetic EEG on a simulated clock, with what a quiet session has: measures, quality,
clocks, arrivals as a resting reader sees them (two a tenth of a second), commits twice a second.
Held against the samples as packed 24-bit integers: while the file grows, its log taken in, and put
away.
"""

import os
import sqlite3
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.stream import TrueTime
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from hardware.rest import Read
from recorder.recording.recorder import TICK_S
from recorder.rehearsal.simulated_board import SimulatedBoard
from recorder.store.finish import settle
from tests.results import Row, tell
from tests.soak.day import RATES_HZ, Box

SEED = 20261129
TICK_NS = round(TICK_S * 1e9)
SAVE_EVERY = 5  # ticks: as often as the recorder asks for a commit
LATE_NS = 150_000  # a reader wakes up so much later than it should, on average
AIMS = {"growing": 0.78, "put_away": 0.66, "beside_eeg": 0.20}
WHAT = {
    "growing": "session file against packed 24-bit samples, while it grows",
    "put_away": "the same, put away",
    "eeg": "of that EEG",
    "beside_eeg": "of that not EEG, the checks of all rows included",
}
TABLES = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC"


class RestingBoard(SimulatedBoard):
    """Reads what has come at a tick, and the first packet after that."""

    _rng = np.random.default_rng(SEED)

    def _read_span(self, end_ns: int) -> None:
        reads: list[Read] = []
        while self._now_ns < end_ns:
            tick_ns = min(self._now_ns + TICK_NS - self._now_ns % TICK_NS, end_ns)
            reads += [*self._read(tick_ns), *self._read(self._board.next_ns() or tick_ns)]
        self._take(reads)

    def _read(self, at_ns: int) -> Iterator[Read]:
        self._now_ns = max(self._now_ns, at_ns)
        if pieces := self._due():
            late_ns = round(self._rng.exponential(LATE_NS))
            yield b"".join(pieces), self._now_ns + late_ns


def main() -> int:
    """Record, count, keep the rows; 1 when an aim is missed."""
    parser = ArgumentParser(prog="tests.bench.file_size", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--minutes", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="file-") as directory:
        path = recorded(Path(directory), asked.minutes * 60)
        packed_bytes, eeg_bytes = samples(path)
        growing = path.stat().st_size
        tables = {"growing": by_table(path)}
        began_s = sum(os.times()[:4])
        put_away = settle(path)
        cpu_s = sum(os.times()[:4]) - began_s
        tables["put away"] = by_table(put_away)
        sizes = {"growing": growing, "put_away": put_away.stat().st_size, "eeg": eeg_bytes}
    sizes["beside_eeg"] = sizes["put_away"] - eeg_bytes
    shares = {name: size / packed_bytes for name, size in sizes.items()}
    rows = [
        Row(f"{WHAT[name]}: {asked.minutes} min", f"{share:.3f}", f"{AIMS.get(name, '')}")
        for name, share in shares.items()
    ]
    rows.append(Row(f"to put it away: {asked.minutes} min", f"{cpu_s:.2f} s of CPU"))
    text = "\n".join([*_lines(rows), *_table_lines(tables, packed_bytes)])
    found = {"shares": shares, "put_away_cpu_s": cpu_s, "tables": tables}
    tell("bench-file", rows, "antiphon.file/1", as_json=asked.json, text=text, **found)
    return int(any(shares[name] > aim for name, aim in AIMS.items()))


def recorded(directory: Path, seconds: int) -> Path:
    """A session of so many seconds that has just ended, and is not put away."""
    box = Box(directory, seconds, SEED, cyton=_cyton, board=RestingBoard)
    for tick in range(round(seconds / TICK_S)):
        box.tick(TICK_NS)
        if tick % SAVE_EVERY == 0:
            box.session.writer.flush(60.0)
    box.end()
    return box.session.path


def samples(path: Path) -> tuple[int, int]:
    """Bytes of all samples as packed 24-bit integers, and of what is stored of them."""
    width = "(SELECT count(*) FROM channel WHERE channel.board = block.board)"
    sql = f"SELECT sum(3 * n * {width}), sum(length(payload)) FROM block"
    with closing(sqlite3.connect(path)) as db:
        packed_bytes, eeg_bytes = db.execute(sql).fetchone()
    return packed_bytes, eeg_bytes


def by_table(path: Path) -> dict[str, int]:
    """Bytes of each table's and index's pages; empty where SQLite was built without dbstat."""
    with closing(sqlite3.connect(path)) as db:
        try:
            return dict(db.execute(TABLES).fetchall())
        except sqlite3.OperationalError:
            return {}


def _cyton(now_ns: int, place: int, _: int, seed: int) -> EmulatedCyton:
    return EmulatedCyton(
        SyntheticSource(SyntheticDyad(seed), place, RATES_HZ[place]),
        Behaviour(rate_hz=RATES_HZ[place]),
        now_ns,
        true_time=TrueTime(),
        rng=np.random.default_rng([seed, place]),
    )


def _lines(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        yield f"{row.what}: {row.figure}{row.aim and f' (aim {row.aim})'}"


def _table_lines(tables: dict[str, dict[str, int]], packed_bytes: int) -> Iterator[str]:
    for state, sizes in tables.items():
        told = (f"{name} {size / packed_bytes:.4f}" for name, size in sizes.items())
        yield f"{state}: {', '.join([*told][:9])}"


if __name__ == "__main__":
    sys.exit(main())
