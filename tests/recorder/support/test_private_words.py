"""Private words: found where they are kept, and taken out of texts wherever they stand."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.settings.board import BoardSettings
from recorder.settings.camera import CameraSettings
from recorder.settings.destination import Workstation
from recorder.settings.file import Config
from recorder.settings.lsl import LslSettings
from recorder.support.plain_config import secrets_of, without_secrets
from recorder.support.private_words import Scrubber, private_words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("session of P07 begun", "session of (removed) begun"),
        ("p07,P07;(P07)", "(removed),(removed);((removed))"),
        ("file_P07-x.antiphon", "file_(removed)-x.antiphon"),
        ("P077 and XP07", "P077 and XP07"),
        ("she wept softly", "(removed)"),
        ("She Wept.", "(removed)."),
    ],
)
def test_a_word_is_taken_out_wherever_it_stands_alone(text: str, left: str) -> None:
    assert Scrubber(["P07", "she wept", "she wept softly", ""]).text(text) == left


def test_without_words_nothing_is_taken_out() -> None:
    assert Scrubber([]).text("all of it") == "all of it"


def test_values_are_rid_of_words_at_any_depth_and_numbers_stay() -> None:
    value = {"a": ["P07", {"b": "of P07"}], "P07": 7, "c": None}
    rid = {"a": ["(removed)", {"b": "of (removed)"}], "P07": 7, "c": None}
    assert Scrubber(["P07"]).value(value) == rid


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,16}", fullmatch=True), min_size=1, max_size=5),
    st.lists(st.sampled_from([" ", ", ", "/", ": ", "\n", "(", "."]), min_size=12, max_size=12),
    st.randoms(use_true_random=False),
)
def test_no_code_is_left_whatever_surrounds_it(
    codes: list[str], between: list[str], chance: object
) -> None:
    assert hasattr(chance, "choice")
    text = "".join(chance.choice(codes) + gap for gap in between)
    left = Scrubber(codes).text(text).replace("(removed)", "")
    assert not any(sign.isalnum() for sign in left)


CONFIG = Config(
    sessions="/var/lib/antiphon/sessions",
    marks=("music starts", "calls Anna"),
    patient=BoardSettings(board="lsl:EEG of Anna", reference="left ear of Anna", port="DM01N5QX"),
    therapist=BoardSettings(board="brainflow:SYNTHETIC", parameters={"mac_address": "E6:25:73"}),
    camera=CameraSettings(kind="ffmpeg", input=("-i", "rtsp://user:hunter2@camera/live")),
    lsl=LslSettings(session_id="room-anna", series=("heart of Anna",)),
    sync={"ward-anna": Workstation(host="anna.local", path="/srv/anna", user="anna")},
)


def test_of_the_configuration_only_what_is_harmless_is_told() -> None:
    told = without_secrets(CONFIG)
    assert "anna" not in str(told).lower()
    assert "hunter2" not in str(told)
    assert "sync_key" not in str(told)
    assert "E6:25" not in str(told)
    assert told["patient"]["board"] == "lsl"
    assert told["patient"]["port"] == "DM01N5QX"
    assert told["patient"]["channels"] == list(CONFIG.patient.channels)
    assert told["camera"]["rate_hz"] == 25.0
    assert told["sync"][0]["port"] == 22
    assert told.keys() == msgspec.to_builtins(CONFIG).keys()


def test_what_is_removed_there_is_private_elsewhere_unless_every_box_has_it() -> None:
    secrets = secrets_of(CONFIG)
    expected = {"calls Anna", "EEG of Anna", "room-anna", "ward-anna", "anna.local", "/srv/anna"}
    assert secrets > expected
    assert not secrets & {"antiphon", "SRB2", "default", "music starts", "DM01N5QX"}
    assert secrets_of(Config()) == set()


def test_sessions_that_may_not_be_read_are_a_reason_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(sessions=str(tmp_path))
    assert not {"P01"} & set(private_words(config))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="do it as root"):
        list(private_words(config))


def test_what_people_have_called_a_file_is_private(tmp_path: Path) -> None:
    own = "20261123T040000Z-1f3a"
    for name in ("P08 junk", f"{own} (Frau Muster)", f"{own}-2"):
        (tmp_path / f"{name}.antiphon").write_bytes(b"no session")
    words = set(private_words(Config(sessions=str(tmp_path))))
    assert {"P08 junk", "P08", "junk", "Frau", "Muster"} <= words
    assert not words & {own, f"{own}-2", "20261123T040000Z"}
