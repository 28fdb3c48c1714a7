"""`antiphon bench`: how fast and how small, on this machine."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from recorder.bench.machine import machine_name
from recorder.commands.options import json_option, progress_bar, tell
from recorder.failure import EX_UNAVAILABLE, Failure

# name: (what it is, unit, aim or None)
FIGURES: dict[str, tuple[str, str, str]] = {
    "decode_mb_per_s": ("decoding a clean stream in portions of 40 ms", "MB/s", ""),
    "hop_us": ("0.25 s of measures: 2 x 8 channels, 3 bands, 7 kinds of 64 pairs", "µs", "<= 200"),
    "hop_beside_us": ("quality and chance level for it", "µs", ""),
    "hop_least_us": ("both, in the second that was disturbed least", "µs", ""),
    "hop_worst_us": ("both, in the longest second, the busy machine included", "µs", ""),
    "hop_daisy_us": ("0.25 s of measures: 2 x 16 channels, 7 kinds of 256 pairs", "µs", "<= 600"),
    "hop_daisy_beside_us": ("quality and chance level for it", "µs", ""),
    "loss_us": ("1 % of packets lost: a second of one board, more than without", "µs", "<= 150"),
    "rss_growth_kib": ("memory gained over {hops} hops", "KiB", "0"),
    "service_cpu_percent": ("service recording two boards at 250 Hz, of one core", "%", "<= 5"),
    "service_rss_mib": ("its resident memory", "MiB", "<= 70"),
    "native_cpu_percent": ("our driver, two boards of 16 channels", "%", ""),
    "brainflow_cpu_percent": ("BrainFlow polling the same two boards", "%", ""),
    "native_per_brainflow": ("our driver's CPU by BrainFlow's, in turns", "", "<= 0.7"),
    "native_per_brainflow_16_ms": ("the same, an adapter with bursts of 16 ms", "", "<= 0.7"),
    "reader_wakeups_per_s": ("awakenings of both readers a second", "", "<= 45"),
    "serve_ready_s": ("from start to the first answer", "s", "<= 1"),
    "ui_first_paint_s": ("from start of the screen to its first page", "s", ""),
    "stored_bytes_per_raw_byte": ("session file against packed 24-bit samples", "", ""),
}


@click.command()
@click.option("--runs", type=click.IntRange(1, 20), default=3, help="Runs; medians are shown.")
@click.option("--hops", type=click.IntRange(1000), default=100_000, help="Hops for the memory.")
@click.option("--run-s", type=click.FloatRange(1), default=10.0, help="Seconds of service a run.")
@json_option
def bench(runs: int, hops: int, run_s: float, *, as_json: bool) -> None:
    """How fast and how small, on this machine; medians of several runs. Takes some minutes.

    Example: antiphon bench --json
    """
    figures = _measure(runs, hops, run_s)
    measured = {"machine": machine_name(), "runs": runs, "hops": hops, **figures}
    tell("antiphon.bench/1", _lines(measured), as_json=as_json, **measured)


def _lines(measured: dict[str, Any]) -> Iterator[str]:
    yield f"{measured['machine']}; medians of {measured['runs']} runs"
    for name, (text, unit, aim) in FIGURES.items():
        figure = measured[name]
        value = f"{'not here':>10} {unit:<5}" if figure is None else f"{figure:10.3f} {unit:<5}"
        aimed = f"  aim {aim}" if aim else ""
        yield f"{name:<26}{value} {text.format(hops=measured['hops'])}{aimed}"
    loaded = ", ".join(measured["service_loads"]) or "neither scipy nor brainflow nor liblsl"
    yield f"the service has loaded {loaded}"


def _measure(runs: int, hops: int, run_s: float) -> dict[str, Any]:
    try:
        from recorder.bench import acquisition, numbers, processes
    except ModuleNotFoundError as error:
        text = f"{error.name} is not installed: pip install 'antiphon[bench]'"
        raise Failure(text, EX_UNAVAILABLE) from error
    from recorder.rehearsal.processes import scratch_directory

    with progress_bar("memory", hops) as show:
        growth_kib = numbers.rss_growth_kib(hops, show)
    with scratch_directory() as scratch, progress_bar("service", runs) as show:
        service = processes.service_figures(scratch, runs, run_s, show)
    turns = runs * len(acquisition.ways())
    with scratch_directory() as scratch, progress_bar("drivers", turns) as show:
        single = acquisition.compare(scratch, runs, run_s, 0, show)
    with scratch_directory() as scratch, progress_bar("drivers, bursts", turns) as show:
        bursts = acquisition.compare(scratch, runs, run_s, acquisition.BURST_MS, show)
    hop, daisy = numbers.hop_cost(runs), numbers.hop_cost(runs, channels=16)
    return {
        "decode_mb_per_s": numbers.decode_mb_per_s(runs),
        "hop_us": hop.hop_us - hop.beside_us,
        "hop_beside_us": hop.beside_us,
        "hop_least_us": hop.least_us,
        "hop_worst_us": hop.worst_us,
        "hop_daisy_us": daisy.hop_us - daisy.beside_us,
        "hop_daisy_beside_us": daisy.beside_us,
        "loss_us": numbers.loss_cost(runs).second_us,
        "rss_growth_kib": growth_kib,
        **asdict(service),
        "native_cpu_percent": single.native_cpu_percent,
        "brainflow_cpu_percent": single.brainflow_cpu_percent,
        "native_per_brainflow": single.ratio,
        "native_per_brainflow_16_ms": bursts.ratio,
        "reader_wakeups_per_s": single.wakeups_per_s,
    }
