"""Cuts the power of a recording service at hundreds of instants and looks at what is left.

    python -m tests.powercut [--cuts 300] [--put-away] [--seed N] [--json FILE]      (root)

The real service records two emulated boards onto an ext4 whose every write is logged; any instant
of the log can then be the last. So can any while a session is put away. Three more rows of the
table are of machines that are known to be unsafe: a harness that finds nothing wrong with them
would be worth nothing.
"""

import json
import os
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest import mock

import click
import numpy as np

from recorder.store import packing
from tests.powercut.cuts import Cut, Log, cut
from tests.powercut.inspection import Found, inspect, promises
from tests.powercut.mounts import logged_card, mounted, run, why_not
from tests.powercut.story import put_away, record

CARD_BYTES = 32 << 20
OPTIONS = "noatime"
# Lengths of the sessions; of the last one the end is not recorded.
LENGTHS_S = (4.0, 4.0, 4.0, 12.0)
SHORT_S = (3.0, 8.0)
LIES = 40
CONTROL_CUTS = 60


@dataclass(frozen=True, slots=True)
class Machine:
    """How a box is made; `unflushed` writes are lost by a card that lies about its flushes.

    One that `puts_away` does nothing else.
    """

    name: str
    safe: bool
    options: str = OPTIONS
    careless: bool = False
    puts_away: bool = False
    unflushed: int = 0


SAFE = Machine("as shipped", safe=True)
PUTTING_AWAY = Machine("as shipped, a session put away", safe=True, puts_away=True)
PUT_AWAY_CUTS = 100
LYING = Machine("a card that lies about flushes", safe=False, unflushed=LIES)
UNSAFE = (
    Machine("synchronous = NORMAL", safe=False, careless=True),
    Machine("ext4 with barrier=0", safe=False, options=f"{OPTIONS},barrier=0"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What the cuts of one machine came to; `ok` is whether that was to be expected of it."""

    machine: str
    safe: bool
    cuts: int
    lost_cuts: int
    lost_s_max: float
    corrupt: int
    unborn: int
    files: int
    writes: int
    flushes: int
    written_kib: int
    seconds: float
    examples: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """A safe machine loses nothing; an unsafe one must have been caught."""
        return not (self.lost_cuts or self.corrupt) if self.safe else bool(self.lost_cuts)


def main() -> int:
    """Cut, print, and return 1 when something was lost or a control was not caught."""
    wanted = _arguments()
    if reason := why_not():
        click.echo(f"power cuts: skipped: {reason}")
        return 0
    if not wanted.inside:  # a mount namespace of our own: nothing stays mounted, whatever happens
        os.execvp("unshare", ["unshare", "--mount", *sys.orig_argv, "--inside"])
    with mock.patch.object(packing, "SPARE_BYTES", 1 << 20):  # the card is small
        results = list(_results(wanted))
    if wanted.json:
        told = {"schema": "antiphon.powercut/1", "results": [_as_json(it) for it in results]}
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return int(not all(result.ok for result in results))


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.powercut", description=__doc__)
    parser.add_argument("--cuts", type=int, default=300, help="of the machine as it is shipped")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--put-away", action="store_true", help="only while one is put away")
    parser.add_argument("--inside", action="store_true", help="in a mount namespace already")
    return parser.parse_args()


def _results(wanted: Namespace) -> Iterator[Result]:
    click.echo(f"{'machine':<32}{'cuts':>5}{'lost':>6}{'s lost':>8}{'corrupt':>9}{'s':>6}")
    log = _record(PUTTING_AWAY, ())
    yield _told(_examine(PUTTING_AWAY, log, PUT_AWAY_CUTS, wanted.seed))
    if wanted.put_away:
        return
    log = _record(SAFE, LENGTHS_S)
    yield _told(_examine(SAFE, log, wanted.cuts, wanted.seed))
    yield _told(_examine(LYING, log, CONTROL_CUTS, wanted.seed))
    for machine in UNSAFE:
        yield _told(_examine(machine, _record(machine, SHORT_S), CONTROL_CUTS, wanted.seed))


def _told(result: Result) -> Result:
    verdict = "" if result.ok else "   <-- NOT AS IT MUST BE"
    click.echo(
        f"{result.machine:<32}{result.cuts:>5}{result.lost_cuts:>6}{result.lost_s_max:>8.2f}"
        f"{result.corrupt:>9}{result.seconds:>6.0f}{verdict}"
    )
    for example in () if result.ok else result.examples:
        click.echo(f"    {example}")
    return result


def _record(machine: Machine, lengths_s: tuple[float, ...]) -> Log:
    """What a card sees of a recording on this machine."""
    with _scratch() as directory, logged_card(directory, CARD_BYTES, machine.options) as card:
        if machine.puts_away:
            put_away(card)
        else:
            record(card, directory, lengths_s, careless=machine.careless)
        return card.log()


def _examine(machine: Machine, log: Log, count: int, seed: int) -> Result:
    began_s = time.monotonic()
    rng = np.random.default_rng(seed)
    with _scratch() as directory:
        cuts = [
            (it, _look(directory, it, machine.options))
            for it in cut(log, count, rng, unflushed=machine.unflushed)
        ]
    return _result(machine, log, cuts, time.monotonic() - began_s)


def _look(directory: Path, it: Cut, options: str) -> Found:
    """Switch the power on again: mount, look, and have the file system checked."""
    image = directory / "cut.img"
    it.write_image(image)
    try:
        with mounted(image, directory / "after", options) as root:
            found = inspect(root, promises(it.notes))
        run("e2fsck", "-f", "-n", image)
    except OSError as error:
        return Found(problems=[str(error)])
    return found


def _result(machine: Machine, log: Log, cuts: list[tuple[Cut, Found]], seconds: float) -> Result:
    founds = [found for _, found in cuts]
    bad = [(it, found) for it, found in cuts if found.lost_s > 0 or found.is_corrupt]
    return Result(
        machine=machine.name,
        safe=machine.safe,
        cuts=len(cuts),
        lost_cuts=sum(found.lost_s > 0 for found in founds),
        lost_s_max=max(found.lost_s for found in founds),
        corrupt=sum(found.is_corrupt for found in founds),
        unborn=sum(found.unborn for found in founds),
        files=sum(found.files for found in founds),
        writes=log.count("write"),
        flushes=log.count("flush"),
        written_kib=log.written_bytes() >> 10,
        seconds=round(seconds, 1),
        examples=tuple(
            f"cut {it.position} ({it.kind}, {it.at_risk} writes at risk) after"
            f" {it.notes[-1] if it.notes else 'nothing'}: {found.lost_s:.3f} s lost,"
            f" {found.problems}"
            for it, found in bad[:5]
        ),
    )


def _as_json(result: Result) -> dict[str, object]:
    return {**asdict(result), "ok": result.ok}


@contextmanager
def _scratch() -> Iterator[Path]:
    """A directory in memory, where there is one: an image is written for each cut."""
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="cut-", dir=where) as directory:
        yield Path(directory)


if __name__ == "__main__":
    sys.exit(main())
