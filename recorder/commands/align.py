"""`antiphon align`: a video's time on the session's clock."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder import wall_clock
from recorder.commands.options import configured, json_option, progress_bar, session_path, tell
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_USAGE, Failure, failing_with
from recorder.settings.file import Config

if TYPE_CHECKING:
    from dsp.pulsetrain import NotFound
    from recorder.align.search import Aligned
    from recorder.align.train import Train
    from recorder.store.note_rows import AlignmentRow

CAMERA = re.compile(r"\w[\w.-]{0,63}", re.ASCII)
PIECE = ("begin_s", "end_s", "offset_s", "drift_ppm", "residual_ms", "matched", "seen")
USUAL_PPM = 250.0  # more is no quartz


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option(
    "--video",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The camera's recording.",
)
@click.option("--audio", is_flag=True, help="Look for beeps in its sound, not for a light.")
@click.option("--camera", metavar="NAME", help="Which camera (else the video's file name).")
@click.option("--source", metavar="NAME", help="Whose edges are the train (else our own train).")
@json_option
@configured("sessions")
def align(  # noqa: PLR0913 - one parameter an option
    session: str,
    video: Path,
    config: Config,
    *,
    audio: bool,
    camera: str | None,
    source: str | None,
    as_json: bool,
) -> None:
    """Find where in a session a video is, by the sync train's light in its picture.

    session_s = offset_s + video_s * (1 + drift_ppm * 1e-6), kept in its notes: in pieces where
    frames were lost, and only where it holds. A video in which the train is not surely found is
    refused. Each camera is aligned by itself, and each file of one recording.

    A frame's time is that of the beginning of its exposure, in the row of the picture that the
    light is in: with a rolling shutter the other rows are up to 30 ms earlier or later. Video time
    is the player's; FFmpeg's own is larger by the file's start_time.

    Example: antiphon align 20261123T040000Z --video bedside.mp4
    """
    from recorder.store.beside import sha256_of
    from recorder.store.note_rows import AlignmentRow
    from recorder.store.notes import open_notes

    camera = _camera_name(camera, video)
    path = session_path(session, config)
    train = _read_train(path, source)
    aligned, track = _aligned(train, video, audio=audio)
    rows = _rows(aligned, camera, video.name, sha256_of(video))
    with (
        failing_with(EX_CANTCREAT, OSError),
        failing_with(EX_DATAERR, ValueError),
        open_notes(path) as notes,
    ):
        warnings = [*_of_pieces(rows), *_of_same_name(rows, notes.read(AlignmentRow))]
        notes.add(*rows)
    longest = max(rows, key=lambda row: row.matched)
    found = asdict(longest) | {
        "pieces": [{field: getattr(row, field) for field in PIECE} for row in rows],
        "warnings": warnings,
        "source": train.source,
        "track": track,
        "false_alarm": aligned.pieces[0].false_alarm,
        "exposure_ms": aligned.exposure_s and aligned.exposure_s * 1e3,
        "light": None if audio else _light(aligned),
    }
    lines = [*_lines(rows, found), *(f"warning: {it}" for it in warnings), f"kept in {notes.path}"]
    told = {"session": path.stem, "notes": str(notes.path), **found}
    tell("antiphon.align/1", lines, as_json=as_json, **told)


def _camera_name(given: str | None, video: Path) -> str:
    """The camera's name; without one, the video's own."""
    if given is None:
        return re.sub(r"[^\w-]+", "_", video.stem, flags=re.ASCII)[:64]
    if not CAMERA.fullmatch(given):
        text = f"{given!r} cannot name a camera: use letters, digits, '_', '-' and '.'"
        raise Failure(text, EX_USAGE)
    return given


def _read_train(path: Path, source: str | None) -> "Train":
    from recorder.align.train import read_train
    from recorder.store.reader import SessionReader

    with failing_with(EX_DATAERR, ValueError, LookupError), SessionReader(path) as reader:
        if reader.state == "recording":
            raise Failure(f"{path}: this session has not ended", EX_DATAERR)
        return read_train(reader, source)


def _aligned(train: "Train", video: Path, *, audio: bool) -> "tuple[Aligned, int]":
    """What is found in the first track that has the train, and which that is."""
    from recorder.align.media import open_media
    from recorder.align.search import Aligned

    reasons = []
    with failing_with(EX_DATAERR, ValueError, LookupError):
        with open_media(video) as media:
            tracks = max(1, len(media.tracks("audio" if audio else "video")))
        for track in range(tracks):
            found = _searched(train, video, track, audio=audio)
            if isinstance(found, Aligned):
                return found, track
            reasons.append(found.reason if tracks == 1 else f"track {track}: {found.reason}")
    text = f"{video}: the session's train was not found in it: {'; '.join(reasons)}"
    raise Failure(text, EX_DATAERR)


def _searched(train: "Train", video: Path, track: int, *, audio: bool) -> "Aligned | NotFound":
    from recorder.align.media import open_media
    from recorder.align.picture import picture
    from recorder.align.search import BEEP, LIGHT
    from recorder.align.search import align as search
    from recorder.align.sound import sound

    stretches, look = (sound, BEEP) if audio else (picture, LIGHT)
    with open_media(video) as media, progress_bar("align", round(media.length_s)) as show:
        return search(train, stretches(media, lambda done, _: show(done), track), look)


def _rows(aligned: "Aligned", camera: str, name: str, sha256: str) -> "list[AlignmentRow]":
    from recorder.store.note_rows import AlignmentRow

    made_utc_ns = wall_clock.utc_ns()
    return [
        AlignmentRow(
            camera=camera,
            video_name=name,
            video_sha256=sha256,
            offset_s=piece.offset_s,
            drift_ppm=piece.drift_ppm,
            residual_ms=piece.residual_s * 1e3,
            matched=piece.matched,
            made_utc_ns=made_utc_ns,
            begin_s=piece.begin_s,
            end_s=piece.end_s,
            seen=piece.seen,
        )
        for piece in aligned.pieces
    ]


def _light(aligned: "Aligned") -> dict[str, float]:
    """Where in the picture the light is."""
    from recorder.align.picture import where

    across, down = where(aligned.cell)
    return {"across": across, "down": down}


def _of_pieces(rows: "list[AlignmentRow]") -> Iterator[str]:
    """What is wrong with the video's own time."""
    drift_ppm = rows[0].drift_ppm
    if abs(drift_ppm) > USUAL_PPM:
        yield f"the file's rate is told wrongly by {drift_ppm:+.0f} ppm, which is allowed for"
    for before, after in pairwise(rows):
        middle_s = (before.end_s or 0.0) / 2 + (after.begin_s or 0.0) / 2
        lost_s = _session_s(after, middle_s) - _session_s(before, middle_s)
        what = "are missing" if lost_s > 0 else "are too many"
        yield (
            f"{abs(lost_s):.3f} s of frames {what} near {middle_s:.1f} s of the video: between"
            f" {before.end_s:.1f} and {after.begin_s:.1f} s there is no mapping"
        )


def _of_same_name(rows: "list[AlignmentRow]", kept: "Iterable[AlignmentRow]") -> Iterator[str]:
    """Another video of the same camera, at the same time."""
    begin_s, end_s = _span(rows[0])[0], _span(rows[-1])[1]
    camera, sha256 = rows[0].camera, rows[0].video_sha256
    others = [row for row in kept if row.camera == camera and row.video_sha256 != sha256]
    for name, digest in sorted({(row.video_name, row.video_sha256) for row in others}):
        spans = [_span(row) for row in others if row.video_sha256 == digest]
        shared_s = max(min(end_s, end) - max(begin_s, begin) for begin, end in spans)
        if shared_s > 0:
            yield (
                f"another video of camera {camera!r} shows the same time: {name},"
                f" SHA-256 {digest[:12]}; if this is another camera, name it: --camera NAME"
            )


def _span(row: "AlignmentRow") -> tuple[float, float]:
    """From when to when in the session a piece is."""
    begin_s = -inf if row.begin_s is None else _session_s(row, row.begin_s)
    return begin_s, inf if row.end_s is None else _session_s(row, row.end_s)


def _session_s(row: "AlignmentRow", video_s: float) -> float:
    return row.offset_s + video_s * (1 + row.drift_ppm * 1e-6)


def _lines(rows: "list[AlignmentRow]", found: dict[str, Any]) -> Iterator[str]:
    camera, exposure_ms, light = rows[0].camera, found["exposure_ms"], found["light"]
    for row in rows:
        line = f"{row.offset_s:.4f} + video_s * (1 {row.drift_ppm:+.2f}e-6)"
        yield f"{camera}: session_s = {line}"
        yield (
            f"  from {row.begin_s:.1f} to {row.end_s:.1f} s of the video: {row.matched} of"
            f" {row.seen} pulses seen, residual {row.residual_ms:.1f} ms"
        )
    if exposure_ms is not None:
        yield f"exposure {exposure_ms:.0f} ms"
    if light:
        yield (
            f"the light is {light['down']:.0%} of the picture's height from its top: with a rolling"
            " shutter, the times are those of that row"
        )
