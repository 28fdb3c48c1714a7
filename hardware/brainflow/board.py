"""Any board that BrainFlow 5.23 knows, as a `hardware.board.Board`.

BrainFlow is loaded when the board is opened, not before: its wheel for Linux holds x86-64 libraries
only. How it is made to stream is in `hardware.brainflow.stream`, what its numbers mean in
`hardware.brainflow.rows`, the watch over the data in `hardware.keeper`.

All calls into BrainFlow wait for one another. While it opens one board, about 1 s, no other board
of this process that goes through BrainFlow can be polled: nothing is lost by that, it comes late.
Nor can that second be cut short by closing the board, or by Ctrl-C.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import numpy as np

from hardware.board_fault import BoardFault, FaultKind
from hardware.brainflow.rows import Rows
from hardware.brainflow.stream import BrainFlowStream, Pace
from hardware.keeper import KeptBoard

Parameters = Mapping[str, str | int]

POLL_S = 0.02
QUEUE_SAMPLES = 37_500  # 150 s of a Cyton

LIKELY = (
    "CYTON_BOARD",
    "CYTON_DAISY_BOARD",
    "GANGLION_NATIVE_BOARD",
    "SYNTHETIC_BOARD",
    "PLAYBACK_FILE_BOARD",
)
_NO_PARAMETERS: Parameters = MappingProxyType({})
_NOT_HERE = (
    "BrainFlow has no build for this machine: use the native board `cyton`, or run "
    "deploy/build-brainflow.sh"
)
_WHY = {
    "UNABLE_TO_OPEN_PORT_ERROR": (
        FaultKind.MISSING,
        "not found: check that it is on and plugged in, and its port or address",
    ),
    "GENERAL_ERROR": (  # all that BrainFlow says where a library of a board does not load
        FaultKind.MISSING,
        "BrainFlow cannot load what this board needs: for Bluetooth, apt install bluez",
    ),
    "INVALID_ARGUMENTS_ERROR": (
        FaultKind.REFUSED,
        "BrainFlow needs other parameters: see its page on supported boards",
    ),
    "UNSUPPORTED_BOARD_ERROR": (FaultKind.REFUSED, "this build of BrainFlow lacks this board"),
    "ANOTHER_BOARD_IS_CREATED_ERROR": (
        FaultKind.BUSY,
        "BrainFlow uses this board already: give each person one of their own",
    ),
}


class BrainFlowBoard(KeptBoard):
    """A board through BrainFlow.

    `open`, too, raises ValueError where BrainFlow knows no such board or parameter.
    """

    def __init__(
        self,
        name: str,
        *,
        port: str = "",
        parameters: Parameters = _NO_PARAMETERS,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        first_segment: int = 0,
        poll_s: float = POLL_S,
    ) -> None:
        """Name the board; nothing is touched yet, and BrainFlow is not loaded.

        Args:
            name: BrainFlow's name of the board, such as CYTON_BOARD; case does not matter and
                _BOARD may be left out.
            port: path of the serial port, for a board that has one.
            parameters: what else the board needs, by the names of BrainFlowInputParams:
                mac_address, serial_number, other_info, file, master_board (a name), ip_port ...
                Numbers may be written as text, and texts as numbers.
            monotonic_ns: the clock that stamps arrivals.
            first_segment: number of the first segment, when an earlier run left off before it.
            poll_s: how often BrainFlow is asked for what has come.
        """
        closing = threading.Event()
        self._wanted = _Wanted(name, port, parameters)
        stream = BrainFlowStream(
            lambda port: _Handle(replace(self._wanted, port=port)),
            port or name.upper(),
            port,
            Pace(poll_s, closing, monotonic_ns),
            first_segment,
        )
        super().__init__(stream, closing, monotonic_ns, capacity=QUEUE_SAMPLES)

    def start(self) -> None:
        """Stream, and keep streaming, in a thread of its own, until closed.

        Raises:
            ValueError: BrainFlow knows no such board or parameter.
            RuntimeError: it has been started already.
        """
        with suppress(BoardFault):  # the thread meets it again, and reports it
            self._wanted.look_up(_library())
        super().start()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A board, in the caller's words."""

    name: str
    port: str
    parameters: Parameters

    def look_up(self, library: Any) -> tuple[Any, Any]:
        """Return BrainFlow's id of the board and its parameters.

        Raises:
            ValueError: there is no such board or parameter.
        """
        board = _board_named(library, self.name)
        parameters = {"serial_port": self.port, **self.parameters}
        if board.name == "SYNTHETIC_BOARD":  # there are as many as one likes, each told apart so
            parameters.setdefault("serial_number", str(id(self)))
        return board, _input_parameters(library, parameters)


class _Handle:
    """A `hardware.brainflow.stream.Handle`: the one place that talks to BrainFlow."""

    def __init__(self, wanted: _Wanted) -> None:
        self._library = library = _library()
        board, parameters = wanted.look_up(library)
        self.name: str = board.name
        self._called = wanted.port or self.name
        with self._faults():
            self._shim = _tame(library.BoardShim)(board, parameters)
            layout = self._shim.get_board_id()
            self.description: Mapping[str, Any] = library.BoardShim.get_board_descr(layout)
        self.layout: str = library.BoardIds(layout).name
        if not self.description.get("eeg_channels"):
            raise BoardFault(FaultKind.REFUSED, f"{self._called}: {self.layout} has no EEG")

    def prepare(self) -> float:
        with self._faults():
            self._shim.prepare_session()
            return float(self._shim.get_board_sampling_rate())

    def start(self, ring: int) -> None:
        with self._faults():
            self._shim.start_stream(ring)

    def fetch(self) -> Rows:
        with self._faults():
            return np.asarray(self._shim.get_board_data())

    def release(self) -> None:
        with suppress(self._library.BrainFlowError):  # it cannot say goodbye to what is gone
            self._shim.release_session()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except self._library.BrainFlowError as error:
            reason = self._library.BrainFlowExitCodes(error.exit_code).name
            other = (FaultKind.SILENT, f"it does not answer as BrainFlow expects ({reason})")
            kind, text = _WHY.get(reason, other)
            raise BoardFault(kind, f"{self._called}: {text}") from error


def _library() -> Any:
    """Import BrainFlow; that it has a build for this machine shows when it is first used."""
    try:
        from brainflow import board_shim
    except ImportError as error:
        raise BoardFault(FaultKind.MISSING, _NOT_HERE) from error
    return board_shim


def _tame(shim: Any) -> Any:
    """Return BrainFlow's class of handles without its log and its destructor.

    The log can write a line per packet. The destructor of any handle releases the session of
    whoever else uses a board with the same parameters.
    """
    try:
        shim.disable_board_logger()
    except OSError as error:
        raise BoardFault(FaultKind.MISSING, _NOT_HERE) from error
    return type("TameShim", (shim,), {"__del__": lambda handle: None})


def _board_named(library: Any, name: str) -> Any:
    """Return BrainFlow's id of a board, by its name in any case, with or without _BOARD."""
    wanted = name.upper().removesuffix("_BOARD")
    known = {board.name.removesuffix("_BOARD"): board for board in library.BoardIds}
    if wanted in known:
        return known[wanted]
    near = [known[key].name for key in get_close_matches(wanted, known)]
    likely = ", ".join(dict.fromkeys([*near, *LIKELY]))
    raise ValueError(f"BrainFlow knows no board {name!r}; known are {likely} and others")


def _input_parameters(library: Any, parameters: Parameters) -> Any:
    """Return BrainFlowInputParams; `master_board` may be a name."""
    wanted = library.BrainFlowInputParams()
    for key, value in parameters.items():
        if key not in vars(wanted):
            known = ", ".join(vars(wanted))
            raise ValueError(f"BrainFlow knows no parameter {key!r}; known are {known}")
        is_name = key == "master_board" and isinstance(value, str)
        plain = _board_named(library, str(value)).value if is_name else value
        setattr(wanted, key, _as_kind(type(getattr(wanted, key)), key, plain))
    return wanted


def _as_kind(kind: type, key: str, value: str | int) -> str | int:
    """Return a parameter as text or number, whichever BrainFlow takes: else it says nothing."""
    try:
        converted: str | int = kind(value)
    except ValueError as error:
        text = f"BrainFlow's parameter {key!r} is a whole number, not {value!r}"
        raise ValueError(text) from error
    return converted
