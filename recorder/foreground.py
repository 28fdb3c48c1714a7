"""A recording in the foreground, of a given length, without a socket or a screen."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from recorder.config import Config
from recorder.failure import EX_CANTCREAT, EX_STOPPED, Failure, words
from recorder.messages import BoardStatus, Measures
from recorder.recorder import TICK_S, Recorder
from recorder.session import Session
from recorder.starting import begin, make_wearers
from recorder.wearer import Wearer

# How much longer than asked to wait for boards that deliver nothing.
PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it: the closed file, each board's last status, and the last measures."""

    path: Path
    boards: list[BoardStatus]
    measures: Measures | None


def record(
    config: Config,
    seconds: float,
    stop: threading.Event,
    progress: Callable[[float], None] = lambda _: None,
) -> Recorded:
    """Open both boards, record `seconds` of data (or until `stop` is set), close the file.

    `progress` is told the seconds recorded so far.

    Raises:
        BoardFault: a board cannot be used; nothing has been made then.
        Failure: the file cannot be made, or `stop` came before there was anything to record.
    """
    wearers = make_wearers(config)
    recorder = Recorder(config, wearers)
    try:
        _open_both(wearers)
        session = _begin(config, wearers, stop)
        recorder.attach(session)
        recorder.start()
        _tick_until(recorder, session, seconds, stop, progress)
    finally:
        recorder.close()
    return _finish(recorder, session)


def _open_both(wearers: tuple[Wearer, Wearer]) -> None:
    """Open at the same time: each takes a second or more."""
    with ThreadPoolExecutor(2) as pool:
        for opening in [pool.submit(wearer.open) for wearer in wearers]:
            opening.result()


def _begin(config: Config, wearers: tuple[Wearer, Wearer], stop: threading.Event) -> Session:
    if stop.is_set():
        raise Failure("stopped before anything was recorded", EX_STOPPED)
    codes = {"patient": "P01", "therapist": "T01"}
    try:
        return begin(config, wearers, codes, time.monotonic_ns())
    except OSError as error:
        text = f"{words(error)}: no session file can be made there; give another --out"
        raise Failure(text, EX_CANTCREAT) from error


def _tick_until(
    recorder: Recorder,
    session: Session,
    seconds: float,
    stop: threading.Event,
    progress: Callable[[float], None],
) -> None:
    given_up_ns = time.monotonic_ns() + round((seconds + PATIENCE_S) * 1e9)
    while session.recorded_s < seconds and time.monotonic_ns() < given_up_ns:
        if stop.wait(TICK_S):
            return
        recorder.tick()
        progress(session.recorded_s)


def _finish(recorder: Recorder, session: Session) -> Recorded:
    """What closing the boards still brought in belongs to the session."""
    recorder.tick()
    recorder.detach()
    session.close(time.monotonic_ns())
    boards = [wearer.status(clean_share=None) for wearer in recorder.wearers]
    return Recorded(session.path, boards, recorder.measures)
