"""A second, independent reader of the emulator: BrainFlow, as others use it."""

import time
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from hardware.board import Block
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.frames import FRAME_BYTES, UV_PER_COUNT, FrameDecoder
from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.faults import parse_fault
from hardware.emulated.ports import Emulator
from hardware.emulated.stream import TrueTime
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from tests.hardware.emulated_port import served

RATE_HZ = 250.33


def brainflow(name: str, port: Path) -> Any:
    try:
        from brainflow.board_shim import BoardIds, BoardShim, BrainFlowInputParams

        BoardShim.disable_board_logger()
    except (ImportError, OSError) as error:
        pytest.skip(f"BrainFlow does not load here: {error}")
    parameters = BrainFlowInputParams()
    parameters.serial_port = str(port)
    return BoardShim(BoardIds[name], parameters)


def streamed(reader: Any, at_least: int) -> Any:
    """Return the rows of a stream of BrainFlow's, one column a sample."""
    reader.prepare_session()
    reader.start_stream()
    patience = Event()
    for _ in range(500):
        if reader.get_board_data_count() >= at_least:
            break
        patience.wait(0.01)
    reader.stop_stream()
    rows = reader.get_board_data()
    reader.release_session()
    assert rows.shape[1] >= at_least
    return rows


class TapedCyton(EmulatedCyton):
    """Keeps the frames that it hands out."""

    tape = b""

    def due(self, now_ns: int) -> list[bytes]:
        pieces = super().due(now_ns)
        self.tape += b"".join(piece for piece in pieces if piece[0] == 0xA0)
        return pieces


def taped(behaviour: Behaviour) -> TapedCyton:
    source = SyntheticSource(SyntheticDyad(20, daisy=behaviour.daisy), 0, RATE_HZ)
    rng = np.random.default_rng(1)
    return TapedCyton(source, behaviour, time.monotonic_ns(), true_time=TrueTime(), rng=rng)


def test_brainflow_reads_the_same_samples_as_we_do(tmp_path: Path) -> None:
    faults = (parse_fault("0.5:lose:2"), parse_fault("0.8:late:3"))
    board = taped(Behaviour(rate_hz=RATE_HZ, faults=faults))
    reader = brainflow("CYTON_BOARD", tmp_path / "cyton")
    with served(Emulator({tmp_path / "cyton": board})):
        rows = streamed(reader, 400)
    packets = FrameDecoder().feed(board.tape)
    n = rows.shape[1]
    assert rows[0].astype(int).tolist() == packets.counter[:n].tolist()
    assert rows[12].astype(int).tolist() == packets.stop[:n].tolist()
    np.testing.assert_array_equal(rows[13:19].T, packets.aux[:n])
    np.testing.assert_allclose(rows[1:9].T, packets.counts[:n] * UV_PER_COUNT, rtol=1e-6)
    assert (board.truth().lost, board.truth().late) == (2, 1)


def test_brainflow_pairs_the_packets_of_a_daisy_as_we_do(tmp_path: Path) -> None:
    board = taped(Behaviour(rate_hz=RATE_HZ, daisy=True))
    reader = brainflow("CYTON_DAISY_BOARD", tmp_path / "cyton")
    with served(Emulator({tmp_path / "cyton": board})):
        rows = streamed(reader, 200)[:, 1:]  # its first row is made of packets 0 and 1
    host = BlockAssembler(RATE_HZ)
    host.begin_stream(0, has_daisy=True)
    tape_ns = int(len(board.tape) / FRAME_BYTES / RATE_HZ * 1e9)
    blocks = [it for it in host.feed([(board.tape, tape_ns)]) if isinstance(it, Block)]
    index = np.concatenate([it.first_index + np.arange(len(it)) for it in blocks])
    counts = np.concatenate([it.counts for it in blocks])
    n = rows.shape[1]
    assert rows[0].astype(int).tolist() == (2 * index[:n] % 256).tolist()
    np.testing.assert_allclose(rows[1:17].T, counts[:n] * UV_PER_COUNT, rtol=1e-6)
