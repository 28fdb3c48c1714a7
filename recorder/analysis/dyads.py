"""Whether two people have more to do with each other than with those of other sessions.

Dyads are shuffled: the patient meets the therapists of other sessions, and the therapist the
patients, second by second from the begin of each session on.

    score(k) = |value(k)| sqrt(points(k) / points(0))       k: whose; 0 is the own one
    p        = share of all of them, the own one included, that score as high as the own one

Where somebody has no more to do with the own one than with the others, each of them is as likely to
score highest, and p is exact, provided that sessions are alike. Shifts in time ask whether there is
any relation in time, and music that both hear is one; where all sessions had the same programme,
that is in the others, too, and what is left is the two people's own. Of K others no p is below
1 / (K + 1), so that fewer than 19 test nothing. Pairs and bands are corrected for each other by the
largest of them with the same other person, measure by measure (dsp/shift_test.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.shift_test import ShiftFamily, Tested
from dsp.together import TOGETHER, Whole, together
from recorder.analysis.asked import INDIVIDUAL, chosen_in
from recorder.analysis.replay import Replayed, replay
from recorder.analysis.words import known, p_in_words, verdict
from recorder.open import OpenSession, Result
from recorder.progress import Progress
from recorder.settings.board import ROLES

Floats = NDArray[np.float64]
Labels = tuple[tuple[str, ...], tuple[str, ...]]
Pair = tuple[int, int]
Values = tuple[Floats, Floats]  # (bands, TOGETHER, pairs), and (bands, pairs) points

DYADS: Final = "dyads"
LEAST_PEOPLE: Final = 20  # the own one and 19 others


def dyads(own: Replayed, others: Iterable[Replayed], labels: Labels) -> list[Result]:
    """Each measure, pair and band: the patient with other therapists, then the other way round.

    Args:
        own: the session that is asked about.
        others: of the same channels, bands and pairs; each is let go before the next one is taken.
        labels: of both people's channels.
    """
    bands = [band for band in own.bands if band != INDIVIDUAL]  # which others have somewhere else
    pairs = own.definitions.pairs
    patient, therapist = (_wholes(own, person, len(bands)) for person in (0, 1))
    both = values(patient, therapist, pairs)
    with_therapists, with_patients = [both], [both]
    for other in others:
        with_therapists.append(values(patient, _wholes(other, 1, len(bands)), pairs))
        with_patients.append(values(_wholes(other, 0, len(bands)), therapist, pairs))
    places = [(band, (labels[0][a], labels[1][b])) for band in bands for a, b in pairs]
    return [
        *compared(ROLES, with_therapists, places),
        *compared(ROLES[::-1], with_patients, places),
    ]


def each_replayed(
    session: OpenSession, others: Iterable[Path], progress: Progress
) -> Iterator[Replayed]:
    """Other sessions, measured like this one; each is forgotten for the next.

    Args:
        session: with whose bands and pairs.
        others: files, told by the best clock that they have.
        progress: told of each (hops done, hops in all).

    Raises:
        ValueError: one is this session, comes twice, has other channels, or is damaged.
    """
    chosen = msgspec.structs.replace(
        chosen_in(session, ("plv",)), patient_peak_hz=0.0, therapist_peak_hz=0.0
    )
    seen = {session.id}
    for path in others:
        with OpenSession(path, "best") as other:
            if other.id in seen:
                raise ValueError(f"{other.id}: a session is compared with others, each once")
            seen.add(other.id)
            _require_alike(session, other)
            rng = np.random.default_rng(0)  # of a chance level that nobody looks at
            yield replay(other, rng, chosen=chosen, progress=progress)


def _require_alike(session: OpenSession, other: OpenSession) -> None:
    for role in ROLES:
        here, there = session.labels(role), other.labels(role) if role in other.roles else ()
        if here != there:
            told = f"the {role} has {' '.join(there) or 'nothing'}, here {' '.join(here)}"
            raise ValueError(f"{other.id}: {told}; sessions are compared channel by channel")


def _wholes(replayed: Replayed, person: int, bands: int) -> list[Whole]:
    return [Whole(z, replayed.step_s) for z in replayed.of_person(person)[:bands]]


def values(patient: list[Whole], therapist: list[Whole], pairs: Sequence[Pair]) -> Values:
    """Of a patient and a therapist, of one session or of two, band by band."""
    of_bands = zip(patient, therapist, strict=True)
    found, points = zip(*(together(*both, pairs) for both in of_bands), strict=True)
    return np.stack(found), np.stack(points)


def compared(
    who: tuple[str, ...], people: list[Values], places: list[tuple[str, tuple[str, str]]]
) -> Iterator[Result]:
    """Each measure and place.

    Args:
        who: who stays, and whose place is taken.
        people: values with each of those; the own one first.
        places: band and channels, in the order of the values.
    """
    every = np.stack([it for it, _ in people]).swapaxes(1, 2)  # people, measures, bands, pairs
    points = np.stack([it for _, it in people]).reshape(len(people), -1)
    for kind, of_kind in zip(TOGETHER, every.swapaxes(0, 1), strict=True):
        family = ShiftFamily(len(people), least=LEAST_PEOPLE)
        columns = of_kind.reshape(len(people), -1).T
        tested = [family.add(*it) for it in zip(columns, points.T, strict=True)]
        for (band, channels), one in zip(places, tested, strict=True):
            yield _result(kind, band, who, channels, one, family)


def _result(
    kind: str,
    band: str,
    who: tuple[str, ...],
    channels: tuple[str, str],
    tested: Tested,
    family: ShiftFamily,
) -> Result:
    p, corrected = (known(it) for it in (tested.p, family.corrected(tested)))
    return Result(
        DYADS,
        kind,
        band,
        who,
        channels,
        known(tested.value),
        _in_words(who, tested, p, corrected),
        chance=known(tested.chance),
        chance_high=known(tested.chance_high),
        p=p,
        p_corrected=corrected,
        n=max(tested.n - 1, 0),
    )


def _in_words(
    who: tuple[str, ...], tested: Tested, p: float | None, corrected: float | None
) -> str:
    if p is None:
        return f"no value, or fewer than {LEAST_PEOPLE - 1} others: nothing can be concluded"
    return (
        f"{verdict(corrected)}: the {who[0]} with the own {who[1]} {tested.value:.3f}, with those "
        f"of {tested.n - 1} other sessions {tested.chance:.3f}; p {p_in_words(p)}, among all that "
        f"were tested {p_in_words(corrected)}"
    )
