"""Pairs shuffled across dyads with the same protocol: jobs that compare all patients with all.

Sessions of the same template and number are compared from where their protocol begins, as long as
the shortest of them lasts; in groups of up to GROUP dyads, which are shuffled within (dsp/
pair_shuffle.py). A group and a number is a job of its own, which reads what the sessions' jobs have
left. Left out is who is alone, has no mark where the protocol should begin, or lasts less than half
as long as the middle one.

    <FOLDER>.jobs/shuffles/<key>.npz    value (series, SHUFFLED, n, n), points (series, n, n)
"""

import hashlib
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.pair_shuffle import SHUFFLED, every_pairing
from recorder.cohort.dyads import Member
from recorder.cohort.job import FORMAT, SIGNALS, digest_of

Floats = NDArray[np.float64]
Series = tuple[str, str]  # band, site

GROUP: Final = 24
SHUFFLES: Final = "shuffles"


@dataclass(frozen=True, slots=True)
class Shuffle:
    """The dyads of a group in sessions of one number.

    Attributes:
        group: which; the same one has the same dyads, or fewer.
        dyads: names, in the order of the rows.
        places: what the sessions' jobs have left.
        begins: at which point the protocol of each begins.
        points: how many are compared.
        step_s: from one to the next.
        series: bands and sites that all of them have.
        folder: where it leaves what it has found.
    """

    group: str
    dyads: tuple[str, ...]
    places: tuple[Path, ...]
    begins: tuple[int, ...]
    points: int
    step_s: float
    series: tuple[Series, ...]
    folder: Path

    @property
    def file(self) -> Path:
        """Of what is found; its name is of all that it depends on."""
        names = [it.name for it in self.places]
        told = repr((FORMAT, SHUFFLED, names, self.begins, self.points, self.series))
        return self.folder / SHUFFLES / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Pairings:
    """What a shuffle has found."""

    shuffle: Shuffle
    value: Floats
    points: Floats


def shuffles_of(members: Iterable[Member], folder: Path) -> list[Shuffle]:
    """The jobs for these sessions."""
    by_protocol: dict[str, list[Member]] = defaultdict(list)
    for it in members:
        if it.stands and it.told.begin is not None:
            by_protocol[it.told.protocol].append(it)
    return [
        shuffle
        for protocol, sessions in sorted(by_protocol.items())
        for name, dyads in _groups(sorted({it.dyad for it in sessions}))
        for shuffle in _of_group(f"{protocol}/{name}", dyads, sessions, folder)
    ]


def _groups(dyads: Sequence[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Dealt by a hash of their names, so that a group has dyads of all sites."""
    dealt = sorted(dyads, key=lambda it: hashlib.sha256(it.encode()).digest())
    parts = math.ceil(len(dealt) / GROUP)
    for part in range(parts):
        yield f"{part + 1} of {parts}", frozenset(dealt[part::parts])


def _of_group(
    group: str, dyads: frozenset[str], sessions: Sequence[Member], folder: Path
) -> Iterator[Shuffle]:
    by_number: dict[int, list[Member]] = defaultdict(list)
    for it in sorted(sessions, key=lambda it: it.dyad):
        if it.dyad in dyads:
            by_number[it.number].append(it)
    for _, some in sorted(by_number.items()):
        long = _long_enough(some)
        if len(long) > 1:
            yield _shuffle(group, long, folder)


def _long_enough(sessions: Sequence[Member]) -> list[Member]:
    """With the step of the first one, and not shorter than half of the middle one."""
    half = median(_points(it) for it in sessions) / 2
    step_s = sessions[0].told.step_s
    return [it for it in sessions if _points(it) >= half and it.told.step_s == step_s]


def _points(it: Member) -> int:
    return max(round(it.told.minutes * 60 / it.told.step_s) - (it.told.begin or 0), 0)


def _shuffle(group: str, sessions: Sequence[Member], folder: Path) -> Shuffle:
    told = [it.told for it in sessions]
    series = [
        (band, site)
        for band in told[0].bands
        for site in told[0].sites
        if all(band in it.bands and site in it.sites for it in told)
    ]
    return Shuffle(
        group=group,
        dyads=tuple(it.dyad for it in sessions),
        places=tuple(it.place for it in sessions if it.place is not None),
        begins=tuple(it.begin or 0 for it in told),
        points=min(map(_points, sessions)),
        step_s=told[0].step_s,
        series=tuple(series),
        folder=folder,
    )


def do_shuffle(shuffle: Shuffle) -> bool:
    """Compare everybody with everybody, unless that was done; whether it was."""
    if shuffle.file.is_file():
        return True
    n = len(shuffle.dyads)
    value = np.full((len(shuffle.series), len(SHUFFLED), n, n), np.nan)
    points = np.zeros((len(shuffle.series), n, n))
    for number, series in enumerate(shuffle.series):
        mine, yours = (_of_person(shuffle, person, series) for person in (0, 1))
        value[number], points[number] = every_pairing(mine, yours, shuffle.step_s)
    shuffle.file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    part = shuffle.file.with_name(f".{shuffle.file.name}.{os.urandom(4).hex()}.part")
    with part.open("wb") as out:  # of a name of its own: somebody else may do the same at once
        np.savez(out, value=value, points=points)
        out.flush()
        os.fsync(out.fileno())
    part.replace(shuffle.file)
    return False


def _of_person(shuffle: Shuffle, person: int, series: Series) -> NDArray[np.complex128]:
    """(dyads, points) of one series; 0, which is missing, behind the end of a session."""
    found = np.zeros((len(shuffle.places), shuffle.points), np.complex128)
    for row, (place, begin) in enumerate(zip(shuffle.places, shuffle.begins, strict=True)):
        signals = np.load(place / SIGNALS, mmap_mode="r")
        band, site = _where(place, series)
        some = signals[person, band, site, begin : begin + shuffle.points].astype(np.float64)
        found[row, : len(some)] = some[:, 0] + 1j * some[:, 1]
    return found


def _where(place: Path, series: Series) -> tuple[int, int]:
    told = digest_of(place)
    return told.bands.index(series[0]), told.sites.index(series[1])


def pairings_of(shuffle: Shuffle) -> Pairings:
    """What a shuffle has found."""
    with np.load(shuffle.file) as found:
        return Pairings(shuffle, found["value"], found["points"])
