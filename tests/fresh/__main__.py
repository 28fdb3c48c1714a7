"""Both commands of the README, as they stand there, by an ordinary user of a minimal Debian.

    python -m tests.fresh [--debian 12]      (root)

python3, python3-venv, make and git are installed, and nothing else; the environment is empty, and
what is cloned is what is committed. Packages come from where pip has them on this machine.
"""

import re
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

import click

from tests.cache import cache
from tests.debian import RELEASES, why_not
from tests.fresh.newcomer import Newcomer
from tests.places import ROOT


def main() -> int:
    """Be a newcomer to each Debian; 1 when something did not work there."""
    parser = ArgumentParser(prog="tests.fresh", description=__doc__.partition("\n")[0])
    parser.add_argument("--debian", type=int, choices=RELEASES, help="this one only")
    wanted = parser.parse_args()
    if reason := why_not():
        click.echo(f"fresh: skipped: {reason}")
        return 0
    for file in _uncommitted():
        click.echo(f"not in the clone, for it is not committed: {file}")
    releases = [wanted.debian] if wanted.debian else list(RELEASES)
    succeeded = [_succeeds(release) for release in releases]
    return int(not all(succeeded))


def _succeeds(release: int) -> bool:
    log = cache() / f"fresh-{release}.log"
    with tempfile.TemporaryDirectory(prefix="fresh-", dir=cache()) as directory:
        newcomer = Newcomer(release, Path(directory), log)
        commands = [f"git clone {newcomer.offer()} antiphon"]
        commands += [f"cd antiphon && {line}" for line in _of_readme()]
        done = all(_does(newcomer, release, command) for command in commands)
    for result in newcomer.results():
        click.echo(f"    {result}")
    if not done:
        click.echo("\n".join([*newcomer.failures(), f"all of it: {log}"]))
    return done


def _of_readme() -> list[str]:
    """The commands of the README's first block, comments and all."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    if block is None or not block[1].startswith("make demo"):
        raise ValueError("README.md: no block of shell commands begins with make demo")
    return block[1].splitlines()


def _does(newcomer: Newcomer, release: int, command: str) -> bool:
    name = f"Debian {release}: {command.partition('#')[0].rpartition('&& ')[2].strip()}"
    began_s = time.monotonic()
    done = newcomer.run(command, _progress(name, began_s))
    click.echo(f"\r{name:<50}{time.monotonic() - began_s:>5.0f} s  {'ok' if done else 'FAILED'}")
    return done


def _progress(name: str, began_s: float) -> Callable[[str], None]:
    """A line that is written over again and again; none where nobody looks on."""

    def show(share: str) -> None:
        if sys.stdout.isatty():
            click.echo(f"\r{name:<50}{time.monotonic() - began_s:>5.0f} s  {share:<6}", nl=False)

    return show


def _uncommitted() -> list[str]:
    words = ["git", "status", "--short"]
    told = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return told.splitlines()


if __name__ == "__main__":
    sys.exit(main())
