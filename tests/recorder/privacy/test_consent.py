from dataclasses import replace
from pathlib import Path

import pytest

from recorder.failure import Failure
from recorder.privacy.consent import may_film, persons, require_shareable
from recorder.store.headers import Person
from recorder.store.writer import SessionWriter
from tests.recorder import session_files

CODES = {"patient": "P07", "therapist": "T02"}


def test_each_stream_is_agreed_to_for_itself() -> None:
    assert persons(CODES, ("eeg",)) == (
        Person("patient", "P07", True, False, False),
        Person("therapist", "T02", True, False, False),
    )
    assert persons(CODES, ("share", "eeg"))[0] == Person("patient", "P07", True, False, True)


def test_without_the_eeg_nothing_is_recorded() -> None:
    with pytest.raises(PermissionError, match="--consent eeg"):
        persons(CODES, ("video", "share"))


def test_the_camera_runs_only_when_both_agree() -> None:
    both = persons(CODES, ("eeg", "video"))
    assert may_film(both)
    assert not may_film((both[0], replace(both[1], consent_video=False)))
    assert not may_film(())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a therapist who has agreed to sharing, and a patient who has not."""
    return session_files.write(tmp_path / "20260101T080000Z-aaaa.antiphon", [])


def test_what_one_does_not_want_shared_is_refused_with_77(path: Path) -> None:
    with pytest.raises(Failure, match=r"no consent to sharing from: patient$") as refused:
        require_shareable(path)
    assert refused.value.code == 77


def test_what_both_want_shared_is_shared(tmp_path: Path) -> None:
    header = replace(session_files.header(), persons=persons(CODES, ("eeg", "share")))
    path = tmp_path / "shared.antiphon"
    SessionWriter.create(path, header).close(session_files.START_NS)
    require_shareable(path)
