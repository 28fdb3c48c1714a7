"""The page: a cohort on one sheet, in one HTML file that asks no network. Made by jinja2.

What is on it is also in the tables, with all rows. Of the same results come the same bytes.
"""

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from dsp.pair_shuffle import DRAWS, interval
from recorder import __version__
from recorder.analysis.words import p_in_words
from recorder.cohort.dyads import Member
from recorder.cohort.files import REPORT, Folder, Found
from recorder.cohort.names import Names
from recorder.cohort.outcomes import DEFINED, measure_of
from recorder.cohort.relations import NUMBER, PLACES, Developed, Paired
from recorder.failure import EX_UNAVAILABLE, Failure

PAGE: Final = Path(__file__).parent / "page"
SHOWN: Final = 8  # rows of slopes, and sessions that are not in it
MAIN: Final = "plv_alpha"  # its picture is always there
WIDTH, HEIGHT, EDGE = 340.0, 150.0, 34.0
MOST_DYADS: Final = 60  # whose lines are drawn


def put_report(folder: Folder, found: Found, names: Names) -> None:
    """Write the page.

    Raises:
        Failure: jinja2 is missing.
        OSError: it cannot be written.
    """
    folder.put(REPORT, page_of(found, names).encode())


def page_of(found: Found, names: Names) -> str:
    """The page as text."""
    jinja2 = _jinja2()
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"p": p_in_words}
    template = environment.from_string((PAGE / "report.html.j2").read_text("utf-8"))
    style = (PAGE / "report.css").read_text("utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    told: str = template.render(
        style=style, style_hash=f"sha256-{digest}", version=__version__, **contents(found, names)
    )
    return told


def _jinja2() -> Any:
    try:
        return import_module("jinja2")
    except ImportError as error:
        text = 'the report needs jinja2: pip install "antiphon[cohort]"'
        raise Failure(text, EX_UNAVAILABLE) from error


def contents(found: Found, names: Names) -> dict[str, Any]:
    """All that is on the page, as plain values."""
    together = [it for it in found.paired if it.site == PLACES]
    rarest = sorted(found.developed, key=lambda it: (it.slope.p_corrected, it.slope.p))
    return {
        "for_sharing": names.for_sharing,
        "cohort": _cohort(found, names),
        "kinds": Counter(it.kind for it in found.seen),
        "paired": together,
        "places": len(found.paired) - len(together),
        "places_beyond": sum(
            it.tested.p_corrected <= 0.05 for it in found.paired if it.site != PLACES
        ),
        "scale": _scale(together),
        "draws": DRAWS,
        "alone": _alone(found),
        "tested": Counter(it.over for it in found.developed),
        "slopes": rarest[:SHOWN],
        "pictures": list(_pictures(found, rarest)),
        "left_out": _left_out(found) if not names.for_sharing else [],
        "defined": _defined(found),
        "asked": found.asked,
    }


def _cohort(found: Found, names: Names) -> dict[str, Any]:
    used = found.used
    numbers = Counter(it.dyad for it in used)
    usable = [[it.told.usable[person] for it in used] for person in (0, 1)]
    months = sorted({names.month(it.seen) for it in used})
    return {
        "sessions": len(used),
        "parts": sum(it.place is not None for it in found.members) - len(used),
        "dyads": len(numbers),
        "most": max(numbers.values(), default=0),
        "sites": len({it.seen.site for it in used}),
        "hours": sum(it.told.minutes for it in used) / 60,
        "usable": [(median(it), min(it)) for it in usable if it],
        "months": "" if names.for_sharing else " to ".join(sorted({*months[:1], *months[-1:]})),
    }


def _scale(rows: Sequence[Paired]) -> dict[str, float]:
    """How values become places on the rows' own axis: 0 to 100."""
    ends = [value for it in rows for value in (it.tested.value, it.tested.chance_high)]
    low = min([0.0, *ends, *(it.tested.chance for it in rows)])
    return {"low": low, "per": 100 / max(max(ends, default=1.0) - low, 1e-9)}


def _alone(found: Found) -> dict[str, Any] | None:
    """In the main measure, how many dyads stand out by themselves, and how many do by chance."""
    own = [it for it in found.alone if f"{it.measure}_{it.band}" == MAIN]
    if not own:
        return None
    rare = sum(it.p <= 0.05 for it in own)
    expected = sum(int(0.05 * it.pairings) / it.pairings for it in own)
    return {"dyads": len(own), "rare": rare, "expected": expected} if expected else None


def _left_out(found: Found) -> list[tuple[str, list[str], int]]:
    """Of each kind the first few, and how many more."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for it in found.seen:
        if it.kind != "used":
            by_kind[it.kind].append(f"{it.site}/{it.id}: {it.why}")
    each = max(SHOWN // max(len(by_kind), 1), 2)
    return [(kind, some[:each], len(some) - each) for kind, some in sorted(by_kind.items())]


def _defined(found: Found) -> list[tuple[str, str]]:
    """Formulas of the measures that are on the page."""
    outcomes = {name for it in found.used for name in it.told.outcomes}
    names = {measure_of(name) for name in outcomes} | {it.measure for it in found.paired}
    return [(name, DEFINED[name]) for name in DEFINED if name in names]


def _pictures(found: Found, rarest: Sequence[Developed]) -> Iterator[dict[str, Any]]:
    """Of the main outcome over the sessions, and of the rarest other one."""
    over = [it for it in rarest if it.over == NUMBER]
    wanted = [it for it in over if it.outcome == MAIN][:1]
    wanted += [it for it in over if it.outcome != MAIN][:1]
    for it in wanted:
        if picture := _picture(found.used, it):
            yield picture


def _picture(used: Sequence[Member], it: Developed) -> dict[str, Any] | None:
    """Lines of dyads, and mean with interval of each number, as places in an SVG."""
    by_dyad: dict[str, list[tuple[int, float]]] = defaultdict(list)
    by_number: dict[int, list[float]] = defaultdict(list)
    for member in used:
        value = member.told.outcomes.get(it.outcome)
        if value is not None:
            by_dyad[member.dyad].append((member.number, value))
            by_number[member.number].append(value)
    several = {number: values for number, values in sorted(by_number.items()) if len(values) > 1}
    if len(several) < 2:
        return None
    shown = dict(sorted(by_dyad.items())[:MOST_DYADS])
    values = [value for points in shown.values() for _, value in points]
    axes = _Axes((min(by_number), max(by_number)), (min(values), max(values)))
    means = []
    for number, some in several.items():
        low, high = interval(np.array(some))
        ends = (axes.y(low), axes.y(high))
        means.append({"x": axes.x(number), "y": axes.y(float(np.mean(some))), "ends": ends})
    lines = [
        " ".join(f"{axes.x(number):.1f},{axes.y(value):.1f}" for number, value in sorted(points))
        for points in shown.values()
    ]
    return {
        "of": it,
        "lines": lines,
        "dyads": len(by_dyad),
        "drawn": len(shown),
        "means": means,
        "numbers": [(axes.x(number), number) for number in several],
        "levels": [(axes.y(value), f"{value:.2f}") for value in axes.levels()],
        "size": (WIDTH, HEIGHT),
    }


class _Axes:
    """From numbers of sessions and values to places in a picture."""

    def __init__(self, numbers: tuple[int, int], values: tuple[float, float]) -> None:
        self._numbers, self._values = numbers, values

    def x(self, number: float) -> float:
        """From the left."""
        first, last = self._numbers
        return EDGE + (WIDTH - 2 * EDGE) * (number - first) / max(last - first, 1)

    def y(self, value: float) -> float:
        """From the top; what is out of the picture stands at its edge."""
        low, high = self._values
        place = min(max((value - low) / max(high - low, 1e-12), 0), 1)
        return HEIGHT - EDGE / 2 - (HEIGHT - EDGE) * place

    def levels(self) -> list[float]:
        """Three, to be written beside."""
        low, high = self._values
        return [low, (low + high) / 2, high]
