"""What channels are called: as the recorder was told, or as somebody said afterwards in the notes.

Some recordings name their channels by number only; and who put the cap on may have been told the
wrong sites. Everything that is computed from names follows the newest word: montage, kinds, the
headings of exports, and of which channels a measure was.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from recorder.store.headers import BoardHeader, SessionHeader
from recorder.store.note_rows import RelabelRow
from recorder.store.rows import SeriesRow

Labels = Mapping[str, tuple[str, ...]]  # by role

# Of the 10-05 system (Oostenveld & Praamstra 2001); earlobes and mastoids beside it.
_ROWS = "N Fp AFp AF AFF F FFT FFC FT FC FTT FCC T C TTP CCP TP CP TPP CPP P PPO PO POO O OI I"
_PLACES = ("z", *(f"{number}{half}" for number in range(1, 11) for half in ("", "h")))
_EARS = ("A1", "A2", "M1", "M2")
SITES = {
    site.lower(): site
    for site in (*_EARS, *(f"{row}{place}" for row in _ROWS.split() for place in _PLACES))
}
_OTHERS = re.compile(r"(?:[HV]?(EOG)|(ECG|EMG|RESP|MISC))\d{0,2}\Z", re.IGNORECASE)


def known_label(text: str) -> str:
    """A label as it is spelt: a site, or what else is measured, with a number if there are several.

    Raises:
        ValueError: it is neither.
    """
    if site := SITES.get(text.lower()):
        return site
    if _OTHERS.match(text):
        return text.upper()
    others = "ECG, EMG, EOG, HEOG, VEOG, RESP or MISC"
    raise ValueError(f"{text!r} is no site of the 10-05 system, and not {others} with a number")


def kind_of(label: str) -> str:
    """What a channel of that label measures, see ChannelKind in recorder/settings/board.py."""
    other = _OTHERS.match(label)
    return (other[1] or other[2]).lower() if other else "eeg"


def new_labels(board: BoardHeader, texts: Iterable[str]) -> tuple[str, ...]:
    """The labels of a board's channels as they are spelt.

    Raises:
        ValueError: they are not as many as the channels, or not all different, or one is unknown.
    """
    labels = tuple(known_label(text) for text in texts)
    if len(labels) != len(board.channels):
        raise ValueError(f"{len(labels)} labels for {len(board.channels)} channels")
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise ValueError(f"two channels would be called {twice[0]}")
    return labels


def newest_labels(header: SessionHeader, rows: Iterable[RelabelRow]) -> dict[str, tuple[str, ...]]:
    """By role; `rows` by when they were made. Those that do not fit the board are left out."""
    newest = {row.role: row.channels for row in rows}
    sizes = {board.role: len(board.channels) for board in header.boards}
    return {role: labels for role, labels in newest.items() if sizes.get(role) == len(labels)}


def relabelled(header: SessionHeader, labels: Labels) -> SessionHeader:
    """A session's header with these labels, and the kinds that they say."""
    return replace(header, boards=tuple(_board(board, labels) for board in header.boards))


def series_relabelled(series: SeriesRow, before: SessionHeader, labels: Labels) -> SeriesRow:
    """The definition of a measure, with the channels that it was of as they are called now."""
    whose = series.persons if len(series.persons) == len(series.channels) else series.persons[:1]
    roles = whose if len(whose) > 1 else whose * len(series.channels)
    if not labels or len(roles) != len(series.channels):
        return series
    now = {board.role: _by_old(board, labels) for board in before.boards}
    return replace(
        series,
        channels=tuple(
            now.get(role, {}).get(channel, channel)
            for role, channel in zip(roles, series.channels, strict=True)
        ),
    )


def _by_old(board: BoardHeader, labels: Labels) -> dict[str, str]:
    old = [channel.label for channel in board.channels]
    return dict(zip(old, labels.get(board.role, old), strict=True))


def _board(board: BoardHeader, labels: Labels) -> BoardHeader:
    if board.role not in labels:
        return board
    named = zip(board.channels, labels[board.role], strict=True)
    channels = (replace(channel, label=label, kind=kind_of(label)) for channel, label in named)
    return replace(board, channels=tuple(channels))
