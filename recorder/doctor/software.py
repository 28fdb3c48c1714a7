"""The software that recording stands on, and the libraries that it can do without.

BrainFlow is loaded in a process of its own: it installs on ARM and fails only when it is loaded.
"""

import os
import platform
import sqlite3
import subprocess
import sys
from pathlib import Path

from hardware.board_fault import BoardFault
from hardware.lsl.library import library
from recorder.doctor.finding import Finding, Word, fail, ok, warn

OLDEST_SQLITE = (3, 37, 0)  # the first with STRICT tables
LOAD_LIMIT_S = 20.0
LOAD_BRAINFLOW = (
    "from brainflow.board_shim import BoardShim; print('brainflow', BoardShim.get_version())"
)
REINSTALL = "install antiphon again into its virtual environment"


def python() -> Finding:
    """The interpreter; one that is too old would not have come as far as this."""
    return ok("python", f"{platform.python_version()} on {platform.machine()}")


def package(name: str) -> Finding:
    """A package without which nothing is recorded."""
    version = _version(name)
    return fail(name, "is not installed", REINSTALL) if version is None else ok(name, version)


def sqlite() -> Finding:
    """SQLite, which Python brings along or finds on the system."""
    if sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        return ok("sqlite", sqlite3.sqlite_version)
    oldest = ".".join(map(str, OLDEST_SQLITE))
    return fail("sqlite", f"{sqlite3.sqlite_version} is too old", f"use a system with {oldest}")


def gpio(root: Path) -> Finding:
    """The pins for a camera trigger: gpiod, and a chip that may be opened."""
    version = _version("gpiod")
    if version is None:
        return warn("gpiod", "is not installed: no camera trigger on GPIO pins", REINSTALL)
    chips = sorted((root / "dev").glob("gpiochip*"))
    if not chips:
        remedy = "wire the trigger to the boards alone, or use a machine with GPIO pins"
        return warn("gpiod", f"{version}; this machine has no GPIO pins", remedy)
    names = ", ".join(chip.name for chip in chips)
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        remedy = "sudo usermod -aG gpio USER, and log in again"
        return warn("gpiod", f"{version}; no permission for {names}", remedy)
    return ok("gpiod", f"{version}; {names}")


def lsl() -> Finding:
    """Lab Streaming Layer: pylsl, and the liblsl that it needs."""
    if (found := package("pylsl")).word is not Word.OK:
        return warn("liblsl", "pylsl is not installed, so no LSL streams", found.remedy)
    try:
        there = library()
    except BoardFault as fault:
        reason, _, remedy = str(fault).rpartition(": ")
        return warn("liblsl", f"{reason}, so no LSL streams", remedy)
    return ok("liblsl", f"{there.version}, {there.path}")


def brainflow() -> Finding:
    """BrainFlow, which is needed for boards other than a Cyton on a serial port only."""
    loads, said = _load(LOAD_BRAINFLOW)
    if loads:
        return ok("brainflow", said)
    remedy = "none needed for Cytons on serial ports; else build BrainFlow for this machine"
    return warn("brainflow", f"does not load: {said}", remedy)


def _load(code: str) -> tuple[bool, str]:
    """Run Python code in a process of its own; return whether it worked and its last line."""
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LOAD_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False, f"not within {LOAD_LIMIT_S:.0f} s"
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, said[-1] if said else f"exit code {done.returncode}"


def _version(package: str) -> str | None:
    """Of an installed package; the service, which asks for none, has not loaded what knows it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
