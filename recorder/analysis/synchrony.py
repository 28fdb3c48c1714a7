"""Synchrony of every pair of places over the whole session, against every circular shift of it.

Which measures may be tested was measured on unrelated pairs (tests/null): FOR_INFERENCE find
something in five of a hundred at 5 %, also where the alpha of both rises over the session. The
others do not then (`coh`, `imcoh` and most of all `aec`), for a shift takes such a drift for a
relation: they are told with their chance level, and without a p. So is `dwpli`, of which there is
no exact value at every shift; by chance it is 0.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Final

import numpy as np

from dsp.every_shift import EVERY_SHIFT, Shifting, circle_of, every_shift
from dsp.imaginary import dwpli
from dsp.shift_test import ShiftFamily, Tested
from recorder.analysis.replay import Replayed
from recorder.analysis.series import Place, places
from recorder.analysis.words import against_chance, known, no_inference
from recorder.open import Result
from recorder.progress import Progress, no_progress
from recorder.settings.board import ROLES

FOR_INFERENCE: Final = ("plv", "ciplv", "ccorr", "accorr", "aec_d")
TEST: Final = "synchrony"
_DRIFTS: Final = "not for inference: a drift that both share is taken for a relation"
_NO_SHIFT: Final = "not for inference: it has no exact value at every shift; by chance it is 0"

Labels = tuple[tuple[str, ...], tuple[str, ...]]


def synchrony(replayed: Replayed, labels: Labels, progress: Progress = no_progress) -> list[Result]:
    """A row for each measure, pair and band; corrected over pairs and bands, measure by measure.

    `progress` is told (pairs done, pairs in all), a pair in each band.
    """
    every = list(places(replayed, labels))
    if not every or not len(every[0].of_patient):
        return []
    families = {kind: ShiftFamily(circle_of(len(every[0].of_patient))) for kind in EVERY_SHIFT}
    found: list[tuple[Place, str, Tested, float]] = []
    described = []
    for _, in_band in groupby(every, key=lambda it: it.band):
        for place, one, other in _ready(in_band, replayed.step_s):
            at_all, clean = every_shift(one, other), place.clean
            for kind, value in zip(at_all.kinds, at_all.value, strict=True):
                found.append((place, kind, families[kind].add(value, at_all.points), clean))
            described.append(_described(place, clean))
            progress(len(described), len(every))
    tested = [_result(place, it, families[kind], kind, clean) for place, kind, it, clean in found]
    return [*tested, *described]


def _ready(in_band: Iterator[Place], step_s: float) -> Iterator[tuple[Place, Shifting, Shifting]]:
    """Each channel is made ready once a band, and forgotten when it has met all of the other's."""
    every = list(in_band)
    to_come = Counter(key for place in every for key in zip(ROLES, place.channels, strict=True))
    ready: dict[tuple[str, str], Shifting] = {}
    for place in every:
        both = list(zip(ROLES, place.channels, strict=True))
        for key, z in zip(both, (place.of_patient, place.of_therapist), strict=True):
            if key not in ready:
                ready[key] = Shifting(z, step_s)
        yield place, ready[both[0]], ready[both[1]]
        for key in both:
            to_come[key] -= 1
            if not to_come[key]:
                del ready[key]


def _result(place: Place, tested: Tested, family: ShiftFamily, kind: str, clean: float) -> Result:
    may_infer = kind in FOR_INFERENCE
    p, corrected = (known(it) for it in (tested.p, family.corrected(tested)))
    return Result(
        TEST,
        kind,
        place.band,
        ROLES,
        place.channels,
        known(tested.value),
        against_chance(tested, p, corrected) if may_infer else no_inference(tested, _DRIFTS),
        chance=known(tested.chance),
        chance_high=known(tested.chance_high),
        p=p if may_infer else None,
        p_corrected=corrected if may_infer else None,
        n=tested.n,
        clean=clean,
        for_inference=may_infer,
    )


def _described(place: Place, clean: float) -> Result:
    """The debiased weighted phase lag index of the whole session."""
    x = np.imag(place.of_patient.astype(np.complex128) * place.of_therapist.conj())
    x = x[np.isfinite(x)]
    value = known(float(dwpli(x.sum(), np.abs(x).sum(), (x * x).sum())))
    said = f"{'no value' if value is None else f'{value:+.3f}'}; {_NO_SHIFT}"
    return Result(
        TEST,
        "dwpli",
        place.band,
        ROLES,
        place.channels,
        value,
        said,
        chance=0.0,
        clean=clean,
        for_inference=False,
    )
