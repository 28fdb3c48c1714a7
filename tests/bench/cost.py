"""What the recorder costs on small machines: a page made of counted instructions.

`python -m tests.bench.cost FILE` reads counts, as `python -m tests.vm.cost --json FILE` makes
them on an emulated machine whose clock counts its instructions, and prints them as Markdown:

    {"recorded_s": 30.1, "service": {"instructions": 3.3e9, "rss_kib": 48200}, "screen": {...}}

How fast a Raspberry Pi is by the side of the machine on which the counts were calibrated is a
planning factor: sysbench's ratio of the two, doubled, because sysbench flatters ARM. The
calibration: 4.77 thousand million instructions of Python and numpy took 1.29 s there.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import click
import msgspec

from recorder.commands.options import json_option, print_json
from recorder.failure import EX_DATAERR, Failure

CALIBRATED_HZ = 4.77e9 / 1.29  # instructions a second
FACTORS = {"Pi 5": 2.5, "Pi 4": 5.0, "Pi 3+": 10.0, "Zero 2 W": 15.0}
SMALLEST = "Zero 2 W"
AIM_SHARE = 0.25  # of one core of the smallest
AIM_MIB = 200.0


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
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@json_option
def main(file: Path, *, as_json: bool) -> None:
    """What the counts in FILE come to on a Raspberry Pi."""
    try:
        told = cost(msgspec.json.decode(file.read_bytes(), type=Counts))
    except msgspec.DecodeError as error:
        raise Failure(f"{file}: {error}", EX_DATAERR) from error
    if as_json:
        print_json("antiphon.cost/1", ok=told.ok, **asdict(told))
    else:
        click.echo(page(told))


if __name__ == "__main__":
    main()
