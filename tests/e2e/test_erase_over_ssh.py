"""Sessions erased here, and by the next sync at a real sshd; sessions that leave encrypted."""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.synced_box import ASKED_BYTES, MIB, NEW, OLD, Box, sha256
from tests.recorder.sync.workstation import CAN_RUN, WHY_NOT

HAS_AGE = importlib.util.find_spec("pyrage") is not None
pytestmark = pytest.mark.skipif(not CAN_RUN, reason=WHY_NOT)
encrypting = pytest.mark.skipif(not HAS_AGE, reason="pyrage is not installed")


def erase(box: Box, *words: object) -> None:
    assert box.run(*box.words("erase", *words, "--apply"))[0] == 0


def files(box: Box) -> list[str]:
    """The files at the workstation, but for tombstones."""
    return sorted(path.name for path in box.far.inbox.iterdir() if path.is_file())


def tombstone(box: Box, id_: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((box.sessions / "tombstones" / f"{id_}.json").read_bytes())
    return told


def test_the_next_sync_erases_the_copies_and_writes_down_that_it_did(box: Box) -> None:
    box.sync()
    for name in (f"{NEW}.antiphon.part", f"{NEW}.notes", f".{NEW}.antiphon.part.Xy12ab"):
        (box.far.inbox / name).write_bytes(b"half of it")
    erase(box, NEW)
    assert tombstone(box, NEW)["gone"] == {}
    code, stdout, _ = box.sync()
    assert (code, stdout.split()) == (0, ["ward", NEW, "erased", "there", "0.0", "MiB"])
    assert files(box) == [f"{OLD}.antiphon"]
    far = json.loads((box.far.inbox / "tombstones" / f"{NEW}.json").read_bytes())
    assert far == {key: tombstone(box, NEW)[key] for key in ("id", "why", "when")}
    [(address, when)] = tombstone(box, NEW)["gone"].items()
    assert address.endswith(str(box.far.inbox))
    assert when.endswith("Z")
    box.far.line.again()
    assert box.sync() == (0, "ward  nothing to copy\n", "")
    assert box.far.line.sent_bytes < ASKED_BYTES


def test_a_person_who_withdraws_is_gone_from_the_workstation(box: Box) -> None:
    box.sync()
    erase(box, "--person", "P01")
    assert box.sync()[0] == 0
    assert files(box) == []
    assert list(box.sessions.rglob("*.antiphon")) == []
    everything = [path for path in box.far.inbox.rglob("*") if path.is_file()]
    assert not any(b"P01" in path.read_bytes() for path in everything)


def test_what_could_not_be_reached_is_erased_when_it_can(box: Box) -> None:
    box.sync()
    erase(box, NEW)
    away = box.far.directory / "away"
    shutil.move(box.far.inbox, away)
    assert box.failure()[0] == 73
    assert tombstone(box, NEW)["gone"] == {}
    shutil.move(away, box.far.inbox)
    assert box.sync()[0] == 0
    assert files(box) == [f"{OLD}.antiphon"]


def test_other_files_about_it_there_are_told_until_somebody_has_seen_to_them(box: Box) -> None:
    box.sync()
    erase(box, NEW)
    other = box.far.inbox / f"{NEW}-thesis.xlsx"
    other.write_bytes(b"somebody's")
    code, text = box.failure()
    assert (code, other.name in text) == (65, True)
    assert (files(box), tombstone(box, NEW)["gone"]) == ([f"{OLD}.antiphon", other.name], {})
    other.unlink()
    assert box.sync()[0] == 0
    assert len(tombstone(box, NEW)["gone"]) == 1


def test_the_parts_of_a_session_do_not_keep_each_other_from_going(box: Box) -> None:
    shutil.copy(box.sessions / f"{OLD}.antiphon", box.sessions / f"{OLD}-2.antiphon")
    box.sync()
    assert len(files(box)) == 4
    erase(box, OLD)
    assert box.sync()[0] == 0
    assert files(box) == [f"{NEW}.antiphon", f"{NEW}.antiphon.sha256"]


def test_a_dry_run_says_what_would_be_erased(box: Box) -> None:
    box.sync()
    erase(box, NEW)
    told = json.loads(box.sync("--dry-run", "--json")[1])["files"]
    assert [(one["name"], one["state"]) for one in told] == [(NEW, "to erase")]
    assert len(files(box)) == 3


def test_what_an_erasure_left_here_never_leaves_again(box: Box, finished_sessions: Path) -> None:
    erase(box, NEW)
    shutil.copy(finished_sessions / "done" / f"{NEW}.antiphon", box.sessions)
    assert box.sync()[0] == 0
    assert files(box) == [f"{OLD}.antiphon"]
    assert [path.name for path in box.sessions.rglob("*.antiphon")] == [f"{OLD}.antiphon"]


@pytest.fixture
def identity() -> Any:
    """A secret key, as the workstation has it."""
    pyrage = pytest.importorskip("pyrage")
    return pyrage.x25519.Identity.generate()


def decrypted(path: Path, identity: Any) -> bytes:
    pyrage = pytest.importorskip("pyrage")
    return bytes(pyrage.decrypt(path.read_bytes(), [identity]))


def public(identity: Any) -> dict[str, str]:
    return {"encrypt_to": str(identity.to_public())}


@encrypting
def test_encrypted_copies_arrive_whole_and_the_receipt_has_both_hashes(
    box: Box, identity: Any
) -> None:
    code, stdout, stderr = box.sync(**public(identity))
    assert (code, stderr, stdout.count("copied")) == (0, "", 3)
    copy = box.far.inbox / f"{NEW}.antiphon.age"
    assert files(box) == [f"{OLD}.antiphon.age", copy.name, f"{NEW}.antiphon.sha256.age"]
    assert decrypted(copy, identity) == box.big.read_bytes()
    receipt = json.loads((box.sessions / "receipts" / "ward" / f"{NEW}.json").read_bytes())
    assert (receipt["sha256"], receipt["copy_sha256"]) == (sha256(box.big), sha256(copy))
    assert receipt["copy"] == copy.name
    assert [path for path in (box.sessions / "outbox").rglob("*") if path.is_file()] == []
    box.far.line.again()
    assert box.sync(**public(identity))[1] == "ward  nothing to copy\n"


@encrypting
def test_a_cut_encrypted_transfer_goes_on_where_it_was(box: Box, identity: Any) -> None:
    box.far.line.when(4 * MIB, box.far.line.cut)
    assert box.failure(**public(identity))[0] == 75
    [begun] = (path for path in box.far.inbox.iterdir() if path.suffix == ".part")
    assert begun.stat().st_size > MIB
    box.far.line.again()
    assert box.sync(**public(identity))[0] == 0
    assert box.far.line.sent_bytes < box.big.stat().st_size - MIB
    assert decrypted(box.far.inbox / f"{NEW}.antiphon.age", identity) == box.big.read_bytes()


@encrypting
def test_prune_takes_an_encrypted_copy_for_a_copy_only_when_it_is_whole(
    box: Box, identity: Any
) -> None:
    box.sync(**public(identity))
    copy = box.far.inbox / f"{OLD}.antiphon.age"
    whole = copy.read_bytes()
    words = box.words("prune", "--older-than", 0, "--apply", **public(identity))
    copy.write_bytes(whole[:-1] + b"?")
    box.run(*words)
    assert (box.sessions / f"{OLD}.antiphon").exists()
    copy.write_bytes(whole)
    box.run(*words)
    assert not (box.sessions / f"{OLD}.antiphon").exists()


@encrypting
def test_encrypted_copies_are_erased_like_any_other(box: Box, identity: Any) -> None:
    box.sync(**public(identity))
    erase(box, "--person", "P01")
    assert box.sync(**public(identity))[0] == 0
    assert files(box) == []


@encrypting
def test_a_key_that_is_none_sends_nothing(box: Box) -> None:
    code, _, stderr = box.sync(encrypt_to="age1" + "q" * 58)
    assert (code, "is no public key of age" in stderr) == (78, True)
    assert files(box) == []


def test_without_the_library_one_line_says_what_to_install(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    code, _, stderr = box.sync(encrypt_to="age1" + "q" * 58)
    assert (code, stderr.count("\n")) == (69, 1)
    assert 'pip install "antiphon[crypt]"' in stderr
    assert files(box) == []


def test_what_waits_to_be_sent_is_for_this_user_and_group_only(box: Box, identity: Any) -> None:
    umask = os.umask(0o000)
    try:
        box.far.line.when(MIB, box.far.line.cut)
        box.failure(**public(identity))
    finally:
        os.umask(umask)
    made = [*(box.sessions / "outbox").rglob("*"), *(box.sessions / "receipts").rglob("*")]
    assert any(path.suffix == ".age" for path in made)
    assert [path for path in made if path.stat().st_mode & 0o007] == []


def test_a_copy_at_a_destination_that_was_renamed_in_the_configuration_is_named(box: Box) -> None:
    box.sync()
    words = box.words("erase", NEW, "--apply")
    file = box.directory / "antiphon.toml"
    file.write_text(file.read_text().replace("127.0.0.1", "elsewhere"))
    code, _, complaint = box.run(*words)
    assert code == 69
    assert f"{NEW} at ward (" in complaint
    assert "@127.0.0.1:" in complaint
    assert (box.far.inbox / f"{NEW}.antiphon").exists()
    file.write_text(file.read_text().replace("elsewhere", "127.0.0.1"))
    assert box.run("sync", *words[1:5])[0] == 0
    assert not (box.far.inbox / f"{NEW}.antiphon").exists()
