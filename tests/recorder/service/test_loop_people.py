"""What the service writes down of people: codes, consent, who did what; never a name."""

import os
from pathlib import Path

import msgspec
import pytest

from recorder.companions.running import Companion
from recorder.failure import Refused
from recorder.settings.camera import CameraSettings
from recorder.settings.file import Config
from recorder.store.reader import SessionReader
from tests.recorder.bounded import run
from tests.recorder.served_box import Box, events_of, only_session

BAD_CODES = ["-oX", "Anna Müller", "x" * 17, "P 01", "P01\n", "../P01", "P.01", "é"]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


@pytest.mark.parametrize("code", BAD_CODES)
@pytest.mark.parametrize("role", ["patient", "therapist"])
def test_what_is_no_code_is_refused_and_nothing_is_made(box: Box, role: str, code: str) -> None:
    async def test() -> None:
        async with box.running():
            refused = await box.refusal("start", **{role: code})
            assert refused.code == 64
            assert "never names" in str(refused)
            assert code not in str(refused)
        assert not box.bed.config.sessions_path.exists()

    run(test())


@pytest.mark.parametrize("code", ["P", "x" * 16, "P-01_b"])
def test_codes_are_letters_digits_and_dashes(box: Box, code: str) -> None:
    async def test() -> None:
        async with box.running():
            assert (await box.ask("start", patient=code))["patient"] == code

    run(test())


def test_who_did_what_stands_in_the_session_without_a_name(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            await box.ask("mark", label="shift")
            await box.ask("stop")

    run(test())
    me = f"uid {os.getuid()}, pid {os.getpid()}"
    told = [text for kind, text in events_of(only_session(box)) if kind == "asked"]
    assert [text.partition(":")[2].strip() for text in told] == [me] * 3
    assert [text.partition(" ")[0].rstrip(":") for text in told] == ["start", "mark", "stop"]


def test_a_session_that_the_service_itself_ends_says_so(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()

    run(test())
    assert ("asked", "stop: the service itself") in events_of(only_session(box))


def test_a_note_that_names_somebody_is_taken_with_a_warning(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            noted = await box.ask("note", label="Frau Schmidt, born 3.5.1948")
            assert noted["warnings"] == ["a name", "a date, as of birth"]
            assert "warnings" not in await box.ask("mark", label="shift")

    run(test())


@pytest.mark.parametrize(
    ("consent", "flags"),
    [(("eeg",), (True, False, False)), (("eeg", "video", "share"), (True, True, True))],
)
def test_what_was_agreed_to_stands_in_the_session(
    box: Box, consent: tuple[str, ...], flags: tuple[bool, ...]
) -> None:
    async def test() -> None:
        async with box.running():
            await box.ask("start", consent=consent)

    run(test())
    with SessionReader(only_session(box)) as session:
        for person in session.header.persons:
            agreed = (person.consent_record, person.consent_video, person.consent_share)
            assert agreed == flags


def test_without_consent_to_the_eeg_nothing_is_recorded(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            with pytest.raises(Refused, match="nothing is recorded") as refused:
                await box.ask("start", consent=("video",))
            assert refused.value.code == 77

    run(test())
    assert list(box.bed.config.sessions_path.rglob("*.antiphon")) == []


@pytest.mark.parametrize(("consent", "films"), [(("eeg",), 0), (("eeg", "video"), 1)])
def test_the_camera_stays_off_without_consent_to_video(
    box: Box, monkeypatch: pytest.MonkeyPatch, consent: tuple[str, ...], films: int
) -> None:
    begun: list[Config] = []

    def companions(config: Config, *_: object) -> list[Companion]:
        begun.append(config)
        return []

    monkeypatch.setattr("recorder.recording.recorder.companions", companions)
    camera = msgspec.structs.replace(box.config, camera=CameraSettings(kind="usb"))
    monkeypatch.setattr(box.bed.recorder, "_config", camera)

    async def test() -> None:
        async with box.running():
            await box.ask("start", consent=consent)

    run(test())
    assert [bool(config.camera.kind) for config in begun] == [bool(films)]
    said = ("consent", "no consent to video: the camera was not started")
    assert (said in events_of(only_session(box))) == (not films)


def test_a_session_tells_its_template_and_how_long_it_is_planned_to_be(tmp_path: Path) -> None:
    box = Box(tmp_path, config=Config(template="own", minutes=30.0))

    async def test() -> None:
        async with box.running():
            await box.start()

    run(test())
    with SessionReader(only_session(box)) as session:
        header = session.header
    assert (header.template, header.planned_duration_s) == ("own", 1800.0)
