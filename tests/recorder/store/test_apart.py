"""A session is put away by a process of its own, which may be killed."""

import os
import threading
from pathlib import Path

import pytest

from recorder.store.apart import Apart
from recorder.store.check import verify
from recorder.store.files import hold
from tests.recorder import session_files
from tests.recorder.session_files import block

NAME = "20261123T040000Z-1f3a.antiphon"


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    return session_files.write(tmp_path / NAME, [block(0, 0), block(1, 0)])


def test_it_is_put_away(ended: Path) -> None:
    Apart().settle(ended)
    place = ended.parent / "done" / NAME
    assert verify(place).problems == ()
    assert not ended.exists()


def test_what_is_in_the_way_is_told_in_one_line(ended: Path) -> None:
    held = hold(ended)
    with pytest.raises(BlockingIOError, match="another process") as told:
        Apart().settle(ended)
    os.close(held)
    assert "\n" not in str(told.value)
    ended.write_bytes(b"no")
    with pytest.raises(OSError, match="not a session file"):
        Apart().settle(ended)


def test_one_that_is_ended_leaves_the_session_where_it_is(ended: Path) -> None:
    apart = Apart()
    apart.end()
    with pytest.raises(BlockingIOError):
        apart.settle(ended)
    assert ended.exists()
    Apart().settle(ended)
    assert (ended.parent / "done" / NAME).exists()


def test_it_is_ended_in_the_midst_of_it(ended: Path) -> None:
    held, apart, told = hold(ended), Apart(), []

    def settle() -> None:
        try:
            apart.settle(ended)
        except BlockingIOError as reason:
            told.append(reason)

    thread = threading.Thread(target=settle)
    thread.start()
    apart.end()
    thread.join(60)
    os.close(held)
    assert len(told) == 1
    assert verify(ended).problems == ()
