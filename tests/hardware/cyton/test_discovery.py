"""What is plugged in, from files; who is there, from ports that were asked for."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.board import BoardFault, FaultKind
from hardware.cyton import bench_line, conversation, opening
from hardware.cyton.discovery import Identity, attached, conflicts, identify, port_of, set_latency
from hardware.cyton.serial_port import SerialPort
from hardware.emulated.cyton import Behaviour, FirstState
from tests.hardware.emulated_port import emulated_port
from tests.hardware.plugged_in import Adapter, latency_timer, plug_in

DONGLE = Adapter()
OTHER = Adapter(serial="DM01N6RY", tty="ttyUSB1")
ARDUINO = Adapter(
    serial="85439",
    tty="ttyACM0",
    product="Uno",
    vendor_id="2341",
    product_id="0043",
    latency_ms=None,
    maker="Arduino",
)


def test_nothing_is_plugged_in_where_there_is_no_such_directory(tmp_path: Path) -> None:
    assert attached(tmp_path) == []


def test_a_dongle_is_told_with_all_that_the_kernel_knows(tmp_path: Path) -> None:
    [port] = attached(plug_in(tmp_path, DONGLE))
    assert port.path == tmp_path / "dev/serial/by-id" / DONGLE.name
    assert port.device == (tmp_path / "dev/ttyUSB0").resolve()
    assert (port.serial, port.product) == ("DM01N5QX", "FT231X USB UART")
    assert (port.vendor_id, port.product_id) == ("0403", "6015")
    assert port.latency_ms == 16
    assert (port.holder, port.fault) == ("", "")
    assert port.may_be_dongle


def test_ports_are_listed_by_name_and_other_makes_are_no_dongles(tmp_path: Path) -> None:
    ports = attached(plug_in(tmp_path, OTHER, ARDUINO, DONGLE))
    assert [port.serial for port in ports] == ["85439", "DM01N5QX", "DM01N6RY"]
    assert [port.may_be_dongle for port in ports] == [False, True, True]
    assert (ports[0].product, ports[0].latency_ms) == ("Uno", None)


def test_without_sysfs_the_name_tells_the_serial_number(tmp_path: Path) -> None:
    [port] = attached(plug_in(tmp_path, DONGLE, sysfs=False))
    assert (port.serial, port.vendor_id, port.latency_ms) == ("DM01N5QX", "", None)
    assert port.may_be_dongle


def test_a_link_to_a_device_that_is_gone_is_told(tmp_path: Path) -> None:
    plug_in(tmp_path, DONGLE)
    (tmp_path / "dev/ttyUSB0").unlink()
    [port] = attached(tmp_path)
    assert "plug the dongle in again" in port.fault


def test_a_port_without_permission_is_told_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(tmp_path, DONGLE)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    [port] = attached(tmp_path)
    assert port.fault.startswith("no permission: ")
    assert "usermod -aG dialout" in port.fault


def test_a_port_that_a_program_holds_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "proc").symlink_to("/proc")
    with emulated_port(tmp_path / "pty"):
        plug_in(tmp_path, DONGLE)
        (tmp_path / "dev/ttyUSB0").unlink()
        (tmp_path / "dev/ttyUSB0").symlink_to((tmp_path / "pty").resolve())
        assert attached(tmp_path)[0].holder == ""
        ours = SerialPort(str(tmp_path / "pty"), threading.Event())
        [port] = attached(tmp_path)
        ours.close()
        assert port.holder.endswith(f"(process {os.getpid()})")
        assert port.fault == ""


def test_a_holder_that_cannot_be_named_is_told_by_its_number(tmp_path: Path) -> None:
    plug_in(tmp_path, DONGLE)
    status = (tmp_path / "dev/ttyUSB0").stat()
    where = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/locks").write_text(
        f"1: POSIX  ADVISORY  WRITE 11 {where}:{status.st_ino} 0 EOF\n"
        f"2: FLOCK  ADVISORY  WRITE 12 {where}:{status.st_ino}7 0 EOF\n"
        f"3: FLOCK  ADVISORY  WRITE 13 {where}:{status.st_ino} 0 EOF\n"
    )
    assert attached(tmp_path)[0].holder == "process 13"


def test_a_person_is_pinned_to_a_serial_number(tmp_path: Path) -> None:
    plug_in(tmp_path, DONGLE, OTHER)
    assert port_of("DM01N6RY", tmp_path) == tmp_path / "dev/serial/by-id" / OTHER.name
    assert port_of("/dev/ttyUSB9", tmp_path) == Path("/dev/ttyUSB9")


def test_a_serial_number_of_two_dongles_names_neither(tmp_path: Path) -> None:
    twins = [replace(DONGLE, serial="0001"), replace(OTHER, serial="0001")]
    plug_in(tmp_path, *twins, places=True)
    ports = attached(tmp_path)
    assert [(port.serial, port.is_unique) for port in ports] == [("0001", False)] * 2
    with pytest.raises(
        BoardFault, match=r"name one by its path: .*by-path/.*, .*by-path/"
    ) as caught:
        port_of("0001", tmp_path)
    assert caught.value.kind is FaultKind.REFUSED


def test_a_copy_of_the_dongle_may_be_one_too(tmp_path: Path) -> None:
    copies = [
        Adapter(None, "ttyUSB0", "USB Serial", "1a86", "7523", None, "1a86"),
        Adapter(None, "ttyUSB1", "USB-Serial Controller", "067b", "2303", None, "Prolific"),
    ]
    ports = attached(plug_in(tmp_path, *copies, places=True))
    assert [(port.serial, port.is_unique) for port in ports] == [("", False)] * 2
    assert [port.may_be_dongle for port in ports] == [True, True]
    assert [str(port.path) for port in ports] == [port.place for port in ports]


@pytest.mark.parametrize(
    ("adapters", "there"), [((), "none"), ((DONGLE, OTHER), "DM01N5QX, DM01N6RY")]
)
def test_a_serial_number_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, adapters: tuple[Adapter, ...], there: str
) -> None:
    plug_in(tmp_path, *adapters)
    with pytest.raises(BoardFault, match=f"DM99 is plugged in; plugged in: {there}$") as caught:
        port_of("DM99", tmp_path)
    assert caught.value.kind is FaultKind.MISSING


def test_the_latency_timer_is_set_and_read_back(tmp_path: Path) -> None:
    [port] = attached(plug_in(tmp_path, DONGLE))
    assert set_latency(port, root=tmp_path) == 1
    assert attached(tmp_path)[0].latency_ms == 1


def test_not_being_permitted_to_set_it_is_told_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    [port] = attached(plug_in(tmp_path, DONGLE))
    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(BoardFault, match=r"udev rule, or: echo 1 \| sudo tee /.*latency") as caught:
        set_latency(port, root=tmp_path)
    assert caught.value.kind is FaultKind.DENIED


def test_a_port_without_a_timer_is_told(tmp_path: Path) -> None:
    [port] = attached(plug_in(tmp_path, ARDUINO))
    with pytest.raises(BoardFault, match="has no latency timer") as caught:
        set_latency(port, root=tmp_path)
    assert caught.value.kind is FaultKind.REFUSED


def test_a_timer_that_does_not_take_the_value_is_told(tmp_path: Path) -> None:
    [port] = attached(plug_in(tmp_path, DONGLE))
    latency_timer(tmp_path).unlink()
    latency_timer(tmp_path).symlink_to("/dev/null")
    with pytest.raises(BoardFault, match="was set to 1 ms and says nothing"):
        set_latency(port, root=tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "QUIET_S", 0.05)
    monkeypatch.setattr(opening, "DONGLE_ANSWER_S", 0.2)
    monkeypatch.setattr(opening, "RESET_ANSWER_S", 0.2)
    monkeypatch.setattr(bench_line, "REPLY_S", 0.2)


@pytest.mark.parametrize("first_state", [FirstState.READY, FirstState.STREAMING])
def test_a_board_is_identified_however_it_is_found(
    tmp_path: Path, quick: None, first_state: FirstState
) -> None:
    port = tmp_path / "usb-FTDI_FT231X_USB_UART_DM01N5QX-if00-port0"
    with emulated_port(port, Behaviour(first_state=first_state)):
        assert identify(str(port)) == Identity(
            str(port), "DM01N5QX", 7, "v3.1.2", has_daisy=False, fault=""
        )


@pytest.mark.parametrize(
    ("first_state", "channel"), [(FirstState.OFF, 7), (FirstState.OTHER_CHANNEL, 10)]
)
def test_a_dongle_without_its_board_still_tells_its_channel(
    tmp_path: Path, quick: None, first_state: FirstState, channel: int
) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(first_state=first_state)):
        identity = identify(str(port))
    assert (identity.radio_channel, identity.firmware) == (channel, "")
    assert "switch the board on" in identity.fault


def test_something_else_that_is_silent_is_told(tmp_path: Path, quick: None) -> None:
    master, host_end = os.openpty()
    identity = identify(os.ttyname(host_end))
    os.close(host_end)
    os.close(master)
    assert identity.radio_channel is None
    assert "check that this is the port of an OpenBCI dongle" in identity.fault


def test_a_port_in_use_is_left_alone(tmp_path: Path, quick: None) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(first_state=FirstState.STREAMING)) as cyton:
        holder = SerialPort(str(port), threading.Event())
        identity = identify(str(port))
        assert "another program holds this port" in identity.fault
        assert cyton.truth().begin_ns is not None
        holder.close()


def test_a_port_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "no such port" in identify(str(tmp_path / "ttyUSB0")).fault


def dongle(port: str, channel: int | None, serial: str = "") -> Identity:
    return Identity(port, serial, channel, "v3.1.2", has_daisy=False, fault="")


def test_boards_on_channels_of_their_own_do_not_conflict() -> None:
    assert conflicts([dongle("/dev/a", 7), dongle("/dev/b", 8)]) == []
    assert conflicts([dongle("/dev/a", None), dongle("/dev/b", None)]) == []
    assert conflicts([dongle("/dev/a", 7)]) == []


def test_two_dongles_on_one_channel_are_told_with_what_to_do() -> None:
    [text] = conflicts([dongle("/dev/a", 7, "DM01"), dongle("/dev/b", 7)])
    assert "the dongles DM01 and /dev/b are both on radio channel 7" in text
    assert "antiphon radio shows which, and does it" in text


def test_one_port_for_two_people_is_told(tmp_path: Path) -> None:
    plug_in(tmp_path, DONGLE)
    names = (tmp_path / "dev/ttyUSB0", tmp_path / "dev/serial/by-id" / DONGLE.name)
    [text] = conflicts([dongle(str(name), 7) for name in names])
    assert "are the same port" in text
