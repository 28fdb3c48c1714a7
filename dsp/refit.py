"""The clock once more, off-line, with all of a segment in view. Needs scipy; never in the service.

Unknown are, once a second, the time of a sample and the delay; between two of these knots both are
straight. All that is known of them is a sum of squares, each over what it may be off by:

    time bends      the oscillator's wander: second differences of the times
    delay steps     adapter and host beat: first differences of the delay
    floor           the earliest arrival of each second lies at time + delay: hardly ever earlier,
                    often later (asymmetric least squares: Eilers, Boelens, 2005)
    edges           between two samples of the board lies an edge that the host saw: anywhere there,
                    but hardly outside
    shared edges    the same of the difference of two boards

Which side a residual lies on is not known before, so the sum is minimised again until all know.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.special import ndtr

from dsp.clock import DELAY_SIGMA_NS
from dsp.clock_frame import NO_EDGES, Edges, Floats, Frame, Integers, SegmentReads
from dsp.floor import (
    DELAY_WANDER_NS,
    EARLY_NS,
    EDGE_SIGMA_NS,
    LATE_NS,
    PERIOD_WANDER,
    SECOND_NS,
)

__all__ = ["NO_EDGES", "Edges", "Refit", "SegmentReads", "SharedEdges", "refit", "refit_tied"]

FLOOR_ROUNDS: Final = 6  # without the edges: until then an edge may seem to be far off
ROUNDS: Final = 16
EDGE_REACH_NS: Final = 5 * DELAY_SIGMA_NS  # an edge farther outside belongs elsewhere
STAMP_NS: Final = 0.1 * EDGE_SIGMA_NS  # the span of a host's instant: a point, as far as we can see
SIGMA_EVERY: Final = 16  # knots; in between it is drawn straight
_CORNERS: Final = np.array([1.0, -1.0, -1.0, 1.0])  # of a trapezoid, as its slope changes there


@dataclass(frozen=True, slots=True, eq=False)
class SharedEdges:
    """Edges that two boards saw and the host did not: (n,) index and width at each."""

    index_a: Integers
    width_a: Integers
    index_b: Integers
    width_b: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A segment's clock: as `dsp.clock.times_from_knots` reads it, and how well it fits.

    Attributes:
        index, t_ns, period_ns, sigma_ns: (knots,) see `ClockFit`.
        delay_ns: (knots,) from converter to host.
        edges_used: edges of the host's that fit.
        edges_refused: those that lie far outside the samples they should lie between.
        floor_rms_ns: of the earliest arrivals about the floor.
    """

    index: Integers
    t_ns: Integers
    period_ns: Floats
    sigma_ns: Floats
    delay_ns: Floats
    edges_used: int
    edges_refused: int
    floor_rms_ns: float


def refit(segment: SegmentReads) -> Refit:
    """Fit one segment.

    Raises:
        ValueError: it is too short to be fitted.
    """
    frame = Frame(segment)
    [fitted] = _solve([frame], [_edge_bounds(frame, 0)])
    return fitted


def refit_tied(a: SegmentReads, b: SegmentReads, shared: SharedEdges) -> tuple[Refit, Refit]:
    """Fit a segment of each of two boards at once, tied by the edges that both saw.

    Raises:
        ValueError: one is too short to be fitted.
    """
    frames = [Frame(a), Frame(b)]
    bounds = [_edge_bounds(frame, place) for place, frame in enumerate(frames)]
    fitted_a, fitted_b = _solve(frames, [*bounds, _tie_bounds(frames[0], frames[1], shared)])
    return fitted_a, fitted_b


@dataclass(frozen=True, slots=True, eq=False)
class _Bounds:
    """Rows that are to lie between two bounds.

    Attributes:
        parts: for each board that takes part: its place, and (n, knots) of its times.
        low, high: (n,) ns.
        slant: (n,) the shorter of the spans of the two instants, ns.
    """

    parts: list[tuple[int, Any]]
    low: Floats
    high: Floats
    slant: Floats


def _edge_bounds(frame: Frame, place: int) -> _Bounds:
    edges = frame.segment.edges
    low = frame.left(edges.index, edges.t_ns)
    slant = np.full(len(low), STAMP_NS)
    parts = [(place, frame.spread(edges.index))]
    return _Bounds(parts, low, low + edges.width * frame.period, slant)


def _tie_bounds(a: Frame, b: Frame, shared: SharedEdges) -> _Bounds:
    """Bounds of time_b - time_a, less what the two lines differ by."""
    line_a, line_b = (
        frame.base_ns - a.base_ns + (index - frame.first) * frame.period
        for frame, index in ((a, shared.index_a), (b, shared.index_b))
    )
    parts = [(0, -a.spread(shared.index_a)), (1, b.spread(shared.index_b))]
    span_a, span_b = shared.width_a * a.period, shared.width_b * b.period
    apart = line_a - line_b
    return _Bounds(parts, apart - span_a, apart + span_b, np.minimum(span_a, span_b))


@dataclass(slots=True, eq=False)
class _System:
    """The equations of all boards; the unknowns are (times, delays) of each in turn, in ns."""

    frames: list[Frame]
    smooth: Any  # sparse rows, each over its sigma
    floors: Any
    floor_ns: Floats
    burst: Floats
    between: Any
    low: Floats
    high: Floats
    slant: Floats


def _assemble(frames: list[Frame], bounds: list[_Bounds]) -> _System:
    floors = [sparse.hstack([frame.spread(frame.floor_index)] * 2) for frame in frames]
    return _System(
        frames=frames,
        smooth=sparse.block_diag([_smoothness(frame) for frame in frames], format="csr"),
        floors=sparse.block_diag(floors, format="csr"),
        floor_ns=np.concatenate([frame.floor_ns for frame in frames]),
        burst=np.concatenate([np.full(len(frame.floor_ns), frame.burst) for frame in frames]),
        between=sparse.vstack([_widened(frames, bound) for bound in bounds], format="csr"),
        low=np.concatenate([bound.low for bound in bounds]),
        high=np.concatenate([bound.high for bound in bounds]),
        slant=np.concatenate([bound.slant for bound in bounds]),
    )


def _smoothness(frame: Frame) -> Any:
    """Rows: bends of the time, steps of the delay, and the delay known beforehand."""
    knots = len(frame.knots)
    bend_ns = PERIOD_WANDER * SECOND_NS * frame.seconds**1.5
    bends = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(knots - 2, knots))
    step_ns = DELAY_WANDER_NS * frame.burst * frame.seconds**0.5
    steps = sparse.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(knots - 1, knots))
    known = frame.segment.known
    sigma_ns = DELAY_SIGMA_NS if known is None else known.delay_sigma_ns
    first = sparse.csr_array(([1.0], ([0], [0])), shape=(1, knots))
    delays = sparse.vstack([steps / step_ns, first / sigma_ns])
    return sparse.block_diag([bends / bend_ns, delays])


def _widened(frames: list[Frame], bound: _Bounds) -> Any:
    """The rows of a bound over the unknowns of all boards."""
    blocks = []
    for place, frame in enumerate(frames):
        nothing = sparse.csr_array((len(bound.low), len(frame.knots)))
        mine = [part for at, part in bound.parts if at == place]
        blocks += [mine[0] if mine else nothing, nothing]
    return sparse.hstack(blocks)


def _solve(frames: list[Frame], bounds: list[_Bounds]) -> list[Refit]:
    """Minimise the sum of squares, until each row knows on which side it lies."""
    system = _assemble(frames, bounds)
    unknown = np.zeros(system.smooth.shape[1])
    smooth = system.smooth.T @ system.smooth
    for count in range(ROUNDS):
        floor_weight = _floor_weight(system.floor_ns - system.floors @ unknown, system.burst)
        at_ns = system.between @ unknown
        pull, hold = np.multiply(_bounded(at_ns, system), count >= FLOOR_ROUNDS)
        normal = smooth + system.floors.T @ sparse.diags_array(floor_weight) @ system.floors
        normal = normal + system.between.T @ sparse.diags_array(hold) @ system.between
        wanted = system.floors.T @ (floor_weight * system.floor_ns)
        factors = splu(sparse.csc_array(normal))
        unknown = factors.solve(wanted + system.between.T @ (hold * at_ns + pull))
    return _refits(system, unknown, factors)


def _floor_weight(late_ns: Floats, burst: Floats) -> Floats:
    """One over the variance; of what is very late, the pull stays the same (Huber)."""
    late_sigma = LATE_NS * burst
    weight = 1 / (late_sigma * np.maximum(late_sigma, late_ns))
    return np.where(late_ns < 0, 1 / (EARLY_NS * burst) ** 2, weight)


def _bounded(at_ns: Floats, system: _System) -> tuple[Floats, Floats]:
    """How strongly each row is pulled, and how firmly it is held: slope and bend of its doubt.

    Of two instants, each anywhere in a span of its own, the difference is likely as a trapezoid is
    high; a bell blurs it. The doubt is minus its logarithm. Far outside the pull stays the same
    (Huber).
    """
    low, high, slant = (each / EDGE_SIGMA_NS for each in (system.low, system.high, system.slant))
    at = at_ns / EDGE_SIGMA_NS
    near = np.clip(at, low - 1, high + 1)
    corners = np.array([near - low, near - low - slant, near - high + slant, near - high])
    bell = np.exp(-(corners**2) / 2) / math.sqrt(2 * math.pi)
    below = ndtr(corners)
    likely, rise, bent = (_CORNERS @ each for each in (corners * below + bell, below, bell))
    pull = rise / likely
    outside = np.maximum(low - at, at - high)
    hold = np.where(outside > 1, np.abs(pull) / np.maximum(outside, 1), pull**2 - bent / likely)
    fits = outside < EDGE_REACH_NS / EDGE_SIGMA_NS
    return fits * pull / EDGE_SIGMA_NS, fits * hold / EDGE_SIGMA_NS**2


def _refits(system: _System, unknown: Floats, factors: Any) -> list[Refit]:
    late_ns = system.floor_ns - system.floors @ unknown
    fitted, begin, floor_begin = [], 0, 0
    for frame in system.frames:
        knots, floors = len(frame.knots), len(frame.floor_ns)
        places = np.append(np.arange(0, knots - 1, SIGMA_EVERY), knots - 1)
        columns = np.zeros((len(unknown), len(places)))
        columns[begin + places, np.arange(len(places))] = 1.0
        variance = factors.solve(columns)[begin + places, np.arange(len(places))]
        fitted.append(
            _one(
                frame,
                unknown[begin : begin + 2 * knots],
                np.interp(np.arange(knots), places, np.sqrt(variance)),
                late_ns[floor_begin : floor_begin + floors],
            )
        )
        begin, floor_begin = begin + 2 * knots, floor_begin + floors
    return fitted


def _one(frame: Frame, unknown: Floats, sigma_ns: Floats, late_ns: Floats) -> Refit:
    times, delays = np.split(unknown, 2)
    line_ns = (frame.knots - frame.first) * frame.period
    t_ns = frame.base_ns + np.rint(line_ns + times).astype(np.int64)
    period_ns = np.diff(t_ns) / np.diff(frame.knots)
    edges = _edge_bounds(frame, 0)
    at_ns = edges.parts[0][1] @ times
    used = np.count_nonzero(np.maximum(edges.low - at_ns, at_ns - edges.high) < EDGE_REACH_NS)
    return Refit(
        index=frame.knots,
        t_ns=t_ns,
        period_ns=np.append(period_ns, period_ns[-1]),
        sigma_ns=sigma_ns,
        delay_ns=frame.delay_ns + delays,
        edges_used=int(used),
        edges_refused=len(edges.low) - int(used),
        floor_rms_ns=float(np.sqrt(np.mean(late_ns**2))),
    )
