"""`antiphon review`: a session as one page that opens with a double click."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder import wall_clock
from recorder.commands.damaged import damaged_option, require_fit
from recorder.commands.options import (
    configured,
    json_option,
    progress_in_thousandths,
    session_path,
    tell,
)
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_NOINPUT, EX_USAGE, Failure, failing_with
from recorder.settings.file import Config

if TYPE_CHECKING:
    from recorder.review import Asked


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="PAGE.html",
    help="The file to write.",
)
@click.option(
    "--video",
    "videos",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Where an aligned video is, at or below PAGE.html (else beside it, by its name).",
)
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True)
@click.option("--blind", is_flag=True, help="For raters: no measures, no EEG, no others' moments.")
@click.option("--with-eeg", is_flag=True, help="All of the EEG, up to 12 MB.")
@click.option(
    "--for-sharing",
    is_flag=True,
    help="For people outside: new codes, nothing without consent to it.",
)
@damaged_option
@json_option
@configured("sessions")
def review(
    session: str,
    out: Path,
    videos: tuple[Path, ...],
    config: Config,
    *,
    damaged: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Write a page of a session: video, words, both brains, chance, and what was marked.

    It is one file, needs no network and sends nothing anywhere; a browser opens it. Videos stay
    beside it and play in step with all else. Moments are rated on it and saved as a file for
    antiphon raters add. A button shows the same two as if they had never met.

    Without --for-sharing the page says that it is not to be passed on. With it, it is refused (77)
    when somebody has not agreed to sharing, and has a transcript, notes and videos only where
    everybody agreed to that: antiphon consent --agree. What leaves is written down: antiphon
    disclosures.

    Example: antiphon review 20261123T040000Z -o session.html
    """
    from recorder.privacy.consent import require_shareable
    from recorder.review import review_page

    path = session_path(session, config)
    require_fit(path, damaged=damaged)
    asked = _asked(path, out, videos, config, **options)
    with failing_with(EX_DATAERR, ValueError, LookupError):
        if asked.for_sharing:
            require_shareable(path)
        with progress_in_thousandths("review") as progress:
            page = review_page(path, asked, progress)
    with failing_with(EX_CANTCREAT, OSError):
        _write(config, path, out, page)
    lines = [f"{out}: {len(page) / 1e6:.1f} MB"]
    tell("antiphon.review/1", lines, as_json=as_json, session=path.stem, page=str(out))


def _asked(
    path: Path, out: Path, videos: tuple[Path, ...], config: Config, **options: Any
) -> "Asked":
    from recorder.review import Asked

    places = tuple((video.name, _beside(video, out)) for video in videos)
    _require_aligned(path, videos)
    return Asked(labels=config.marks, videos=places, **options)


def _beside(video: Path, out: Path) -> str:
    """Where it is, seen from the page.

    Raises:
        Failure: not at or below it; a page that is copied would lose it.
    """
    try:
        place = video.resolve().relative_to(out.resolve().parent)
    except ValueError as error:
        text = f"{video} is not beside the page: put it into {out.resolve().parent}"
        raise Failure(text, EX_USAGE) from error
    return place.as_posix()


def _require_aligned(path: Path, videos: tuple[Path, ...]) -> None:
    from recorder.open import OpenSession

    if not videos:
        return
    with OpenSession(path, "best") as session:
        known = {video.name for video in session.videos}
    for video in videos:
        if video.name not in known:
            text = f"{video.name} is not aligned with this session: antiphon align --video {video}"
            raise Failure(text, EX_NOINPUT)


def _write(config: Config, path: Path, out: Path, page: bytes) -> None:
    """Say where the session goes before it does."""
    from recorder.durable import write_whole
    from recorder.privacy.disclosures import write_down
    from recorder.store.reader import SessionReader

    with SessionReader(path) as reader:
        session_id = reader.header.id
    at = wall_clock.utc_text(wall_clock.utc_ns())
    write_down(config.sessions_path, at, "exported", session_id, to=str(out.absolute()))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, page)
