"""A session of many hours on a simulated clock, and the accounts of it.

Everything but the port is real: the boards' firmware and faults, their opening, the decoder, the
counter, the lanes, the measures, the session and the writer. A tick is a second, where the service
makes ten, so that every hop of the measures is computed; a read comes every 200 ms, where a port
gives twenty. The emulator makes its frames five seconds at a time, and none of what it makes is
different for it.
"""

import gc
import select
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from hardware.emulated import stream
from hardware.emulated.cyton import Behaviour, BoardTruth, EmulatedCyton
from hardware.emulated.stream import TrueTime
from recorder.privacy.consent import persons
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.recording.starting import begin
from recorder.rehearsal.simulated_board import SimulatedBoard
from recorder.settings.board import ROLES, BoardSettings
from recorder.settings.file import Config
from recorder.store.catalog import find
from recorder.store.files import size_of
from recorder.wearers.wearer import Wearer
from tests.soak.people import NumberedSource, faults

TICK_S = 1
FRAMES_AHEAD = 1250
RATES_HZ = (250.33, 250.51)
CATCH_UP_EVERY_S = 30
_SAVED_WITHIN_S = 10.0
_PATIENCE_S = 60.0


Maker = Callable[[int, int, int, int], EmulatedCyton]  # of now_ns, place, seconds, seed


class Clock:
    """CLOCK_MONOTONIC of the simulation: an hour after the machine was switched on, so to say."""

    def __init__(self) -> None:
        self.now_ns = 3_600_000_000_000

    def __call__(self) -> int:
        return self.now_ns


@dataclass(frozen=True, slots=True)
class Memory:
    """What the process holds: `anon_kib` is its own, `rss_kib` has the files it maps, too."""

    t_s: int
    anon_kib: int
    rss_kib: int
    blocks: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Growth:
    """What a process holds more of than before; `blocks` are Python's.

    `anon_kib_per_hour` is a line through all but the first quarter: a leak goes on, warming up
    does not.
    """

    anon_kib: int
    rss_kib: int
    blocks: int
    anon_kib_per_hour: float


@dataclass(frozen=True, slots=True)
class Day:
    """What came of it.

    Attributes:
        path: of the session's file, closed.
        seconds: how long it was, simulated.
        wall_s: how long it took.
        cpu_s: how much of a processor it took.
        memory: at even intervals.
        truths: what each board really did from the start of the session to its end.
        unheard: frames of each board that came while it was being opened or closed.
    """

    path: Path
    seconds: int
    wall_s: float
    cpu_s: float
    memory: list[Memory]
    truths: list[BoardTruth]
    unheard: list[int]

    @property
    def growth(self) -> Growth:
        """From the second quarter's highest to the last one's; in the first, buffers fill."""
        quarter = len(self.memory) // 4
        before, after = self.memory[quarter : 2 * quarter], self.memory[-quarter:]
        return Growth(
            anon_kib=max(it.anon_kib for it in after) - max(it.anon_kib for it in before),
            rss_kib=max(it.rss_kib for it in after) - max(it.rss_kib for it in before),
            blocks=max(it.blocks for it in after) - max(it.blocks for it in before),
            anon_kib_per_hour=_slope_per_hour(self.memory[quarter:]),
        )

    @property
    def file_bytes_per_hour(self) -> float:
        """How fast the closed file grew."""
        return self.path.stat().st_size / self.seconds * 3600


def live(
    directory: Path,
    seconds: int,
    seed: int,
    *,
    look_every_s: int,
    tell: Callable[[Memory], None] = lambda _: None,
) -> Day:
    """Record a session of `seconds` with faults that `seed` decides.

    What is in memory is looked at, and told, every `look_every_s`.
    """
    with mock.patch.object(stream, "_AHEAD", FRAMES_AHEAD):
        return _live(directory, seconds, seed, _Looks(look_every_s, tell))


@dataclass(frozen=True, slots=True)
class _Looks:
    every_s: int
    tell: Callable[[Memory], None]


def _live(directory: Path, seconds: int, seed: int, looks: _Looks) -> Day:
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    box = Box(directory, seconds, seed)
    memory = []
    for second in range(TICK_S, seconds + 1, TICK_S):
        box.tick()
        if second % CATCH_UP_EVERY_S == 0:
            _await_writer(box.session)
        if second % looks.every_s == 0:
            memory.append(_memory(second, box.session.path))
            looks.tell(memory[-1])
    box.end()
    truths = [it.truth() for it in box.cytons]
    unheard = [board.unheard for board in box.boards]
    path = find(directory, box.session.id)
    took_s, took_cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    return Day(path, seconds, took_s, took_cpu_s, memory, truths, unheard)


def _cyton(now_ns: int, place: int, seconds: int, seed: int) -> EmulatedCyton:
    rng = np.random.default_rng([seed, place])
    script = tuple(faults(rng, seconds - 60.0))
    return EmulatedCyton(
        NumberedSource(seed, place, RATES_HZ[place]),
        Behaviour(rate_hz=RATES_HZ[place], faults=script),
        now_ns,
        true_time=TrueTime(),
        rng=rng,
    )


class Box:
    """Two simulated boards and a recorder, with a session in `directory` that has begun."""

    def __init__(
        self,
        directory: Path,
        seconds: int,
        seed: int,
        *,
        cyton: Maker = _cyton,
        board: type[SimulatedBoard] = SimulatedBoard,
    ) -> None:
        """Boards are of the class `board`, with what `cyton` makes behind them."""
        clock = self.clock = Clock()
        self.cytons = [cyton(clock(), place, seconds, seed) for place in range(len(ROLES))]
        people = list(zip(ROLES, self.cytons, strict=True))
        self.boards = [board(it, role, clock) for role, it in people]
        config = Config(sessions=str(directory), socket=str(directory / "none.sock"))
        patient, therapist = (
            Wearer(role, BoardSettings(), it, 50.0)
            for role, it in zip(ROLES, self.boards, strict=True)
        )
        self.recorder = Recorder(config, (patient, therapist), monotonic_ns=clock)
        for wearer in self.recorder.wearers:
            wearer.open()
        agreed = persons({"patient": "P01", "therapist": "T01"}, ("eeg",))
        self.session = begin(config, self.recorder.wearers, agreed, clock())
        self.recorder.attach(self.session)

    def tick(self, tick_ns: int = TICK_S * 1_000_000_000) -> None:
        """Let a tick go by."""
        self.clock.now_ns += tick_ns
        self.recorder.tick()

    def end(self) -> None:
        """Close the boards, then the session."""
        for board in self.boards:
            board.close()
        self.recorder.tick()
        self.recorder.detach()
        self.session.close(self.clock())


def _await_writer(session: Session) -> None:
    """The simulation is faster than any disk; nothing of it shall be lost for that."""
    given_up_s = time.monotonic() + _PATIENCE_S
    while session.elapsed_s - session.saved_s > _SAVED_WITHIN_S and not session.disk_error:
        if time.monotonic() > given_up_s:
            raise TimeoutError("the writer does not keep up")
        select.select((), (), (), 0.001)


def _memory(second: int, path: Path) -> Memory:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    told = dict(line.split(":", 1) for line in status.splitlines())
    anon_kib, rss_kib = (int(told[name].split()[0]) for name in ("RssAnon", "VmRSS"))
    return Memory(second, anon_kib, rss_kib, sys.getallocatedblocks(), size_of(path))


def _slope_per_hour(looks: list[Memory]) -> float:
    hours = np.array([it.t_s / 3600 for it in looks])
    return float(np.polyfit(hours, [it.anon_kib for it in looks], 1)[0])
