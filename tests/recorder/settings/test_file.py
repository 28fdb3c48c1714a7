import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.settings import file as module
from recorder.settings.board import BoardSettings
from recorder.settings.camera import CameraSettings
from recorder.settings.file import Config, as_toml, load
from recorder.settings.lsl import LslSettings
from recorder.settings.trigger import TriggerSettings
from recorder.settings.values import ConfigError
from tests.places import ROOT

LABELS = st.from_regex(r"[A-Za-z0-9'_+-]{1,16}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
PEOPLE = st.builds(
    BoardSettings,
    port=TEXTS,
    channels=st.lists(LABELS, max_size=9, unique=True).map(tuple),
    reference=TEXTS,
    parameters=st.dictionaries(TEXTS, TEXTS | st.integers(-99, 99), max_size=2),
)
SCRIPTS = st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 1)), max_size=3)
CONFIGS = st.builds(
    Config,
    sessions=TEXTS,
    socket=TEXTS,
    mains_hz=st.sampled_from([50.0, 60.0]),
    marks=st.lists(TEXTS, max_size=9).map(tuple),
    patient=PEOPLE,
    therapist=PEOPLE,
    trigger=st.builds(
        TriggerSettings, label=TEXTS, debounce_ms=st.floats(0, 100), script=SCRIPTS.map(tuple)
    ),
    camera=st.builds(CameraSettings, input=st.lists(TEXTS, max_size=3).map(tuple)),
    lsl=st.builds(LslSettings, outlets=st.booleans(), lan=st.booleans()),
)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "antiphon.toml"


@settings(max_examples=60, deadline=None)
@given(CONFIGS)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, config: Config
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.toml"
    path.write_bytes(as_toml(config).encode())
    assert load(path) == config


def test_what_is_not_set_has_a_default(toml: Path) -> None:
    toml.write_text('mains_hz = 60\n[therapist]\nport = "/dev/ttyUSB1"\n')
    config = load(toml)
    assert config.mains_hz == 60.0
    assert config.therapist == BoardSettings(port="/dev/ttyUSB1")
    assert config.patient == BoardSettings()
    assert config.board("patient") is config.patient
    assert config.board("therapist") is config.therapist


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        (
            "\nprot = 1\n",
            2,
            "unknown key `prot`; known here: box, boxes, sessions, socket, group, mains_hz, marks",
        ),
        (
            '[patient]\n\nprt = "x"\n',
            3,
            "unknown key `prt`; known here: board, port, channels, kinds, reference, aux",
        ),
        ('[patientt]\nport = "x"\n', 1, "unknown key `patientt`; known here: box, boxes, sessions"),
        ('patient = {prt = "x"}\n', 1, "unknown key `prt`; known here: board, port, channels"),
        ("[ 'patient' ]\n\"prt\" = 1\n", 2, "unknown key `prt`"),
        ('# mains_hz = 3\nmains_hz = "x"\n', 2, 'mains_hz = "x": a number is wanted'),
        ('mains_hz = "50"\n', 1, 'mains_hz = "50": a number is wanted'),
        ("\nmains_hz = 55\n", 2, "mains_hz: 50 or 60"),
        ("mains_hz = nan\n", 1, "mains_hz: 50 or 60"),
        ('marks = "a"\n', 1, 'marks = "a": a list in [ ] is wanted'),
        ('[unattended]\nmode = "always"\n', 2, 'mode = "always": one of "off", "caps", "window"'),
        ('[unattended]\ntherapist = "p00"\n', 1, "therapist: has the patient's code"),
        ('[sync.ward]\nhost = "x"\n', 1, "path is missing: a directory from / on"),
        (
            '[sync.a]\nhost = "x"\npath = "/x"\n[sync.b]\npath = "/x"\n',
            4,
            "host is missing: a host",
        ),
        (
            '[patient]\nport = "x"\n[therapist]\nport = 5\n',
            4,
            "port = 5: a text in quotes is wanted",
        ),
        ("patient.port = 5\n", 1, "port = 5: a text in quotes is wanted"),
        (
            '[patient]\nchannels = ["F3",\n  "not a label"]\n',
            2,
            'channels = "not a label": 1 to 16 letters, digits',
        ),
        ('[patient]\nchannels = ["F3\\n"]\n', 2, 'channels = "F3\\n": 1 to 16 letters'),
        ("patient = 1\n", 1, "patient = 1: a section"),
        ('[[patient]]\nport = "x"\n', 1, "a section, or { } is wanted"),
        (f"marks = {list('abcdefghij')}\n", 1, "at most 9 long"),
        ('[trigger]\nkind = "gpio"\n', 1, "line: which line of the GPIO chip?"),
        ('[trigger]\nkind = "modem"\nport = "/dev/x"\n', 1, "line: one of CTS, DSR, DCD"),
        ('[trigger]\nkind = "lsl"\n', 1, "stream: which LSL stream of markers?"),
        ('[trigger]\nkind = "script"\n', 1, "script: when does which edge come?"),
        ("[trigger]\nscript = [[1.0, 2]]\n", 2, "script = 2: one of 0, 1"),
        (
            '[trigger]\nkind = "script"\nscript = [[2.0, 1], [1.0, 0]]\n',
            1,
            "script: not in the order of its seconds",
        ),
        ('[trigger]\nkind = "laser"\n', 2, 'kind = "laser": one of "", "gpio", "modem"'),
        ("[trigger]\ndebounce = 3\n", 2, "unknown key `debounce`; known here: kind, chip, line"),
        ('[train]\noutput = "modem"\nport = "/dev/x"\n', 1, "line: one of RTS, DTR"),
        ('[camera]\nkind = "ffmpeg"\n', 1, "input: what follows ffmpeg"),
        ("[camera]\nwidth = 3\n", 2, "width = 3: at least 16"),
        ("mains_hz = 55\n", 1, "mains_hz: 50 or 60"),
        ('[lsl]\nmarkers = "it\'s"\n', 2, "an LSL stream's name"),
        ('[patient]\nkinds = { ECG = "ecg" }\n', 1, "kinds: no channel is labelled ECG"),
        ('[sync.ward]\nhost = "x"\npath = "srv"\n', 3, 'path = "srv": a directory from / on'),
        ('[sync.ward]\nhots = "x"\n', 2, "unknown key `hots`; known here: host, path, user"),
        ('[sync_folder.usb]\nfolder = "usb"\n', 2, 'folder = "usb": a directory from / on'),
        ('[sync_remote.c]\nremote = "c:x"\n', 1, "encrypt_to is missing: an age public key"),
        (
            '[sync_remote.c]\nremote = "c:x"\nencrypt_to = ""\n',
            3,
            'encrypt_to = "": an age public key',
        ),
        (
            '[sync_remote.c]\nremote = ":sftp,host=x:"\nencrypt_to = "age1x"\n',
            2,
            'remote = ":sftp,host=x:": such as "cloud:eeg"',
        ),
        (
            '[sync_folder.usb]\nfolder = "/usb"\nwindows = ["at night"]\n',
            1,
            "'at night': write it like Mon..Fri 09:00-17:00",
        ),
        ('[patient]\naux = "analog"\n', 2, 'aux = "analog": one of "digital", "accelerometer"'),
    ],
)
def test_a_mistake_is_one_line_with_its_place(
    toml: Path, text: str, line: int, complaint: str
) -> None:
    toml.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(toml)
    said = str(refused.value)
    assert said.startswith(f"{toml}, line {line}: ")
    assert complaint in said
    assert "\n" not in said
    assert not re.search(r"Expected|Invalid|Object|regex|`float`|`str`|\$", said)  # the library's


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"mains_hz == 50", "not TOML"),
        (b"mains_hz = 50\nmains_hz = 60\n", "not TOML"),
        (b"\xff\xfe", "is not UTF-8 text"),
        ("mains_hz = 60\n".encode("utf-16"), "is not UTF-8 text: save it as UTF-8"),
        ("mains_hz = 50 # °".encode("latin-1"), "is not UTF-8 text"),
    ],
)
def test_what_is_not_toml_is_refused_in_one_line(
    toml: Path, content: bytes, complaint: str
) -> None:
    toml.write_bytes(content)
    with pytest.raises(ConfigError, match=complaint) as refused:
        load(toml)
    assert str(refused.value).startswith(f"{toml}: ")
    assert "\n" not in str(refused.value)


def test_a_destination_has_its_name_alone(toml: Path) -> None:
    toml.write_text('[sync.a]\nhost = "x"\npath = "/x"\n[sync_folder.a]\nfolder = "/x"\n')
    with pytest.raises(ConfigError, match=f"{toml}: two destinations are called a"):
        load(toml)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_other_line_ends_are_no_part_of_it(toml: Path, end: str) -> None:
    toml.write_bytes(f"mains_hz = 60{end}[lsl]{end}outlets = true{end}".encode("utf-8-sig"))
    assert load(toml) == Config(mains_hz=60, lsl=LslSettings(outlets=True))
    toml.write_bytes(f"mains_hz = 60{end}mains = 50{end}".encode("utf-8-sig"))
    with pytest.raises(ConfigError, match=f"{toml}, line 2: unknown key `mains`"):
        load(toml)


def test_a_file_that_was_named_must_be_there(toml: Path) -> None:
    with pytest.raises(ConfigError, match=f"{toml}: No such file or directory: check the path"):
        load(toml)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)


def test_the_system_file_is_read_where_there_is_one(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SYSTEM_FILE", toml)
    assert load() == Config()
    toml.write_text("mains_hz = 60")
    assert load().mains_hz == 60.0


def test_the_example_that_is_installed_is_valid() -> None:
    deployed = ROOT / "deploy" / "antiphon.toml"
    if not deployed.exists():
        pytest.skip("no example configuration is deployed")
    load(deployed)


def test_places_follow_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    assert Config().sessions_path == tmp_path / "state" / "antiphon" / "sessions"
    assert Config().socket_path == tmp_path / "run" / "antiphon.sock"
    given = Config(sessions="/data", socket="/run/x.sock")
    assert (given.sessions_path, given.socket_path) == (Path("/data"), Path("/run/x.sock"))


def test_places_without_an_environment_are_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Config().sessions_path == tmp_path / ".local" / "state" / "antiphon" / "sessions"
    assert str(os.getuid()) in str(Config().socket_path)


def test_a_channel_is_eeg_unless_the_montage_says_otherwise(toml: Path) -> None:
    toml.write_text('[patient]\nchannels = ["F3", "ECG"]\nkinds = { ECG = "ecg" }\n')
    patient = load(toml).patient
    assert [patient.kind(label) for label in patient.channels] == ["eeg", "ecg"]
