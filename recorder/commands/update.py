"""`antiphon update`: another version of antiphon on this box, or the one before again."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import click

from recorder.failure import EX_NOINPUT, EX_NOPERM, EX_UNAVAILABLE, EX_USAGE, Failure

INSTALLER = Path("/usr/local/sbin/antiphon-install")
SUMS = "SHA256SUMS"
WHEEL = re.compile(r"antiphon-(\d[^-]*)-py3-none-any\.whl")


@click.command()
@click.argument("what", default="", metavar="[FOLDER|VERSION]")
@click.option("--sha256", default="", metavar="HASH", help="Of the wheel of VERSION.")
@click.option("--rollback", is_flag=True, help="Back to the version before; and forth again.")
@click.option("--now", is_flag=True, help="Even in a session: it pauses for some seconds.")
def update(what: str, sha256: str, *, rollback: bool, now: bool) -> None:
    """Put another version into use, from FOLDER, or VERSION from the package index.

    FOLDER, such as a USB stick, holds what `make wheelhouse` makes, or directories of that, of
    which the newest is taken. Its hashes are checked, and where there is
    /etc/antiphon/update_signers, by whom it is signed. VERSION is taken from the index that pip is
    set to, and only if its wheel has the hash that is given.

    Refuses while a session is recorded. The configuration is brought along, and the old one kept.
    A version that does not start, or cannot use the configuration, is left again by itself; the
    version before is kept: --rollback.

    Example: antiphon update /media/stick
    """
    if bool(what) == rollback:
        raise Failure("give one of: a folder, a version, --rollback", EX_USAGE)
    words = ["rollback"] if rollback else ["upgrade", *source(what, sha256)]
    if not INSTALLER.exists():
        text = "this antiphon is not one that deploy/install.sh has installed: see deploy/README.md"
        raise Failure(text, EX_UNAVAILABLE)
    if os.geteuid() != 0:
        raise Failure("only root can put another version into use: sudo antiphon update", EX_NOPERM)
    command = [str(INSTALLER), *words, *(["--now"] if now else [])]
    os.execv(command[0], command)  # noqa: S606 - it takes this very program's place


def source(what: str, sha256: str) -> list[str]:
    """Where the installer is to take a version from, in its own words.

    Raises:
        Failure: it is nowhere.
    """
    folder = Path(what)
    if folder.is_dir():
        return ["--wheelhouse", str(newest_in(folder).absolute())]
    if not sha256 or "/" in what:
        text = f"{what}: no such folder; a version needs the --sha256 of its wheel"
        raise Failure(text, EX_NOINPUT)
    return ["--version", what, "--sha256", sha256]


def newest_in(folder: Path) -> Path:
    """The wheelhouse that a folder is, or the newest of those in it.

    Raises:
        Failure: there is none.
    """
    found = [it.parent for it in (*folder.glob(SUMS), *folder.glob(f"*/{SUMS}"))]
    versions = {place: _version(it.name for it in place.iterdir()) for place in found}
    usable = {place: version for place, version in versions.items() if version}
    if not usable:
        raise Failure(f"{folder}: no wheelhouse of antiphon is in it", EX_NOINPUT)
    return max(usable, key=lambda place: usable[place])


def _version(names: Iterable[str]) -> tuple[int, ...]:
    """Of the antiphon that is among the files; () when there is none."""
    found = [named[1] for name in names if (named := WHEEL.fullmatch(name))]
    return tuple(map(int, re.findall(r"\d+", found[0]))) if found else ()
