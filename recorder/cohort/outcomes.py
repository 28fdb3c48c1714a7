"""What of a session enters the table of sessions: one number each, comparable between sessions.

    <measure>_<band>               plv, ciplv, ccorr, accorr, aec_d: mean over the pairs of places
                                   of value less chance, both over the whole session; chance is
                                   the mean of every circular shift of the same two
                                   (dsp/shift_test.py): how long and how clean a session is, is
                                   in both
    <index>_<channels>_<role>      faa, parietal, fmtheta, occalpha: mean over the windows of
                                   10 s, one a second; no chance level, for it is of one person

No value where less than half is usable.
"""

from typing import Final

import numpy as np

from dsp.synchrony import MIN_CLEAN
from recorder.analysis.analyse import Analysis
from recorder.analysis.replay import Replayed
from recorder.analysis.series import INDICES
from recorder.analysis.synchrony import FOR_INFERENCE
from recorder.analysis.synchrony import TEST as SYNCHRONY
from recorder.analysis.windows import FORMULAS as MORE_FORMULAS
from recorder.measures.series import FORMULAS

DEFINED: Final = {name: (FORMULAS | MORE_FORMULAS)[name] for name in (*FOR_INFERENCE, *INDICES)}


def outcomes_of(analysis: Analysis) -> dict[str, float | None]:
    """All of a session, by name; None where too little of it is usable."""
    return _synchrony(analysis) | _indices(analysis.replayed)


def _synchrony(analysis: Analysis) -> dict[str, float | None]:
    excess: dict[str, list[float]] = {}
    for it in (result for run in analysis.runs if run.test == SYNCHRONY for result in run.results):
        if it.name in FOR_INFERENCE:
            of_pairs = excess.setdefault(f"{it.name}_{it.band}", [])
            if it.value is not None and it.chance is not None and (it.clean or 0) >= MIN_CLEAN:
                of_pairs.append(it.value - it.chance)
    return {name: float(np.mean(all_)) if all_ else None for name, all_ in excess.items()}


def _indices(replayed: Replayed) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for place, row in enumerate(replayed.definitions.rows):
        if row.name in INDICES and row.band != "ialpha":
            values = replayed.value[:, place]
            known = np.isfinite(values)
            enough = known.size and known.mean() >= MIN_CLEAN
            name = "_".join((row.name, *row.channels, *row.persons))
            found[name] = float(values[known].mean()) if enough else None
    return found


def usable_of(replayed: Replayed) -> tuple[float, float]:
    """Share of the points of all bands and channels that can be used, of patient and therapist."""
    each = (np.isfinite(replayed.of_person(person)) for person in (0, 1))
    patient, therapist = (round(float(it.mean()), 4) if it.size else 0.0 for it in each)
    return patient, therapist


def measure_of(outcome: str) -> str:
    """The measure that an outcome is of: plv of plv_alpha, aec_d of aec_d_alpha."""
    fitting = [name for name in DEFINED if outcome.startswith(f"{name}_")]
    return max(fitting, key=len, default=outcome)
