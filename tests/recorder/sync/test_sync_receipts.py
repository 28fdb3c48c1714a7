import os
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.failure import Failure
from recorder.sync.receipts import Receipt, Receipts, alone

ADDRESS = "antiphon@ward:22/srv/eeg"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "20260101T080000Z-aaaa.antiphon"
    path.write_bytes(b"samples")
    return path


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    return Receipts(tmp_path, "ward", ADDRESS)


def receipt(file: Path, **other: object) -> Receipt:
    stat = file.stat()
    fields = {
        "name": file.name,
        "bytes": stat.st_size,
        "sha256": "ab" * 32,
        "modified_ns": stat.st_mtime_ns,
        "when": "2026-11-23T12:00:00Z",
        "destination": ADDRESS,
        "verified": True,
    }
    return Receipt(**{**fields, **other})  # type: ignore[arg-type]


def test_a_receipt_comes_back_as_it_was_stored(
    file: Path, receipts: Receipts, tmp_path: Path
) -> None:
    assert receipts.of(file) is None
    receipts.store(receipt(file))
    assert receipts.of(file) == receipt(file)
    [stored] = (tmp_path / "receipts" / "ward").iterdir()
    assert stored.name == "20260101T080000Z-aaaa.json"
    assert stored.stat().st_mode & 0o007 == 0


def test_it_counts_when_the_file_has_been_put_away(
    file: Path, receipts: Receipts, tmp_path: Path
) -> None:
    receipts.store(receipt(file))
    (tmp_path / "done").mkdir()
    assert receipts.of(file.rename(tmp_path / "done" / file.name)) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"bytes": 6},
        {"modified_ns": 1},
        {"destination": "antiphon@other:22/srv/eeg"},
        {"verified": False},
    ],
    ids=str,
)
def test_one_of_another_file_or_place_counts_for_nothing(
    file: Path, receipts: Receipts, other: dict[str, object]
) -> None:
    receipts.store(receipt(file, **other))
    assert receipts.of(file) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": 3}', b"\xff"])
def test_a_damaged_one_counts_for_nothing(
    file: Path, receipts: Receipts, tmp_path: Path, content: bytes
) -> None:
    receipts.store(receipt(file))
    [stored] = (tmp_path / "receipts" / "ward").iterdir()
    stored.write_bytes(content)
    assert receipts.of(file) is None


def test_notes_have_a_receipt_of_their_own(receipts: Receipts, file: Path) -> None:
    notes = file.with_suffix(".notes")
    notes.write_bytes(b"notes")
    receipts.store(receipt(file))
    assert receipts.of(notes) is None
    receipts.store(receipt(notes))
    assert (receipts.of(file), receipts.of(notes)) == (receipt(file), receipt(notes))


def test_only_one_at_a_time(tmp_path: Path) -> None:
    with (
        alone(tmp_path),
        pytest.raises(Failure, match="another sync or prune is running") as no,
        alone(tmp_path),
    ):
        pass
    assert no.value.code == 75
    with alone(tmp_path):
        pass


def test_what_was_begun_with_the_lock_holds_it_on(tmp_path: Path) -> None:
    wait = "import sys; sys.stdin.read()"
    with alone(tmp_path) as lock:
        rsync = subprocess.Popen(
            [sys.executable, "-c", wait], stdin=subprocess.PIPE, pass_fds=(lock,)
        )
    with rsync:
        with pytest.raises(Failure), alone(tmp_path):
            pass
        rsync.communicate()
    with alone(tmp_path) as lock:
        assert os.fstat(lock)
