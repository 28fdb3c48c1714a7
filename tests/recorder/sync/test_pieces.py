"""What is large and encrypted goes in pieces: cut at any of them, it resumes there."""

import os
from pathlib import Path
from typing import Any

import pytest

from recorder.sync import outbox as module
from recorder.sync.delivery import Place, deliver_all
from recorder.sync.holdings import look
from recorder.sync.outbox import Outbox
from recorder.sync.receipts import Receipts
from tests.recorder.sync.directory_link import DirectoryLink

pyrage = pytest.importorskip("pyrage")
ID = "20260101T080000Z-aaaa"
PIECE_BYTES = 1000


class Pulled(Exception):
    """The connection is cut."""


@pytest.fixture
def identity() -> Any:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / f"{ID}-camera-01.mkv"
    path.write_bytes(os.urandom(9 * PIECE_BYTES + 1))
    return path


@pytest.fixture
def place(tmp_path: Path, identity: Any, link: DirectoryLink, monkeypatch: Any) -> Place:
    monkeypatch.setattr(module, "PIECE_BYTES", PIECE_BYTES)
    outbox = Outbox(tmp_path / "outbox" / "ward", str(identity.to_public()))
    receipts = Receipts(tmp_path, "ward", link.address, outbox.key)
    return Place(link, receipts, outbox=outbox)


def joined(link: DirectoryLink, identity: Any) -> bytes:
    pieces = sorted(link.place.glob("*-of-*.age"))
    return b"".join(pyrage.decrypt(piece.read_bytes(), [identity]) for piece in pieces)


def deliver(video: Path, place: Place) -> str:
    [outcome] = deliver_all([video], place)
    assert outcome.problem == ""
    return outcome.state


def test_pieces_in_their_order_are_the_file_and_nothing_stays_behind(
    video: Path, place: Place, link: DirectoryLink, identity: Any, tmp_path: Path
) -> None:
    assert deliver(video, place) == "copied"
    assert link.held == [f"{video.name}.{k:04d}-of-0010.age" for k in range(1, 11)]
    assert joined(link, identity) == video.read_bytes()
    assert [path for path in (tmp_path / "outbox").rglob("*") if path.is_file()] == []
    receipt = place.receipts.of(video)
    assert receipt is not None
    assert list(receipt.held) == link.held


def test_a_transfer_that_is_cut_ten_times_sends_no_piece_twice(
    video: Path, place: Place, link: DirectoryLink, identity: Any
) -> None:
    sent: list[str] = []

    def cut() -> None:
        [staged] = link.place.glob("*.part")
        sent.append(staged.name)
        if len(sent) % 2:
            raise Pulled

    link.meanwhile = cut
    for _ in range(10):
        with pytest.raises(Pulled):
            deliver(video, place)
        assert place.receipts.of(video) is None
    deliver(video, place)
    assert [sent.count(name) for name in sorted(set(sent))] == [2] * 10
    assert joined(link, identity) == video.read_bytes()


def test_a_piece_that_is_not_there_any_more_is_sent_again_and_only_that(
    video: Path, place: Place, link: DirectoryLink, identity: Any
) -> None:
    link.meanwhile = lambda: stop_after(link, 5)
    with pytest.raises(Pulled):
        deliver(video, place)
    (link.place / f"{video.name}.0002-of-0010.age").write_bytes(b"spoilt")
    sent: set[str] = set()
    link.meanwhile = lambda: sent.update(path.name for path in link.place.glob("*.part"))
    assert deliver(video, place) == "copied"
    assert len(sent) == 7
    assert joined(link, identity) == video.read_bytes()


def stop_after(link: DirectoryLink, pieces: int) -> None:
    if len(list(link.place.glob("*.age"))) >= pieces - 1:
        raise Pulled


def test_a_piece_that_arrives_damaged_twice_refuses_the_file(
    video: Path, place: Place, link: DirectoryLink
) -> None:
    link.spoil = 2
    [outcome] = deliver_all([video], place)
    assert (outcome.state, outcome.code) == ("refused", 74)
    assert link.held == []
    assert place.receipts.of(video) is None


def test_a_file_that_changes_under_way_has_no_receipt(
    video: Path, place: Place, link: DirectoryLink
) -> None:
    def grow() -> None:
        with video.open("ab") as more:
            more.write(b"x")

    link.meanwhile = grow
    [outcome] = deliver_all([video], place)
    assert (outcome.state, outcome.code) == ("refused", 75)
    assert place.receipts.of(video) is None


def test_pieces_of_what_a_file_was_before_do_not_stay_there(
    video: Path, place: Place, link: DirectoryLink, identity: Any
) -> None:
    deliver(video, place)
    video.write_bytes(os.urandom(3 * PIECE_BYTES))
    deliver(video, place)
    assert link.held == [f"{video.name}.{k:04d}-of-0003.age" for k in range(1, 4)]
    assert joined(link, identity) == video.read_bytes()


def test_an_erasure_here_finds_what_is_still_in_pieces(
    video: Path, place: Place, link: DirectoryLink, tmp_path: Path
) -> None:
    link.meanwhile = lambda: stop_after(link, 3)
    with pytest.raises(Pulled):
        deliver(video, place)
    waiting = [path for path in (tmp_path / "outbox").rglob("*") if path.is_file()]
    assert len(waiting) == 3
    assert set(waiting) <= set(look(tmp_path).of(ID))
