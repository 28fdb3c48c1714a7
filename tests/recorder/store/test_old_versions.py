"""Files of before the format was settled are refused in words, and stay as they are."""

import gzip
import shutil
from pathlib import Path

import pytest

from recorder.recording.interrupted import take_over
from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.store.finish import settle
from recorder.store.reader import SessionReader
from recorder.store.repair import repair
from recorder.store.schema import VERSION

FIXTURES = Path(__file__).parent / "fixtures"
REFUSED = f"made by an older antiphon; it has file version 1, this program reads {VERSION}"


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    path = tmp_path / "version-1.antiphon"
    with gzip.open(FIXTURES / "version-1.antiphon.gz") as packed, open(path, "wb") as file:
        shutil.copyfileobj(packed, file)
    return path


def test_it_is_neither_read_nor_put_away_nor_repaired(version_1: Path) -> None:
    before = version_1.read_bytes()
    with pytest.raises(ValueError, match=REFUSED):
        SessionReader(version_1)
    with pytest.raises(ValueError, match=REFUSED):
        settle(version_1)
    with pytest.raises(ValueError, match=REFUSED):
        repair(version_1, version_1.with_name("new.antiphon"))
    assert verify(version_1).problems == (f"{version_1}: {REFUSED}",)
    assert [*version_1.parent.iterdir()] == [version_1]
    assert version_1.read_bytes() == before


def test_a_service_that_finds_one_leaves_it_alone(version_1: Path) -> None:
    before = version_1.read_bytes()
    assert take_over(Config(sessions=str(version_1.parent)), 0) is None
    assert version_1.read_bytes() == before
