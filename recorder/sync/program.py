"""A program of others' that moves files for us: begun, watched, and what it complained of."""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from recorder.failure import EX_TEMPFAIL, EX_UNAVAILABLE, Failure

COMPLAINT_BYTES = 8192
# rsync ends before its ssh has written down what the other side complained of.
LAST_WORDS_S = 15.0
ENDS_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A program that runs, and what it has to say."""

    process: subprocess.Popen[bytes]
    complaint: "Complaint"

    def answer(self, within_s: float, name: str) -> bytes:
        """What it prints until it ends.

        Raises:
            Failure: it takes longer.
        """
        try:
            return self.process.communicate(timeout=within_s)[0]
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{name}: no answer within {within_s:.0f} s", EX_TEMPFAIL) from error


class Complaint:
    """The end of what a program and all that it has begun write to their standard error."""

    def __init__(self, read_end: int) -> None:
        self._kept = b""
        self._reader = threading.Thread(target=self._read, args=(read_end,), daemon=True)
        self._reader.start()

    def text(self) -> str:
        """It, once all of them are gone; or what there is of it when one of them stays."""
        self._reader.join(LAST_WORDS_S)
        return self._kept.decode("utf-8", "replace")

    def _read(self, read_end: int) -> None:
        with open(read_end, "rb", buffering=0) as pipe:
            while portion := pipe.read(4096):
                self._kept = (self._kept + portion)[-COMPLAINT_BYTES:]


@contextmanager
def begun(
    command: Sequence[str], name: str, lock: int, instead: Mapping[str, str] | None = None
) -> Iterator[Begun]:
    """Begin a program for the destination called `name`; it is ended with the context.

    `lock` is a descriptor that it has, so that its lock lasts as it does; `instead` its whole
    environment, in the place of ours.

    Raises:
        Failure: there is no such program on this machine.
    """
    environment = os.environ if instead is None else instead
    read_end, write_end = os.pipe()
    complaint = Complaint(read_end)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=write_end,
            env={**environment, "LC_ALL": "C"},
            pass_fds=(lock,),
        )
    except FileNotFoundError as error:
        text = f"{command[0]} is missing on this machine: apt install rsync openssh-client rclone"
        raise Failure(f"{name}: {text}", EX_UNAVAILABLE) from error
    finally:
        os.close(write_end)
    with process:
        try:
            yield Begun(process, complaint)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let it put away what it has; it does not have all day for that."""
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
