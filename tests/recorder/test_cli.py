import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hardware.board_fault import BoardFault, FaultKind
from recorder import __version__
from recorder.cli import VERBS, antiphon, module_of
from recorder.failure import Failure, Refused
from recorder.settings.values import ConfigError
from recorder.wire.lines import ServiceUnreachable
from tests.places import ROOT
from tests.recorder.command_line import Shell

HEAVY = ("numpy", "scipy", "serial", "brainflow", "textual", "sqlite_utils")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def command(verb: str) -> click.Command:
    assert isinstance(antiphon, click.Group)
    found = antiphon.get_command(group_context(), verb)
    assert found is not None
    return found


def group_context() -> click.Context:
    return click.Context(antiphon, **antiphon.context_settings)


def examples(verb: str) -> list[str]:
    text = " ".join((command(verb).help or "").split())
    return re.findall(r"Example: (antiphon .+)", text)


def loaded_by(*arguments: str) -> set[str]:
    """Modules of a process that ran `antiphon` with `arguments`."""
    program = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        f"sys.argv[1:] = {list(arguments)!r}; import recorder.cli; recorder.cli.main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ran.returncode == 0
    return set(ran.stderr.split())


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_an_example_that_is_a_valid_command(verb: str) -> None:
    [example] = examples(verb)
    _, named, *arguments = shlex.split(example)
    assert named == verb
    command(verb).make_context(verb, arguments, parent=group_context())


@pytest.mark.parametrize("verb", VERBS)
def test_help_is_printed_and_is_no_failure(shell: Shell, verb: str) -> None:
    for option in ("--help", "-h"):
        ran = shell(verb, option)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(f"Usage: antiphon {verb} ")
        assert "Example: antiphon" in ran.out
    assert "\\b" not in ran.out  # click wants the character; in a raw docstring it is two


def test_the_command_alone_says_what_it_can_do(shell: Shell) -> None:
    alone, asked = shell(), shell("--help")
    assert alone == asked
    assert (alone.code, alone.err) == (0, "")
    listed = re.findall(r"^  ([a-z][a-z-]*)  ", alone.out, re.MULTILINE)
    assert listed == list(VERBS)
    assert "not a medical device" in alone.out


def test_the_version_is_printed(shell: Shell) -> None:
    assert shell("--version").out == f"antiphon, version {__version__}\n"


def test_the_list_of_verbs_loads_none_of_them() -> None:
    loaded = loaded_by("--help")
    modules = {module_of(verb) for verb in VERBS}
    assert not loaded & (modules | set(HEAVY))


@pytest.mark.parametrize("verb", ["status", "sessions", "serve", "ui"])
def test_a_verb_loads_no_other_and_nothing_heavy_before_it_runs(verb: str) -> None:
    loaded = loaded_by(verb, "--help")
    assert {module_of(each) for each in VERBS} & loaded == {module_of(verb)}
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["strat"], "No such command 'strat'."),
        (["--nosuch"], "No such option '--nosuch'."),
        (["status", "--nosuch"], "No such option '--nosuch'."),
        (["note"], "Missing argument 'TEXT'."),
        (["record", "--seconds", "many", "--out", "."], "'many' is not a valid float range."),
        (["record", "--seconds", "0", "--out", "."], "x>=1.0"),
        (["emulate"], "give --dir DIR"),
    ],
)
def test_a_wrong_command_line_is_64(shell: Shell, arguments: list[str], complaint: str) -> None:
    code, text = shell.failure(*arguments)
    assert code == 64
    assert complaint in text


@pytest.mark.parametrize(
    ("error", "code", "complaint"),
    [
        (Failure("stopped before anything was recorded", 130), 130, "stopped before"),
        (BoardFault(FaultKind.DENIED, "join the group dialout"), 77, "join the group dialout"),
        (BoardFault(FaultKind.BUSY, "another program holds it"), 75, "another program"),
        (BoardFault(FaultKind.MISSING, "no such port"), 69, "no such port"),
        (BoardFault(FaultKind.SILENT, "nothing answers"), 69, "nothing answers"),
        (BoardFault(FaultKind.OFF, "is it on?"), 69, "is it on?"),
        (BoardFault(FaultKind.REFUSED, "it answered $$$"), 69, "it answered"),
        (BoardFault(FaultKind.UNPLUGGED, "put it back"), 69, "put it back"),
        (ConfigError("antiphon.toml, line 3: unknown key"), 78, "line 3: unknown key"),
        (Refused("no session is running", 69), 69, "no session is running"),
        (Refused("codes are letters", 64), 64, "codes are letters"),
        (ServiceUnreachable("no antiphon service answers"), 69, "no antiphon service answers"),
        (BlockingIOError("another service answers"), 75, "another service answers"),
        (FileNotFoundError(2, "No such file", "/a"), 66, "/a: No such file"),
        (PermissionError(13, "Permission denied", "/a"), 77, "/a: Permission denied"),
        (OSError(28, "No space left on device"), 74, "No space left on device"),
        (OSError("the session file cannot be made"), 74, "the session file cannot be made"),
        (click.Abort(), 130, "stopped"),
    ],
)
def test_what_goes_wrong_is_one_line_and_its_own_code(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: int,
    complaint: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("recorder.commands.remote.ask", fail)
    found, text = shell.failure("status")
    assert (found, complaint in text) == (code, True)


def test_ctrl_c_is_130(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("recorder.commands.remote.ask", interrupt)
    ran = shell("status")
    assert (ran.code, ran.err.strip()) == (130, "antiphon: stopped")


def test_a_mistake_of_ours_is_not_hidden(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("recorder.commands.remote.ask", fail)
    monkeypatch.setattr(sys, "argv", ["antiphon", "status"])
    with pytest.raises(ZeroDivisionError):
        sys.modules["recorder.cli"].main()


def test_a_configuration_that_cannot_be_used_is_78(shell: Shell, tmp_path: Path) -> None:
    bad = tmp_path / "antiphon.toml"
    bad.write_text("prot = 1\n")
    code, text = shell.failure("sessions", "--config", bad)
    assert (code, text.startswith(f"{bad}, line 1: unknown key `prot`")) == (78, True)
    assert shell.failure("status", "--config", tmp_path / "none")[0] == 78


@pytest.mark.parametrize("verb", ["serve", "record"])
def test_a_person_without_a_port_is_78(shell: Shell, tmp_path: Path, verb: str) -> None:
    (tmp_path / "empty.toml").touch()
    arguments = ["--seconds", "5", "--out", tmp_path] if verb == "record" else []
    arguments += ["--config", tmp_path / "empty.toml", "--patient", "/dev/ttyUSB0"]
    code, text = shell.failure(verb, *arguments)
    assert code == 78
    assert text == "no port for the therapist: give --therapist PORT or set it in antiphon.toml"


def test_a_port_that_is_not_there_is_named_and_nothing_is_made(
    shell: Shell, tmp_path: Path
) -> None:
    ports = ["--patient", tmp_path / "no1", "--therapist", tmp_path / "no2"]
    code, text = shell.failure("record", *ports, "--seconds", 5, "--out", tmp_path / "out")
    assert code == 69
    assert str(tmp_path / "no1") in text
    assert not (tmp_path / "out").exists()


def test_options_win_over_the_environment_and_that_over_the_file(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "antiphon.toml"
    file.write_text(f'sessions = "{tmp_path}/of-the-file"\n')
    assert "of-the-file" in shell("sessions", "--config", file).out
    monkeypatch.setenv("ANTIPHON_CONFIG", str(file))
    assert "of-the-file" in shell("sessions").out
    monkeypatch.setenv("ANTIPHON_SESSIONS", str(tmp_path / "of-the-environment"))
    assert "of-the-environment" in shell("sessions").out
    assert "of-the-option" in shell("sessions", "--sessions", tmp_path / "of-the-option").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["status", "--nosuch", "--json"], 64),
        (["export", "--json"], 64),
        (["show", "nothing", "--json"], 66),
        (["status", "--socket", "/nowhere/antiphon.sock", "--json"], 69),
        (["sessions", "--config", "/nowhere/antiphon.toml", "--json"], 78),
    ],
)
def test_scripts_get_one_object_whatever_goes_wrong(
    shell: Shell, arguments: list[str], code: int
) -> None:
    ran = shell(*arguments)
    assert ran.json.keys() == {"schema", "error", "code"}
    assert (ran.json["schema"], ran.json["code"], ran.code) == ("antiphon.error/1", code, code)
    assert ran.err == f"antiphon: {ran.json['error']}\n"


def test_who_has_had_an_answer_gets_no_second_object(shell: Shell, tmp_path: Path) -> None:
    ran = shell("erase", "--person", "P99", "--sessions", tmp_path, "--json")
    assert (ran.code, ran.json["schema"]) == (66, "antiphon.erase/1")
    assert ran.err == "antiphon: no session here is of 'P99'\n"


def test_a_text_that_reads_like_the_option_is_no_wish_for_json(
    shell: Shell, tmp_path: Path
) -> None:
    ran = shell("note", "--socket", tmp_path / "none.sock", "--", "--json")
    assert (ran.code, ran.out) == (69, "")


def test_help_names_the_manual_page_and_the_completion(shell: Shell) -> None:
    told = shell("--help").out
    assert "man antiphon" in told
    assert 'eval "$(_ANTIPHON_COMPLETE=bash_source antiphon)"' in told
