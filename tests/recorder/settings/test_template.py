"""Templates: below the configuration, above the defaults, and wrong ones told with their line."""

from pathlib import Path

import pytest

from recorder.settings import template as module
from recorder.settings.board import DEFAULT_CHANNELS
from recorder.settings.file import Config, load
from recorder.settings.template import known, path_of
from recorder.settings.values import ConfigError


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "antiphon.toml"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return tmp_path / "own.toml"


def test_two_are_shipped_and_differ_from_the_defaults_in_what_they_are_for() -> None:
    assert {"cyton-8", "daisy-16"} <= set(known())
    cyton, daisy = load(template="cyton-8"), load(template="daisy-16")
    assert cyton.patient.channels == DEFAULT_CHANNELS
    assert (len(daisy.patient.channels), len(daisy.therapist.channels)) == (16, 16)
    assert daisy.patient.channels[:8] == DEFAULT_CHANNELS
    assert (cyton.template, cyton.minutes) == ("cyton-8", 60.0)
    assert cyton.marks == Config().marks


def test_what_the_configuration_says_itself_counts_more(toml: Path, template: Path) -> None:
    template.write_text(
        'marks = ["one"]\nmusic = ["Moon River"]\n'
        '[montage]\nchannels = ["F3", "F4"]\nreference = "Cz"\n'
        "[screen]\nblind = true\nbaseline_s = 90"
    )
    toml.write_text(
        f'template = "{template}"\nmarks = ["two"]\n'
        '[patient]\nport = "/dev/x"\nreference = "A1"\n[screen]\nbaseline_s = 60'
    )
    config = load(toml)
    assert config.marks == ("two",)
    assert config.music == ("Moon River",)
    assert (config.patient.port, config.patient.reference) == ("/dev/x", "A1")
    assert config.patient.channels == config.therapist.channels == ("F3", "F4")
    assert (config.therapist.port, config.therapist.reference) == ("", "Cz")
    assert (config.screen.blind, config.screen.baseline_s) == (True, 60.0)


def test_roles_and_gates_are_those_of_the_template(toml: Path, template: Path) -> None:
    template.write_text('[screen]\ngates = ["tap"]\nroles = { patient = "client" }')
    toml.write_text(f'template = "{template}"')
    screen = load(toml).screen
    assert (screen.gates, screen.roles) == (("tap",), {"patient": "client"})


def test_another_one_may_be_given_instead(toml: Path, template: Path) -> None:
    template.write_text("minutes = 20")
    toml.write_text('template = "daisy-16"')
    assert load(toml, str(template)).minutes == 20
    assert len(load(toml, str(template)).patient.channels) == 8
    assert len(load(toml, "").patient.channels) == 8  # "" is none


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("minutes = 5\nmakrs = []", 2, "unknown key `makrs`; known here: marks, intervals, music"),
        ('\nminutes = "long"', 2, 'minutes = "long": a number is wanted'),
        ("[montage]\nreference = 'x'", 1, "channels"),
        ('[montage]\nchannels = ["F3", "F3"]', 1, "two channels have the same label"),
        ("[screen]\n\nblind = 1", 3, "true or false"),
        ('[screen]\ngates = ["camera"]', 2, "camera"),
        ('[screen]\nroles = { nurse = "N" }', 1, "roles: nurse is none"),
        ('[screen]\nroles = { patient = "{x}" }', 1, "signs that it may not have"),
        ("[montage]\nchanels = []", 2, "known here: channels, reference, kinds"),
    ],
)
def test_a_wrong_one_is_told_with_its_line(
    toml: Path, template: Path, text: str, line: int, why: str
) -> None:
    template.write_text(text)
    toml.write_text(f'template = "{template}"')
    with pytest.raises(ConfigError) as wrong:
        load(toml)
    assert str(wrong.value).startswith(f"{template}, line {line}: ")
    assert why in str(wrong.value)


def test_one_that_is_not_there_is_told_with_those_there_are(toml: Path) -> None:
    toml.write_text('template = "cyton8"')
    with pytest.raises(ConfigError, match=r"no template is called 'cyton8'; known: .*cyton-8"):
        load(toml)
    with pytest.raises(ConfigError, match="No such file"):
        load(toml, "/nowhere/t.toml")


def test_one_that_does_not_go_with_the_configuration_is_told(toml: Path, template: Path) -> None:
    template.write_text('[montage]\nchannels = ["F3"]')
    toml.write_text(f'template = "{template}"\n[patient]\nkinds = {{ F4 = "ecg" }}')
    with pytest.raises(ConfigError, match="kinds"):
        load(toml)


def test_the_boxs_own_go_before_those_that_are_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cyton-8.toml").touch()
    monkeypatch.setattr(module, "PLACES", (tmp_path, *module.PLACES))
    assert path_of("cyton-8") == tmp_path / "cyton-8.toml"
