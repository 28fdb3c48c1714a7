"""A real rclone, to a directory as it is and with its own encryption: cut, full, changed."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from recorder import wall_clock
from recorder.sync import outbox
from recorder.sync.finished import Sealed
from recorder.sync.program import Begun
from recorder.sync.rclone import RcloneLink
from tests.e2e.processes import until
from tests.e2e.test_every_destination import (
    FILMED,
    OTHER,
    PIECE_BYTES,
    SEED,
    VIDEO,
    Home,
    make_sessions,
)
from tests.e2e.test_sync_to_disks import MIB, disk
from tests.recorder.command_line import Shell
from tests.recorder.sync import far_places
from tests.results import Row, keep

pytestmark = [
    pytest.mark.skipif(
        "ANTIPHON_SYNC_TESTS" not in os.environ, reason="takes minutes: make test-sync"
    ),
    pytest.mark.skipif(
        far_places.RCLONE is None, reason="rclone is not installed (apt install rclone)"
    ),
]
pytest.importorskip("pyrage")
CUTS, PIECES = 10, 15


@pytest.fixture(params=["local", "crypt"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(wall_clock, "synchronised", lambda: True)
    monkeypatch.setattr(outbox, "PIECE_BYTES", PIECE_BYTES)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def home(kind: str, tmp_path: Path, shell: Shell) -> Home:
    make_sessions(tmp_path / "sessions")
    far = far_places.remote(tmp_path / "far", crypt=kind == "crypt")
    return Home(tmp_path, far, shell)


def held_bytes(home: Home) -> int:
    """How much there is, under whatever names."""
    return sum(path.stat().st_size for path in home.far.inbox.rglob("*") if path.is_file())


class Line:
    """What goes to the remote of the video: which pieces, and which of them are cut off."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = self.cuts = 0
        self.cut_after = -1  # so many more pieces; below 0 cuts none
        answer = Begun.answer

        def answer_or_be_cut(rclone: Begun, within_s: float, name: str) -> bytes:
            words = str(rclone.process.args)
            if "copyto" in words and VIDEO in words:
                self.begun += 1
                if self.cut_after == 0:
                    self._cut(home, rclone)
                else:
                    self.cut_after -= 1
            return answer(rclone, within_s, name)

        monkeypatch.setattr(Begun, "answer", answer_or_be_cut)

    def _cut(self, home: Home, rclone: Begun) -> None:
        before = held_bytes(home)
        until(
            lambda: held_bytes(home) > before or rclone.process.poll() is not None or None,
            "it is on its way",
        )
        rclone.process.kill()
        was_cut = rclone.process.wait() != 0
        self.cuts += was_cut
        self.cut_after = -1 if was_cut else 0  # it was too quick: the next one


def test_ten_cuts_lose_nothing_and_only_what_was_cut_is_sent_again(
    home: Home, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = random.Random(SEED).randbytes(PIECE_BYTES * PIECES)
    home.video.write_bytes(content)
    line = Line(home, monkeypatch)
    home.far.fields["limit_kib_s"] = 256  # a second a piece, else it is there at once
    while line.cuts < CUTS:
        line.cut_after = 1
        assert home.run("sync").code != 0
    assert home.kept_because()[FILMED] != ""
    home.does("sync")
    assert home.far.content(VIDEO) == content
    assert not [name for name in home.far.names() if name.endswith(".part")]
    assert line.begun == PIECES + CUTS
    what = f"rclone ({kind}) killed {CUTS} times, each time in mid-piece of a video"
    figure = f"whole; of {PIECES} pieces the {CUTS} that were cut were sent again, no other"
    keep("test-sync", [Row(what, figure, "whole")], words=())


def test_a_full_remote_loses_nothing_and_goes_on_when_there_is_room(
    kind: str, tmp_path: Path, shell: Shell
) -> None:
    make_sessions(tmp_path / "sessions")
    with disk("ext4", tmp_path / "plugged", 16) as place:
        home = Home(tmp_path, far_places.remote(place / "far", crypt=kind == "crypt"), shell)
        others = place / "others"
        room = os.statvfs(place)  # also what is kept for root
        others.write_bytes(bytes(room.f_bfree * room.f_frsize - MIB // 2))
        ran = home.run("sync")
        assert (ran.code, "no space left there" in ran.err) == (73, True)
        assert home.far.content(VIDEO) in home.video.read_bytes()
        assert home.kept_because()[FILMED] != ""
        assert home.video.exists()
        others.unlink()
        home.does("sync")
        assert home.far.content(VIDEO) == home.video.read_bytes()


def test_a_video_that_changes_on_its_way_is_not_taken_for_sent(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, sent = RcloneLink.send, list[str]()

    def send_and_change(link: RcloneLink, file: Sealed, *more: Any) -> None:
        send(link, file, *more)
        if VIDEO in file.path.name and not sent:
            sent.append(file.path.name)
            content = home.video.read_bytes()
            home.video.write_bytes(bytes(16) + content[16:])

    monkeypatch.setattr(RcloneLink, "send", send_and_change)
    ran = home.run("sync")
    assert (ran.code, "it changed while it was copied" in ran.out + ran.err) == (75, True)
    assert home.kept_because()[FILMED] != ""
    home.does("sync")
    assert home.far.content(VIDEO) == home.video.read_bytes()
    assert len([name for name in home.far.names() if VIDEO in name]) == 3


@pytest.mark.disks
def test_what_is_erased_here_is_erased_at_all_destinations(tmp_path: Path, shell: Shell) -> None:
    if reason := far_places.other_disk_missing(tmp_path):
        pytest.skip(reason)
    make_sessions(tmp_path / "sessions")
    config = tmp_path / "antiphon.toml"
    words = ("--config", config, "--sessions", tmp_path / "sessions")
    with far_places.folder() as disk_:
        fars = {
            "disk": disk_,
            "local": far_places.remote(tmp_path / "local"),
            "crypt": far_places.remote(tmp_path / "crypt", crypt=True),
        }
        config.write_text("".join(far.section(name) for name, far in fars.items()))
        assert shell("sync", *words).code == 0
        for far in fars.values():
            assert any(FILMED in name for name in far.names())
        assert shell("erase", FILMED, "--apply", *words).code == 0
        assert shell("sync", *words).code == 0
        for far in fars.values():
            assert {name.partition(".")[0] for name in far.names()} == {OTHER}
