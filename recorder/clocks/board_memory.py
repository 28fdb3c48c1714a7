"""What is remembered of each board from one session to the next: its period, and its delay.

A JSON file beside the sessions, by the machine and the serial numbers of the boards: how long a
board's second is, is told by the clock of this machine, and a card may be put into another one, or
cloned. With it a board's clock is
good after a second or two instead of ten. It is a help, never a need: a file that is missing or
damaged is a box that has not met the boards yet.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from dsp.clock import ClockMemory
from recorder.durable import write_json
from recorder.store.rows import Row
from recorder.wearers.wearer import Wearer

FILE = "boards.json"
# Which machine this is: of a Raspberry Pi the board itself, whichever card is in it.
NAMES = ("proc/device-tree/serial-number", "etc/machine-id")

log = logging.getLogger("antiphon")


class BoardMemory:
    """The clocks of the boards that this machine has met, in `directory`."""

    def __init__(self, directory: Path, machine: str = "") -> None:
        self._path = directory / FILE
        self._machine = machine or this_machine()
        self._all = _read(self._path)
        self._known = self._all.get(self._machine, {})

    def of(self, serial: str) -> ClockMemory | None:
        """What is known of the board with this serial number; None of a new one."""
        return self._known.get(serial) if serial else None

    def for_one_of(self, wearers: Sequence[Wearer], serial: str) -> ClockMemory | None:
        """The same, but nothing where two boards have this number: it is not known of which."""
        infos = [wearer.board.info for wearer in wearers]
        alike = sum(info is not None and info.serial == serial for info in infos)
        return self.of(serial) if alike == 1 else None

    def keep(self, wearers: Iterable[Wearer]) -> None:
        """Write down what their clocks have learnt. Blocks on the disk."""
        wearers = list(wearers)
        serials = Counter(it.board.info.serial for it in wearers if it.board.info is not None)
        learnt = {
            wearer.board.info.serial: memory
            for wearer in wearers
            if wearer.board.info is not None
            and serials[wearer.board.info.serial] == 1
            and wearer.board.info.serial
            and wearer.lane is not None
            and (memory := wearer.lane.clock.memory) is not None
        }
        nobodys = [it for it, count in serials.items() if count > 1 and it in self._known]
        if learnt or nobodys:
            self._known |= learnt
            for serial in nobodys:
                del self._known[serial]
            try:
                write_json(self._path, {**self._all, self._machine: self._known})
            except OSError as error:
                log.warning("what the boards' clocks have learnt was not written down: %s", error)


class MemoryKeeper:
    """A companion (recorder/companions/running.py) that writes the memory when a session ends."""

    def __init__(self, memory: BoardMemory, wearers: Iterable[Wearer]) -> None:
        self._memory = memory
        self._wearers = wearers

    def poll(self) -> list[Row]:
        """Nothing is to be told."""
        return []

    def end(self) -> list[Row]:
        """Write down what the clocks have learnt in the session. Blocks on the disk."""
        self._memory.keep(self._wearers)
        return []


def this_machine(root: Path = Path("/")) -> str:
    """Digits that are this machine's; "" where it has no name at all."""
    for name in NAMES:
        try:
            known = (root / name).read_bytes().strip(b" \n\0")
        except OSError:
            continue
        if known:
            return hashlib.sha256(b"antiphon boards " + known).hexdigest()[:16]
    return ""


def _read(path: Path) -> dict[str, dict[str, ClockMemory]]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, ClockMemory]])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s: not read: %s", path, error)
        return {}
