"""The support bundle: everything a helper needs, and not one private byte."""

import asyncio
import json
import pwd
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import recorder.commands.support as command
from recorder.cli import antiphon
from recorder.doctor import software
from recorder.store.beside import notes_files_of
from recorder.store.headers import Person
from recorder.store.note_rows import NoteMarkerRow, TranscriptRow
from recorder.store.notes import open_notes
from recorder.store.rows import EventRow, MarkerRow
from recorder.store.writer import SessionWriter
from recorder.wire.messages import Alarm, Request, SessionStatus, Status
from recorder.wire.server import ControlServer
from tests.hardware.plugged_in import Adapter, plug_in
from tests.recorder.bounded import WITHIN_S
from tests.recorder.programs import Programs
from tests.recorder.session_files import START_NS, block, header

NAMES = {
    *("about.json", "config.json", "doctor.json", "status.json", "boards.json", "disk.json"),
    *("sessions.json", "unit.txt", "log.txt", "kernel.txt"),
}
# What was planted, and must be nowhere.
CODES = ("PAT-ZEBRA7", "THER-YAK9")
LABEL, NOTE = "weeps at the bridge", "her son visited at noon"
RATER, LATER, SPEAKER = "RATER-LYNX", "smiles at last", "MOTHER-HEN"
PASSWORD, KEY, HOST = "hunter2", "/etc/antiphon/secret_key_7", "archive.clinic.example"
CONFIG_CODE = "UNATT-OWL"
PLANTED = (*CODES, LABEL, NOTE, RATER, LATER, SPEAKER, PASSWORD, KEY, HOST, CONFIG_CODE, "marmot")


def plant_session(sessions: Path) -> Path:
    """A closed session with codes, a label, a note, an EEG, and notes beside it."""
    roles = zip(("patient", "therapist"), CODES, strict=True)
    persons = tuple(Person(role, code, True, False, False) for role, code in roles)
    sessions.mkdir(parents=True)
    path = sessions / "20261123T040000Z-1f3a.antiphon"
    writer = SessionWriter.create(path, replace(header(), persons=persons))
    writer.put(block(0, 0))
    writer.put(MarkerRow(t_ns=START_NS, label=LABEL, made_t_ns=START_NS))
    writer.put(EventRow(START_NS, "note", NOTE))
    writer.close(START_NS + 10**9)
    with open_notes(path) as notes:
        notes.add(NoteMarkerRow(START_NS, LATER, "rater", RATER, 0))
        notes.add(TranscriptRow(START_NS, START_NS + 1, SPEAKER, "la la", "by hand", 0))
    assert notes_files_of(path)
    return path


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two dongles, a session, a journal and a service that all know too much."""
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(software, "LOAD_BRAINFLOW", "print('5.23')")
    user = type("User", (), {"pw_uid": 1000, "pw_name": "marmot", "pw_gecos": "Ann Marmot,,,"})
    monkeypatch.setattr(pwd, "getpwall", lambda: [user])
    plug_in(tmp_path, Adapter(), Adapter(serial="DM01N6RY", tty="ttyUSB1"))
    (tmp_path / "proc").mkdir(exist_ok=True)
    (tmp_path / "proc/mounts").write_text(
        f"/dev/root / ext4 rw 0 0\n/dev/x {tmp_path} xfs rw 0 0\n"
    )
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    plant_session(tmp_path / "sessions")
    spoken = "\n".join(f"2026-11-23 antiphon: {word!r} of {word}, {word}." for word in PLANTED)
    programs = Programs(tmp_path / "bin", monkeypatch)
    programs.make("systemctl", f"Id=antiphon.service\nNRestarts=3\nStatusText=records {CODES[0]}\n")
    programs.make("journalctl", f"antiphon: usb ready\n{spoken}\n")
    return tmp_path


@pytest.fixture
def config(box: Path) -> Path:
    file = box / "antiphon.toml"
    file.write_text(
        f"""
sessions = "{box}/sessions"
socket = "{box}/antiphon.sock"
marks = ["{LABEL}"]
[camera]
kind = "ffmpeg"
input = ["-i", "rtsp://cam:{PASSWORD}@camera/live"]
[lsl]
session_id = "{CONFIG_CODE}"
[sync.ward]
host = "{HOST}"
path = "/srv/eeg"
key = "{KEY}"
"""
    )
    return file


def run(config: Path, *arguments: str) -> Path:
    out = config.parent / "bundle.tar.gz"
    words = ["support-bundle", "--config", str(config), "-o", str(out), *arguments]
    antiphon.main(words, standalone_mode=False)
    return out


def unpacked(bundle: Path) -> dict[str, bytes]:
    with tarfile.open(bundle) as tar:
        members = tar.getmembers()
        assert {(one.mode, one.uid, one.uname) for one in members} == {(0o600, 0, "")}
        files = {one.name: tar.extractfile(one) for one in members}
        return {
            name.removeprefix("antiphon-support/"): file.read()
            for name, file in files.items()
            if file
        }


def test_a_helper_finds_everything(config: Path) -> None:
    files = unpacked(run(config))
    assert files.keys() == NAMES
    told: dict[str, Any] = {
        name.removesuffix(".json"): json.loads(content)
        for name, content in files.items()
        if name.endswith(".json") and name != "status.json"
    }
    assert told["about"]["antiphon"]
    assert {one["name"] for one in told["doctor"]["findings"]} >= {"dongles", "config", "stops"}
    assert [one["serial"] for one in told["boards"]["dongles"]] == ["DM01N5QX", "DM01N6RY"]
    assert told["disk"]["system"] == "xfs"
    assert told["disk"]["free_bytes"] > 0
    [session] = told["sessions"]["sessions"]
    assert (session["id"], session["state"]) == ("20261123T040000Z-1f3a", "closed")
    assert b"NRestarts=3" in files["unit.txt"]
    assert b"usb ready" in files["log.txt"]
    assert b"no antiphon service answers" in files["status.json"]


def test_not_one_private_byte_is_in_it(config: Path) -> None:
    bundle = run(config)
    with closing(sqlite3.connect(config.parent / "sessions/20261123T040000Z-1f3a.antiphon")) as eeg:
        [[payload]] = eeg.execute("SELECT payload FROM block")
    for name, content in unpacked(bundle).items():
        for word in PLANTED:
            assert word.lower().encode() not in content.lower(), (name, word)
        assert payload not in content
    log = unpacked(bundle)["log.txt"].decode()
    assert log.count("antiphon: ") == len(PLANTED) + 1  # each line is there, without the words


def test_the_file_is_its_owners_and_never_takes_anothers_place(config: Path) -> None:
    out = run(config)
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        run(config)


def test_with_a_broken_configuration_the_log_stays_here(config: Path) -> None:
    config.write_text("colour = 1")
    files = unpacked(run(config))
    assert b"unknown key `colour`" in files["doctor.json"]
    assert files["log.txt"].startswith(b"not available: the configuration is broken")


def test_what_a_machine_lacks_is_told_in_its_place(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config.parent / "bin/journalctl").unlink()
    (config.parent / "bin/systemctl").unlink()
    files = unpacked(run(config))
    assert files["unit.txt"] == b"not available: there is no systemctl on this machine"
    assert files["kernel.txt"] == b"not available: there is no journalctl on this machine"


STATUS = Status(
    state="recording",
    session=SessionStatus(
        id="20261123T040000Z-1f3a",
        file="/data/20261123T040000Z-1f3a.antiphon",
        patient=CODES[0],
        therapist=CODES[1],
        elapsed_s=757.3,
        saved_s=756.6,
        markers=2,
        last_marker="never written down",
    ),
    boards=[],
    alarms=[Alarm("board", "patient", detail=NOTE)],
    disk_free_mib=50_000.0,
    disk_hours=41.3,
    version="0.1.0",
)


@pytest.fixture
def service(box: Path) -> Iterator[None]:
    """A service that tells its status as long as it is asked."""
    stopping = threading.Event()

    async def answer(_: Request) -> Status:
        return STATUS

    async def serve() -> None:
        server = ControlServer(box / "antiphon.sock", answer)
        await server.start()
        ready.set()
        await asyncio.to_thread(stopping.wait, WITHIN_S)
        await server.stop()

    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(WITHIN_S)
    yield
    stopping.set()
    thread.join()


@pytest.mark.usefixtures("service")
def test_the_status_is_told_without_codes_and_labels(config: Path) -> None:
    status = json.loads(unpacked(run(config))["status.json"])
    assert status["session"]["patient"] == status["session"]["therapist"] == "(removed)"
    assert status["session"]["last_marker"] == "(removed)"
    assert status["session"]["elapsed_s"] == 757.3
    assert status["alarms"] == [{"kind": "board", "role": "patient", "detail": "(removed)"}]
