"""What `antiphon analyze` found, as a page tells it: each number with its chance, in a sentence.

Beyond chance is what is so among all that was tested together. A p of one number alone stands
in its sentence and makes nothing bold.
"""

from collections.abc import Sequence
from typing import Any, Final

from recorder.analysis.words import UNLIKELY
from recorder.open import OpenSession, Result

TOLD: Final = 60  # rows; all of them are in the notes and in what analyze writes


def findings(session: OpenSession) -> list[dict[str, Any]]:
    """Those beyond chance first, then the others that were tested, then those that describe."""
    return [_row(it) for it in _rarest_first(session.results)[:TOLD]]


def tested(session: OpenSession) -> tuple[int, int]:
    """How many numbers were tested together with others, and how many are beyond chance."""
    found = [it for it in session.results if it.p_corrected is not None]
    return len(found), sum(map(_is_beyond, found))


def _rarest_first(results: Sequence[Result]) -> list[Result]:
    return sorted(results, key=lambda it: (_or_one(it.p_corrected), _or_one(it.p), it.p is None))


def _or_one(p: float | None) -> float:
    return 1.0 if p is None else p


def _is_beyond(it: Result) -> bool:
    return it.p_corrected is not None and it.p_corrected <= UNLIKELY


def _row(it: Result) -> dict[str, Any]:
    return {
        "test": it.test,
        "what": " ".join(filter(None, (it.name, it.band, "-".join(it.channels)))),
        "persons": list(it.persons),
        "said": it.said,
        "beyond": _is_beyond(it),
        "begin_s": it.begin_s,
    }
