import json
from pathlib import Path

import msgspec
import pytest

from recorder.sync.tombstones import SessionId, Tombstone, confirm, store, tombstones

ID, OTHER = "20260101T080000Z-aaaa", "20260102T080000Z-bbbb"
WHEN = "2026-11-23T12:00:00Z"


def test_tombstones_come_back_as_they_were_stored_oldest_session_first(tmp_path: Path) -> None:
    assert tombstones(tmp_path) == []
    for id_ in (OTHER, ID):
        store(tmp_path, Tombstone(id_, "person", WHEN))
    assert [one.id for one in tombstones(tmp_path)] == [ID, OTHER]
    assert tombstones(tmp_path)[0] == Tombstone(ID, "person", WHEN)
    directory = tmp_path / "tombstones"
    assert sorted(path.name for path in directory.iterdir()) == [f"{ID}.json", f"{OTHER}.json"]
    assert directory.stat().st_mode & 0o777 == 0o750
    assert (directory / f"{ID}.json").stat().st_mode & 0o777 == 0o640


def test_each_destination_is_confirmed_for_itself_and_told_of_no_other(tmp_path: Path) -> None:
    store(tmp_path, Tombstone(ID, "session", WHEN))
    for address in ("ward", "archive"):
        [tombstone] = tombstones(tmp_path)
        confirm(tmp_path, tombstone, address, WHEN)
    [tombstone] = tombstones(tmp_path)
    assert tombstone.gone == {"ward": WHEN, "archive": WHEN}
    assert json.loads(tombstone.inscription) == {"id": ID, "why": "session", "when": WHEN}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'{"id": "x"}', b'{"id": "../up"}', b"[]"])
def test_a_damaged_tombstone_still_says_which_session_is_to_go(
    tmp_path: Path, content: bytes
) -> None:
    store(tmp_path, Tombstone(ID, "session", WHEN))
    (tmp_path / "tombstones" / f"{ID}.json").write_bytes(content)
    assert tombstones(tmp_path) == [Tombstone(ID, "unknown", "")]


def test_what_has_no_sessions_name_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "tombstones").mkdir()
    for name in ("$(reboot).json", "a b.json", ".hidden.json", "notes.txt"):
        (tmp_path / "tombstones" / name).write_bytes(b"")
    assert tombstones(tmp_path) == []


@pytest.mark.parametrize("id_", ["", "-rf", "../x", "a/b", "a b", "a;b", "*", "é", "x\n", "a" * 65])
def test_what_could_mean_something_to_a_shell_is_no_id(id_: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(id_, SessionId)
