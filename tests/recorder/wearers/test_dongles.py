"""Whose dongle is which, across a power loss of the whole box."""

from dataclasses import replace
from pathlib import Path

import pytest

from recorder.settings.board import BoardSettings
from recorder.settings.file import Config
from recorder.wearers.dongles import FILE, keep, recall, serials_to_follow
from tests.hardware.plugged_in import Adapter, plug_in, unplug
from tests.recorder.bedside import Bedside
from tests.recorder.scripted_board import INFO

SERIALS = {"patient": "DM00AAAA", "therapist": "DM00BBBB"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The ports are configured as the kernel calls them."""
    patient, therapist = (
        BoardSettings(port=str(tmp_path / "dev" / tty)) for tty in ("ttyUSB0", "ttyUSB1")
    )
    return Config(sessions=str(tmp_path / "sessions"), patient=patient, therapist=therapist)


def met(config: Config, serials: tuple[str, ...] = tuple(SERIALS.values())) -> None:
    """A session was begun with these dongles."""
    bed = Bedside(config.sessions_path, config=config)
    for board, serial in zip(bed.boards, serials, strict=True):
        board._info = replace(INFO, serial=serial)
    keep(config.sessions_path, bed.recorder.wearers)


def adapters(*serials: str | None) -> list[Adapter]:
    return [Adapter(serial, f"ttyUSB{number}") for number, serial in enumerate(serials)]


@pytest.mark.parametrize("order", [("DM00AAAA", "DM00BBBB"), ("DM00BBBB", "DM00AAAA")])
def test_dongles_are_followed_whatever_the_kernel_calls_them(
    tmp_path: Path, config: Config, order: tuple[str, str]
) -> None:
    met(config)
    plug_in(tmp_path, *adapters(*order))
    assert serials_to_follow(config, tmp_path) == SERIALS


def test_one_that_is_late_is_waited_for_when_the_other_ones_dongle_has_its_name(
    tmp_path: Path, config: Config
) -> None:
    met(config)
    plug_in(tmp_path, *adapters("DM00BBBB"))
    assert serials_to_follow(config, tmp_path) == SERIALS


def test_a_dongle_that_was_replaced_is_not_waited_for(tmp_path: Path, config: Config) -> None:
    met(config)
    plug_in(tmp_path, *adapters("DM00CCCC", "DM00BBBB"))
    assert serials_to_follow(config, tmp_path) == {"therapist": "DM00BBBB"}
    unplug(tmp_path, adapters("DM00CCCC")[0])


def test_the_configuration_is_a_persons_word(tmp_path: Path, config: Config) -> None:
    met(config)
    plug_in(tmp_path, *adapters("DM00AAAA", "DM00BBBB"))
    exchanged = Config(sessions=config.sessions, patient=config.therapist, therapist=config.patient)
    assert serials_to_follow(exchanged, tmp_path) == {}


@pytest.mark.parametrize("serials", [("", ""), ("0001", "0001"), ("DM00AAAA", "")])
def test_without_numbers_of_their_own_there_is_nothing_to_follow(
    tmp_path: Path, config: Config, serials: tuple[str, str]
) -> None:
    met(config, serials)
    plug_in(tmp_path, *adapters(*(serial or None for serial in serials)))
    assert serials_to_follow(config, tmp_path) == {}


def test_a_damaged_file_is_a_box_that_has_met_none(config: Config) -> None:
    config.sessions_path.mkdir()
    for content in (b"", b"{", b'{"patient": 5}', b"[]", b"\xff"):
        (config.sessions_path / FILE).write_bytes(content)
        assert recall(config) == {}
