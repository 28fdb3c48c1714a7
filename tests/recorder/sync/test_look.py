"""A session that is being recorded is copied for a look, and disturbed by nothing."""

import os
from pathlib import Path
from typing import Any

import pytest

from recorder.privacy.disclosures import disclosures
from recorder.store.reader import SessionReader
from recorder.store.writer import SessionWriter
from recorder.sync.belongings import ours
from recorder.sync.delivery import Place, deliver_all, to_copy
from recorder.sync.look import LOOK, clear_looks, show_running
from recorder.sync.outbox import Outbox
from recorder.sync.receipts import Receipts
from tests.recorder import session_files
from tests.recorder.sync.directory_link import DirectoryLink

ID = "20260104T080000Z-dddd"
NAME = f"{ID}.antiphon{LOOK}"


@pytest.fixture
def writer(tmp_path: Path) -> SessionWriter:
    writer = session_files.start(tmp_path / f"{ID}.antiphon")
    writer.put(session_files.block(0, 0))
    assert writer.flush(30)
    return writer


@pytest.fixture
def place(tmp_path: Path, link: DirectoryLink) -> Place:
    return Place(link, Receipts(tmp_path, "ward", link.address))


def samples(path: Path) -> int:
    with SessionReader(path) as session:
        [(count,)] = session.query("SELECT sum(n) FROM block")
        return int(count)


def test_what_is_on_the_disk_by_now_is_shown_and_the_recorder_goes_on(
    tmp_path: Path, link: DirectoryLink, place: Place, writer: SessionWriter
) -> None:
    [outcome] = show_running(tmp_path, place)
    assert (outcome.name, outcome.state) == (NAME, "to look at")
    assert samples(link.place / NAME) == 50
    assert link.held == [NAME]
    assert [one.what for one in disclosures(tmp_path, ID)] == ["copied"]
    writer.put(session_files.block(0, 50))
    assert writer.flush(30)
    [outcome] = show_running(tmp_path, place)
    assert samples(link.place / NAME) == 100
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert to_copy(tmp_path, place.receipts) == []
    writer.close(session_files.START_NS)
    assert ours([NAME, f"{NAME}.part", f"{NAME}.age"], ID) != []


def test_it_goes_when_the_finished_session_has_come(
    tmp_path: Path, link: DirectoryLink, place: Place, writer: SessionWriter
) -> None:
    list(show_running(tmp_path, place))
    writer.close(session_files.START_NS)
    assert list(show_running(tmp_path, place)) == []
    outcomes = list(deliver_all(to_copy(tmp_path, place.receipts), place))
    clear_looks(outcomes, place)
    assert link.held == [f"{ID}.antiphon"]


def test_to_an_encrypted_destination_it_goes_encrypted(
    tmp_path: Path, link: DirectoryLink, writer: SessionWriter
) -> None:
    pyrage: Any = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    outbox = Outbox(tmp_path / "outbox" / "ward", str(identity.to_public()))
    place = Place(link, Receipts(tmp_path, "ward", link.address, outbox.key), outbox=outbox)
    list(show_running(tmp_path, place))
    assert link.held == [f"{NAME}.age"]
    (tmp_path / "look").write_bytes(
        pyrage.decrypt((link.place / f"{NAME}.age").read_bytes(), [identity])
    )
    assert samples(tmp_path / "look") == 50
    assert not [path for path in (tmp_path / "outbox").rglob("*") if path.is_file()]
    writer.close(session_files.START_NS)
    outcomes = list(deliver_all(to_copy(tmp_path, place.receipts), place))
    clear_looks(outcomes, place)
    assert link.held == [f"{ID}.antiphon.age"]


def test_a_damaged_one_is_refused_and_holds_up_nothing(
    tmp_path: Path, link: DirectoryLink, place: Place, writer: SessionWriter
) -> None:
    (tmp_path / "20260105T080000Z-eeee.antiphon").write_bytes(os.urandom(5000))
    refused, shown = sorted(show_running(tmp_path, place), key=lambda one: one.state)
    assert (refused.state, shown.state) == ("refused", "to look at")
    writer.close(session_files.START_NS)
