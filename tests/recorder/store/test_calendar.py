"""A session on a box whose time of day was set on the way, as `show` and `export` tell it."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from recorder import wall_clock
from recorder.clocks.utc_pairs import read_pair
from recorder.recording import recorder
from recorder.store.headers import SessionHeader
from recorder.store.reader import SessionReader
from tests.recorder.bedside import Bedside
from tests.recorder.command_line import Shell
from tests.recorder.session_files import START_NS

S = 1_000_000_000
TRUE_NS = 1_795_406_400 * S - START_NS  # 2026-11-23 04:00:00 UTC at START_NS
WRONG_NS = -START_NS  # a box without a battery believes that it is 1970
SET_AT_S, LENGTH_S = 3.4, 8

Record = Callable[[bool], Path]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    def of(server_heard: bool) -> Path:
        """A session of 8 s; the clock is set after 3.4 s, by a server or by hand."""
        bed = Bedside(tmp_path)

        def is_set() -> bool:
            return bed.clock() >= bed.at(SET_AT_S)

        def utc_ns() -> int:
            return bed.clock() + (TRUE_NS if is_set() else WRONG_NS)

        def synchronised() -> bool:
            return server_heard and is_set()

        monkeypatch.setattr(wall_clock, "utc_ns", utc_ns)
        monkeypatch.setattr(wall_clock, "synchronised", synchronised)
        read = partial(read_pair, utc_ns=utc_ns, synchronised=synchronised)
        monkeypatch.setattr(recorder, "read_pair", read)
        bed.start()
        bed.stream_both(LENGTH_S)
        bed.run_until(LENGTH_S)
        return bed.stop()

    return of


def header_of(path: Path) -> SessionHeader:
    with SessionReader(path) as session:
        return session.header


def test_show_tells_when_it_really_began(record: Record, shell: Shell) -> None:
    path = record(True)
    told = shell("show", path, "--json").json
    header = header_of(path)
    assert header.created_utc_ns < S
    assert told["begun_utc_ns"] == header.started_t_ns + TRUE_NS
    assert told["begun_is_certain"] is True
    assert (
        shell("show", path).out.splitlines()[1] == "begun      2026-11-23 04:00:00 UTC, 0:08 long"
    )


def test_a_clock_that_was_set_by_hand_is_believed_but_not_certain(
    record: Record, shell: Shell
) -> None:
    path = record(False)
    told = shell("show", path, "--json").json
    assert told["begun_utc_ns"] == header_of(path).started_t_ns + TRUE_NS
    assert told["begun_is_certain"] is False
    assert "04:00:00 UTC (no time server was heard)," in shell("show", path).out


def test_the_exported_clock_gives_every_instant_its_time(
    record: Record, shell: Shell, tmp_path: Path
) -> None:
    path = record(True)
    files = shell("export", path, "--to", "csv", tmp_path / "out", "--own-use").out.splitlines()
    with Path(files[-1]).open(encoding="utf-8", newline="") as file:
        rows = [(int(r["t_ns"]), int(r["utc_ns"]), r["synchronised"]) for r in csv.DictReader(file)]
    assert [synchronised for _, _, synchronised in rows] == ["0", "0", "1"]
    t_ns, utc_ns, _ = map(np.array, zip(*rows, strict=True))
    at_ns = START_NS + np.arange(LENGTH_S) * S
    told_ns = at_ns + np.rint(np.interp(at_ns, t_ns, (utc_ns - t_ns) - TRUE_NS)) + TRUE_NS
    np.testing.assert_array_equal(told_ns, at_ns + TRUE_NS)
