"""The text file for Prometheus, read back by a parser of the exposition format."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recorder.health.prometheus import exposition, metrics, write
from recorder.health.signs import SIGNS, judged
from tests.recorder.statuses import board_status, session_status

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'({NAME})(?:\{{((?:{NAME}="[^"\\\n]*",?)*)\}})? ([^ ]+)')
KINDS = {"counter", "gauge"}


@dataclass
class Family:
    meaning: str
    kind: str = ""
    samples: dict[str, float] = field(default_factory=dict)


def parsed(text: str) -> dict[str, Family]:
    """The families of a text, by the rules of format 0.0.4; anything else raises."""
    assert text.endswith("\n")
    families: dict[str, Family] = {}
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            name, _, meaning = line.removeprefix("# HELP ").partition(" ")
            assert name not in families
            families[name] = Family(meaning)
        elif line.startswith("# TYPE "):
            name, kind = line.removeprefix("# TYPE ").split(" ")
            assert (families[name].kind, kind in KINDS) == ("", True)
            assert kind == "gauge" or name.endswith("_total")
            families[name].kind = kind
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            family = families[sample[1]]
            assert sample[2] not in family.samples
            family.samples[sample[2] or ""] = float(sample[3])
    assert all(family.kind for family in families.values())
    return families


BOARDS = [
    board_status("patient", rate_hz=250.3),
    board_status("therapist", state="lost", rate_hz=250.3),
]
SESSION = session_status("P0SECRET", "T0SECRET", "LABELSECRET")
VITALS = [judged(name, 2.5) for name in SIGNS]


def test_every_figure_can_be_read_back_with_help_and_type() -> None:
    families = parsed(exposition(metrics(VITALS, BOARDS, SESSION)))
    assert all(name.startswith("antiphon_") for name in families)
    assert all(family.meaning.endswith(".") for family in families.values())
    values = {name: family.samples.get("") for name, family in families.items()}
    assert values["antiphon_temperature_celsius"] == 2.5
    assert values["antiphon_memory_available_bytes"] == 2.5 * 2**20
    assert values["antiphon_commit_p95_seconds"] == 2.5
    assert values["antiphon_unclean_stops_total"] == 2.5
    assert values["antiphon_session_running"] == 1
    assert values["antiphon_unsaved_seconds"] == pytest.approx(0.7)
    assert families["antiphon_board_streaming"].samples == {
        'role="patient"': 1,
        'role="therapist"': 0,
    }
    assert families["antiphon_samples_lost_total"].samples['role="patient"'] == 20
    assert families["antiphon_samples_total"].kind == "counter"


def test_what_is_not_known_is_left_out() -> None:
    unknown = [judged(name, None) for name in SIGNS]
    families = parsed(exposition(metrics(unknown, BOARDS, None)))
    assert families.keys() == {
        "antiphon_session_running",
        "antiphon_board_streaming",
        "antiphon_samples_total",
        "antiphon_samples_lost_total",
    }
    assert families["antiphon_session_running"].samples == {"": 0}


def test_no_code_and_no_label_is_told() -> None:
    assert "SECRET" not in exposition(metrics(VITALS, BOARDS, SESSION))


def test_the_file_is_whole_at_any_time_and_readable_for_all(tmp_path: Path) -> None:
    file = tmp_path / "antiphon.prom"
    write(file, "a 1\n")
    with file.open() as reading:  # a collector in the middle of its work
        write(file, "a 2\n")
        assert reading.read() == "a 1\n"
    assert file.read_text() == "a 2\n"
    assert file.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["antiphon.prom"]


def test_a_directory_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "none" / "antiphon.prom", "a 1\n")
