"""A box as a virtual machine: a whole PC with Debian's kernel and systemd, run by qemu.

Nothing of the host's speed is needed: without KVM every instruction is translated (TCG), which is
ten to twenty times slower. The root disk forgets all that is written to it; the disk with the
recordings is a file of its own, so that it can be looked at when the machine is dead.

Behind its two USB sockets are adapters that the guest takes for FTDI's (0403:6001), and behind
those the emulated boards of the host: like real ones they go on while the machine is off.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import Any

PROGRAM = "qemu-system-x86_64"
SERIALS = ("CYTONA", "CYTONB")
DATA_BYTES = 1 << 30
LABEL = "antiphon-data"
MEMORY_MIB = 512  # of a Raspberry Pi Zero 2 W
CONSOLE = "console.log"
_KERNEL = "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=1"
# numpy's wheels need x86-64-v2, which qemu's own default is not.
_CPU = "Nehalem"
_POLL_S = 0.05
_READ_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Box:
    """Where a machine is made of.

    Attributes:
        image: directory with root.img, vmlinuz and initrd.img (tests/vm/image.sh).
        directory: of what changes: the disk of the recordings, the console.
        ports: the boards, one for each of SERIALS, or none.
        accelerator: what of qemu executes its instructions.
        kernel: more for the kernel's command line.
        more: more words of the command, such as for a graphics card.
    """

    image: Path
    directory: Path
    ports: tuple[Path, ...]
    accelerator: tuple[str, ...] = ("-accel", "tcg,thread=multi", "-smp", "2")
    kernel: str = ""
    more: tuple[str, ...] = ()

    @property
    def disk(self) -> Path:
        """The disk of the recordings."""
        return self.directory / "data.img"

    def format_disk(self) -> None:
        """Make it, empty."""
        with self.disk.open("wb") as file:
            file.truncate(DATA_BYTES)
        at_once = "lazy_itable_init=0,lazy_journal_init=0"
        subprocess.run(["mkfs.ext4", "-q", "-L", LABEL, "-E", at_once, self.disk], check=True)

    def words(self) -> list[str]:
        """The command that is the machine; what it tells comes on standard output."""
        words = [PROGRAM, "-nodefaults", "-no-user-config", "-display", "none"]
        words += [*self.accelerator, "-cpu", _CPU, "-m", str(MEMORY_MIB)]
        words += ["-append", f"{_KERNEL} {self.kernel}"]
        words += ["-kernel", f"{self.image}/vmlinuz", "-initrd", f"{self.image}/initrd.img"]
        words += ["-drive", f"file={self.image}/root.img,format=raw,if=virtio,snapshot=on"]
        words += ["-drive", f"file={self.disk},format=raw,if=virtio,cache=writeback"]
        words += ["-serial", f"file:{self.directory}/{CONSOLE}"]
        words += ["-chardev", "stdio,id=told,signal=off", "-serial", "chardev:told"]
        words += ["-device", "virtio-rng-pci", "-device", "i6300esb", "-device", "qemu-xhci"]
        for port, serial in zip(self.ports, SERIALS, strict=False):
            words += ["-chardev", f"serial,id={serial},path={port}"]
            words += ["-device", f"usb-serial,chardev={serial},serial={serial}"]
        return [*words, *self.more]


class Machine:
    """A machine that runs; `notes` are the lines that it has told so far."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.notes: list[str] = []
        self._process = process
        self._rest = b""

    def told(self, what: str, within_s: float, **least: float) -> dict[str, Any]:
        """The first note of a kind whose fields are at least these.

        Raises:
            TimeoutError: there is none.
            EOFError: the machine has ended by itself.
        """
        given_up_s = time.monotonic() + within_s
        while time.monotonic() < given_up_s:
            for note in map(json.loads, self.notes):
                if note["told"] == what and all(note[key] >= least[key] for key in least):
                    found: dict[str, Any] = note
                    return found
            self.listen(_POLL_S)
        last = self.notes[-1] if self.notes else "nothing at all"
        raise TimeoutError(f"no {what!r} was told within {within_s:.0f} s; the last was {last}")

    @property
    def saved_s(self) -> float:
        """The newest that was told to be saved, 0 when nothing was."""
        notes = [note for note in map(json.loads, self.notes) if note["told"] == "saved"]
        return float(notes[-1]["saved_s"]) if notes else 0.0

    def listen(self, seconds: float) -> None:
        """Take what it tells, for so long.

        Raises:
            EOFError: it is dead.
        """
        assert self._process.stdout is not None
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            if select([self._process.stdout], (), (), left_s)[0]:
                self._take(self._process.stdout.fileno())

    def kill(self) -> None:
        """Pull the plug; what it had told by then is still heard."""
        self._process.kill()
        rest, _ = self._process.communicate()
        self._split(rest)

    def _take(self, port: int) -> None:
        octets = os.read(port, _READ_BYTES)
        if not octets:
            raise EOFError("the machine has ended by itself")
        self._split(octets)

    def _split(self, octets: bytes) -> None:
        *lines, self._rest = (self._rest + octets).split(b"\n")
        self.notes += [line.decode() for line in lines]


@contextmanager
def running(box: Box) -> Iterator[Machine]:
    """Switch a machine on; it is dead at the end, whatever happened."""
    process = subprocess.Popen(
        box.words(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    machine = Machine(process)
    try:
        yield machine
    finally:
        machine.kill()
