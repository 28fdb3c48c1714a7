"""What every kind of destination promises: proof, erasure, videos; by a real sshd and rclone."""

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from recorder import wall_clock
from recorder.settings.file import DESTINATIONS
from recorder.store.headers import Person
from recorder.sync import outbox
from tests.e2e.synced_box import finish
from tests.recorder import session_files
from tests.recorder.command_line import Ran, Shell
from tests.recorder.sync import far_places
from tests.recorder.sync.far_places import FarPlace
from tests.recorder.sync.workstation import CAN_RUN, WHY_NOT, Workstation

FILMED, OTHER = "20260101T080000Z-aaaa", "20261123T040000Z-1f3a"
VIDEO = f"{FILMED}-camera-01.mkv"
VIDEO_BYTES, PIECE_BYTES = 700_000, 256 << 10
FILMABLE = (
    Person("patient", "P01", True, True, False),
    Person("therapist", "T01", True, True, False),
)
SEED = 11


@dataclass
class Home:
    """The machine that copies, and where to."""

    directory: Path
    far: FarPlace
    shell: Shell

    @property
    def sessions(self) -> Path:
        return self.directory / "sessions"

    @property
    def video(self) -> Path:
        return self.sessions / VIDEO

    def run(self, verb: str, *words: object) -> Ran:
        config = self.directory / "antiphon.toml"
        config.write_text(self.far.section("far"))
        return self.shell(verb, "--config", config, "--sessions", self.sessions, *words)

    def does(self, verb: str, *words: object) -> str:
        ran = self.run(verb, *words)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    def kept_because(self) -> dict[str, str]:
        told = self.run("prune", "--older-than", 0, "--apply", "--json").json
        return {one["id"]: one["kept_because"] for one in told["sessions"]}

    def is_mirrored(self) -> bool:
        """Whether every file has arrived as it is, and nothing half-sent is there."""
        places = (self.sessions, self.sessions / "done")
        ours = [
            it for place in places for end in ("antiphon*", "mkv") for it in place.glob(f"*.{end}")
        ]
        same = [self.far.content(path.name) == path.read_bytes() for path in ours]
        return all(same) and not [name for name in self.far.names() if name.endswith(".part")]


def make_sessions(sessions: Path) -> None:
    (sessions / "done").mkdir(parents=True)
    head = replace(session_files.header(FILMED), persons=FILMABLE)
    filmed = sessions / "done" / f"{FILMED}.antiphon"
    finish(session_files.write(filmed, [session_files.block(0, 0)], head))
    other = session_files.header(OTHER)
    session_files.write(sessions / f"{OTHER}.antiphon", [session_files.block(0, 0)], other)
    (sessions / VIDEO).write_bytes(random.Random(SEED).randbytes(VIDEO_BYTES))
    # Not everybody in this one has agreed to video: it stays here.
    (sessions / f"{OTHER}-camera-01.mkv").write_bytes(b"nobody may see this")


Kind = Callable[[Path, pytest.FixtureRequest], Iterator[FarPlace]]


def by_ssh(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FarPlace]:
    if not CAN_RUN:
        pytest.skip(WHY_NOT)
    far: Workstation = request.getfixturevalue("one_workstation")
    yield FarPlace("sync", far.fields(), far.inbox)
    shutil.rmtree(far.inbox)
    far.inbox.mkdir()


def to_folder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FarPlace]:
    if reason := far_places.other_disk_missing(tmp_path):
        pytest.skip(reason)
    with far_places.folder() as far:
        yield far


def by_rclone(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FarPlace]:
    yield _remote(tmp_path, crypt=False)


def by_crypt(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FarPlace]:
    yield _remote(tmp_path, crypt=True)


def _remote(tmp_path: Path, *, crypt: bool) -> FarPlace:
    if crypt and "ANTIPHON_SYNC_TESTS" not in os.environ:
        pytest.skip("takes minutes: make test-sync")
    pytest.importorskip("pyrage")
    if far_places.RCLONE is None:
        pytest.skip("rclone is not installed (apt install rclone)")
    return far_places.remote(tmp_path / "far", crypt=crypt)


def test_sections_are_named_after_their_kinds() -> None:
    """So that no kind is left out here."""
    assert {"sync", "sync_folder", "sync_remote"} == set(DESTINATIONS)


KINDS = [by_ssh, pytest.param(to_folder, marks=pytest.mark.disks), by_rclone, by_crypt]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def home(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Home]:
    monkeypatch.setattr(wall_clock, "synchronised", lambda: True)
    monkeypatch.setattr(outbox, "PIECE_BYTES", PIECE_BYTES)
    kind: Kind = request.param
    for far in kind(tmp_path, request):
        make_sessions(tmp_path / "sessions")
        yield Home(tmp_path, far, Shell(capsys, monkeypatch))


def test_a_video_goes_with_its_session_and_both_are_pruned_on_proof_only(home: Home) -> None:
    assert home.does("sync", "--test").startswith("far  ")
    assert home.far.names() == []
    home.does("sync")
    (home.sessions / f"{OTHER}-camera-01.mkv").unlink()
    assert home.is_mirrored()
    assert not [name for name in home.far.names() if name.startswith(f"{OTHER}-camera")]
    assert home.does("sync") == "far  nothing to copy\n"
    assert home.kept_because() == {FILMED: "", OTHER: "it is the newest"}
    assert not home.video.exists()
    assert home.far.content(VIDEO) == random.Random(SEED).randbytes(VIDEO_BYTES)


def test_a_copy_that_is_not_what_was_sent_keeps_the_original(home: Home) -> None:
    home.does("sync")
    spoilt = max(home.far.inbox.rglob("*"), key=lambda path: path.stat().st_size)
    content = bytearray(spoilt.read_bytes())
    content[-20] ^= 1
    spoilt.write_bytes(content)
    ran = home.run("prune", "--older-than", 0, "--apply", "--json")
    assert ran.code != 0 or "any more as it was" in ran.json["sessions"][0]["kept_because"]
    assert home.video.exists()


def test_what_is_erased_here_is_erased_there_with_its_video(home: Home) -> None:
    home.does("sync")
    told = home.run("erase", FILMED, "--apply")
    assert told.code == 0
    assert ("rclone cleanup" in told.out) == (home.far.kind == "sync_remote")
    assert f"{FILMED}  " in home.does("sync")
    assert {name.partition(".")[0] for name in home.far.names()} == {OTHER}


def test_a_video_that_is_taken_back_is_erased_there_and_the_session_stays(home: Home) -> None:
    home.does("sync")
    home.does("consent", FILMED, "--withdraw", "video", "--role", "patient", "--apply")
    assert "erased there" in home.does("sync")
    assert not [name for name in home.far.names() if "-camera-" in name]
    home.video.unlink(missing_ok=True)
    assert f"{FILMED}.antiphon" in "".join(home.far.names())


def test_what_a_window_keeps_back_is_not_sent_and_erasures_are(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.does("sync")
    home.does("erase", FILMED, "--apply")
    (home.sessions / "receipts").rename(home.directory / "elsewhere")
    moment = wall_clock.local_time(wall_clock.utc_ns()).replace(hour=12, minute=0)
    monkeypatch.setattr(wall_clock, "local_time", lambda _: moment)
    home.far.fields["windows"] = ["22:00-06:00"]
    told = home.does("sync", "--json")
    assert [one["state"] for one in json.loads(told)["files"]] == ["erased there"]
    assert "nothing is sent outside of 22:00-06:00" in json.loads(told)["found"]["far"]
    home.far.fields["windows"] = ["06:00-22:00"]
    assert "copied" in home.does("sync") or home.far.identity is None
