"""A second, independent reader of the emulator: BrainFlow, as others use it."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from hardware.cyton import UV_PER_COUNT, FrameDecoder
from hardware.emulated_cyton import Behaviour, EmulatedCyton
from hardware.emulated_stream import TrueTime
from hardware.emulator import Emulator
from hardware.faults import parse_fault
from hardware.synthetic import SyntheticDyad, SyntheticSource

RATE_HZ = 250.33


def brainflow_cyton(port: Path) -> Any:
    try:
        from brainflow.board_shim import BoardIds, BoardShim, BrainFlowInputParams

        BoardShim.disable_board_logger()
    except (ImportError, OSError) as error:
        pytest.skip(f"BrainFlow does not load here: {error}")
    parameters = BrainFlowInputParams()
    parameters.serial_port = str(port)
    return BoardShim(BoardIds.CYTON_BOARD, parameters)


class TapedCyton(EmulatedCyton):
    """Keeps the frames that it hands out."""

    tape = b""

    def due(self, now_ns: int) -> list[bytes]:
        pieces = super().due(now_ns)
        self.tape += b"".join(piece for piece in pieces if piece[0] == 0xA0)
        return pieces


@pytest.fixture
def board() -> TapedCyton:
    behaviour = Behaviour(
        rate_hz=RATE_HZ, faults=(parse_fault("0.5:lose:2"), parse_fault("0.8:late:3"))
    )
    source = SyntheticSource(SyntheticDyad(20), 0, RATE_HZ)
    rng = np.random.default_rng(1)
    return TapedCyton(source, behaviour, time.monotonic_ns(), true_time=TrueTime(), rng=rng)


@pytest.fixture
def port(tmp_path: Path, board: TapedCyton) -> Iterator[Path]:
    stop = Event()
    with Emulator({tmp_path / "cyton": board}) as emulator:
        thread = Thread(target=emulator.run, args=(stop.is_set,))
        thread.start()
        yield tmp_path / "cyton"
        stop.set()
        thread.join(5)


def test_brainflow_reads_the_same_samples_as_we_do(port: Path, board: TapedCyton) -> None:
    reader = brainflow_cyton(port)
    reader.prepare_session()
    reader.start_stream()
    patience = Event()
    for _ in range(500):
        if reader.get_board_data_count() >= 400:
            break
        patience.wait(0.01)
    reader.stop_stream()
    rows = reader.get_board_data()
    reader.release_session()

    packets = FrameDecoder().feed(board.tape)
    n = rows.shape[1]
    assert n >= 400
    assert rows[0].astype(int).tolist() == packets.counter[:n].tolist()
    assert rows[12].astype(int).tolist() == packets.stop[:n].tolist()
    np.testing.assert_array_equal(rows[13:19].T, packets.aux[:n])
    np.testing.assert_allclose(rows[1:9].T, packets.counts[:n] * UV_PER_COUNT, rtol=1e-6)
    assert (board.truth().lost, board.truth().late) == (2, 1)
