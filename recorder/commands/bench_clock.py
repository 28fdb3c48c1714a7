"""`antiphon bench clock`: how right the samples' times are, ours and others'."""

import os
import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from recorder.commands.options import json_option, print_json, progress_bar
from recorder.failure import EX_UNAVAILABLE, Failure

if TYPE_CHECKING:
    from tests.bench.clock import Row

FRESH_SEEDS = 3
FIGURES = ("median_ms", "p99_ms", "max_ms", "ab_p99_ms", "us_per_sample")


@click.command()
@click.option(
    "--seed", type=click.IntRange(0), help="First of the fresh seeds; random if not given."
)
@click.option("--run-s", type=click.FloatRange(60), default=1800.0, help="Seconds simulated a run.")
@click.option("--processes", type=click.IntRange(1, 64), help="Runs at the same time: one a core.")
@json_option
def clock(seed: int | None, run_s: float, processes: int | None, *, as_json: bool) -> None:
    """How right the samples' times are, in simulations whose truth is known. Takes some minutes.

    The seeds that the published figures come from are followed by fresh ones.

    Example: antiphon bench clock --json
    """
    figures = _measure(seed, run_s, processes or os.cpu_count() or 1)
    if as_json:
        print_json("antiphon.bench.clock/1", **figures)
        return
    for title, rows in (("seeds", "rows"), ("fresh_seeds", "fresh_rows")):
        click.echo(f"seeds {', '.join(map(str, figures[title]))}; ms, after the first 10 s")
        click.echo(table(figures[rows]))
    click.echo(f"{figures['wrong_indexes']} samples with a wrong index")
    click.echo(f"{figures['memory_growth_bytes']} bytes gained in {figures['memory_h']} hours")


def _measure(seed: int | None, run_s: float, processes: int) -> dict[str, Any]:
    try:
        from tests.bench import clock as bench
    except ModuleNotFoundError as error:
        text = f"{error.name} is not installed: pip install 'antiphon[bench]'"
        raise Failure(text, EX_UNAVAILABLE) from error
    first = secrets.randbelow(2**32) if seed is None else seed
    fresh = tuple(range(first, first + FRESH_SEEDS))
    seeds = (*bench.PUBLISHED_SEEDS, *fresh)
    done = bench.runs_in(bench.PUBLISHED_SEEDS)
    with (
        progress_bar("clock", bench.runs_in(seeds)) as show,
        bench.processes(processes) as pool,
    ):
        growth = pool.submit(bench.memory_growth)
        published = bench.measure(bench.PUBLISHED_SEEDS, run_s, pool, show)
        other = bench.measure(fresh, run_s, pool, lambda runs: show(done + runs))
    return {
        "run_s": run_s,
        "seeds": list(bench.PUBLISHED_SEEDS),
        "rows": plain(published.rows),
        "fresh_seeds": list(fresh),
        "fresh_rows": plain(other.rows),
        "wrong_indexes": published.wrong_indexes + other.wrong_indexes,
        "memory_h": bench.MEMORY_H,
        "memory_growth_bytes": growth.result(),
    }


def plain(rows: "list[Row]") -> list[dict[str, Any]]:
    """Rows as they go into JSON; `unavailable` only where it says something."""
    return [
        {name: value for name, value in asdict(row).items() if value or name != "unavailable"}
        for row in rows
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as people read them."""
    lines = [f"{'method':<16}{'clock':<6}{'timer':>5}" + "".join(f"{f:>15}" for f in FIGURES)]
    for row in rows:
        lead = f"{row['method']:<16}{row['clock']:<6}{row['timer_ms']:>5}"
        if "unavailable" in row:
            lines.append(f"{lead}  {row['unavailable']}")
        else:
            lines.append(lead + "".join(f"{row[figure]:>15.2f}" for figure in FIGURES))
    return "\n".join(lines)
