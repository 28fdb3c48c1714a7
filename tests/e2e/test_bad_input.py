"""What cannot be done is said in one line with a sysexits code, and nothing half-made is left."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder.settings.file import Config
from tests.e2e.conftest import FILES
from tests.e2e.processes import (
    begin,
    both_stream,
    box,
    ended,
    needs_data,
    processes_about,
    service,
    status_of,
    told,
    until_status,
)

# In a test run by root: permissions count for it too.
WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
IS_ROOT = os.geteuid() == 0


def _can_lay_down_privilege() -> bool:
    if shutil.which(WITHOUT_PRIVILEGE[0]) is None:
        return False
    tried = subprocess.run([*WITHOUT_PRIVILEGE, "true"], capture_output=True, check=False)
    return tried.returncode == 0


needs_permissions = pytest.mark.skipif(
    IS_ROOT and not _can_lay_down_privilege(), reason="run by root, and setpriv cannot help it"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A command, the exit code it must end with, and what its one line must say.

    In `words`, DIR stands for a directory made for the case, with a text file, a configuration with
    an unknown key and a directory that may not be written to.
    """

    words: str
    code: int
    says: tuple[str, ...]


DEMO = "demo --headless --seconds 1 --out DIR/out"
RECORD = "record --seconds 1 --out DIR/out --patient DIR/ttyA --therapist DIR/ttyB"
CASES = {
    "port that is not there": Case(RECORD, 69, ("DIR/ttyA: no such port", "plugged in")),
    "no port": Case("serve --patient DIR/ttyA", 78, ("no port for the therapist", "--therapist")),
    "board off": Case(f"{DEMO} --state patient:off", 69, ("patient: ", "switch the board on")),
    "other channel": Case(
        f"{DEMO} --state therapist:other_channel", 69, ("therapist: ", "on radio channel 10")
    ),
    "unknown key": Case(
        "serve --config DIR/antiphon.toml", 78, ("DIR/antiphon.toml, line 3: unknown key `prot`",)
    ),
    "no configuration": Case("status --config DIR/no.toml", 78, ("DIR/no.toml: ", "--config")),
    "replay of a text": Case(
        f"{DEMO} --replay DIR/text.txt --replay DIR/text.txt",
        65,
        ("DIR/text.txt: ", "accepted are"),
    ),
    "replay of nothing": Case(
        f"{DEMO} --replay DIR/none.csv", 66, ("DIR/none.csv: no such file", "accepted are")
    ),
    "fault of no kind": Case(
        f"{DEMO} --fault patient:3:explode", 65, ("'3:explode'", "write AT_S:KIND[:AMOUNT]")
    ),
    "fault of nobody": Case(
        f"{DEMO} --fault nurse:3:lose:1", 65, ("nurse:3:lose:1", "patient: or therapist:")
    ),
    "state of no kind": Case(f"{DEMO} --state patient:asleep", 65, ("asleep", "known: ready")),
    "show of nothing": Case("show 2026 --sessions DIR", 66, ("'2026'", "DIR")),
    "show of a text": Case("show DIR/text.txt", 65, ("DIR/text.txt: not a session file",)),
    "verify of a text": Case("verify DIR/text.txt", 65, ("DIR/text.txt: not a session file",)),
    "verify of nothing": Case("verify DIR/none --sessions DIR", 66, ("DIR/none",)),
    "export of no session": Case("export DIR/text.txt --to csv DIR/out", 65, ("text.txt",)),
    "start without service": Case(
        "start --socket DIR/no.sock", 69, ("DIR/no.sock", "`antiphon serve`")
    ),
    "stop without service": Case("stop --socket DIR/no.sock", 69, ("DIR/no.sock",)),
    "out below a file": Case(
        "demo --headless --seconds 1 --out DIR/text.txt/out", 73, ("DIR/text.txt/out", "--out")
    ),
    "socket below a file": Case(
        "serve --patient a --therapist b --socket DIR/text.txt/s",
        73,
        ("DIR/text.txt/s", "--socket"),
    ),
    "ports below a file": Case("emulate --dir DIR/text.txt/ports", 73, ("DIR/text.txt/ports",)),
    "screen without terminal": Case("ui --socket DIR/no.sock", 64, ("needs a terminal",)),
    "unknown verb": Case("recrod", 64, ("recrod",)),
}


@dataclass(frozen=True, slots=True)
class Begun:
    """A case on its way."""

    case: Case
    directory: Path
    process: subprocess.Popen[str]


def _furnish(directory: Path) -> None:
    (directory / "text.txt").write_text("a shopping list\nmilk, eggs\n", encoding="utf-8")
    (directory / "antiphon.toml").write_text(
        'mains_hz = 50.0\n[patient]\nprot = "/dev/ttyUSB0"\n', encoding="utf-8"
    )
    (directory / "tmp").mkdir()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Begun]]:
    """All cases at the same time."""
    begun = {}
    for name, case in CASES.items():
        directory = tmp_path_factory.mktemp("bad")
        _furnish(directory)
        words = case.words.replace("DIR", str(directory)).split()
        process = begin(*words, TMPDIR=directory / "tmp", XDG_RUNTIME_DIR=directory / "run")
        begun[name] = Begun(case, directory, process)
    yield begun
    for one in begun.values():
        one.process.kill()
        ended(one.process)


def require_one_line(result: tuple[int, str, str], code: int, *says: str) -> None:
    """The command ended with `code`, and with one line for people on stderr."""
    assert result[0] == code, result
    assert result[1] == ""
    [line] = result[2].splitlines()
    assert line.startswith("antiphon: ")
    for words in says:
        assert words in line


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_done_is_said_in_one_line(begun: dict[str, Begun], name: str) -> None:
    case, directory = begun[name].case, begun[name].directory
    before = {"text.txt", "antiphon.toml", "tmp"}
    says = [words.replace("DIR", str(directory)) for words in case.says]
    require_one_line(ended(begun[name].process), case.code, *says)
    assert {path.name for path in directory.iterdir()} == before
    assert list((directory / "tmp").iterdir()) == []
    assert processes_about(directory) == {}


@needs_data
@pytest.mark.parametrize("name", ["brainhat_AdsRegisters.txt"])
def test_a_file_that_is_no_recording_of_a_cyton_is_refused(tmp_path: Path, name: str) -> None:
    replay = ("--replay", FILES / name, "--replay", FILES / name)
    result = ended(begin("demo", "--headless", "--out", tmp_path / "out", *replay))
    require_one_line(result, 65, name, "accepted are")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Path]]:
    """A service that holds both boards."""
    directory = tmp_path_factory.mktemp("held")
    with box(directory) as (_, config), service(config, directory):
        until_status(config.socket_path, both_stream, "both boards stream")
        yield config, directory


def record(config: Config, out: Path, *, before: tuple[str, ...] = ()) -> tuple[int, str, str]:
    """Record a second from the boards of `config` in a process of its own."""
    ports = ("--patient", config.patient.port, "--therapist", config.therapist.port)
    return ended(begin("record", "--seconds", 1, "--out", out, *ports, before=before))


def test_a_second_service_on_the_same_socket_is_refused(crowded: tuple[Config, Path]) -> None:
    config, directory = crowded
    result = ended(begin("serve", "--config", directory / "antiphon.toml"))
    require_one_line(result, 75, config.socket, "--socket")
    assert both_stream(status_of(config.socket_path))


def test_a_port_that_another_program_holds_is_busy(
    crowded: tuple[Config, Path], tmp_path: Path
) -> None:
    config, _ = crowded
    result = record(config, tmp_path / "out")
    require_one_line(result, 75, config.patient.port, "another program holds this port")
    assert list(tmp_path.iterdir()) == []
    assert both_stream(status_of(config.socket_path))


def test_a_name_is_no_code(crowded: tuple[Config, Path]) -> None:
    config, _ = crowded
    result = ended(begin("start", "--patient", "Jane Doe", "--socket", config.socket))
    require_one_line(result, 64, "never names")
    assert status_of(config.socket_path).session is None


def test_there_is_nothing_to_mark_or_stop_without_a_session(crowded: tuple[Config, Path]) -> None:
    config, _ = crowded
    result = ended(begin("mark", "--socket", config.socket))
    require_one_line(result, 69, "start one first")
    assert told("stop", "--socket", config.socket) == "no session is running\n"


@needs_permissions
def test_what_may_not_be_opened_or_made_is_said_so(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    before = WITHOUT_PRIVILEGE if IS_ROOT else ()
    with box(tmp_path) as (_, config):
        result = record(config, locked / "out", before=before)
        require_one_line(result, 73, str(locked), "Permission denied", "--out")
        Path(config.patient.port).chmod(0o000)
        result = record(config, tmp_path / "out", before=before)
        require_one_line(result, 77, config.patient.port, "no permission", "group dialout")
    assert not (tmp_path / "out").exists()
    assert list(locked.iterdir()) == []
