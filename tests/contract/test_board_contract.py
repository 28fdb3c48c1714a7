"""Every back-end keeps the contract of a board."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import Board
from hardware.brainflow.board import BrainFlowBoard
from hardware.cyton.board import CytonBoard
from hardware.cyton.frames import AUX_LABELS, UV_PER_COUNT
from hardware.emulated.faults import FaultType, parse_fault
from tests.contract.board_contract import BackEnd, BoardContract, Rig, Script
from tests.contract.emulated_rig import Counting, CountingPairs, emulated, recorded


def serial_board(port: str, first_segment: int) -> Board:
    return CytonBoard(port, first_segment=first_segment)


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


class PlaybackRig:
    """A file as BrainFlow writes it, which counts, and of which rows are missing on order."""

    def __init__(self, file: Path, missing: slice) -> None:
        self._file = str(file)
        numbers, counts = Counting().packets(0, PLAYED)
        rows = np.zeros((PLAYED, 24))
        rows[:, 0] = numbers % 256
        rows[:, 1:9] = counts * UV_PER_COUNT
        rows[:, 22] = 1.6e9 + numbers / 250  # it is played in the time of its stamps
        np.savetxt(file, np.delete(rows, missing, axis=0), fmt="%.9f", delimiter="\t")

    def make(self, first_segment: int = 0) -> Board:
        parameters = {"file": self._file, "master_board": "cyton"}
        return BrainFlowBoard("playback_file", parameters=parameters, first_segment=first_segment)

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        Counting().check(indexes, counts)


@contextmanager
def played_back(folder: Path, script: Script) -> Iterator[Rig]:
    brainflow_loads()
    missing = slice(0)
    for fault in map(parse_fault, script.faults):
        count = fault.amount if fault.type is FaultType.LOSE else fault.amount * 250
        missing = slice(round(fault.at_s * 250), round(fault.at_s * 250 + count))
    yield PlaybackRig(folder / "played.csv", missing)


PLAYED = 1500  # rows
UNDISTURBED = "nothing can be made to go wrong with BrainFlow's synthetic board"


class TestCytonBoard(BoardContract):
    back_end = BackEnd(emulated(serial_board), "cyton", 8, 250.0, AUX_LABELS)


class TestCytonBoardReplayingARecording(BoardContract):
    back_end = BackEnd(
        emulated(serial_board, recorded("brainhat_blinkWink10.csv")),
        "cyton",
        8,
        250.0,
        AUX_LABELS,
    )


class TestBrainFlowCyton(BoardContract):
    back_end = BackEnd(emulated(brainflow_cyton), "brainflow:CYTON_BOARD", 8, 250.0, AUX_LABELS)


class TestCytonBoardWithDaisy(BoardContract):
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


class TestBrainFlowPlayback(BoardContract):
    back_end = BackEnd(
        played_back,
        "brainflow:PLAYBACK_FILE_BOARD",
        8,
        250.0,
        AUX_LABELS,
        cannot={
            "absent": "BrainFlow does not tell a missing file from a wrong one",
            "streaming": "a file is not played before it is opened",
            "unplug": "a file cannot be pulled out",
        },
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
            "absent": "a synthetic board is always there",
            "streaming": "a synthetic board does not stream before it is opened",
            **dict.fromkeys(("lose", "stall", "unplug"), UNDISTURBED),
        },
    )
