"""What a machine tells is heard to the last whole line; nothing of it is made up."""

import subprocess
from pathlib import Path

import pytest

from tests.vm.machine import SERIALS, Box, Machine

SAVED = '{"told": "saved", "id": "S", "saved_s": %s}'


def machine_that(script: str) -> Machine:
    return Machine(subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE))


def test_notes_are_taken_line_by_line_however_they_come() -> None:
    machine = machine_that(
        """printf '{"told": "a"}\\n{"to'; printf 'ld": "b", "n": 3}\\n'; exec sleep 60"""
    )
    assert machine.told("b", 10) == {"told": "b", "n": 3}
    assert len(machine.notes) == 2
    machine.kill()


def test_what_was_told_before_the_plug_was_pulled_counts_and_a_torn_line_does_not() -> None:
    lines = "\\n".join(SAVED % saved_s for saved_s in (1.5, 2.5))
    machine = machine_that(f"""printf '{lines}\\n{{"told": "sav'; exec sleep 60""")
    machine.told("saved", 10)
    machine.kill()
    assert machine.saved_s == 2.5
    assert len(machine.notes) == 2


def test_a_machine_that_ends_by_itself_is_not_waited_for() -> None:
    machine = machine_that('echo \'{"told": "a"}\'')
    with pytest.raises(EOFError):
        machine.told("b", 30)
    machine.kill()


def test_one_that_tells_nothing_is_waited_for_so_long_and_no_longer() -> None:
    machine = machine_that("exec sleep 60")
    with pytest.raises(TimeoutError, match="no 'b' was told within 0 s; the last was nothing"):
        machine.told("b", 0.2)
    machine.kill()


def test_each_board_has_an_adapter_of_its_own_serial_number(tmp_path: Path) -> None:
    words = " ".join(Box(tmp_path, tmp_path, (Path("/p"), Path("/t"))).words())
    for serial, port in zip(SERIALS, ("/p", "/t"), strict=True):
        assert f"-chardev serial,id={serial},path={port} " in words
        assert f"usb-serial,chardev={serial},serial={serial}" in words
    assert "usb-serial" not in " ".join(Box(tmp_path, tmp_path, ()).words())
