"""A liblsl is found where it may be, and is configured before it can speak to anybody."""

import configparser
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace

import pytest

from hardware.board_fault import BoardFault, FaultKind
from hardware.lsl import library as library_module
from hardware.lsl.library import LslSettings, clock_offset_ns, configuration, library, load
from tests.hardware.lsl.bench import SETTINGS, lsl

NOWHERE = Path("/nowhere/liblsl.so")
Place = Callable[[str], Path]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Put a good liblsl under a folder's name; nothing is anywhere else."""
    lsl()
    real = Path(library().path)
    specs = {
        name: ModuleSpec(name, None, origin=str(tmp_path / name / "__init__.py"))
        for name in ("pylsl", "mne_lsl")
    }
    monkeypatch.setattr(library_module, "SYSTEM_FOLDERS", (tmp_path / "usr",))
    monkeypatch.setattr(library_module, "find_spec", specs.get)
    monkeypatch.delenv("PYLSL_LIB", raising=False)

    def put(folder: str) -> Path:
        path = tmp_path / folder / "liblsl.so"
        path.parent.mkdir(parents=True)
        path.symlink_to(real)
        return path

    return put


# --- finding ------------------------------------------------------------------------------------


def test_the_best_place_wins(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worst_first = ["mne_lsl/lsl/lib", "pylsl/lib", "opt", "usr"]
    for folder in worst_first:
        path = place(folder)
        assert library(installed=tmp_path / "opt" / "liblsl.so").path == str(path)
    named = place("mine")
    monkeypatch.setenv("PYLSL_LIB", str(named))
    assert library().path == str(named)


def test_the_version_is_told(place: Place) -> None:
    place("usr")
    major, minor = map(int, library(NOWHERE).version.split("."))
    assert (major, minor) >= (1, 16)


@pytest.mark.parametrize("content", [b"", b"\x7fELF of another machine"])
def test_a_file_that_does_not_load_is_passed_over(
    place: Place, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr" / "liblsl.so").write_bytes(content)
    good = place("pylsl/lib")
    assert library(NOWHERE).path == str(good)


def test_another_library_under_the_name_is_passed_over(place: Place, tmp_path: Path) -> None:
    import _ctypes

    (tmp_path / "usr").mkdir()
    (tmp_path / "usr" / "liblsl.so").symlink_to(_ctypes.__file__)
    good = place("pylsl/lib")
    assert library(NOWHERE).path == str(good)


@pytest.mark.usefixtures("place")
def test_without_any_the_one_cure_is_told() -> None:
    with pytest.raises(
        BoardFault, match=r"no liblsl: run .* -m pip install --no-deps mne-lsl"
    ) as it:
        library(NOWHERE)
    assert it.value.kind is FaultKind.MISSING
    assert sys.executable in str(it.value)
    assert "\n" not in str(it.value)


def test_whoever_names_one_means_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place("usr")
    monkeypatch.setenv("PYLSL_LIB", str(NOWHERE))
    with pytest.raises(BoardFault, match=f"{NOWHERE}.*unset PYLSL_LIB"):
        library()


def test_without_pylsl_that_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "find_spec", lambda name: None)
    with pytest.raises(BoardFault, match="pip install pylsl"):
        library()


def test_too_old_a_one_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place("usr")
    monkeypatch.setattr(library_module, "OLDEST", 999)
    with pytest.raises(BoardFault, match="too old"):
        library(NOWHERE)


# --- configuration ------------------------------------------------------------------------------


def settings_in(text: str) -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return {f"{name}.{key}": parser[name][key] for name in parser for key in parser[name]}


def test_on_the_loopback_no_other_address_is_named() -> None:
    said = settings_in(configuration(LslSettings(session_id="a b")))
    assert said["lab.sessionid"] == "a b"
    assert said["multicast.resolvescope"] == "machine"
    addresses = {key: text for key, text in said.items() if "{" in text}
    assert len(addresses) == 3
    assert set(addresses.values()) == {"{127.0.0.1}"}


def test_on_the_network_liblsl_is_left_as_it_is() -> None:
    said = settings_in(configuration(LslSettings(lan=True)))
    assert set(said) == {"lab.sessionid", "log.level"}


def test_a_session_id_cannot_smuggle_in_settings() -> None:
    with pytest.raises(ValueError, match="one line"):
        LslSettings(session_id="x\n[lab]\nKnownPeers = {10.0.0.1}")


# --- loading ------------------------------------------------------------------------------------


def test_liblsl_has_read_the_configuration_and_no_trace_is_left() -> None:
    pylsl = lsl()
    info = pylsl.StreamInfo("library test", "Test", 1, 0.0, "int32", "library test")
    assert pylsl.StreamOutlet(info).get_info().session_id() == SETTINGS.session_id
    assert "LSLAPICFG" not in os.environ


def test_it_is_configured_once() -> None:
    assert load(SETTINGS) is lsl()
    with pytest.raises(RuntimeError, match="once"):
        load(LslSettings(lan=True))


# --- its clock ----------------------------------------------------------------------------------


def test_its_clock_is_ours() -> None:
    assert abs(clock_offset_ns(lsl())) < 50_000


def test_clocks_that_differ_are_compared_by_the_quickest_reading() -> None:
    lsl_s = iter([100.0] * library_module.CLOCK_READINGS)
    pauses_ns = [900_000, 40_000, 700] + [300_000] * library_module.CLOCK_READINGS
    t_ns, at = 5_000_000_000, 0

    def monotonic_ns() -> int:
        """Two calls a reading, with its pause between; LSL's clock is read after the first."""
        nonlocal at
        reading, second = divmod(at, 2)
        at += 1
        return t_ns + (pauses_ns[reading] if second else 0)

    slow = SimpleNamespace(local_clock=lambda: next(lsl_s))
    assert clock_offset_ns(slow, monotonic_ns) == t_ns + 350 - 100_000_000_000
