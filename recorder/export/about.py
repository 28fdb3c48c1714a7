"""What an export is: in files beside it, for whoever finds it.

<id>_about.json
    session, format       which, and what it was made into
    begun, begun_certain  time of day of the session's start, and whether a server disciplined it
    clock                 by which clock samples are told
    samples               "native" or the rate of the grid in Hz
    purpose               "own use" or "sharing"
    consent               of each person: record, video, share
    antiphon, recorded_by versions that made it, and that recorded the session
    box                   which machine recorded it, "" where it has no name or that is not told
    damage                what does not fit in the session; [] when it is whole
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recorder import __version__
from recorder.durable import write_json, write_whole
from recorder.export import Export
from recorder.export.asked import Asked
from recorder.export.beside import file_of
from recorder.open import OpenSession
from recorder.plain_text import shown
from recorder.progress import Progress, no_progress

SCHEMA = "antiphon.about/1"
HEAD = "This session is damaged. What is exported here was read as it is; found were:"


def about(session: OpenSession, form: str, asked: Asked) -> dict[str, Any]:
    """What an export of this session, as asked for, is."""
    return {
        "schema": SCHEMA,
        "session": session.id,
        "format": form,
        "begun": session.utc_text(session.started_ns),
        "begun_certain": session.begun[1],
        "clock": session.clock,
        "first_sample": {
            role: session.utc_text(span[0])
            for role in session.roles
            if (span := session.span_ns(role))
        },
        "samples": "native" if asked.native else asked.rate_hz,
        "purpose": "sharing" if asked.for_sharing else "own use",
        "consent": {
            person.role: {
                "record": person.consent_record,
                "video": person.consent_video,
                "share": person.consent_share,
            }
            for person in session.header.persons
        },
        "antiphon": __version__,
        "recorded_by": session.header.software_version,
        "box": session.header.box,
        "damage": list(session.damage),
    }


def telling(export: Export, told: dict[str, Any], damage: Sequence[str]) -> Export:
    """`export`, with what it is beside its files, and what is damaged if anything is."""
    name = told["session"]

    def export_and_tell(
        path: Path, directory: Path, progress: Progress = no_progress
    ) -> list[Path]:
        files = export(path, directory, progress)
        write_json(about := file_of(directory, f"{name}_about.json"), told)
        files.append(about)
        if damage:
            write_whole(damaged := file_of(directory, f"{name}_damaged.txt"), _lines(damage))
            files.append(damaged)
        return files

    return export_and_tell


def _lines(damage: Sequence[str]) -> bytes:
    return shown("\n".join([HEAD, *damage]) + "\n").encode()
