"""Fetches all that `install.sh --wheelhouse DIR` needs, for boxes without a network.

python deploy/wheelhouse.py --machine aarch64 --python 3.11 --python 3.13 DIR

DIR then holds antiphon's wheel, made from this source tree; the wheels that constraints.txt names,
each with one of the hashes it names; for aarch64 the wheel that holds liblsl; and SHA256SUMS.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).resolve().parent
MACHINES = ("x86_64", "aarch64")
# Wheels for any C library up to that of Debian 12.
GLIBC_MINORS = range(17, 37)


def requirements(file: Path, machine: str, python: str) -> Iterator[str]:
    """Lines of a hashed requirements file that hold for a machine and a Python, without markers.

    pip would judge the markers by the machine that it runs on.
    """
    target = {
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
    }
    for line in file.read_text().replace("\\\n", " ").splitlines():
        text, *hashes = line.split(" --hash=")
        if not hashes:
            continue
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate(target):
            yield " --hash=".join([f"{wanted.name}{wanted.specifier}", *hashes])


def download(lines: list[str], machine: str, python: str, directory: Path) -> None:
    """Fetch the wheels of `lines`; pip checks the hashes."""
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines))
        file.flush()
        command = ["pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--require-hashes", f"--python-version={python}", *platforms]
        command += [f"--platform=manylinux2014_{machine}", f"--dest={directory}", "-r", file.name]
        subprocess.run([sys.executable, "-m", *command], check=True)


def build(source: Path, directory: Path) -> None:
    """Make the wheel of antiphon's source tree."""
    command = ["build", "--wheel", "--no-isolation", f"--outdir={directory}", str(source)]
    subprocess.run([sys.executable, "-m", *command], check=True, stdout=subprocess.DEVNULL)


def write_sums(directory: Path) -> None:
    """Write down what is there, as sha256sum does."""
    wheels = sorted(directory.glob("*.whl"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in wheels]
    (directory / "SHA256SUMS").write_text("".join(lines))


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill the directory, as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--machine", action="append", choices=MACHINES, required=True)
    parser.add_argument("--python", action="append", metavar="3.N", required=True)
    parser.add_argument("directory", type=Path)
    asked = parser.parse_args(arguments)
    asked.directory.mkdir(parents=True, exist_ok=True)
    for old in asked.directory.glob("*.whl"):
        old.unlink()
    build(HERE.parent, asked.directory)
    for machine in asked.machine:
        for python in asked.python:
            lines = list(requirements(HERE / "constraints.txt", machine, python))
            lines += requirements(HERE / "liblsl.txt", machine, python)
            download(lines, machine, python, asked.directory)
    write_sums(asked.directory)


if __name__ == "__main__":
    main()
