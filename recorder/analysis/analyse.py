"""One session through all tests: measured again, then each test as a run with its parameters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp import changes, drift, lagged, moments, shift_test
from dsp.alpha_peak import alpha_peak_hz
from dsp.every_shift import EVERY_SHIFT
from recorder import __version__
from recorder.analysis.asked import chosen_in, require_both
from recorder.analysis.contrasts import SYNCHRONY, contrasts
from recorder.analysis.contrasts import TEST as CONTRAST
from recorder.analysis.dyads import DYADS, LEAST_PEOPLE, dyads, each_replayed
from recorder.analysis.following import (
    FOLLOWING,
    LAG_S,
    SEGMENTS,
    WINDOW_S,
    Windowed,
    following,
    segments,
    twos,
)
from recorder.analysis.intervals import moments_used, sets_asked, spans_of
from recorder.analysis.replay import Replayed, replay
from recorder.analysis.series import courses, indices_of
from recorder.analysis.shifting import ANSWERS, CHANGES, NEAR_S, answers, second_opinion
from recorder.analysis.synchrony import FOR_INFERENCE, synchrony
from recorder.analysis.synchrony import TEST as SYNCHRONY_TEST
from recorder.analysis.windows import Windows, more_windows
from recorder.open import OpenSession, Result, Run
from recorder.open.grid import OnGrid
from recorder.progress import Progress, no_progress
from recorder.settings.board import ROLES
from recorder.settings.measures import MeasureSettings

Floats = NDArray[np.float64]

POSTERIOR: Final = frozenset({"O1", "Oz", "O2", "P3", "Pz", "P4", "P7", "P8", "PO7", "PO8"})
# Of the bar: measuring takes most of the time, then the shifts.
MEASURED, SHIFTED, WHOLE = 600, 900, 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an analysis.

    Attributes:
        seed: of every draw.
        contrasts: FIRST:SECOND or FIRST, by labels of intervals; () each label against the rest.
        individual_alpha: also around each person's own alpha peak.
        against: files of other sessions, whose people take the place of one of the two.
    """

    seed: int = 1
    contrasts: tuple[str, ...] = ()
    individual_alpha: bool = False
    against: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What came of it.

    Attributes:
        runs: of each test, as the notes keep them.
        replayed: the session measured again.
        more: windows of what is measured off-line only.
        windowed: lagged correlations in windows.
    """

    runs: tuple[Run, ...]
    replayed: Replayed
    more: tuple[Windows, ...] = ()
    windowed: tuple[Windowed, ...] = field(default=())


def analyse(
    session: OpenSession, asked: Asked, made_utc_ns: int, progress: Progress = no_progress
) -> Analysis:
    """Run every test on a session; nothing is written.

    Raises:
        ValueError: somebody has no samples, a contrast is asked for of what is not there, or the
            file is damaged.
    """
    require_both(session)
    mine, beside = _shared_out(progress, len(asked.against))
    spans = spans_of(session)
    sets = sets_asked(spans, asked.contrasts)
    chosen = _chosen(session, asked)
    rng = np.random.default_rng([asked.seed, 0])
    replayed = replay(session, rng, chosen=chosen, progress=_part(mine, 0, MEASURED))
    labels = session.labels(ROLES[0]), session.labels(ROLES[1])
    indices = [it for role in ROLES for it in indices_of(replayed, session.started_ns, role)]
    between = courses(replayed, session.started_ns, SYNCHRONY)
    series = twos(replayed, labels, indices)
    shifted = synchrony(replayed, labels, _part(mine, MEASURED, SHIFTED))
    by_minute, windowed = segments(series, np.random.default_rng([asked.seed, 1]))
    results: dict[str, Iterable[Result]] = {
        SYNCHRONY_TEST: shifted,
        FOLLOWING: following(series),
        SEGMENTS: by_minute,
        CONTRAST: contrasts([*indices, *between], spans, sets),
        ANSWERS: answers(indices),
        CHANGES: second_opinion(indices),
    }
    if asked.against:
        others = each_replayed(session, asked.against, beside)
        results[DYADS] = dyads(replayed, others, labels)
    common = _parameters(session, asked, chosen, replayed)
    runs = tuple(
        Run(test, common | _own(test, asked), tuple(found), __version__, made_utc_ns)
        for test, found in results.items()
    )
    more = tuple(more_windows(replayed, labels))
    progress(WHOLE, WHOLE)
    return Analysis(runs, replayed, more, tuple(windowed))


_OWN: Final[dict[str, dict[str, Any]]] = {
    SYNCHRONY_TEST: {
        "null": "every circular shift",
        "corrected_over": "pairs and bands, each measure by itself",
        "measures": list(EVERY_SHIFT),
        "for_inference": list(FOR_INFERENCE),
        "drift_s": drift.SLOWER_S,
        "least_common": shift_test.LEAST_COMMON,
    },
    FOLLOWING: {
        "null": "every circular shift, the best lag looked for at each",
        "corrected_over": "places, bands and directions; asymmetries and envelopes by themselves",
        "longest_lag_s": LAG_S,
        "drift_s": drift.SLOWER_S,
    },
    SEGMENTS: {
        "null": "the same windows in another order",
        "draws": lagged.DRAWS,
        "window_s": WINDOW_S,
        "longest_lag_s": LAG_S,
        "drift_s": drift.SLOWER_S,
        "corrected_over": "nothing",
    },
    CONTRAST: {
        "null": "every circular shift of the labels",
        "corrected_over": "all series of one contrast",
    },
    ANSWERS: {
        "null": "circular shifts of the other's shifts",
        "within_s": NEAR_S,
        "k": moments.K,
        "h": moments.H,
        "corrected_over": "nothing",
    },
    CHANGES: {"penalty": changes.PENALTY, "shortest_windows": changes.SHORTEST},
    DYADS: {
        "null": "the other's place taken by people of other sessions",
        "corrected_over": "pairs and bands, each measure and direction by itself",
        "least_others": LEAST_PEOPLE - 1,
        "drift_s": drift.SLOWER_S,
    },
}


def _own(test: str, asked: Asked) -> dict[str, Any]:
    """The parameters that only this test has."""
    if test != DYADS:
        return _OWN[test]
    return _OWN[test] | {"sessions": [it.stem for it in asked.against]}


def _parameters(
    session: OpenSession, asked: Asked, chosen: MeasureSettings, replayed: Replayed
) -> dict[str, Any]:
    """What all runs have in common."""
    return {
        "seed": asked.seed,
        "clock": session.clock,
        "mains_hz": replayed.definitions.rows[0].mains_hz if replayed.definitions.rows else None,
        "linked_ears": chosen.linked_ears,
        "alpha_peaks_hz": list(chosen.peaks_hz),
        "moments": moments_used(session),
        "damage": list(session.damage),
    }


def _chosen(session: OpenSession, asked: Asked) -> MeasureSettings:
    chosen = chosen_in(session)
    if not asked.individual_alpha:
        return chosen
    peaks_hz = [_peak_hz(session, one) or 0.0 for one in session.each_on_grid(roles=ROLES)]
    return msgspec.structs.replace(
        chosen, patient_peak_hz=peaks_hz[0], therapist_peak_hz=peaks_hz[1]
    )


def _peak_hz(session: OpenSession, one: OnGrid) -> float | None:
    """A person's own alpha, at the back of the head where there are electrodes."""
    uv = one.volts * 1e6
    for hole in one.holes:
        ends = (np.array([hole.begin_ns, hole.end_ns]) - one.grid.begin_ns) * 1e-9
        begin, end = np.clip(np.rint(ends * one.grid.rate_hz), 0, one.grid.n).astype(int).tolist()
        uv[:, begin:end] = np.nan
    channels = session.channels(one.role)
    eeg = [k for k, it in enumerate(channels) if it.kind == "eeg"]
    behind = [k for k in eeg if channels[k].label in POSTERIOR]
    return alpha_peak_hz(uv[behind or eeg], one.grid.rate_hz)


def _shared_out(progress: Progress, others: int) -> tuple[Progress, Progress]:
    """Of this session, and of each other one as it is measured: all take the same time."""
    sessions, at = 1 + others, 0

    def tell_other(done: int, total: int) -> None:
        nonlocal at
        at += done == 1
        progress(at * total + done, sessions * total)

    def tell_own(done: int, total: int) -> None:
        progress(done, sessions * total)

    return tell_own, tell_other


def _part(progress: Progress, begin: int, end: int) -> Callable[[int, int], None]:
    """A stage of the whole."""

    def tell(done: int, total: int) -> None:
        progress(begin + (end - begin) * done // max(total, 1), WHOLE)

    return tell
