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
from recorder.store.calendar import utc_ns
from recorder.store.headers import SessionHeader
from recorder.store.reader import SessionReader
from recorder.store.rows import ClockUtcRow
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
    [clock] = [file for file in files if file.endswith("_clock.csv")]
    with Path(clock).open(encoding="utf-8", newline="") as file:
        rows = [(int(r["t_ns"]), int(r["utc_ns"]), r["synchronised"]) for r in csv.DictReader(file)]
    assert [synchronised for _, _, synchronised in rows] == ["0", "0", "1"]
    t_ns, utc_ns, _ = map(np.array, zip(*rows, strict=True))
    at_ns = START_NS + np.arange(LENGTH_S) * S
    told_ns = at_ns + np.rint(np.interp(at_ns, t_ns, (utc_ns - t_ns) - TRUE_NS)) + TRUE_NS
    np.testing.assert_array_equal(told_ns, at_ns + TRUE_NS)


def pairs(*offsets_s: float, trusted: bool = True) -> list[ClockUtcRow]:
    """One every 10 s, with these offsets of the time of day."""
    return [
        ClockUtcRow(k * 10 * S, (k * 10 + 1_795_406_400) * S + round(offset_s * S), trusted)
        for k, offset_s in enumerate(offsets_s)
    ]


def offsets_s(told: list[ClockUtcRow], *at_s: float) -> list[float]:
    t_ns = np.array([round(at * S) for at in at_s])
    return [float(ns) / S for ns in utc_ns(told, t_ns) - t_ns - 1_795_406_400 * S]


@pytest.mark.parametrize("step_s", [-1.0, 1.0, 0.5, -0.021, -3600.0, 7e8])
def test_either_side_of_a_step_of_a_disciplined_clock_has_its_own_pairs(step_s: float) -> None:
    told = pairs(0, 0, step_s, step_s)
    at_s = (-5, 0, 9, 15, 20 - 1e-8, 20, 25, 99)
    assert offsets_s(told, *at_s) == [0, 0, 0, 0, 0, step_s, step_s, step_s]


def test_steps_may_follow_each_other_and_slewing_between_them_is_followed() -> None:
    told = pairs(0, 0.01, 1, 2, 2.004, 0, trusted=True)
    assert offsets_s(told, 5, 19, 20, 29, 30, 35, 49.9, 50) == [
        *(0.005, 0.01, 1.0, 1.0, 2.0, 2.002, 2.004, 0.0)
    ]


def test_what_an_undisciplined_clock_said_before_a_step_is_worth_nothing() -> None:
    told = pairs(-7e8, -7e8, trusted=False)
    told += [*pairs(0, 0, 0, -1, -1)[2:], *pairs(*[5e5] * 8, trusted=False)[5:]]
    assert offsets_s(told, 0, 20, 29, 30, 70) == [0, 0, 0, -1, -1]
