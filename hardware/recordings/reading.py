"""Recordings that others made, read as they are: labels, counters and microvolts.

Accepted are

    OpenBCI GUI text   gui.py: versions 1 to 6, and what a GUI made of an SD card's file
    BrainFlow, csv     brainflow.py: of a Cyton with or without a Daisy, of a Ganglion; brainHat's
    SD card            card.py: a Cyton's own hexadecimal
    npz                arrays.py: of one person or of both

A row that cannot be read is left out and told with its line; where most cannot, the file is none.
"""

import tokenize
import zipfile
import zlib
from pathlib import Path

from hardware.recordings.arrays import read_npz
from hardware.recordings.lines import Told
from hardware.recordings.recording import Recording
from hardware.recordings.text import read_text

ACCEPTED = (
    "accepted are OpenBCI GUI text files, SD card files, BrainFlow and brainHat csv files of a"
    " Cyton with or without a Daisy or of a Ganglion, and npz files with x_uV and fs"
)
# What numpy and zipfile raise on damaged files: in an npz they seek to negative places (OSError),
# read odd headers (SyntaxError, TokenError) or are to take gigabytes (MemoryError).
_DAMAGE = (
    *(ValueError, KeyError, EOFError, OSError, SyntaxError, OverflowError, MemoryError),
    *(RuntimeError, TypeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
HIGHEST_HZ = 20_000.0  # a Cyton's own highest is 16 kHz


def _nobody(_done: int, _total: int) -> None:
    """Nobody is told how far it is."""


def read_recording(path: Path, told: Told = _nobody) -> Recording:
    """Read a recording; `told` is called with bytes read, and bytes in all.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a recording that can be read; the text says what is.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; {ACCEPTED}")
    try:
        recording = read_npz(path) if path.suffix == ".npz" else read_text(path, told)
        if not 0 < recording.rate_hz <= HIGHEST_HZ:
            raise ValueError(f"a sample rate of {recording.rate_hz} Hz")
    except _DAMAGE as error:
        raise ValueError(f"{path}: {_one_line(error)}; {ACCEPTED}") from error
    return recording


def _one_line(error: Exception) -> str:
    return (str(error.args[-1]) if error.args else "damaged").splitlines()[0]
