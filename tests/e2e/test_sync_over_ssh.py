"""Sessions copied to a real sshd: nothing lost, nothing half-made that looks whole."""

import json
import os
import pwd
import random
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recorder.store.note_files import own_notes_file
from recorder.store.note_rows import NoteMarkerRow, TranscriptRow
from recorder.store.notes import open_notes
from tests.e2e.processes import antiphon, begin, ended, until
from tests.e2e.synced_box import ASKED_BYTES, MIB, NEW, OLD, Box, sha256
from tests.e2e.terminals import terminal
from tests.recorder.sync.workstation import CAN_RUN, WHY_NOT, make_key

pytestmark = pytest.mark.skipif(not CAN_RUN, reason=WHY_NOT)

SEED = 7


def test_all_finished_sessions_arrive_with_a_receipt_and_go_only_once(box: Box) -> None:
    code, stdout, stderr = box.sync()
    assert (code, stderr) == (0, "")
    assert [line.split()[:3] for line in stdout.splitlines()] == [
        ["ward", f"{OLD}.antiphon", "copied"],
        ["ward", f"{NEW}.antiphon", "copied"],
        ["ward", f"{NEW}.antiphon.sha256", "copied"],
    ]
    assert box.holds_all()
    assert (box.far.inbox / f"{NEW}.antiphon").stat().st_mode & 0o777 == 0o640
    receipt = json.loads((box.sessions / "receipts" / "ward" / f"{NEW}.json").read_bytes())
    assert receipt["sha256"] == sha256(box.far.inbox / f"{NEW}.antiphon")
    assert (receipt["bytes"], receipt["verified"]) == (box.big.stat().st_size, True)
    box.far.line.again()
    assert box.sync() == (0, "ward  nothing to copy\n", "")
    assert box.far.line.sent_bytes < ASKED_BYTES


def test_a_lost_receipt_is_made_again_without_sending_anything(box: Box) -> None:
    box.sync()
    shutil.rmtree(box.sessions / "receipts")
    box.far.line.again()
    told = json.loads(box.sync("--json")[1])
    assert [file["state"] for file in told["files"]] == ["already there"] * 3
    assert box.far.line.sent_bytes < 0.1 * MIB
    assert box.receipts() == [f"{OLD}.json", f"{NEW}.antiphon.sha256.json", f"{NEW}.json"]


def test_a_dry_run_connects_to_nothing(box: Box) -> None:
    code, stdout, _ = box.sync("--dry-run", "--json")
    told = json.loads(stdout)
    assert (code, told["schema"], told["dry_run"]) == (0, "antiphon.sync/1", True)
    assert [(file["name"], file["state"]) for file in told["files"]] == [
        (f"{OLD}.antiphon", "to copy"),
        (f"{NEW}.antiphon", "to copy"),
        (f"{NEW}.antiphon.sha256", "to copy"),
    ]
    assert (box.far.held, box.far.line.sent_bytes) == ([], 0)


def test_five_cuts_lose_nothing_and_what_had_arrived_is_not_sent_again(box: Box) -> None:
    rng = random.Random(SEED)
    line, size = box.far.line, box.big.stat().st_size
    total = 0
    for _ in range(5):
        line.again()
        line.when(rng.randrange(30_000, size // 5), line.cut)
        code, text = box.failure()
        assert code == 75
        assert "the connection was cut" in text
        assert f"{NEW}.antiphon" not in box.far.held
        assert f"{NEW}.json" not in box.receipts()
        total += line.sent_bytes
    line.again()
    assert box.sync()[0] == 0
    assert box.holds_all()
    assert total + line.sent_bytes < 1.4 * size


def test_a_box_that_loses_power_goes_on_where_it_was(box: Box) -> None:
    words = box.words("sync")
    process = begin(*words)
    box.far.line.when(MIB, process.kill)
    code, _, _ = ended(process)
    assert code == -9
    assert f"{NEW}.antiphon" not in box.far.held
    # As long as the rsync that it left behind has the lock, nothing else is begun.
    ran = until(lambda: _unless_locked(box.sync()), "the lock is free", within_s=60)
    assert ran[0] == 0
    assert box.holds_all()


def _unless_locked(ran: tuple[int, str, str]) -> tuple[int, str, str] | None:
    return None if "another sync" in ran[2] else ran


def test_a_second_sync_refuses_while_the_first_one_runs(box: Box) -> None:
    refused: list[tuple[int, str, str]] = []
    box.far.line.when(MIB, lambda: refused.append(antiphon(*box.words("sync"))))
    assert box.sync()[0] == 0
    assert refused[0][0] == 75
    assert refused[0][2] == "antiphon: another sync or prune is running: nothing was done\n"
    assert box.holds_all()


def change(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4 * 4096)
        file.write(os.urandom(16))


def note(session: Path, text: str) -> None:
    with open_notes(session) as notes:
        notes.add(TranscriptRow(1, 2, "patient", text, "by hand", 0))


def test_notes_that_change_under_way_are_copied_as_they_are_then(box: Box) -> None:
    # what does not pack, so that it is long under way
    note(box.big, random.Random(SEED).randbytes(2 * MIB).hex())
    notes = own_notes_file(box.big)
    for earlier in (box.big, box.sessions / f"{OLD}.antiphon"):
        shutil.copy(earlier, box.far.inbox)
    box.far.line.when(MIB, lambda: note(box.big, "meanwhile"))
    assert box.sync()[0] == 0
    assert sha256(box.far.inbox / notes.name) == sha256(notes)
    note(box.big, "later")
    code, stdout, _ = box.sync()
    assert (code, stdout.split()[:3]) == (0, ["ward", notes.name, "copied"])
    assert sha256(box.far.inbox / notes.name) == sha256(notes)


def test_a_file_that_never_holds_still_is_refused_and_leaves_nothing(box: Box) -> None:
    box.big.with_name(f"{box.big.name}.sha256").unlink()

    def change_again() -> None:
        change(box.big)
        box.far.line.when(box.far.line.sent_bytes + MIB, change_again)

    box.far.line.when(MIB, change_again)
    code, text = box.failure()
    assert code == 75
    assert f"{NEW}.antiphon: it changed while it was copied" in text
    assert box.far.held == [f"{OLD}.antiphon"]
    assert box.receipts() == [f"{OLD}.json"]


def test_a_recording_that_is_not_what_its_hash_says_never_leaves(box: Box) -> None:
    change(box.big)
    code, text = box.failure()
    assert code == 65
    assert f"it is damaged: not what {NEW}.antiphon.sha256 says" in text
    assert box.far.held == [f"{OLD}.antiphon"]


def test_what_arrived_damaged_is_sent_again_from_the_start(box: Box) -> None:
    staged = box.far.inbox / f"{NEW}.antiphon.part"
    staged.write_bytes(os.urandom(box.big.stat().st_size))
    assert box.sync()[0] == 0
    assert box.holds_all()


def test_another_file_of_the_same_name_is_left_alone(box: Box) -> None:
    other = box.far.inbox / f"{NEW}.antiphon"
    other.write_bytes(b"someone else's")
    code, text = box.failure()
    assert code == 65
    assert "the destination has another file of this name" in text
    assert other.read_bytes() == b"someone else's"
    assert box.receipts() == [f"{OLD}.json"]


def known_hosts(tmp_path: Path, box: Box, kind: str) -> Path:
    file = tmp_path / "other_hosts"
    key = make_key(tmp_path / "other_key")
    where = f"[127.0.0.1]:{box.far.line.port}" if kind == "another" else "elsewhere"
    file.write_text(f"{where} {key}")
    return file


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [("another", 77, "is not the one in"), ("none", 78, "is not in")],
)
def test_a_host_key_that_is_not_pinned_gets_nothing(
    box: Box, tmp_path: Path, kind: str, code: int, words: str
) -> None:
    file = known_hosts(tmp_path, box, kind)
    ran, text = box.failure(known_hosts=str(file))
    assert ran == code
    assert f"its host key {words} {file}: nothing was sent" in text
    assert (box.far.held, box.receipts()) == ([], [])


def test_a_key_that_is_refused_is_77(box: Box, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    code, text = box.failure(key=str(tmp_path / "stranger"))
    assert code == 77
    assert "it refused the key" in text
    assert (box.far.held, box.receipts()) == ([], [])


def test_a_key_that_others_may_read_is_78(box: Box, tmp_path: Path) -> None:
    shutil.copy(box.far.directory / "box_key", tmp_path / "open")
    (tmp_path / "open").chmod(0o644)
    code, text = box.failure(key=str(tmp_path / "open"))
    assert (code, "chmod 600" in text) == (78, True)


def test_a_key_that_is_not_there_is_78(box: Box, tmp_path: Path) -> None:
    code, text = box.failure(key=str(tmp_path / "none"))
    assert (code, "No such file or directory" in text) == (78, True)


@pytest.mark.skipif(pwd.getpwuid(os.getuid()).pw_shell != "/bin/bash", reason="another shell")
def test_a_shell_that_prints_something_is_named_and_78(box: Box) -> None:
    greeting = box.far.directory / ".bashrc"
    greeting.write_text("echo Welcome, you have 3 new mails\n")
    try:
        code, text = box.failure()
    finally:
        greeting.unlink()
    assert (code, "prints something when it starts there" in text) == (78, True)
    assert box.sync()[0] == 0
    assert box.holds_all()


def test_a_port_where_nobody_answers_is_69(box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code, text = box.failure(port=port)
    assert code == 69
    assert f"it cannot be reached at 127.0.0.1, port {port}" in text
    assert "Connection refused" in text


def test_a_directory_that_is_not_there_is_73_and_not_made(box: Box, tmp_path: Path) -> None:
    code, text = box.failure(path=str(tmp_path / "unplugged disk"))
    assert code == 73
    assert "unplugged disk is not there, or may not be entered: is its disk plugged in?" in text
    assert not (tmp_path / "unplugged disk").exists()


def test_a_path_with_blanks_and_quotes_is_one_path(box: Box, tmp_path: Path) -> None:
    inbox = tmp_path / 'it\'s a $HOME; "ward" [3]'
    inbox.mkdir()
    assert box.sync(path=str(inbox))[0] == 0
    assert sha256(inbox / f"{NEW}.antiphon") == sha256(box.big)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 2 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "antiphon-test", str(place)]
    if os.getuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs root, to mount a small filesystem")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_destination_keeps_what_came_and_goes_on_when_there_is_space(
    box: Box, small_disk: Path
) -> None:
    code, text = box.failure(path=str(small_disk))
    assert code == 73
    assert f"no space left in {small_disk}" in text
    staged = small_disk / f"{NEW}.antiphon.part"
    assert staged.stat().st_size > MIB
    assert sorted(path.name for path in small_disk.iterdir()) == [f"{OLD}.antiphon", staged.name]
    assert box.receipts() == [f"{OLD}.json"]
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    box.far.line.again()
    assert box.sync(path=str(small_disk))[0] == 0
    assert sha256(small_disk / f"{NEW}.antiphon") == sha256(box.big)
    assert box.far.line.sent_bytes < box.big.stat().st_size - MIB // 2


def test_a_bar_is_shown_on_a_terminal(box: Box) -> None:
    with terminal(*map(str, box.words("sync"))) as screen:
        assert screen.await_end() == 0
    assert b"ward  [" in screen.seen
    assert b"100%" in screen.seen


Prune = Callable[..., dict[str, object]]


@pytest.fixture
def prune(box: Box) -> Prune:
    def run(*words: object) -> dict[str, object]:
        code, stdout, stderr = box.run(*box.words("prune", "--json", *words))
        assert (code, stderr) == (0, "")
        told: dict[str, object] = json.loads(stdout)
        return {"applied": told["applied"]} | {
            one["id"]: one["kept_because"]
            for one in told["sessions"]  # type: ignore[attr-defined]
        }

    return run


def test_only_what_the_destination_proves_to_have_is_deleted(box: Box, prune: Prune) -> None:
    small, newest = box.sessions / f"{OLD}.antiphon", "it is the newest"
    assert str(prune("--older-than", 0, "--apply")[OLD]).startswith("no receipt for")
    box.sync()
    assert prune("--older-than", 0) == {"applied": False, OLD: "", NEW: newest}
    assert small.exists()
    copy = box.far.inbox / small.name
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1] + b"?")
    assert str(prune("--older-than", 0, "--apply")[OLD]).endswith("any more as it was")
    assert small.exists()
    copy.write_bytes(whole)
    assert prune("--older-than", 0, "--apply") == {"applied": True, OLD: "", NEW: newest}
    assert [path.name for path in box.sessions.rglob("*.antiphon")] == [box.big.name]
    assert box.receipts() == [f"{OLD}.json", f"{NEW}.antiphon.sha256.json", f"{NEW}.json"]


def test_nothing_is_deleted_when_the_destination_cannot_be_asked(box: Box) -> None:
    box.sync()
    shutil.move(box.far.directory / "authorized_keys", box.far.directory / "no_keys")
    code, _, stderr = box.run(*box.words("prune", "--older-than", 0, "--apply"))
    shutil.move(box.far.directory / "no_keys", box.far.directory / "authorized_keys")
    assert (code, "it refused the key" in stderr) == (77, True)
    assert (box.sessions / f"{OLD}.antiphon").exists()


def test_notes_of_both_sides_are_joined_on_both(box: Box) -> None:
    assert box.sync()[0] == 0
    there = box.far.inbox / f"{NEW}.antiphon"
    for path, machine, label in ((box.big, "", "here"), (there, "0badcafe", "there")):
        with open_notes(path, machine) as notes:
            notes.add(NoteMarkerRow(5, label, "rater", "R1", 0))
    code, told, complaint = box.sync()
    assert (code, complaint) == (0, "")
    assert "fetched" in told
    for path in (box.big, there):
        with open_notes(path, "0badcafe") as notes:
            assert {row.label for row in notes.read(NoteMarkerRow)} == {"here", "there"}
    with open_notes(there, "0badcafe") as notes:
        notes.add(NoteMarkerRow(6, "later", "rater", "R1", 0))
    code, told, complaint = box.sync()
    assert (code, complaint) == (0, "")
    assert box.sync()[1].count("nothing to copy") == 1
    box.far.line.again()
    assert box.run(*box.words("erase", NEW, "--apply"))[0] == 0
    assert box.sync()[0] == 0
    assert not [name for name in box.far.held if NEW in name]
