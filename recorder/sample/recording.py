"""The sample session, recorded on a simulated clock: ten minutes of it in seconds.

Everything but the port and the clock is what records at the bedside: the boards' firmware, their
opening, the decoder, clocks, measures, the session file and its writer.
"""

import select
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.stream import TrueTime
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from recorder.failure import EX_IOERR, Failure
from recorder.privacy.consent import persons
from recorder.progress import Progress, no_progress
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.recording.starting import begin
from recorder.rehearsal.boards import DEFAULT_RATES_HZ, train_edges_s
from recorder.rehearsal.simulated_board import SimulatedBoard
from recorder.sample.story import COUPLED_S, COURSE, MARKS, SECONDS
from recorder.settings.board import ROLES, BoardSettings
from recorder.settings.file import Config
from recorder.store.finish import finish
from recorder.wearers.wearer import Wearer

SEED: Final = 20190710
BEGAN_NS: Final = 3_600_000_000_000  # the machine has been on for an hour, so to say
TRUE_ZERO_S: Final = 1.0  # where second 0 of the story is in the session: the film relies on it
CODES: Final = {"patient": "P01", "therapist": "T01"}
CONSENT: Final = ("eeg", "video", "share")
BEHIND_S: Final = 10.0
PATIENCE_S: Final = 60.0
NEAR_S: Final = 1e-6


class SimulatedClock:
    """CLOCK_MONOTONIC of the simulation."""

    def __init__(self) -> None:
        self.now_ns = BEGAN_NS

    def __call__(self) -> int:
        """What time it is."""
        return self.now_ns


@dataclass(frozen=True, slots=True)
class Recorded:
    """The file, and what is true of it.

    Attributes:
        path: of the session, put away.
        true_zero_s: where second 0 of the story is in the session.
    """

    path: Path
    true_zero_s: float


def record_sample(
    sessions: Path, progress: Progress = no_progress, *, seconds: int = SECONDS
) -> Recorded:
    """Record it into a directory of sessions.

    Raises:
        Failure: the disk does not keep up.
        OSError: nothing can be written there.
    """
    clock, true_time = SimulatedClock(), TrueTime()
    config = Config(sessions=str(sessions), socket=str(sessions / "none.sock"))
    wearers = [_wearer(place, clock, true_time) for place in range(len(ROLES))]
    recorder = Recorder(config, (wearers[0], wearers[1]), monotonic_ns=clock)
    for wearer in recorder.wearers:
        wearer.open()
    session = begin(config, recorder.wearers, persons(CODES, CONSENT), clock())
    recorder.attach(session)
    for second in range(1, seconds + 1):  # a hop of the measures each
        clock.now_ns += 1_000_000_000
        recorder.tick()
        for at_s, label in MARKS:
            if at_s == second:
                recorder.mark(label)
        _await_writer(session)
        progress(second, seconds)
    for wearer in recorder.wearers:
        wearer.board.close()
    recorder.tick()
    recorder.detach()
    session.close(clock())
    zero_s = ((true_time.origin_ns or 0) - session.started_t_ns) / 1e9
    if abs(zero_s - TRUE_ZERO_S) > NEAR_S:
        raise RuntimeError(f"the story begins at {zero_s} s of the session, not at {TRUE_ZERO_S}")
    return Recorded(finish(session.path), zero_s)


def _wearer(place: int, clock: SimulatedClock, true_time: TrueTime) -> Wearer:
    dyad = SyntheticDyad(SEED, coupled_s=COUPLED_S, course=COURSE)
    rate_hz = DEFAULT_RATES_HZ[place]
    cyton = EmulatedCyton(
        SyntheticSource(dyad, place, rate_hz),
        Behaviour(rate_hz=rate_hz, d11_edges_s=train_edges_s(SEED)),
        clock(),
        true_time=true_time,
        rng=np.random.default_rng([SEED, place]),
    )
    board = SimulatedBoard(cyton, ROLES[place], clock)
    return Wearer(ROLES[place], BoardSettings(), board, 50.0)


def _await_writer(session: Session) -> None:
    """The simulation is faster than any disk; nothing of it shall be lost for that."""
    given_up_s = time.monotonic() + PATIENCE_S
    while session.elapsed_s - session.saved_s > BEHIND_S and not session.disk_error:
        if time.monotonic() > given_up_s:
            raise Failure(f"{session.path}: the disk does not keep up", EX_IOERR)
        select.select((), (), (), 0.001)
