"""Every back-end keeps the contract of a board."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import Board
from hardware.brainflow_board import BrainFlowBoard
from hardware.cyton import AUX_LABELS
from hardware.lsl_inlet import AUX_LABELS as LSL_AUX_LABELS
from hardware.serial_board import SerialBoard
from tests.contract.board_contract import BackEnd, BoardContract, Rig, Script
from tests.contract.emulated_rig import emulated, recorded
from tests.contract.lsl_rig import lsl


def serial_board(port: str, first_segment: int) -> Board:
    return SerialBoard(port, first_segment=first_segment)


def brainflow_cyton(port: str, first_segment: int) -> Board:
    brainflow_loads()
    return BrainFlowBoard("cyton", port=port, first_segment=first_segment)


def brainflow_loads() -> None:
    try:
        from brainflow.board_shim import BoardShim

        BoardShim.disable_board_logger()
    except (ImportError, OSError) as error:
        pytest.skip(f"BrainFlow does not load here: {error}")


class SyntheticRig:
    """BrainFlow's own synthetic board; its values are noise."""

    def make(self, first_segment: int = 0) -> Board:
        return BrainFlowBoard("SYNTHETIC_BOARD", first_segment=first_segment)

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        assert len(np.unique(counts)) > len(indexes)


@contextmanager
def synthetic(folder: Path, script: Script) -> Iterator[Rig]:
    brainflow_loads()
    yield SyntheticRig()


UNDISTURBED = "BrainFlow's synthetic board cannot be disturbed"


class TestSerialBoard(BoardContract):
    back_end = BackEnd(emulated(serial_board), "cyton", 8, 250.0, AUX_LABELS)


class TestSerialBoardReplayingARecording(BoardContract):
    back_end = BackEnd(
        emulated(serial_board, recorded("brainhat_blinkWink10.csv")), "cyton", 8, 250.0, AUX_LABELS
    )


class TestBrainFlowCyton(BoardContract):
    back_end = BackEnd(emulated(brainflow_cyton), "brainflow:CYTON_BOARD", 8, 250.0, AUX_LABELS)


class TestBrainFlowSynthetic(BoardContract):
    back_end = BackEnd(
        synthetic,
        "brainflow:SYNTHETIC_BOARD",
        16,
        250.0,
        (),
        cannot={
            "busy": "there are as many synthetic boards as one likes",
            **dict.fromkeys(("absent", "streaming", "lose", "stall", "unplug"), UNDISTURBED),
        },
    )


class TestLsl(BoardContract):
    back_end = BackEnd(
        lsl,
        "lsl",
        8,
        250.0,
        LSL_AUX_LABELS,
        cannot={"busy": "an LSL stream may have any number of readers"},
    )
