"""Export as BIDS: two subjects who share a session, a task and a run.

    dataset_description.json  README  participants.tsv  participants.json  .bidsignore
    sub-P07/ses-X/sub-P07_ses-X_scans.tsv        acq_time in microseconds, duration, dyad, partner
    sub-P07/ses-X/eeg/..._eeg.bdf                on the grid that both share
    sub-P07/ses-X/eeg/..._eeg.json               with how good both clocks are
    sub-P07/ses-X/eeg/..._channels.tsv, _electrodes.tsv, _events.tsv and what explains them
    sourcedata/antiphon/<id>/                    native BDF, the session's file, names of videos
    derivatives/antiphon/                        measures, their clean shares and percentiles

A session's label is its id, so that several sessions can be exported into one dataset: people who
are in it already stay, and a person of several dyads has them all.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from recorder import __version__
from recorder.durable import write_json, write_whole
from recorder.export.asked import Asked
from recorder.export.bdf_file import require_edfio, write_bdf
from recorder.export.beside import beside, file_of
from recorder.export.bids_events import COLUMNS, HED_VERSION, event_rows, events_json
from recorder.export.bids_files import NOTHING, read_tsv, write_numbers, write_tsv
from recorder.export.track import Track, grid_track, native_track
from recorder.open import Grid, OpenSession, Slots
from recorder.progress import Progress

BIDS_VERSION: Final = "1.11.0"
TASK: Final = "musictherapy"
TYPES: Final = {"eeg": "EEG", "ecg": "ECG", "eog": "EOG", "emg": "EMG", "resp": "RESP"}
README: Final = """\
EEG of two people, recorded together by antiphon. Research use; not a medical device.

The two subjects of a dyad share session, task and run: sample k of one was taken at the same
instant as sample k of the other. Where samples lack there is a straight line, and an event that
begins with BAD_. sourcedata has each board's own samples, digit for digit at its own rate;
derivatives has the measures that were computed while it was recorded, with their definitions.
"""
IGNORED: Final = "*_about.json\n*_damaged.txt\n*.age\n"


@dataclass(frozen=True, slots=True)
class Subject:
    """One person as BIDS names them: `label` after sub-, the other's, and the dyad's."""

    role: str
    label: str
    partner: str
    dyad: str


def export_bids(
    session: OpenSession, directory: Path, asked: Asked, progress: Progress
) -> list[Path]:
    """Write a dataset, or one more session into one; heeds rate_hz.

    Raises:
        Failure: edfio is not installed.
        ValueError: the session is damaged, or holds what BDF cannot say.
        OSError: nothing can be written.
    """
    require_edfio()
    grid, people = session.grid(asked.rate_hz), subjects(session)
    files: list[Path] = []
    for done, person in enumerate(people):
        progress(done, len(people))
        files += _person(session, directory, person, grid)
    files += _source(session, directory, asked)
    files += _measures(session, directory / "derivatives" / "antiphon", grid)
    files += _dataset(directory, people)
    progress(1, 1)
    return files


def subjects(session: OpenSession) -> list[Subject]:
    """Those who have samples."""
    roles = [role for role in session.roles if session.span_ns(role)]
    labels = {role: _label(session.person(role).code) or role for role in roles}
    if len(set(labels.values())) < len(labels):
        labels = {role: f"{label}{role}" for role, label in labels.items()}
    dyad = f"D{''.join(labels.values())}" if len(roles) > 1 else ""
    return [
        Subject(role, labels[role], "".join(labels[it] for it in roles if it != role), dyad)
        for role in roles
    ]


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)


def _person(session: OpenSession, directory: Path, person: Subject, grid: Grid) -> Iterator[Path]:
    slots = session.slots(person.role)
    entities = f"sub-{person.label}_ses-{_label(session.id)}"
    place = directory / f"sub-{person.label}" / f"ses-{_label(session.id)}"
    native = file_of(_source_place(session, directory), f"{session.id}_{person.role}_native.bdf")
    for folder in (place / "eeg", native.parent):
        folder.mkdir(parents=True, exist_ok=True)
    write_bdf(native, session, native_track(session, slots))
    yield native
    track = grid_track(session, slots, grid)
    base = place / "eeg" / f"{entities}_task-{TASK}_run-1"
    write_bdf(bdf := base.with_name(f"{base.name}_eeg.bdf"), session, track)
    yield bdf
    yield from _eeg(session, base, slots, track)
    yield from _electrodes(session, place / "eeg" / entities, person.role)
    yield from _scans(session, place / f"{entities}_scans.tsv", person, bdf, grid)


def _eeg(session: OpenSession, base: Path, slots: Slots, track: Track) -> Iterator[Path]:
    def beside_it(ending: str) -> Path:
        return base.with_name(f"{base.name}_{ending}")

    write_json(told := beside_it("eeg.json"), _eeg_json(session, slots, track))
    yield told
    columns = ("name", "type", "units", "sampling_frequency", "low_cutoff", "high_cutoff")
    rows = [
        (it.label, TYPES.get(it.kind, "MISC"), it.unit, track.rate_hz, "", "", it.reference)
        for it in session.channels(track.role)
    ]
    yield write_tsv(beside_it("channels.tsv"), (*columns, "reference"), rows)
    yield write_tsv(beside_it("events.tsv"), COLUMNS, event_rows(track.annotations))
    write_json(events := beside_it("events.json"), events_json(track.annotations))
    yield events


def _eeg_json(session: OpenSession, slots: Slots, track: Track) -> dict[str, Any]:
    board = session.board(track.role)
    kinds = [channel.kind for channel in board.channels]
    mains_hz = [it.mains_hz for it in session.series if it.mains_hz]
    return {
        "TaskName": TASK,
        "TaskDescription": "A session of music therapy of two people",
        "Manufacturer": "OpenBCI" if board.kind == "cyton" else NOTHING,
        "ManufacturersModelName": board.kind,
        "SoftwareVersions": f"antiphon {session.header.software_version}",
        "SamplingFrequency": track.rate_hz,
        "PowerLineFrequency": mains_hz[-1] if mains_hz else NOTHING,
        "EEGReference": board.channels[0].reference or NOTHING,
        "EEGGround": "BIAS" if board.kind == "cyton" else NOTHING,
        "EEGPlacementScheme": "10-20",
        "HardwareFilters": NOTHING,
        "SoftwareFilters": {
            "Resampling": {"from_hz": slots.rate_hz, "to_hz": track.rate_hz, "taps": 32}
        },
        "RecordingType": "continuous",
        "RecordingDuration": track.counts.shape[1] / track.rate_hz,
        "EEGChannelCount": kinds.count("eeg"),
        "EOGChannelCount": kinds.count("eog"),
        "ECGChannelCount": kinds.count("ecg"),
        "EMGChannelCount": kinds.count("emg"),
        "MISCChannelCount": kinds.count("misc") + kinds.count("resp"),
        "TriggerChannelCount": 0,
        "Clocks": {role: _clock(session, role) for role in session.roles},
    }


def _clock(session: OpenSession, role: str) -> dict[str, Any]:
    """How far the instants of one person's samples can be trusted."""
    return {
        "told_by": session.clock,
        "standard_error_ms": session.clock_error_ms(role),
        "time_of_day_certain": session.begun[1],
    }


def _electrodes(session: OpenSession, base: Path, role: str) -> Iterator[Path]:
    board = session.board(role)
    kohm = {it.channel: it.kohm for it in session.impedances if it.board == board.id}
    rows = [
        (it.label, "", "", "", "" if (one := kohm.get(place)) is None else f"{one:.4g}")
        for place, it in enumerate(board.channels)
    ]
    path = base.with_name(f"{base.name}_electrodes.tsv")
    yield write_tsv(path, ("name", "x", "y", "z", "impedance"), rows)
    told = {
        "EEGCoordinateSystem": "Other",
        "EEGCoordinateUnits": NOTHING,
        "EEGCoordinateSystemDescription": "Not measured; names are sites of the 10-20 system",
    }
    write_json(system := base.with_name(f"{base.name}_coordsystem.json"), told)
    yield system


def _scans(
    session: OpenSession, path: Path, person: Subject, bdf: Path, grid: Grid
) -> Iterator[Path]:
    begun = session.utc_text(grid.begin_ns)
    row = (
        bdf.relative_to(path.parent).as_posix(),
        begun,
        f"{grid.n / grid.rate_hz:.6f}",
        int(session.begun[1]),
        person.dyad,
        person.partner and f"sub-{person.partner}",
    )
    columns = ("filename", "acq_time", "duration", "clock_synchronised", "dyad_id", "partner_id")
    yield write_tsv(path, columns, [row])
    told = {
        "duration": {"Description": "Length of the recording", "Units": "s"},
        "clock_synchronised": {"Description": "1: a server disciplined the time of day"},
        "dyad_id": {"Description": "Recorded at the same instants as the other of this dyad"},
        "partner_id": {"Description": "The other person of the dyad"},
    }
    write_json(beside_it := path.with_suffix(".json"), told)
    yield beside_it


def _source_place(session: OpenSession, directory: Path) -> Path:
    return file_of(directory / "sourcedata" / "antiphon", session.id)


def _source(session: OpenSession, directory: Path, asked: Asked) -> Iterator[Path]:
    """The session's own file, when nobody else is to have it; and which videos there are."""
    place = _source_place(session, directory)
    if session.state != "recording" and not asked.for_sharing:
        with beside(path := file_of(place, f"{session.id}.antiphon")) as part:
            shutil.copyfile(session.path, part)
        yield path
    if session.videos:
        write_json(videos := place / "videos.json", [asdict(it) for it in session.videos])
        yield videos


def _measures(session: OpenSession, place: Path, grid: Grid) -> Iterator[Path]:
    told = session.measures()
    if not told.names:
        return
    onset_s = (told.t_ns - grid.begin_ns) / 1e9
    base = file_of(place, f"{session.id}_measures.tsv")
    yield write_numbers(base, told.names, onset_s, told.value)
    for name, values in (("clean", told.clean), ("percentile", told.percentile)):
        yield write_numbers(base.with_name(f"{session.id}_{name}.tsv"), told.names, onset_s, values)
    definitions = {name: asdict(it) for name, it in zip(told.names, told.definitions, strict=True)}
    write_json(path := base.with_suffix(".json"), definitions)
    yield path
    derived = _description("antiphon measures") | {"DatasetType": "derivative"}
    write_json(description := place / "dataset_description.json", derived)
    yield description


def _dataset(directory: Path, people: list[Subject]) -> Iterator[Path]:
    """What all sessions of a dataset share; last, so that it names nothing that is not there."""
    columns = ("participant_id", "role", "dyad_id", "partner_id")
    path = directory / "participants.tsv"
    yield write_tsv(path, columns, _participants(path, people))
    roles = {"patient": "receives therapy", "therapist": "gives it"}
    told = {
        "role": {"Description": "Role in the session", "Levels": roles},
        "dyad_id": {"Description": "Pairs that were recorded together, parted by ;"},
        "partner_id": {"Description": "The other of each pair, parted by ;"},
    }
    for name, value in (
        ("participants.json", told),
        ("dataset_description.json", _description("Sessions of music therapy")),
    ):
        write_json(path := directory / name, value)
        yield path
    for name, text in (("README", README), (".bidsignore", IGNORED)):
        write_whole(path := directory / name, text.encode())
        yield path


def _participants(path: Path, people: list[Subject]) -> list[tuple[str, str, str, str]]:
    """Those who are in the dataset already, and these."""
    known = {row["participant_id"]: row for row in read_tsv(path)}
    for person in people:
        before = known.get(f"sub-{person.label}", {})
        known[f"sub-{person.label}"] = {
            "role": person.role,
            "dyad_id": _added(before.get("dyad_id"), person.dyad),
            "partner_id": _added(
                before.get("partner_id"), person.partner and f"sub-{person.partner}"
            ),
        }
    return [
        (name, row["role"], row["dyad_id"], row["partner_id"])
        for name, row in sorted(known.items())
    ]


def _added(before: str | None, new: str) -> str:
    words = {*(before or "").split(";"), new} - {"", NOTHING}
    return ";".join(sorted(words))


def _description(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "HEDVersion": HED_VERSION,
        "DatasetType": "raw",
        "License": NOTHING,
        "Authors": [NOTHING],
        "GeneratedBy": [{"Name": "antiphon", "Version": __version__}],
    }
