"""Which adapter is behind a port: by its number, if it has one of its own, and by its place."""

from dataclasses import replace
from pathlib import Path

import pytest

from hardware.cyton.usb import adapters, place, serial_number, stable_name, with_serial
from tests.hardware.plugged_in import Adapter, place_name, plug_in

FTDI = Adapter(serial="DM0258JX")
NAMELESS = [Adapter(serial=None), Adapter(serial=None, tty="ttyUSB1")]
TWINS = [Adapter(serial="0001"), Adapter(serial="0001", tty="ttyUSB1")]
PLACES = "dev/serial/by-path"


@pytest.mark.parametrize("sysfs", [True, False])
def test_the_serial_number_is_found_by_any_name(tmp_path: Path, sysfs: bool) -> None:
    plug_in(tmp_path, FTDI, sysfs=sysfs)
    for name in ("dev/ttyUSB0", f"dev/serial/by-id/{FTDI.name}"):
        assert serial_number(tmp_path / name, tmp_path) == "DM0258JX"
    assert serial_number(tmp_path / "dev/ttyS0", tmp_path) == ""


@pytest.mark.parametrize("sysfs", [True, False])
@pytest.mark.parametrize(
    ("maker", "product"),
    [
        ("FTDI", "FT231X USB UART"),
        ("FTDI", "FT231X"),
        ("1a86", "USB Serial"),
        ("1a86", "USB2.0-Serial"),
        ("Prolific_Technology_Inc.", "USB-Serial Controller"),
        ("Prolific_Technology_Inc.", "USB-Serial Controller D"),
        ("Silicon_Labs", "CP2102N"),
        ("QinHeng", "CH340"),
    ],
)
def test_a_word_of_the_products_name_is_no_serial_number(
    tmp_path: Path, sysfs: bool, maker: str, product: str
) -> None:
    plug_in(tmp_path, Adapter(serial=None, maker=maker, product=product), sysfs=sysfs)
    assert serial_number(tmp_path / "dev/ttyUSB0", tmp_path) == ""


@pytest.mark.parametrize("serial", ["DM01N5QX", "A6008isP", "0001", "5323003481", "D200PMA1"])
def test_numbers_of_all_makes_are_serial_numbers(tmp_path: Path, serial: str) -> None:
    plug_in(tmp_path, Adapter(serial=serial), sysfs=False)
    assert serial_number(tmp_path / "dev/ttyUSB0", tmp_path) == serial


@pytest.mark.parametrize("pair", [NAMELESS, TWINS])
def test_two_that_share_one_link_are_both_there(tmp_path: Path, pair: list[Adapter]) -> None:
    plug_in(tmp_path, *pair)
    assert len(list((tmp_path / "dev/serial/by-id").iterdir())) == 1
    assert [device.name for device in adapters(tmp_path)] == ["ttyUSB0", "ttyUSB1"]


@pytest.mark.parametrize("pair", [NAMELESS, TWINS])
def test_what_has_no_number_of_its_own_is_named_by_its_place(
    tmp_path: Path, pair: list[Adapter]
) -> None:
    plug_in(tmp_path, *pair, places=True)
    for adapter in pair:
        there = tmp_path / PLACES / place_name(adapter)
        assert stable_name(tmp_path / "dev" / adapter.tty, tmp_path) == there
        assert place(tmp_path / "dev" / adapter.tty, tmp_path) == str(there)


def test_without_places_it_is_named_as_it_is_called_now(tmp_path: Path) -> None:
    plug_in(tmp_path, *NAMELESS)
    assert stable_name(tmp_path / "dev/ttyUSB1", tmp_path) == tmp_path / "dev/ttyUSB1"


def test_a_number_leads_to_its_adapter_wherever_that_is(tmp_path: Path) -> None:
    plug_in(tmp_path, FTDI, replace(FTDI, serial="DM99", tty="ttyUSB1"))
    assert with_serial("DM99", tmp_path) == [tmp_path / "dev/ttyUSB1"]
    assert with_serial("DM77", tmp_path) == []
