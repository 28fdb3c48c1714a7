"""Both people as MNE's Raw objects; mne is imported here and nowhere else in this room."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from recorder.open.grid import Pair
from recorder.open.joined import Interval, Mark
from recorder.store.headers import BoardHeader, Person

if TYPE_CHECKING:
    from mne.io import RawArray

# antiphon's kinds of channels that MNE knows by the same word
KINDS = ("eeg", "eog", "ecg", "emg")
MONTAGE = "standard_1005"


def to_raw(
    pair: Pair,
    volts: Any,
    board: BoardHeader,
    person: Person,
    marked: tuple[tuple[Mark, ...], tuple[Interval, ...]],
    begun: datetime,
) -> "RawArray":
    """One person of a pair: (channels, n) volts, with montage, BAD_ annotations and marks.

    Args:
        pair: of both.
        volts: of this one.
        board: of this one.
        person: this one.
        marked: marks and intervals of the session.
        begun: time of day of the grid's first instant.
    """
    import mne

    kinds = [channel.kind if channel.kind in KINDS else "misc" for channel in board.channels]
    labels = [channel.label for channel in board.channels]
    info = mne.create_info(labels, pair.grid.rate_hz, kinds, verbose="error")
    raw = mne.io.RawArray(volts, info, verbose="error")
    raw.set_montage(MONTAGE, on_missing="ignore", match_case=False, verbose="error")
    raw.set_meas_date(begun)
    raw.info["description"] = f"{person.role}, clock {pair.clock}, holes bridged by a line"
    raw.info["subject_info"] = {"his_id": person.code}
    raw.set_annotations(_annotations(pair, board.role, marked, begun))
    return raw


def _annotations(
    pair: Pair,
    role: str,
    marked: tuple[tuple[Mark, ...], tuple[Interval, ...]],
    begun: datetime,
) -> Any:
    import mne

    begin_ns = pair.grid.begin_ns
    marks, intervals = marked
    spans = [
        (hole.begin_ns, hole.end_ns, f"BAD_{hole.cause}")
        for hole in pair.holes
        if hole.role == role
    ]
    spans += [(mark.t_ns, mark.t_ns, mark.label) for mark in marks]
    spans += [(it.begin_ns, it.end_ns, it.label) for it in intervals]
    return mne.Annotations(
        [(begin - begin_ns) / 1e9 for begin, _, _ in spans],
        [(end - begin) / 1e9 for begin, end, _ in spans],
        [text for _, _, text in spans],
        orig_time=begun,
    )


def time_of_day(utc_ns: int) -> datetime:
    """To the microsecond, which is what MNE keeps."""
    seconds, rest_ns = divmod(utc_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=round(rest_ns / 1000))
