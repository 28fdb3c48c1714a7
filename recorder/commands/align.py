"""`antiphon align`: a video's time on the session's clock."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder import wall_clock
from recorder.commands.options import configured, json_option, progress_bar, session_path, tell
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_USAGE, Failure, failing_with
from recorder.settings.file import Config

if TYPE_CHECKING:
    from recorder.align.search import Aligned
    from recorder.align.train import Train

CAMERA = re.compile(r"\w[\w.-]{0,63}", re.ASCII)


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

    session_s = offset_s + video_s * (1 + drift_ppm * 1e-6), kept in its notes. A frame's
    time is that of the beginning of its exposure. A video in which the train is not surely found is
    refused. Of several cameras, each is aligned by itself.

    Example: antiphon align 20261123T040000Z --video bedside.mp4
    """
    from recorder.store.beside import sha256_of
    from recorder.store.columns import row_from
    from recorder.store.notes import AlignmentRow, open_notes

    camera = _camera_name(camera, video)
    path = session_path(session, config)
    train = _read_train(path, source)
    aligned = _aligned(train, video, audio=audio)
    row = row_from(
        AlignmentRow,
        aligned.mapping,
        camera=camera,
        video_name=video.name,
        video_sha256=sha256_of(video),
        residual_ms=aligned.mapping.residual_s * 1e3,
        made_utc_ns=wall_clock.utc_ns(),
    )
    with (
        failing_with(EX_CANTCREAT, OSError),
        failing_with(EX_DATAERR, ValueError),
        open_notes(path) as notes,
    ):
        notes.add(row)
    found = asdict(row) | {
        "source": train.source,
        "false_alarm": aligned.mapping.false_alarm,
        "exposure_ms": aligned.exposure_s and aligned.exposure_s * 1e3,
    }
    lines = [*_lines(found), f"kept in {notes.path}"]
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


def _aligned(train: "Train", video: Path, *, audio: bool) -> "Aligned":
    from dsp.pulsetrain import NotFound
    from recorder.align.media import open_media
    from recorder.align.picture import picture
    from recorder.align.search import BEEP, LIGHT
    from recorder.align.search import align as search
    from recorder.align.sound import sound

    stretches, look = (sound, BEEP) if audio else (picture, LIGHT)
    with (
        failing_with(EX_DATAERR, ValueError, LookupError),
        open_media(video) as media,
        progress_bar("align", round(media.length_s)) as show,
    ):
        found = search(train, stretches(media, lambda done, _: show(done)), look)
    if isinstance(found, NotFound):
        text = f"{video}: the session's train was not found in it: {found.reason}"
        raise Failure(text, EX_DATAERR)
    return found


def _lines(found: dict[str, Any]) -> Iterator[str]:
    exposure_ms = found["exposure_ms"]
    exposure = "" if exposure_ms is None else f", exposure {exposure_ms:.0f} ms"
    line = f"{found['offset_s']:.4f} + video_s * (1 {found['drift_ppm']:+.2f}e-6)"
    yield f"{found['camera']}: session_s = {line}"
    yield f"residual {found['residual_ms']:.1f} ms over {found['matched']} pulses{exposure}"
