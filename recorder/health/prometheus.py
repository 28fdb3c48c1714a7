"""The status as a text file for Prometheus, which a node_exporter's textfile collector reads.

    # HELP antiphon_temperature_celsius The hottest sensor.
    # TYPE antiphon_temperature_celsius gauge
    antiphon_temperature_celsius 51.2
    antiphon_board_streaming{role="patient"} 1

Source: prometheus.io, "Exposition formats", text format 0.0.4. The only labels are roles:
no codes and no names are in it, and nothing that would have to be escaped.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from recorder.durable import make_anew
from recorder.health.signs import SIGNS
from recorder.wire.messages import BoardStatus, SessionStatus, Vital

EVERY_S = 15.0
# unit: (end of the name, how many of Prometheus' units it is)
UNITS = {"MiB": ("_bytes", 2**20), "°C": ("_celsius", 1), "s": ("_seconds", 1), "": ("", 1)}
COUNTED = {"unclean_stops"}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with all its samples, by the label that tells them apart, or by ""."""

    name: str
    kind: str
    meaning: str
    samples: Mapping[str, float]


def metrics(
    vitals: Iterable[Vital], boards: list[BoardStatus], session: SessionStatus | None
) -> list[Metric]:
    """Everything that a monitoring system may want; what is not known is left out."""
    return [
        *(_of_vital(vital) for vital in vitals if vital.value is not None),
        _single("session_running", "gauge", "A session is being recorded", session is not None),
        *_of_session(session),
        *_of_boards(boards),
    ]


def exposition(found: Iterable[Metric]) -> str:
    """The metrics in Prometheus' text format, one line a sample, help and type before."""
    return "".join(line + "\n" for metric in found for line in _lines(metric))


def write(file: Path, text: str) -> None:
    """Put `text` where a collector reads it, whole at any time, readable for all.

    Raises:
        OSError: it cannot be written there.
    """
    beside = file.with_name(f"{file.name}.new")  # a collector reads only what ends in .prom
    with open(make_anew(beside), "w", encoding="utf-8") as out:
        out.write(text)
    beside.chmod(0o644)
    beside.replace(file)


def _of_vital(vital: Vital) -> Metric:
    end, factor = UNITS[vital.unit]
    is_count = vital.name in COUNTED
    kind = "counter" if is_count else "gauge"
    name = vital.name + ("_total" if is_count else end)
    return _single(name, kind, SIGNS[vital.name].meaning, (vital.value or 0.0) * factor)


def _of_session(session: SessionStatus | None) -> list[Metric]:
    if session is None:
        return []
    unsaved_s = session.elapsed_s - session.saved_s
    return [
        _single("session_seconds", "gauge", "How long the session is", session.elapsed_s),
        _single("unsaved_seconds", "gauge", "What is not yet on disk", max(unsaved_s, 0.0)),
    ]


def _single(name: str, kind: str, meaning: str, value: float) -> Metric:
    return Metric(f"antiphon_{name}", kind, meaning, {"": float(value)})


def _of_boards(boards: list[BoardStatus]) -> list[Metric]:
    def of(name: str, kind: str, meaning: str, value: Callable[[BoardStatus], float]) -> Metric:
        samples = {f'{{role="{board.role}"}}': float(value(board)) for board in boards}
        return Metric(f"antiphon_{name}", kind, meaning, samples)

    return [
        of("board_streaming", "gauge", "The board streams", lambda one: one.state == "streaming"),
        of("samples_total", "counter", "Samples that have arrived", lambda one: one.samples),
        of("samples_lost_total", "counter", "Samples that were lost", lambda one: one.lost),
    ]


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.meaning}."
    yield f"# TYPE {metric.name} {metric.kind}"
    for label, value in metric.samples.items():
        yield f"{metric.name}{label} {value!r}"
