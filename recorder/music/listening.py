"""The sound of a file, for its music, and its time in the session."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.align.media import Media, decoded, open_media
from recorder.music.series import MusicRow, features
from recorder.music.spectra import RATE_HZ, steps
from recorder.progress import Progress
from recorder.store.note_rows import AlignmentRow


def listen(path: Path, progress: Progress) -> list[MusicRow]:
    """The features of a file's first sound track, by the file's own clock.

    Raises:
        Failure: PyAV is not installed.
        LookupError: the file has no sound.
        OSError: it cannot be read.
        ValueError: it is neither video nor sound.
    """
    with open_media(path) as media:
        if not media.tracks("audio"):
            raise LookupError(f"{path}: no sound in it")
        parts = _parts(media, progress)
        begin_s, first = next(parts, (0.0, np.empty(0, np.float32)))
        return features(steps(begin_s, _in_time(begin_s, first, parts)))


def in_session(
    rows: Iterable[MusicRow], aligned: Iterable[AlignmentRow], sha256: str
) -> list[MusicRow]:
    """The features on the session's clock, where the newest mapping of that file holds.

    Raises:
        LookupError: the file was not aligned with the session.
    """
    of_file = [row for row in aligned if row.video_sha256 == sha256]
    if not of_file:
        raise LookupError("it was not aligned with this session: antiphon align, with --audio")
    newest = max(row.made_utc_ns for row in of_file)
    pieces = [row for row in of_file if row.made_utc_ns == newest]
    return [
        replace(row, t_s=piece.offset_s + row.t_s * (1 + piece.drift_ppm * 1e-6))
        for row in rows
        for piece in pieces
        if _holds(piece, row.t_s)
    ]


def _holds(piece: AlignmentRow, t_s: float) -> bool:
    after = piece.begin_s is None or piece.begin_s <= t_s
    return after and (piece.end_s is None or t_s <= piece.end_s)


def _parts(media: Media, progress: Progress) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """The sound as one channel at RATE_HZ: when each part begins, and its samples."""
    from av.audio.resampler import AudioResampler

    resampler = AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    for frame in decoded(media.container.demux(media.tracks("audio")[0])):
        for part in resampler.resample(frame):
            begin_s = float(part.time or 0.0) - media.begin_s
            progress(round(begin_s), round(media.length_s))
            yield begin_s, part.to_ndarray().reshape(-1).astype(np.float32)


def _in_time(
    begin_s: float,
    first: NDArray[np.float32],
    parts: Iterable[tuple[float, NDArray[np.float32]]],
) -> Iterator[NDArray[np.float32]]:
    """The samples; silence where time stamps leave a hole of more than 10 ms."""
    yield first
    count = len(first)
    for part_s, samples in parts:
        hole = round((part_s - begin_s) * RATE_HZ) - count
        if hole > RATE_HZ // 100:
            for _ in range(hole // RATE_HZ):
                yield np.zeros(RATE_HZ, np.float32)
            yield np.zeros(hole % RATE_HZ, np.float32)
            count += hole
        yield samples
        count += len(samples)
