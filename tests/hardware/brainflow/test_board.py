"""BrainFlow as a board: found by name, missed in plain words, and as exact as our own driver."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hardware.board import Board, BoardFault, BoardState, FaultKind
from hardware.brainflow.board import BrainFlowBoard
from hardware.cyton.daisy import CHANNEL_DELAY_S
from hardware.cyton.frames import RAIL_COUNTS, UV_PER_COUNT
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.source import PacketRun
from tests.hardware.emulated_port import emulated_port
from tests.hardware.told import Told


class Extremes:
    """Counts over the whole range, each telling which sample it is."""

    labels = ("number",)
    length = None

    def __init__(self, channels: int = 8) -> None:
        self._channels = channels

    def packets(self, first: int, n: int) -> PacketRun:
        numbers = np.arange(first, first + n, dtype=np.int64)
        counts = np.repeat(numbers[:, None], 16, axis=1)
        counts[:, 1] = RAIL_COUNTS - numbers
        counts[:, 2] = numbers - RAIL_COUNTS - 1
        counts[:, 3] = numbers * 7919 % 2**24 - 2**23
        return numbers, counts[:, : self._channels].astype(np.int32)

    def first_at(self, counter: int) -> int:
        return counter


class Below(Extremes):
    """Another board's, on which the first channel counts down from -1."""

    def packets(self, first: int, n: int) -> PacketRun:
        numbers, counts = super().packets(first, n)
        counts[:, 0] = -1 - counts[:, 0]
        return numbers, counts


class Bench:
    """Boards that are closed in the end, and emulated ones behind them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undo = ExitStack()

    def emulate(
        self,
        behaviour: Behaviour | None = None,
        name: str = "ttyUSB0",
        source: Extremes | None = None,
    ) -> str:
        """Put an emulated Cyton on a port; return its path."""
        link, behaviour = self._folder / name, behaviour or Behaviour()
        source = source or Extremes(behaviour.inputs)
        self._undo.enter_context(emulated_port(link, behaviour, source))
        return str(link)

    def board(self, name: str, **others: Any) -> Told:
        board = BrainFlowBoard(name, **others)
        self._undo.callback(board.close)
        return Told(board)

    def close(self) -> None:
        self._undo.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def library() -> Any:
    """BrainFlow, where it loads."""
    try:
        from brainflow import board_shim

        board_shim.BoardShim.disable_board_logger()
    except (ImportError, OSError) as error:
        pytest.skip(f"BrainFlow does not load here: {error}")
    return board_shim


# --- the library --------------------------------------------------------------------------------


def test_brainflow_is_not_loaded_before_a_board_is_opened() -> None:
    script = (
        "import sys; from hardware.brainflow.board import BrainFlowBoard;"
        "BrainFlowBoard('cyton', port='x'); sys.exit('brainflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def not_installed(library: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "brainflow", None)
    patch.setitem(sys.modules, "brainflow.board_shim", None)


def built_for_another_machine(library: Any, patch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise OSError("libBoardController.so: cannot open shared object file")

    patch.setattr(library.BoardControllerDLL, "get_instance", load)


@pytest.mark.parametrize("absent", [not_installed, built_for_another_machine])
def test_a_library_that_does_not_load_is_told_in_one_line(
    absent: Callable[[Any, pytest.MonkeyPatch], None],
    bench: Bench,
    library: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = bench.board("synthetic")
    with monkeypatch.context() as patch:
        absent(library, patch)
        with pytest.raises(BoardFault, match=r"no build for this machine.*`cyton`") as caught:
            told.board.open()
        assert caught.value.kind is FaultKind.MISSING
        told.board.start()
        assert told.until_state(BoardState.LOST).fault == str(caught.value)
    told.until(lambda t: t.samples() > 0)  # and is tried again


# --- names and parameters -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SYNTHETIC_BOARD", "synthetic_board", "Synthetic"])
def test_case_does_not_matter_and_board_may_be_left_out(
    name: str, bench: Bench, library: Any
) -> None:
    info = bench.board(name).board.open()
    assert (info.kind, info.channels) == ("brainflow:SYNTHETIC_BOARD", 16)


def test_an_unknown_board_is_told_with_those_that_are_likely(bench: Bench, library: Any) -> None:
    board = bench.board("cytn_daisy").board
    for begin in (board.open, board.start):
        with pytest.raises(ValueError, match=r"no board 'cytn_daisy'; known are CYTON_DAISY_BOARD"):
            begin()
    assert board.state is not BoardState.STREAMING


def test_an_unknown_parameter_is_told_with_those_that_are_known(bench: Bench, library: Any) -> None:
    board = bench.board("synthetic", parameters={"mac": "x"}).board
    with pytest.raises(ValueError, match=r"no parameter 'mac'; known are .*mac_address"):
        board.start()


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"timeout": "soon"}, "parameter 'timeout' is a whole number, not 'soon'"),
        ({"master_board": "cytn"}, "no board 'cytn'; known are CYTON_BOARD"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_told(
    parameters: dict[str, str], told: str, bench: Bench, library: Any
) -> None:
    board = bench.board("synthetic", parameters=parameters).board
    for begin in (board.open, board.start):
        with pytest.raises(ValueError, match=told):
            begin()


def test_parameters_are_taken_as_a_configuration_writes_them(bench: Bench, library: Any) -> None:
    parameters = {"serial_number": 5, "timeout": "2", "ip_port": 0, "other_info": "ward 3"}
    told = bench.board("synthetic", parameters=parameters)
    told.board.start()
    told.until(lambda t: t.samples() > 0)


@pytest.mark.parametrize(
    ("name", "parameters", "kind"),
    [
        ("GANGLION_NATIVE", {"mac_address": "00:00:00:00:00:00", "timeout": 1}, FaultKind.MISSING),
        ("PLAYBACK_FILE", {}, FaultKind.REFUSED),
        ("PLAYBACK_FILE", {"master_board": "cyton", "file": "nowhere.csv"}, FaultKind.REFUSED),
        ("EMOTIBIT", {}, FaultKind.REFUSED),
        ("NO", {}, FaultKind.REFUSED),
        ("FREEEEG32", {"serial_port": "nowhere"}, FaultKind.MISSING),
    ],
)
def test_what_brainflow_cannot_use_is_a_fault(
    name: str, parameters: dict[str, str | int], kind: FaultKind, bench: Bench, library: Any
) -> None:
    with pytest.raises(BoardFault) as caught:
        bench.board(name, parameters=parameters).board.open()
    assert caught.value.kind is kind
    assert "\n" not in str(caught.value)


def test_a_machine_without_bluetooths_library_is_told_what_to_install(
    bench: Bench, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare_session(shim: object) -> None:
        code = library.BrainFlowExitCodes.GENERAL_ERROR.value
        raise library.BrainFlowError("unable to prepare streaming session", code)

    monkeypatch.setattr(library.BoardShim, "prepare_session", prepare_session)
    told = complaint(bench.board("GANGLION_NATIVE").board)
    assert told.startswith(FaultKind.MISSING)
    assert told.endswith("apt install bluez")


def complaint(board: Board) -> str:
    """Why a board cannot be opened. Nothing of it is left, as it would be in a test's exception."""
    try:
        board.open()
    except BoardFault as fault:
        return f"{fault.kind}: {fault}"
    return ""


# --- several boards in one process --------------------------------------------------------------


def test_a_board_in_use_is_busy_and_the_attempt_harms_nobody(bench: Bench, library: Any) -> None:
    parameters = {"serial_number": "7"}
    first = bench.board("synthetic", parameters=parameters)
    first.board.start()
    first.until(lambda t: t.samples() > 20)
    again = BrainFlowBoard("synthetic", parameters=parameters)
    assert complaint(again).startswith(FaultKind.BUSY)
    seen = first.samples()
    first.until(lambda t: t.samples() > seen + 50)
    assert first.gaps == []


def test_two_synthetic_boards_stream_side_by_side(bench: Bench, library: Any) -> None:
    boards = [bench.board("synthetic") for _ in range(2)]
    for told in boards:
        told.board.start()
    for told in boards:
        told.until(lambda t: t.samples() > 20)


@pytest.mark.alone  # BrainFlow's synthetic board makes fewer samples where it is starved
def test_a_board_waits_without_loss_while_another_is_opened(bench: Bench, library: Any) -> None:
    port = bench.emulate()
    waiting = bench.board("synthetic")
    waiting.board.start()
    waiting.until(lambda t: t.samples() > 20)
    bench.board("cyton", port=port).board.open()  # BrainFlow does nothing else for a second
    seen = waiting.samples()
    waiting.until(lambda t: t.samples() > seen + 300)
    assert waiting.gaps == []
    assert {change.state for change in waiting.changes} <= {
        BoardState.OPENING,
        BoardState.STREAMING,
    }


# --- a Cyton ------------------------------------------------------------------------------------


def test_counts_pins_and_board_time_of_a_cyton_are_exact(bench: Bench, library: Any) -> None:
    told = bench.board("cyton", port=bench.emulate(Behaviour(d11_edges_s=(0.2, 0.24))))
    info = told.board.open()
    assert (info.firmware, info.uv_per_count) == ("v3.1.2", UV_PER_COUNT)
    told.board.start()
    told.until(lambda t: t.samples() >= 200)
    counts = np.concatenate([block.counts for block in told.blocks])
    aux = np.concatenate([block.aux for block in told.blocks])
    _, sent = Extremes().packets(int(counts[0, 0]), len(counts))
    np.testing.assert_array_equal(counts, sent)
    assert np.flatnonzero(aux[:, 0]).tolist() == list(range(50, 60))
    assert set(np.diff(aux[:, 2])) <= {3, 4, 5}


def test_a_board_that_moves_streams_from_the_other_port(bench: Bench, library: Any) -> None:
    here, there = bench.emulate(), bench.emulate(Behaviour(), "ttyUSB1", Below())
    told = bench.board("cyton", port=here)
    told.board.start()
    told.until(lambda it: it.samples() >= 20)
    told.board.move(there)
    told.until(lambda it: it.blocks[-1].segment > 0)
    assert told.board.info is not None
    assert told.board.info.port == there
    by_segment = {block.segment: block.counts[:, 0] for block in told.blocks}
    assert (by_segment[0] >= 0).all()
    assert (by_segment[max(by_segment)] < 0).all()


@pytest.mark.parametrize("first_state", [FirstState.OFF, FirstState.OTHER_CHANNEL])
def test_a_board_that_is_off_is_told_of_at_once(
    first_state: FirstState, bench: Bench, library: Any
) -> None:
    board = bench.board("cyton", port=bench.emulate(Behaviour(first_state=first_state))).board
    began = time.monotonic()
    with pytest.raises(BoardFault, match="radio channel") as caught:
        board.open()
    assert caught.value.kind is FaultKind.OFF
    assert time.monotonic() - began < 3.0  # BrainFlow alone tries for 6 s


def test_another_board_on_the_channel_is_left_out(bench: Bench, library: Any) -> None:
    """BrainFlow takes it for the same one; a rush as well, which is refused."""
    faults = tuple(parse_fault(text) for text in ("2.5:stranger:100", "3.5:rush:10"))
    told = bench.board("cyton", port=bench.emulate(Behaviour(faults=faults)))
    told.board.start()
    told.until(lambda t: t.board.tally.crowded)
    lost = told.until_state(BoardState.LOST)
    assert lost.kind in (FaultKind.REFUSED, FaultKind.CROWDED)
    told.board.close()
    counts = np.concatenate([block.counts for block in told.blocks])
    numbers = counts[:, 0] - counts[0, 0]
    assert told.board.tally.strangers > 200
    assert numbers.tolist() == told.indexes()
    assert len(numbers) > 800


def test_a_port_that_has_gone_costs_no_processor_and_no_log(
    bench: Bench, library: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    told = bench.board(
        "cyton", port=bench.emulate(Behaviour(faults=(parse_fault("0.2:unplug:30"),)))
    )
    told.board.start()
    lost = told.until_state(BoardState.LOST)
    assert "pulled out" in lost.fault
    assert (lost.t_ns - int(told.blocks[-1].arrival_ns[-1])) / 1e9 < 1.0
    began_s, spent_s = time.monotonic(), time.process_time()
    told.until(lambda _: time.monotonic() > began_s + 0.5)
    assert time.process_time() - spent_s < 0.15  # BrainFlow alone spins a core
    assert capfd.readouterr().err == ""


def test_sixteen_channels_of_a_daisy_are_exact(bench: Bench, library: Any) -> None:
    behaviour = Behaviour(daisy=True, d11_edges_s=(0.2, 0.24))
    told = bench.board("cyton_daisy", port=bench.emulate(behaviour))
    info = told.board.open()
    assert (info.kind, info.rate_hz) == ("brainflow:CYTON_DAISY_BOARD", 125.0)
    assert (info.channels, info.channel_delay_s) == (16, CHANNEL_DELAY_S)
    told.board.start()
    told.until(lambda t: t.samples() >= 100)
    counts = np.concatenate([block.counts for block in told.blocks])
    aux = np.concatenate([block.aux for block in told.blocks])
    # A packet holds the mean of its number and the one before, cut: the latter. Pair 0 is left out.
    numbers = np.arange(1, len(counts) + 1) * 2
    np.testing.assert_array_equal(counts[:, 0], numbers)
    np.testing.assert_array_equal(counts[:, 8], numbers - 1)
    assert np.flatnonzero(aux[:, 0]).tolist() == list(range(24, 29))
    assert set(np.diff(aux[:, 2])) <= {7, 8, 9}


@pytest.mark.parametrize(("name", "daisy"), [("cyton", True), ("cyton_daisy", False)])
def test_the_wrong_name_for_a_board_is_refused(
    name: str, daisy: bool, bench: Bench, library: Any
) -> None:
    board = bench.board(name, port=bench.emulate(Behaviour(daisy=daisy))).board
    other = {"cyton": "CYTON_DAISY_BOARD", "cyton_daisy": "CYTON_BOARD"}[name]
    assert complaint(board).endswith(f"say {other}")


# --- a file that BrainFlow wrote ----------------------------------------------------------------


def test_a_file_is_played_back_as_the_board_that_wrote_it(
    bench: Bench, library: Any, tmp_path: Path
) -> None:
    numbers, counts = Extremes().packets(0, 400)
    rows = np.zeros((400, 24))
    rows[:, 0] = numbers % 256
    rows[:, 1:9] = counts * UV_PER_COUNT
    rows[:, 22] = 1.6e9 + numbers / 250
    np.savetxt(tmp_path / "played.csv", rows, fmt="%.9f", delimiter="\t")
    parameters = {"file": str(tmp_path / "played.csv"), "master_board": "cyton"}
    told = bench.board("playback_file", parameters=parameters)
    assert told.board.open().kind == "brainflow:PLAYBACK_FILE_BOARD"
    told.board.start()
    told.until(lambda t: t.samples() >= 200)
    got = np.concatenate([block.counts for block in told.blocks])
    np.testing.assert_array_equal(got, counts[: len(got)])
    assert told.gaps == []
