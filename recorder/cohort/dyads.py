"""Which sessions are of the same two people, and which of them was the first, the second, ...

A dyad is a patient's and a therapist's code at one site; without codes each session is a dyad of
its own. Every session that took place counts, whether or not it can be used, so that a number is
that of the therapy. A session that was recorded in several parts has one number, and the longest
part that can be used stands for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from recorder.cohort.job import Digest
from recorder.cohort.sites import Seen
from recorder.store.catalog import first_id

DAY_NS: Final = 86_400 * 10**9
NOT_COUNTED: Final = ("twice", "practice", "withdrawn")


@dataclass(frozen=True, slots=True)
class Member:
    """A session of a dyad.

    Attributes:
        seen: the session.
        dyad: site and codes.
        number: which session of the dyad, from 1.
        days: since the dyad's first.
        place: what its job has left; None where it is not used.
        digest: what it is like; None where it is not used.
        stands: it stands for its session in tests: it can be used, and no other part is longer.
    """

    seen: Seen
    dyad: str
    number: int
    days: float
    place: Path | None = None
    digest: Digest | None = None
    stands: bool = False

    @property
    def date(self) -> str:
        """As 2026-11-29, UTC."""
        moment = datetime.fromtimestamp(self.seen.begun_utc_ns // 10**9, UTC)
        return moment.strftime("%Y-%m-%d")

    @property
    def told(self) -> Digest:
        """What a session that is used is like."""
        if self.digest is None:
            raise ValueError(f"{self.seen.id} is not used")
        return self.digest


def numbered(found: Iterable[Seen]) -> list[Member]:
    """Sessions by site and dyad, each with its number; without those of which nobody is known."""
    of_dyad: dict[str, dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for it in found:
        if it.path is not None and it.kind not in NOT_COUNTED and it.begun_utc_ns:
            of_dyad[_dyad(it)][first_id(it.id)].append(it)
    return [
        Member(seen, dyad, number, (seen.begun_utc_ns - begun_ns) / DAY_NS)
        for dyad, sessions in sorted(of_dyad.items())
        for begun_ns in [min(_begun(parts) for parts in sessions.values())]
        for number, parts in enumerate(sorted(sessions.values(), key=_order), start=1)
        for seen in sorted(parts, key=lambda it: it.id)
    ]


def _dyad(it: Seen) -> str:
    who = "+".join(it.codes) if all(it.codes) else first_id(it.id)
    return f"{it.site}/{who}"


def _begun(parts: Sequence[Seen]) -> int:
    return min(it.begun_utc_ns for it in parts)


def _order(parts: Sequence[Seen]) -> tuple[int, str]:
    return _begun(parts), parts[0].id


def standing(members: Iterable[Member]) -> list[Member]:
    """The same, of each session the longest part marked that can be used."""
    longest: dict[tuple[str, int], Member] = {}
    told = list(members)
    for it in told:
        key = it.dyad, it.number
        if it.digest is not None and (
            key not in longest or it.digest.minutes > longest[key].told.minutes
        ):
            longest[key] = it
    return [replace(it, stands=longest.get((it.dyad, it.number)) is it) for it in told]
