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
from hardware.serial_board import SerialBoard
from tests.contract.board_contract import BackEnd, BoardContract, Rig, Script
from tests.contract.emulated_rig import CountingPairs, emulated, recorded


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


ONLY_SAMPLES_DIFFER = "as with the board that counts: only the samples differ"
UNDISTURBED = "BrainFlow's synthetic board cannot be disturbed"


class TestSerialBoard(BoardContract):
    back_end = BackEnd(emulated(serial_board), "cyton", 8, 250.0, AUX_LABELS)


class TestSerialBoardReplayingARecording(BoardContract):
    back_end = BackEnd(
        emulated(serial_board, recorded("brainhat_blinkWink10.csv")),
        "cyton",
        8,
        250.0,
        AUX_LABELS,
        cannot=dict.fromkeys(("absent", "busy", "stall", "unplug"), ONLY_SAMPLES_DIFFER),
    )


class TestBrainFlowCyton(BoardContract):
    back_end = BackEnd(emulated(brainflow_cyton), "brainflow:CYTON_BOARD", 8, 250.0, AUX_LABELS)


class TestSerialBoardWithDaisy(BoardContract):
    back_end = BackEnd(
        emulated(serial_board, CountingPairs, daisy=True),
        "cyton-daisy",
        16,
        125.0,
        (*AUX_LABELS, *(f"{label}_even" for label in AUX_LABELS)),
        first_index=1,
        costs=((2, 0), (1, 2)),
        slack_s=0.5,
    )


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
