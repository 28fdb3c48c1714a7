"""The sync train of a session: its pulses, from the edges in the session file."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.pulsetrain import FEWEST
from recorder.store.reader import SessionReader

OUR_OWN = "train"

Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Train:
    """Pulses in seconds since the session started.

    Attributes:
        source: whose edges they are.
        rise_s: (n,) when each began.
        fall_s: (n,) when it ended; equal to `rise_s` when no ends were recorded.
    """

    source: str
    rise_s: Times
    fall_s: Times

    @property
    def middle_s(self) -> Times:
        """Centres of the pulses."""
        return (self.rise_s + self.fall_s) / 2

    @property
    def has_ends(self) -> bool:
        """Whether the ends of the pulses are known."""
        return bool((self.fall_s > self.rise_s).any())


def read_train(session: SessionReader, source: str | None = None) -> Train:
    """The train of a session, by the edges of `source`.

    None stands for our own train, or else for the source of the most edges.

    Raises:
        LookupError: there are no edges, none of `source`, or too few.
        ValueError: the file is damaged.
    """
    sources = dict(session.query("SELECT source, count(*) FROM edge GROUP BY source ORDER BY 2, 1"))
    if not sources:
        raise LookupError(f"{session.path}: the session has no sync train: no edges were recorded")
    name = source or (OUR_OWN if OUR_OWN in sources else list(sources)[-1])
    if name not in sources:
        known = ", ".join(sources)
        raise LookupError(f"{session.path}: no edges of {name!r}; there are those of {known}")
    rows = session.query("SELECT t_ns, level FROM edge WHERE source = ? ORDER BY t_ns, seq", name)
    begin_ns = session.header.started_t_ns
    train = _train(name, [((t_ns - begin_ns) / 1e9, level) for t_ns, level in rows])
    if (count := len(train.rise_s)) < FEWEST:
        raise LookupError(f"{session.path}: too few pulses of {name!r}: {count}, needed {FEWEST}")
    return train


def _train(source: str, edges: list[tuple[float, int]]) -> Train:
    """Rises with their falls; where some falls are recorded, a rise without one is left out."""
    pulses = [(a_s, b_s) for (a_s, up), (b_s, level) in pairwise(edges) if up and not level]
    pulses = pulses or [(t_s, t_s) for t_s, level in edges if level]
    rise_s, fall_s = np.array(pulses, np.float64).reshape(-1, 2).T
    return Train(source, rise_s, fall_s)
