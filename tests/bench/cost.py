"""What the recorder costs on small machines: a page made of counted instructions.

`make cost` counts them on an emulated machine, as root, or takes them from a file:

    {"recorded_s": 30.1, "service": {"instructions": 3.3e9, "rss_kib": 48200}, "screen": {...}}

How fast a Raspberry Pi is by the side of the machine on which the counts were calibrated is a
planning factor: sysbench's ratio of the two, doubled, because sysbench flatters ARM. The
calibration: 4.77 thousand million instructions of Python and numpy took 1.29 s there.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import click
import msgspec

from recorder.failure import EX_DATAERR, Failure
from tests.results import Row, tell
from tests.vm.counting import counted
from tests.vm.image import made, why_not

CALIBRATED_HZ = 4.77e9 / 1.29  # instructions a second
FACTORS = {"Pi 5": 2.5, "Pi 4": 5.0, "Pi 3+": 10.0, "Zero 2 W": 15.0}
SMALLEST = "Zero 2 W"
AIM_SHARE = 0.20  # of one core of the smallest
AIM_MIB = 200.0

Existing = click.Path(path_type=Path, exists=True)
Count = Annotated[float, msgspec.Meta(gt=0)]


class Process(msgspec.Struct):
    """What one process took: instructions in all, and resident memory at the end."""

    instructions: Count
    rss_kib: Count


class Counts(msgspec.Struct):
    """What the service and the screen took while so many seconds were recorded."""

    recorded_s: Count
    service: Process
    screen: Process


@dataclass(frozen=True, slots=True)
class Share:
    """Of one core of a machine: the service's, and the screen's."""

    machine: str
    service: float
    screen: float


@dataclass(frozen=True, slots=True)
class Cost:
    """The page's numbers; instructions are those of one recorded second."""

    service_instructions: float
    screen_instructions: float
    service_mib: float
    screen_mib: float
    shares: tuple[Share, ...]

    @property
    def share(self) -> float:
        """Of one core of the smallest machine, both together."""
        [smallest] = [it for it in self.shares if it.machine == SMALLEST]
        return smallest.service + smallest.screen

    @property
    def mib(self) -> float:
        """Resident memory of both."""
        return self.service_mib + self.screen_mib

    @property
    def ok(self) -> bool:
        """Whether both aims are met."""
        return self.share < AIM_SHARE and self.mib < AIM_MIB


def cost(counts: Counts) -> Cost:
    """Work out the page's numbers."""
    service, screen = (
        it.instructions / counts.recorded_s for it in (counts.service, counts.screen)
    )
    shares = [
        Share(machine, service * factor / CALIBRATED_HZ, screen * factor / CALIBRATED_HZ)
        for machine, factor in FACTORS.items()
    ]
    mib = (counts.service.rss_kib / 1024, counts.screen.rss_kib / 1024)
    return Cost(service, screen, *mib, shares=tuple(shares))


def page(it: Cost) -> str:
    """The numbers as Markdown."""
    rows = [
        f"| {one.machine} | {FACTORS[one.machine]:g} | {one.service:.1%} | {one.screen:.1%}"
        f" | {one.service + one.screen:.1%} |"
        for one in it.shares
    ]
    return "\n".join(
        [
            "| | service | screen | both |",
            "|---|---|---|---|",
            f"| million instructions a recorded second | {it.service_instructions / 1e6:.0f}"
            f" | {it.screen_instructions / 1e6:.0f}"
            f" | {(it.service_instructions + it.screen_instructions) / 1e6:.0f} |",
            f"| MiB of memory | {it.service_mib:.0f} | {it.screen_mib:.0f} | {it.mib:.0f} |",
            "",
            f"Of one core, at {CALIBRATED_HZ / 1e9:.1f} thousand million instructions a second"
            " divided by the factor:",
            "",
            "| machine | factor | service | screen | both |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"Aims: under {AIM_SHARE:.0%} of a core of a {SMALLEST}"
            f" ({_verdict(met=it.share < AIM_SHARE)}), under {AIM_MIB:.0f} MiB"
            f" ({_verdict(met=it.mib < AIM_MIB)}).",
        ]
    )


def _verdict(*, met: bool) -> str:
    return "met" if met else "missed"


@click.command()
@click.argument("file", type=Existing, required=False)
@click.option("--image", type=Existing, help="Of the machine: one that tests/vm/image.sh has made.")
@click.option("--counts", type=click.Path(path_type=Path), help="Write the counts here, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(file: Path | None, image: Path | None, counts: Path | None, *, as_json: bool) -> None:
    """What a Raspberry Pi would spend; FILE has counts of before, else they are made."""
    if file is None and (reason := why_not()):
        click.echo(f"cost: skipped: {reason}", err=True)
        return
    found = json.dumps(counted(image or made())).encode() if file is None else file.read_bytes()
    try:
        told = cost(msgspec.json.decode(found, type=Counts))
    except msgspec.DecodeError as error:
        raise Failure(f"{file}: {error}", EX_DATAERR) from error
    if counts:
        counts.write_bytes(found)
    tell(
        "cost",
        rows(told),
        "antiphon.cost/1",
        as_json=as_json,
        text=page(told),
        ok=told.ok,
        **asdict(told),
    )
    if file is None and not told.ok:
        raise SystemExit(1)


def rows(it: Cost) -> list[Row]:
    """What is held against an aim."""
    what = f"service and screen, of one core of a {SMALLEST}, by counted instructions"
    return [
        Row(what, f"{it.share:.1%}", f"{AIM_SHARE:.0%}"),
        Row("their memory", f"{it.mib:.0f} MiB", f"{AIM_MIB:.0f} MiB"),
    ]


if __name__ == "__main__":
    main()
