"""Sessions recorded onto a card by the real service, and what it told meanwhile.

Every note says what somebody at the bedside has been told by then:

    {"told": "started", "id": ID}
    {"told": "saved", "id": ID, "saved_s": 12.4}
    {"told": "marked", "id": ID, "t_s": 11.9, "label": "mark 3"}
    {"told": "closed", "id": ID, "saved_s": 15.0}
    {"told": "put away", "id": ID}
"""

import os
import select
import sys
import time
from pathlib import Path
from unittest import mock

import msgspec

from recorder.rehearsal import processes as demo
from recorder.settings.file import Config
from recorder.store.finish import settle
from recorder.store.rows import MarkerRow, Row
from recorder.wire.client import ask
from recorder.wire.messages import SessionStatus
from tests.e2e.processes import both_stream, box, service, status_of, until_status
from tests.powercut.mounts import RESET, LoggedCard
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

SAVED_POLL_S = 0.05
# A session that is put away: about a megabyte, whose every write is on the card's log.
ENDED, ENDED_S = "20260101T080000Z-aaaa", 60
MARK_EVERY_S = 1.3
SMALL = (sys.executable, "-m", "tests.powercut.small")
CARELESS = (sys.executable, "-m", "tests.powercut.careless")


def record(
    card: LoggedCard, directory: Path, lengths_s: tuple[float, ...], *, careless: bool = False
) -> None:
    """Record sessions of these lengths, one after the other; the last is still going on."""
    antiphon = CARELESS if careless else SMALL
    with mock.patch.object(demo, "ANTIPHON", antiphon), box(directory) as (_, boxed):
        config = msgspec.structs.replace(boxed, sessions=str(card.path / "sessions"))
        with service(config, directory):
            until_status(config.socket_path, both_stream, "both boards stream")
            for length_s in lengths_s[:-1]:
                _record_one(card, config, length_s)
                closed = _ask_session(config, "stop")
                card.note(told="closed", id=closed.id, saved_s=closed.saved_s)
            _record_one(card, config, lengths_s[-1])
            card.note(told="over")


def put_away(card: LoggedCard) -> None:
    """Put a session away that has ended before the log begins."""
    path = card.path / "sessions" / f"{ENDED}.antiphon"
    path.parent.mkdir()
    rows: list[Row] = [*map(session_files.series, range(1, 41))]
    for second in range(ENDED_S):
        rows += [block(board, 250 * second + at, 125) for at in (0, 125) for board in (0, 1)]
        pairs = [(number, 1 / (number + second)) for number in range(1, 41)]
        rows.append(session_files.values(START_NS + second * 10**9, *pairs))
        rows.append(MarkerRow(START_NS + second * 10**9, f"mark {second}"))
    session_files.write(path, rows)
    os.sync()
    card.order(RESET)
    card.note(told="closed", id=ENDED, saved_s=ENDED_S)
    for second in range(ENDED_S):
        card.note(told="marked", id=ENDED, label=f"mark {second}")
    settle(path)
    card.note(told="put away", id=ENDED)


def _record_one(card: LoggedCard, config: Config, length_s: float) -> None:
    """Start a session, mark it now and then, and note what the service tells."""
    session = _ask_session(config, "start")
    card.note(told="started", id=session.id)
    end_s = time.monotonic() + length_s
    saved_s, marks = 0.0, 0
    while time.monotonic() < end_s:
        told = status_of(config.socket_path).session
        assert told is not None
        if told.saved_s > saved_s:
            saved_s = told.saved_s
            card.note(told="saved", id=told.id, saved_s=saved_s)
        if told.elapsed_s > (marks + 1) * MARK_EVERY_S:
            marks += 1
            _mark(card, config, told.id, f"mark {marks}")
        select.select((), (), (), SAVED_POLL_S)


def _mark(card: LoggedCard, config: Config, session: str, label: str) -> None:
    answer = msgspec.json.decode(ask(config.socket_path, "mark", label=label))
    card.note(told="marked", id=session, t_s=answer["t_s"], label=label)


def _ask_session(config: Config, do: str) -> SessionStatus:
    return msgspec.json.decode(ask(config.socket_path, do), type=SessionStatus)
