"""A recording in the foreground, of a given length, without a socket or a screen."""

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from recorder.failure import EX_CANTCREAT, EX_STOPPED, EX_UNAVAILABLE, Failure, words
from recorder.periods import Period
from recorder.privacy.consent import persons
from recorder.recording.alarms import LOOK_S as LOOK_ALARMS_S
from recorder.recording.alarms import Alarms, found
from recorder.recording.impairments import Impairments
from recorder.recording.recorder import Recorder, until_tick_s
from recorder.recording.rollover import LOOK_S, Parts, PartStep
from recorder.recording.session import Session
from recorder.recording.starting import begin, make_wearers
from recorder.recording.waiting import Ended
from recorder.settings.file import Config
from recorder.wearers.wearer import Wearer
from recorder.wire.messages import BoardStatus, Measures

# How much longer than asked to wait for boards that deliver nothing.
PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it: the closed file, each board's last status and fault, the last measures.

    `mains_hz` is which mains were found, 50 or 60; None where neither stood out; `missing_s` is for
    each role how much time is in gaps.
    """

    path: Path
    boards: list[BoardStatus]
    faults: list[str]
    measures: Measures | None
    mains_hz: float | None
    missing_s: dict[str, float]


def record(
    config: Config,
    seconds: float,
    stop: threading.Event,
    progress: Callable[[float], None] = lambda _: None,
    *,
    consent: Collection[str] = ("eeg",),
) -> Recorded:
    """Open both boards, record `seconds` of data (or until `stop` is set), close the file.

    `progress` is told the seconds recorded so far; `consent` is what both have agreed to.

    Raises:
        PermissionError: there is no consent to the EEG.
        BoardFault: a board cannot be used; nothing has been made then.
        Failure: the file cannot be made, or `stop` came before there was anything to record.
    """
    wearers = make_wearers(config)
    recorder = Recorder(config, wearers)
    parts = Parts(config, recorder)
    try:
        _open_both(wearers)
        recorder.attach(_begin(config, wearers, consent, seconds, stop))
        recorder.start()
        _tick_until(recorder, parts, seconds, stop, progress)
    finally:
        recorder.close()
    return _finish(recorder, parts, seconds, stop)


def _open_both(wearers: tuple[Wearer, Wearer]) -> None:
    """Open at the same time: each takes a second or more."""
    with ThreadPoolExecutor(2) as pool:
        for opening in [pool.submit(wearer.open) for wearer in wearers]:
            opening.result()


def _begin(
    config: Config,
    wearers: tuple[Wearer, Wearer],
    consent: Collection[str],
    seconds: float,
    stop: threading.Event,
) -> Session:
    if stop.is_set():
        raise Failure("stopped before anything was recorded", EX_STOPPED)
    people = persons({"patient": "P01", "therapist": "T01"}, consent)
    try:
        return begin(config, wearers, people, time.monotonic_ns(), planned_s=seconds)
    except OSError as error:
        text = f"{words(error)}: no session file can be made there; give another --out"
        raise Failure(text, EX_CANTCREAT) from error


def _tick_until(
    recorder: Recorder,
    parts: Parts,
    seconds: float,
    stop: threading.Event,
    progress: Callable[[float], None],
) -> None:
    given_up_ns = time.monotonic_ns() + round((seconds + PATIENCE_S) * 1e9)
    look, look_for_alarms = Period(LOOK_S), Period(LOOK_ALARMS_S)
    alarms, impairments = Alarms(), Impairments()
    while parts.recorded_s < seconds and time.monotonic_ns() < given_up_ns:
        if stop.wait(until_tick_s(time.monotonic_ns())):
            return
        recorder.tick()
        if look.due(time.monotonic_ns()):
            _change_part(recorder, parts)
        if look_for_alarms.due(now_ns := time.monotonic_ns()):
            wrong = found(recorder, parts, impairments)
            alarms.observe(now_ns, wrong, recorder.session)
        progress(parts.recorded_s)


def _change_part(recorder: Recorder, parts: Parts) -> None:
    """End a part that cannot be written, begin the next when it can; the boards are buffered."""
    step = parts.look()
    if step is PartStep.END and (ended := parts.end()) is not None:
        parts.close(ended)
    elif step is PartStep.BEGIN and (begun := parts.begin()) is not None:
        recorder.attach(begun)


def _finish(recorder: Recorder, parts: Parts, seconds: float, stop: threading.Event) -> Recorded:
    """What closing the boards still brought in belongs to the session."""
    recorder.tick()
    recorded_s, session = parts.recorded_s, recorder.detach()
    if session is not None:
        parts.endings.stop(session)
    newest = session or parts.forget()
    if newest is None or (recorded_s < seconds and not stop.is_set()):
        raise Failure(_shortfall(recorder, recorded_s, newest), EX_UNAVAILABLE)
    boards = [wearer.status(clean_share=None) for wearer in recorder.wearers]
    faults = [wearer.fault for wearer in recorder.wearers]
    found_hz, missing_s = recorder.mains.found_hz, newest.missing_s
    return Recorded(newest.path, boards, faults, recorder.measures, found_hz, missing_s)


def _shortfall(recorder: Recorder, recorded_s: float, newest: Ended | None) -> str:
    faults = [f"{one.role}: {one.fault or one.state.value}" for one in recorder.wearers]
    where = "" if newest is None else f"; what there is, is in {newest.path}"
    return f"only {recorded_s:.0f} s could be recorded: {'; '.join(faults)}{where}"
