"""What people marked and noted, and where samples lack, as annotations of one person's file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from recorder.open import Hole, OpenSession

BAD = "BAD_"  # MNE leaves out what begins so
SKIP = "BAD_acq_skip"  # MNE filters do not reach across
NOTE = "note: "


@dataclass(frozen=True, slots=True, order=True)
class Annotation:
    """Something at a time of a file.

    Attributes:
        onset_s: since the first sample.
        length_s: 0 of an instant.
        text: what it is.
        provenance: of a mark or an interval: live, post or rater.
        author: of those: a code; "" of the people in the session.
        channels: of a hole: those without samples; () for all.
    """

    onset_s: float
    length_s: float
    text: str
    provenance: str = ""
    author: str = ""
    channels: tuple[str, ...] = ()


def annotations(
    session: OpenSession,
    holes: Iterable[Hole],
    skips_ns: Iterable[int],
    second_of: Callable[[int], float],
) -> list[Annotation]:
    """All of one person, in time.

    Args:
        session: for marks, intervals and notes.
        holes: of this person.
        skips_ns: instants at which another segment begins.
        second_of: the file's second of an instant.
    """

    def placed(
        begin_ns: int, end_ns: int, text: str, provenance: str = "", author: str = ""
    ) -> Annotation:
        onset_s = second_of(begin_ns)
        length_s = second_of(end_ns) - onset_s if end_ns > begin_ns else 0.0
        return Annotation(onset_s, length_s, text, provenance, author)

    told, whole_ns = [], {}
    for hole in holes:
        at = placed(hole.begin_ns, hole.end_ns, f"{BAD}{hole.cause}")
        told.append(replace(at, channels=hole.channels))
        if not hole.channels:
            whole_ns[hole.end_ns] = hole.begin_ns
    told += [placed(whole_ns.get(t_ns, t_ns), t_ns, SKIP) for t_ns in skips_ns]
    told += [placed(it.t_ns, it.t_ns, it.label, it.provenance, it.author) for it in session.marks]
    told += [
        placed(it.begin_ns, it.end_ns, it.label, it.provenance, it.author)
        for it in session.intervals
    ]
    told += [placed(it.t_ns, it.t_ns, f"{NOTE}{it.text}", "live") for it in session.notes]
    return sorted(told)
