"""Measures and contacts of an imported session, as those of a recorded one.

Made from the stored samples by what measures while it is recorded (analysis/replay.py), and stored
as often; contacts are judged every 5 s by the last second.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.quality import ContactState, assess
from hardware.board import MISSING_COUNT
from recorder.analysis.replay import Replayed, replay
from recorder.open import Native, OpenSession
from recorder.progress import Progress
from recorder.settings.board import ROLES
from recorder.settings.measures import Labels, MeasureSettings
from recorder.store.rows import MeasureRows, QualityRow, Row

CONTACTS_EVERY_NS: Final = 5_000_000_000
SECOND_NS: Final = 1_000_000_000
SEED: Final = 20190710  # of the lags of the chance level


def measured(session: OpenSession, chosen: MeasureSettings, progress: Progress) -> Iterator[Row]:
    """Definitions, values and contacts of a session whose samples are stored.

    Raises:
        ValueError: it is too short to be measured, or has no channels that are asked for.
    """
    rng = np.random.default_rng(SEED)
    pairs = tuple(pair for pair in chosen.pairs if _are_there(session, pair))
    chosen = msgspec.structs.replace(chosen, pairs=pairs)
    replayed = replay(session, rng, chosen=chosen, progress=progress)
    yield from replayed.definitions.rows
    yield from _values(replayed)
    mains_hz = next((it.mains_hz for it in replayed.definitions.rows if it.mains_hz), None)
    for place, role in enumerate(session.roles):
        yield from _contacts(session, place, session.native(role), mains_hz)


def _are_there(session: OpenSession, pair: Labels) -> bool:
    """Whether the one has the first of these channels, and the other the second."""
    return all(label in session.labels(role) for role, label in zip(ROLES, pair, strict=True))


def _values(replayed: Replayed) -> Iterator[MeasureRows]:
    """Series whose windows are alike together, at their windows' centres."""
    rows, ends_ns = replayed.definitions.rows, replayed.end_ns
    if len(ends_ns) < 2:
        return
    hop_s = float(ends_ns[1] - ends_ns[0]) * 1e-9
    kinds = dict.fromkeys((it.window_s, it.hop_s, it.persons) for it in rows)
    for kind in kinds:
        window_s, every_s, _ = kind
        own = [at for at, it in enumerate(rows) if (it.window_s, it.hop_s, it.persons) == kind]
        ids, half_ns = np.array([rows[at].id for at in own]), round(window_s * 0.5e9)
        every = max(1, round(every_s / hop_s))
        for hop in range(every - 1, len(ends_ns), every):
            value, clean, percentile = (
                column[hop, own] for column in (replayed.value, replayed.clean, replayed.percentile)
            )
            yield MeasureRows(int(ends_ns[hop]) - half_ns, ids, value, clean, percentile)


def _contacts(
    session: OpenSession, board: int, native: Native, mains_hz: float | None
) -> Iterator[QualityRow]:
    """Every 5 s of one person's samples."""
    header = session.header.boards[board]
    rate_hz, n = header.nominal_rate_hz, round(header.nominal_rate_hz)
    rail_uv = header.rail_counts * header.uv_per_count
    if rate_hz / 2 <= (mains_hz or 0) + 1:
        return
    ended_ns = int(native.t_ns[-1])
    for at_ns in range(session.started_ns + CONTACTS_EVERY_NS, ended_ns + 1, CONTACTS_EVERY_NS):
        second = _second(native, at_ns, n)
        found = assess(second, rate_hz=rate_hz, rail_uv=rail_uv, mains_hz=mains_hz)
        for channel, state in enumerate(found.state):
            yield QualityRow(
                at_ns,
                board,
                channel,
                str(state),
                _known(found.mains_share[channel], state),
                _known(found.peak_to_peak_uv[channel], state),
            )


def _second(native: Native, at_ns: int, n: int) -> NDArray[np.float32]:
    """(n, channels) of the second until then, NaN where samples are missing."""
    begin, end = np.searchsorted(native.t_ns, [at_ns - SECOND_NS, at_ns])
    counts, t_ns = native.counts[begin:end], native.t_ns[begin:end]
    uv = np.full((n, native.counts.shape[1]), np.nan, np.float32)
    places = ((t_ns - (at_ns - SECOND_NS)) * n // SECOND_NS).clip(0, n - 1)
    uv[places] = np.where(counts == MISSING_COUNT, np.nan, counts * native.scale)
    return uv


def _known(value: np.float32, state: ContactState) -> float | None:
    return None if state == ContactState.NO_DATA or not np.isfinite(value) else float(value)
