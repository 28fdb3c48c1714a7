"""Members of a cohort without any files."""

from collections.abc import Mapping
from pathlib import Path

from recorder.cohort.dyads import Member
from recorder.cohort.job import Digest
from recorder.cohort.sites import Seen
from tests.cohort.people import DAY_NS, FIRST_UTC_NS


def seen(
    session_id: str, codes: tuple[str, str] = ("P1", "T1"), day: int = 0, site: str = "ward"
) -> Seen:
    path = Path(f"{session_id}.antiphon")
    return Seen(site, session_id, "used", "", path, FIRST_UTC_NS + day * DAY_NS, codes)


def digest(minutes: float = 2.0, outcomes: Mapping[str, float | None] | None = None) -> Digest:
    return Digest("", minutes, ("F3",), ("alpha",), 0.025, 0, (0.9, 0.8), dict(outcomes or {}))


def member(dyad: int, number: int, outcomes: Mapping[str, float | None]) -> Member:
    """A session that stands."""
    codes = (f"P{dyad}", f"T{dyad}")
    one = seen(f"2026010{number}T100000Z-{dyad:04x}", codes, number)
    name = f"ward/{'+'.join(codes)}"
    place = Path(f"{one.id}.key")
    return Member(one, name, number, float(number), place, digest(2.0, outcomes), stands=True)
