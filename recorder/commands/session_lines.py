"""The lines of `antiphon show`: a session for people."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from recorder.commands.missing import MOMENT_S
from recorder.open import OpenSession
from recorder.privacy.disclosures import Disclosure
from recorder.sync.receipts import Receipt

# Kinds of events that are listed; the others are counted.
LISTED = ("note", "shift", "answer")
CONSENTS = {"record": "consent_record", "video": "consent_video", "share": "consent_share"}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where a session has gone: copies by destination, and what was written down of it."""

    copies: dict[str, Receipt]
    disclosures: list[Disclosure]


def summary_lines(session: OpenSession, summary: dict[str, Any], gone: Elsewhere) -> Iterator[str]:
    """All but what happened in it, and its picture."""
    begun = datetime.fromtimestamp(summary["begun_utc_ns"] // 1_000_000_000, UTC)
    doubt = "" if summary["begun_is_certain"] else " (no time server was heard)"
    people = ", ".join(f"{role} {code}" for role, code in summary["persons"].items())
    box = f", recorded by {summary['box']}" if summary["box"] else ""
    yield f"session    {summary['id']}, {summary['state']}{box}"
    yield f"begun      {begun:%Y-%m-%d %H:%M:%S} UTC{doubt}, {clock(summary['duration_s'])} long"
    yield f"people     {people}"
    yield f"consent    {'; '.join(_consents(session))}"
    yield f"marks      {_counted(session)}"
    yield f"clock      {session.clock}"
    yield f"size       {summary['size_bytes'] / 2**20:.1f} MiB"
    for board in summary["boards"]:
        yield from _board_lines(board, summary["duration_s"])
    for role in session.relabelled:
        yield f"relabelled {role}: {', '.join(session.labels(role))}"
    for role in session.roles:
        yield from _impedance_lines(session, role)
    for video in session.videos:
        yield f"video      {video.camera}: {video.name}, SHA-256 {video.sha256[:12]}, aligned"
    yield from _copy_lines(gone)


def told_lines(session: OpenSession) -> list[str]:
    """Marks, intervals, notes, shifts and answers, in time."""
    told = [
        (it.t_s, it.t_s, "mark", _by(it.label, it.provenance, it.author)) for it in session.marks
    ]
    told += [
        (it.begin_s, it.end_s, "interval", _by(it.label, it.provenance, it.author))
        for it in session.intervals
    ]
    told += [(it.t_s, it.t_s, it.kind, it.text) for it in session.events if it.kind in LISTED]
    return [
        f"{clock(begin_s):>9}  {kind:<8} {_until(begin_s, end_s)}{' '.join(text.split())}"
        for begin_s, end_s, kind, text in sorted(told)
    ]


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    minutes, rest = divmod(abs(round(seconds)), 60)
    return f"{'-' * (round(seconds) < 0)}{minutes}:{rest:02d}"


def share(part: float | None) -> str:
    """A share of one in per cent."""
    return "not known" if part is None else f"{100 * part:.1f} %"


def _consents(session: OpenSession) -> Iterator[str]:
    for person in session.header.persons:
        agreed = [name for name, field in CONSENTS.items() if getattr(person, field)]
        yield f"{person.role} {', '.join(agreed) or 'nothing'}"
    for row in session.redactions:
        yield " ".join(["taken out:", row.what, *([f"of the {row.role}"] if row.role else [])])


def _counted(session: OpenSession) -> str:
    kinds = Counter(it.kind for it in session.events)
    listed = {"interval": len(session.intervals)} | {kind: kinds.pop(kind, 0) for kind in LISTED}
    told = [str(len(session.marks)), *(several(n, kind) for kind, n in listed.items() if n)]
    others = sum(kinds.values())
    return ", ".join(told) + (f"; {several(others, 'other event')} (--json)" if others else "")


def several(number: int, what: str) -> str:
    """So many of something."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _board_lines(board: dict[str, Any], duration_s: float) -> Iterator[str]:
    there = f"there {clock(board['there_s'])} of {clock(duration_s)}"
    part = share(board["there_s"] / duration_s if duration_s else None)
    missing = ", ".join(_gaps(cause, gap) for cause, gap in board["gaps"].items())
    usable = f"usable {share(board['usable'])}"
    yield f"{board['role']:<10} {there} ({part}), {usable}"
    yield f"{'':<10} missing: {missing or 'nothing'}"
    rate = "rate not known" if board["rate_hz"] is None else f"{board['rate_hz']:.3f} Hz"
    samples = f"{board['samples']} samples, {board['lost']} lost among them"
    others = [f"{it['label']} {it['kind']}" for it in board["channels"] if it["kind"] != "eeg"]
    no_eeg = f"; no EEG: {', '.join(others)}" if others else ""
    segments = several(board["segments"], "segment")
    yield f"{'':<10} {samples}, {board['late']} late, {rate}, {segments}{no_eeg}"


def _gaps(cause: str, gaps: dict[str, float]) -> str:
    length = f"{gaps['seconds']:.1f} s" if gaps["seconds"] >= MOMENT_S else "moments"
    return f"{length} {cause} ({gaps['times']:g} x)"


def _impedance_lines(session: OpenSession, role: str) -> Iterator[str]:
    """The newest of each channel; where one is at its rail, it is too high to be told."""
    board = session.board(role)
    newest = {row.channel: row for row in session.impedances if row.board == board.id}
    if newest:
        labels = dict(enumerate(session.labels(role)))
        kohms = {
            labels.get(place, place): "at its rail" if row.kohm is None else f"{row.kohm:.1f}"
            for place, row in sorted(newest.items())
        }
        at = clock(session.t_s(max(row.t_ns for row in newest.values())))
        told = ", ".join(f"{label} {kohm}" for label, kohm in kohms.items())
        yield f"impedance  {role}: {told} kohm, at {at}"


def _copy_lines(gone: Elsewhere) -> Iterable[str]:
    for name, receipt in gone.copies.items():
        locked = ", encrypted" if receipt.encrypted_to else ""
        yield f"copy       {name}, {receipt.destination}, verified {receipt.when}{locked}"
    for it in gone.disclosures:
        to = f"{it.to} " if it.to else ""
        yield f"{it.what:<10} {it.at} {to}by {it.by}"
    if not gone.copies:
        yield "copy       none that a destination has proved to hold: antiphon sync"


def _until(begin_s: float, end_s: float) -> str:
    return f"until {clock(end_s)}: " if end_s > begin_s else ""


def _by(label: str, provenance: str, author: str) -> str:
    who = " ".join(word for word in (provenance if provenance != "live" else "", author) if word)
    return f"{label} ({who})" if who else label
