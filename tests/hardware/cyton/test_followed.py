"""A dongle is followed by its number, or by its socket, whatever it is called."""

from pathlib import Path

import pytest

from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.followed import FollowedPort
from tests.hardware.plugged_in import Adapter, plug_in, unplug


def followed(root: Path, serials: tuple[str | None, str | None], *, places: bool) -> FollowedPort:
    """The port of the first of two dongles; then their hub loses power, and names are exchanged."""
    before = [Adapter(serials[0], "ttyUSB0"), Adapter(serials[1], "ttyUSB1")]
    for socket, adapter in enumerate(before):
        plug_in(root, adapter, places=places, socket=socket)
    port = FollowedPort(str(root / "dev/ttyUSB0"), root=root)
    port.learn(port.now())
    assert port.now() == str(root / "dev/ttyUSB0")
    for adapter in before:
        unplug(root, adapter)
    after = [Adapter(serials[0], "ttyUSB1"), Adapter(serials[1], "ttyUSB0")]
    for socket, adapter in enumerate(after):
        plug_in(root, adapter, places=places, socket=socket)
    return port


def test_it_is_found_by_its_number(tmp_path: Path) -> None:
    port = followed(tmp_path, ("DM00AAAA", "DM00BBBB"), places=False)
    assert port.now() == str(tmp_path / "dev/ttyUSB1")
    port.check(port.now())


@pytest.mark.parametrize("serials", [(None, None), ("0001", "0001")])
def test_without_a_number_of_its_own_it_is_found_in_its_socket(
    tmp_path: Path, serials: tuple[str | None, str | None]
) -> None:
    port = followed(tmp_path, serials, places=True)
    assert Path(port.now()).resolve() == tmp_path / "dev/ttyUSB1"


def test_without_either_there_is_only_the_path(tmp_path: Path) -> None:
    port = followed(tmp_path, (None, None), places=False)
    assert port.now() == str(tmp_path / "dev/ttyUSB0")


def test_another_dongle_in_its_place_is_refused_by_name(tmp_path: Path) -> None:
    port = followed(tmp_path, ("DM00AAAA", "DM00BBBB"), places=False)
    unplug(tmp_path, Adapter("DM00AAAA", "ttyUSB1"))
    with pytest.raises(BoardFault, match="DM00BBBB is here, and DM00AAAA is wanted") as caught:
        port.check(port.now())
    assert caught.value.kind is FaultKind.MISSING


def test_once_moved_it_is_another_dongle_that_is_wanted(tmp_path: Path) -> None:
    port = followed(tmp_path, (None, None), places=True)
    port.move(str(tmp_path / "dev/ttyUSB0"))
    assert port.now() == str(tmp_path / "dev/ttyUSB0")
