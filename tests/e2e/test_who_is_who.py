"""Both dongles vanish and come back in each other's port, on pseudo-terminals, with the service.

Each board's counts have a sign of their own: what is stored under a name is that person's.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.ports import Emulator
from hardware.emulated.stream import TrueTime
from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.wire.messages import Status
from tests.e2e.processes import (
    begin_session,
    both_stream,
    has_recorded,
    service,
    told,
    told_json,
    until_status,
)
from tests.exchanges.desk import SIGNS, Signed
from tests.hardware.emulated_port import served

RATES_HZ = (250.33, 250.51)
AWAY_S = 1.0


class Desk:
    """Two boards, and ports that they are plugged into."""

    def __init__(self, directory: Path) -> None:
        self.ports = [directory / "left", directory / "right"]
        self.boards = [board(0, ago_s=100.0), board(1, ago_s=30.0)]

    @contextmanager
    def plugged_in(self, *, exchanged: bool = False) -> Iterator[None]:
        """Serve the boards at their ports, or at each other's."""
        ports = self.ports[::-1] if exchanged else self.ports
        with served(Emulator(dict(zip(ports, self.boards, strict=True)))):
            yield

    def restart(self) -> None:
        """Switch both boards off and on in one moment, so that milliseconds tell nothing."""
        self.boards = [board(0, ago_s=0.0), board(1, ago_s=0.0)]


def board(person: int, ago_s: float) -> EmulatedCyton:
    """A board that was switched on so long ago."""
    return EmulatedCyton(
        Signed(SIGNS[person]),
        Behaviour(rate_hz=RATES_HZ[person], radio_channel=7 + person),
        time.monotonic_ns() - round(ago_s * 1e9),
        true_time=TrueTime(),
        rng=np.random.default_rng(person),
    )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def config(tmp_path: Path, desk: Desk) -> Config:
    places = Config(sessions=str(tmp_path / "sessions"), socket=str(tmp_path / "s.sock"))
    patient, therapist = (
        msgspec.structs.replace(places.board(role), port=str(port))
        for role, port in zip(("patient", "therapist"), desk.ports, strict=True)
    )
    return msgspec.structs.replace(places, patient=patient, therapist=therapist)


def test_exchanged_boards_that_stayed_on_move_by_themselves(
    tmp_path: Path, desk: Desk, config: Config
) -> None:
    with service(config, tmp_path):
        with desk.plugged_in():
            path = recorded_for(config, 4)
        pause()
        with desk.plugged_in(exchanged=True):
            until_status(config.socket_path, both_stream, "both are recorded again", 30)
            stopped(config, 8)
    assert_whose(path, parts=2)


def test_boards_that_nothing_tells_apart_wait_for_a_persons_word(
    tmp_path: Path, desk: Desk, config: Config
) -> None:
    with service(config, tmp_path):
        with desk.plugged_in():
            path = recorded_for(config, 4)
        pause()
        desk.restart()
        with desk.plugged_in(exchanged=True):
            until_status(config.socket_path, both_held, "both are held", 30)
            told("confirm", "exchanged", "--socket", config.socket)
            until_status(config.socket_path, both_stream, "both are recorded again", 30)
            stopped(config, 8)
    assert_whose(path, parts=2)
    with SessionReader(path_of(path)) as file:
        assert "unconfirmed" in {gap.cause for gap in file.gaps()}
        said = [text for (text,) in file.query("SELECT text FROM event WHERE kind = 'asked'")]
    assert any(text.startswith("confirm exchanged: ") for text in said)


def test_a_service_that_was_killed_knows_exchanged_boards_again(
    tmp_path: Path, desk: Desk, config: Config
) -> None:
    with desk.plugged_in(), service(config, tmp_path) as process:
        path = recorded_for(config, 4)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with desk.plugged_in(exchanged=True), service(config, tmp_path):
        until_status(config.socket_path, both_stream, "both are recorded again", 30)
        stopped(config, 8)
    assert_whose(path, parts=2)


def pause() -> None:
    threading.Event().wait(AWAY_S)


def both_held(status: Status) -> bool:
    return [board.state for board in status.boards] == ["held", "held"]


def recorded_for(config: Config, seconds: float) -> Path:
    """Record so long; the file."""
    path = Path(begin_session(config)["file"])
    until_status(config.socket_path, has_recorded(seconds), "some seconds are recorded")
    return path


def stopped(config: Config, seconds: float) -> None:
    until_status(config.socket_path, has_recorded(seconds), "some more are recorded", 30)
    told_json("stop", "--socket", config.socket)


def path_of(path: Path) -> Path:
    return path.parent / "done" / path.name


def assert_whose(path: Path, parts: int) -> None:
    """Each sample is its person's; each was recorded before and after; the file is whole."""
    with SessionReader(path_of(path)) as file:
        for person, sign in enumerate(SIGNS):
            samples = list(file.samples(person))
            assert len({it.segment for it in samples}) >= parts
            assert {int(it) for one in samples for it in np.sign(one.counts[:, 0])} == {sign}
    assert verify(path_of(path)).ok
