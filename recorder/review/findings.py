"""What `antiphon analyze` found, as a page tells it: each number with its chance, in a sentence."""

from collections.abc import Sequence
from typing import Any, Final

from recorder.analysis.words import UNLIKELY
from recorder.open import OpenSession, Result

TOLD: Final = 60  # rows; all of them are in the notes and in what analyze writes


def findings(session: OpenSession) -> list[dict[str, Any]]:
    """Those beyond chance first, then the others that were tested, then those that describe."""
    return [_row(it) for it in _rarest_first(session.results)[:TOLD]]


def tested(session: OpenSession) -> tuple[int, int]:
    """How many numbers were tested, and how many of them are beyond chance."""
    found = [_p(it) for it in session.results if it.p is not None]
    return len(found), sum(p <= UNLIKELY for p in found)


def _rarest_first(results: Sequence[Result]) -> list[Result]:
    return sorted(results, key=lambda it: (it.p is None, _p(it)))


def _p(it: Result) -> float:
    found = it.p if it.p_corrected is None else it.p_corrected
    return 1.0 if found is None else found


def _row(it: Result) -> dict[str, Any]:
    return {
        "test": it.test,
        "what": " ".join(filter(None, (it.name, it.band, "-".join(it.channels)))),
        "persons": list(it.persons),
        "said": it.said,
        "beyond": it.p is not None and _p(it) <= UNLIKELY,
        "begin_s": it.begin_s,
    }
