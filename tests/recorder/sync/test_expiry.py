"""What is too old is offered for erasure; what cannot be dated is kept."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from recorder import wall_clock
from recorder.failure import Failure
from recorder.store.catalog import sessions as catalogue
from recorder.sync.expiry import expired, require_time_of_day
from recorder.sync.retention import DAY_NS
from recorder.sync.tombstones import tombstones
from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.sync.conftest import IDS

A, B, C = IDS
ENDED_NS = session_files.header().created_utc_ns + 4 * 10**9


@pytest.fixture
def shell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Shell:
    """Of a machine that has heard a time server, 400 days later."""
    (tmp_path / "antiphon.toml").write_text("retention_days = 365\n")
    monkeypatch.setenv("ANTIPHON_CONFIG", str(tmp_path / "antiphon.toml"))
    monkeypatch.setattr(wall_clock, "synchronised", lambda: True)
    monkeypatch.setattr(wall_clock, "utc_ns", lambda: ENDED_NS + 400 * DAY_NS)
    return Shell(capsys, monkeypatch)


def lose_date(sessions: Path, id_: str) -> None:
    head = replace(session_files.header(id_, "other"), clock_synchronised=False)
    (sessions / f"{id_}.antiphon").unlink()
    session_files.write(sessions / f"{id_}.antiphon", [], head)


def test_only_what_certainly_ended_before_is_expired(sessions: Path) -> None:
    lose_date(sessions, B)
    (sessions / f"{C}.antiphon").write_bytes(b"rubbish")
    at_ns = ENDED_NS + 30 * DAY_NS
    assert expired(sessions, 30, at_ns).ids == []
    assert expired(sessions, 30, at_ns + 1).ids == [A]
    assert expired(sessions, 30, 0).ids == []
    assert sorted(expired(sessions, 30, 0).undated) == [B, C]


def test_without_a_period_nothing_is_ever_expired(sessions: Path) -> None:
    found = expired(sessions, 0, ENDED_NS + 10_000 * DAY_NS)
    assert (found.ids, found.undated) == ([], [])


def test_what_is_recorded_has_no_age_yet(tmp_path: Path) -> None:
    writer = session_files.start(tmp_path / f"{A}.antiphon")
    try:
        assert writer.flush(10.0)
        found = expired(tmp_path, 1, ENDED_NS + 100 * DAY_NS)
        assert (found.ids, found.undated) == ([], [])
    finally:
        writer.close(session_files.START_NS)


def test_a_machine_that_does_not_know_the_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_clock, "synchronised", lambda: False)
    with pytest.raises(Failure, match="not synchronised") as refused:
        require_time_of_day()
    assert refused.value.code == 75
    monkeypatch.setattr(wall_clock, "synchronised", lambda: True)
    require_time_of_day()


def test_the_expired_are_listed_and_erased_only_when_it_is_said(
    sessions: Path, shell: Shell
) -> None:
    lose_date(sessions, B)
    ran = shell("erase", "--expired", "--sessions", sessions)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()[:2]] == [A, C]
    assert f"kept, because their dates are not certain: {B}" in ran.out
    assert len(catalogue(sessions)) == 3
    ran = shell("erase", "--expired", "--apply", "--json", "--sessions", sessions)
    assert (ran.code, ran.json["undated"]) == (0, [B])
    assert [entry.id for entry in catalogue(sessions)] == [B]
    assert {(one.id, one.why) for one in tombstones(sessions)} == {
        (A, "retention"),
        (C, "retention"),
    }
    again = shell("erase", "--expired", "--apply", "--sessions", sessions)
    kept = f"kept, because their dates are not certain: {B}\n"
    assert (again.code, again.out) == (0, kept)


def test_a_damaged_session_may_have_a_damaged_date_and_is_kept(
    sessions: Path, shell: Shell
) -> None:
    with closing(sqlite3.connect(sessions / f"{A}.antiphon")) as db, db:
        db.execute("UPDATE session SET created_utc_ns = 5")
    ran = shell("erase", "--expired", "--apply", "--json", "--sessions", sessions)
    assert (ran.code, ran.json["undated"]) == (0, [A])
    assert [entry.id for entry in catalogue(sessions)] == [A]


def test_sessions_tells_how_many_are_too_old(sessions: Path, shell: Shell) -> None:
    lose_date(sessions, B)
    ran = shell("sessions", "--sessions", sessions)
    assert ran.out.splitlines()[-2:] == [
        "2 ended more than 365 days ago: antiphon erase --expired",
        "of 1 it is not certain when they were",
    ]
    assert shell("sessions", "--json", "--sessions", sessions).json["expired"] == [A, C]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("erase", "--expired", A), 64),
        (("erase", "--expired", "--person", "P01"), 64),
        (("erase",), 64),
    ],
)
def test_what_contradicts_itself_is_refused(
    sessions: Path, shell: Shell, words: tuple[str, ...], code: int
) -> None:
    assert shell.failure(*words, "--apply", "--sessions", sessions)[0] == code
    assert len(catalogue(sessions)) == 3


def test_no_retention_period_is_a_matter_of_the_configuration(
    sessions: Path, shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "antiphon.toml").write_text("")
    assert shell.failure("erase", "--expired", "--apply", "--sessions", sessions)[0] == 78
    assert "days ago" not in shell("sessions", "--sessions", sessions).out


def test_nothing_is_too_old_while_nobody_knows_the_time(
    sessions: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_clock, "synchronised", lambda: False)
    assert shell.failure("erase", "--expired", "--apply", "--sessions", sessions)[0] == 75
    assert len(catalogue(sessions)) == 3
    ran = shell("sessions", "--json", "--sessions", sessions)
    assert (ran.code, ran.json["expired"]) == (0, None)
