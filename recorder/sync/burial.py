"""Copies of erased sessions, erased at a destination, too, and the tombstone left there."""

from collections.abc import Iterator
from pathlib import Path

from recorder import wall_clock
from recorder.failure import EX_DATAERR
from recorder.sync import tombstones
from recorder.sync.delivery import Outcome, Place
from recorder.sync.tombstones import Tombstone


def to_bury(sessions: Path, address: str) -> list[Tombstone]:
    """The erased sessions of which this destination has not said that its copies are gone."""
    return [one for one in tombstones.tombstones(sessions) if address not in one.gone]


def bury_all(sessions: Path, place: Place) -> Iterator[Outcome]:
    """Have the copies erased there; confirmed only when nothing of the session's name is left.

    Raises:
        Failure: the destination cannot be reached or written.
        OSError: the confirmation cannot be written.
    """
    for tombstone in to_bury(sessions, place.link.address):
        left = place.link.bury(tombstone.id, tombstone.inscription)
        if left:
            text = f"not ours to erase, but named after it, there: {', '.join(left[:5])}"
            yield Outcome(tombstone.id, "refused", 0, problem=text, code=EX_DATAERR)
            continue
        when = wall_clock.utc_text(place.utc_ns())
        tombstones.confirm(sessions, tombstone, place.link.address, when)
        yield Outcome(tombstone.id, "erased there", 0)
