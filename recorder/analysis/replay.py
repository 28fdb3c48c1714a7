"""A recorded session through the measures once more, hop by hop, as if it came in now.

What measures while it is recorded (recorder/measures/pipeline.py) measures here too, from the raw
counts: so both have the same definitions, and on the same samples and clock the same values. Better
here: the clock may be one that was fitted with the whole session in view, and which mains
hum is known from the start. The band filters are zero-phase as they are: what they give for an
instant rests as much on what came after it as on what came before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.bands import SessionGrid
from dsp.clock import BoardClock, ClockFit
from hardware.board import BoardInfo
from recorder.analysis.asked import chosen_in, mains_hz_in, montage_of, require_both
from recorder.measures.pipeline import POINTS_PER_HOP, Pipeline
from recorder.measures.series import Definitions, bands_of, define
from recorder.open import OpenSession
from recorder.progress import Progress, no_progress
from recorder.settings.board import ROLES
from recorder.settings.measures import MeasureSettings
from recorder.store.headers import BoardHeader
from recorder.store.timeline import Timeline
from recorder.wearers.lane import Lane

Floats = NDArray[np.float64]

# After the last point of a hop: half a filter, a bridge, and what boards sample later.
AHEAD_NS: Final = 500_000_000
DELTA_AHEAD_NS: Final = 1_250_000_000
MORE_NS: Final = 2_000_000_000  # is given at once, for each time costs; a lane keeps 8 s


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A session measured again.

    Attributes:
        definitions: of every series.
        start_ns: of the session grid.
        step_ns: between its points.
        bands: names, in the order of `z`.
        of_patient: how many channels of `z` are the patient's.
        z: (bands, channels of both, points) complex64 µV; NaN where not clean, and while the person
            talks or drums.
        end_ns: (hops,) where the windows end.
        value, clean, percentile: (hops, series), as recorder.measures.pipeline.Values.
    """

    definitions: Definitions
    start_ns: int
    step_ns: int
    bands: tuple[str, ...]
    of_patient: int
    z: NDArray[np.complex64]
    end_ns: NDArray[np.int64]
    value: Floats
    clean: Floats
    percentile: Floats

    @property
    def step_s(self) -> float:
        """From one point to the next."""
        return self.step_ns * 1e-9

    def of_person(self, person: int) -> NDArray[np.complex64]:
        """Band signals of the patient (0) or the therapist (1), (bands, channels, points)."""
        return self.z[:, : self.of_patient] if person == 0 else self.z[:, self.of_patient :]


def replay(
    session: OpenSession,
    rng: np.random.Generator,
    *,
    chosen: MeasureSettings | None = None,
    progress: Progress = no_progress,
) -> Replayed:
    """Measure a session again.

    Args:
        session: with the clock that its samples are to be told by.
        rng: draws the lags of the windows' chance level.
        chosen: what is measured; what the session's series have by default.
        progress: told (hops done, hops in all).

    Raises:
        ValueError: somebody has no samples, or the file is damaged.
    """
    require_both(session)
    chosen, mains_hz = chosen or chosen_in(session), mains_hz_in(session)
    players = [_Player(session, role, mains_hz) for role in ROLES]
    for person, player in enumerate(players):
        rate_hz = player.lane.rate_hz
        player.lane.filter = bands_of(chosen, person, rate_hz, mains_hz)
    lanes = players[0].lane, players[1].lane
    patient, therapist = (montage_of(session, role) for role in ROLES)
    filters = lanes[0].filter, lanes[1].filter
    definitions = define(patient, therapist, filters, chosen=chosen, mains_hz=mains_hz)
    grid = _grid(session)
    pipeline = Pipeline(lanes, definitions, grid.start_ns, rng=rng)
    ahead_ns = DELTA_AHEAD_NS if chosen.delta else AHEAD_NS
    return _run(session, pipeline, players, (grid, ahead_ns), progress)


def _grid(session: OpenSession) -> SessionGrid:
    """From the begin of the session on, at the instants that the recorded measures stand on."""
    grid = SessionGrid(session.started_ns, points_per_hop=POINTS_PER_HOP)
    if session.measured_ns is None:
        return grid
    # Halves of windows are whole hops, so that their centres stand where their ends do.
    later_ns = (session.measured_ns - grid.hop_end_ns(0)) % grid.hop_ns
    return SessionGrid(session.started_ns + later_ns, points_per_hop=POINTS_PER_HOP)


def _run(
    session: OpenSession,
    pipeline: Pipeline,
    players: "list[_Player]",
    timing: tuple[SessionGrid, int],
    progress: Progress,
) -> Replayed:
    grid, ahead_ns = timing
    ended_ns = max(span[1] for role in ROLES if (span := session.span_ns(role)))
    hops = max((ended_ns - grid.start_ns) // grid.hop_ns, 0)
    bands, channels, points = pipeline.signals.shape
    z = np.empty((bands, channels, hops * points), np.complex64)
    told = np.empty((3, hops, len(pipeline.definitions.rows)))
    of_patient = len(players[0].lane.labels)
    for hop in range(hops):
        end_ns = grid.hop_end_ns(hop)
        for player in players:
            player.play_until(end_ns, ahead_ns)
        if not pipeline.advance(end_ns + NEVER_NS):
            raise RuntimeError(f"hop {hop} was not computed")
        values = pipeline.values()
        told[:, hop] = values.value, values.clean, values.percentile
        own = z[..., hop * points : (hop + 1) * points]
        own[...] = pipeline.signals
        for person, brain in enumerate(pipeline.brains):
            if brain.guard is not None:
                own[:, _whose(person, of_patient)] = np.nan
        progress(hop + 1, hops)
    ends = np.array([grid.hop_end_ns(hop) for hop in range(hops)], np.int64)
    names = tuple(band.name for band in players[0].lane.filter.bands)
    return Replayed(
        pipeline.definitions, grid.start_ns, grid.step_ns, names, of_patient, z, ends, *told
    )


# Whoever asks for a hop at this time after it has waited long enough.
NEVER_NS: Final = 10_000_000_000


def _whose(person: int, of_patient: int) -> slice:
    return slice(None, of_patient) if person == 0 else slice(of_patient, None)


class _ToldClock(BoardClock):
    """A clock that is told its knots, a segment after the other, instead of looking at arrivals."""

    def __init__(self, rate_hz: float, timelines: Iterator[Timeline]) -> None:
        super().__init__(rate_hz)
        self._timelines = timelines
        self._knots: list[ClockFit] = []

    def begin_segment(self) -> None:
        """Begin with the first knot of the next segment."""
        self._public.clear()
        self._knots = _fits(next(self._timelines))[::-1]
        self._public.add(self._knots.pop())

    def tell_until(self, t_ns: int) -> None:
        """Bend the line as often as it was bent until then."""
        while self._knots and self._knots[-1].t_ns <= t_ns:
            self._public.add(self._knots.pop())


def _fits(timeline: Timeline) -> list[ClockFit]:
    """Its knots; of a line made of arrivals alone it is not known how sure they are."""
    sigma_ns = 0.0 if timeline.settled else np.inf
    knots = zip(
        timeline.index.tolist(), timeline.t_ns.tolist(), timeline.period_ns.tolist(), strict=True
    )
    return [
        ClockFit(index, t_ns, period_ns, 0.0, sigma_ns, 1e9 / period_ns, 0.0, False, 0)
        for index, t_ns, period_ns in knots
    ]


class _Player:
    """One person's samples, given to a lane in the order of time."""

    def __init__(self, session: OpenSession, role: str, mains_hz: float) -> None:
        board, native = session.board(role), session.native(role)
        segments = np.unique(native.segment).tolist()
        timelines = (session.timeline(role, segment) for segment in segments)
        self._clock = _ToldClock(board.nominal_rate_hz, timelines)
        self.lane = Lane(_info(board), session.labels(role), mains_hz, clock=self._clock)
        self.lane.expect_mains(mains_hz, sure=True)
        self._native = native
        breaks = (np.diff(native.index) != 1) | (np.diff(native.segment) != 0)
        self._breaks = np.flatnonzero(breaks) + 1
        self._begins = np.flatnonzero(np.diff(native.segment)) + 1  # of later segments
        self._next = 0

    def play_until(self, end_ns: int, ahead_ns: int) -> None:
        """Give what a hop that ends at `end_ns` needs."""
        needed = self._needed(end_ns, end_ns + ahead_ns)
        if needed > self._next:
            last = self._with_more(needed, end_ns + ahead_ns + MORE_NS)
            inside = self._breaks[(self._breaks > self._next) & (self._breaks < last)]
            for first, end in pairwise([self._next, *inside.tolist(), last]):
                self._give(first, end)
            self._next = last
        self._clock.tell_until(end_ns + ahead_ns)

    def _needed(self, end_ns: int, until_ns: int) -> int:
        """The number of the first sample that is not needed.

        A new segment makes a lane forget the one before: it waits until the hop reaches into it.
        """
        t_ns = self._native.t_ns
        last = int(t_ns.searchsorted(until_ns, side="right"))
        begin = self._begins.searchsorted(self._next, side="right")
        for later in self._begins[begin:].tolist():
            if later < last and t_ns[later] > end_ns:
                last = later
        return last

    def _with_more(self, needed: int, until_ns: int) -> int:
        """As far as nothing is missing; what comes after a hole would tell that it has ended."""
        last = int(self._native.t_ns.searchsorted(until_ns, side="right"))
        begin = self._breaks.searchsorted(needed)
        first_break: list[int] = self._breaks[begin : begin + 1].tolist()
        return min([last, *first_break])

    def _give(self, first: int, end: int) -> None:
        native = self._native
        segment, index = int(native.segment[first]), int(native.index[first])
        self.lane.hold(segment, index, native.counts[first:end])


def _info(board: BoardHeader) -> BoardInfo:
    """A board as its lane was told of it."""
    return BoardInfo(
        kind=board.kind,
        port=board.port,
        serial=board.serial,
        firmware=board.firmware,
        rate_hz=board.nominal_rate_hz,
        channels=len(board.channels),
        uv_per_count=board.uv_per_count,
        rail_counts=board.rail_counts,
        aux_labels=board.aux_labels,
        channel_delay_s=tuple(channel.delay_s for channel in board.channels),
    )
