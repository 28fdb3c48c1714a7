"""What is read from /sys and /proc, and what a machine that tells nothing is taken for."""

import os
from pathlib import Path

import pytest

from recorder.health import readings
from tests.recorder.health.box import FIRMWARE, Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_machine_that_tells_nothing_is_unknown_not_well(box: Box) -> None:
    root = box.root
    assert readings.temperature_c(root) is None
    assert readings.throttled_bits(root) is None
    assert readings.under_voltage(root, None) is None
    assert readings.throttled(None) is None
    assert readings.watchdog_reset(root) is None
    assert readings.memory_available_mib(root) is None
    assert readings.memory_rss_mib(root) is None


def test_the_hottest_of_all_sensors_counts(box: Box) -> None:
    box.temperature(51.2)
    box.temperature(48.0, zone=1)
    assert readings.temperature_c(box.root) == 51.2
    box.write("sys/class/hwmon/hwmon1/temp1_input", "63500")
    assert readings.temperature_c(box.root) == 63.5


@pytest.mark.parametrize("broken", ["", "not a number", "\x00"])
def test_a_sensor_that_is_broken_is_left_out(box: Box, broken: str) -> None:
    box.temperature(51.2)
    box.write("sys/class/thermal/thermal_zone1/temp", broken)
    assert readings.temperature_c(box.root) == 51.2


def test_a_sensor_that_answers_with_an_error_is_left_out(box: Box) -> None:
    (box.root / "sys/class/thermal/thermal_zone0/temp").mkdir(parents=True)
    assert readings.temperature_c(box.root) is None


@pytest.mark.parametrize(
    ("bits", "weak", "slow"),
    [
        ("0", 0, 0),
        ("1", 1, 0),
        ("10000", 1, 0),
        ("2", 0, 1),
        ("4", 0, 1),
        ("8", 0, 1),
        ("80000", 0, 1),
        ("50005", 1, 1),
    ],
)
def test_the_firmwares_bits_now_and_since_the_last_look(
    box: Box, bits: str, weak: float, slow: float
) -> None:
    box.write(FIRMWARE, bits)
    found = readings.throttled_bits(box.root)
    assert (readings.under_voltage(box.root, found), readings.throttled(found)) == (weak, slow)


def test_a_pi_5_has_its_firmware_elsewhere(box: Box) -> None:
    soc = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"
    box.write(soc, "10001")
    assert readings.throttled_bits(box.root) == 0x10001


def test_the_kernels_voltage_sensor_will_do_alone(box: Box) -> None:
    box.write("sys/class/hwmon/hwmon0/name", "cpu_thermal")
    box.write("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1")
    assert readings.under_voltage(box.root, None) is None
    box.write("sys/class/hwmon/hwmon2/name", "rpi_volt")
    box.write("sys/class/hwmon/hwmon2/in0_lcrit_alarm", "0")
    assert readings.under_voltage(box.root, None) == 0
    box.write("sys/class/hwmon/hwmon2/in0_lcrit_alarm", "1")
    assert readings.under_voltage(box.root, None) == 1
    assert readings.under_voltage(box.root, 0) == 1


@pytest.mark.parametrize(("status", "was_reset"), [("0", 0), ("32", 1), ("33", 1), ("1", 0)])
def test_a_watchdogs_reset_is_one_bit(box: Box, status: str, was_reset: float) -> None:
    box.write("sys/class/watchdog/watchdog0/bootstatus", status)
    assert readings.watchdog_reset(box.root) == was_reset


def test_memory_is_told_in_mib(box: Box) -> None:
    box.memory(312.5, rss_pages=1000)
    assert readings.memory_available_mib(box.root) == 312.5
    expected = 1000 * os.sysconf("SC_PAGE_SIZE") / 2**20
    assert readings.memory_rss_mib(box.root) == expected


def test_this_machine_tells_its_memory() -> None:
    available, rss = (
        read(Path("/")) for read in (readings.memory_available_mib, readings.memory_rss_mib)
    )
    assert available is not None
    assert rss is not None
    assert available > rss / 100 > 0
