"""What is measured again: what was measured while it was recorded, and every kind of synchrony."""

from collections.abc import Sequence
from math import isfinite
from typing import Final, cast

import numpy as np

from dsp.mains import STRETCH_S, MainsOpinion, excess, shows_both
from dsp.synchrony import KINDS
from recorder.open import OpenSession
from recorder.open.band_signals import USUAL_MAINS_HZ
from recorder.settings.board import ROLES, BoardSettings, ChannelKind
from recorder.settings.measures import ASYMMETRY_PAIRS, Labels, MeasureSettings, SynchronyKind
from recorder.store.rows import SeriesRow

INDIVIDUAL = "ialpha"
LISTENED_S: Final = 120.0


def chosen_in(session: OpenSession, kinds: Sequence[SynchronyKind] = KINDS) -> MeasureSettings:
    """The pairs, sites, bands and reference that the session's own series have."""
    series = session.series
    between = [it for it in series if len(it.persons) == 2]
    return MeasureSettings(
        kinds=tuple(kinds),
        pairs=tuple(dict.fromkeys(_two(it.channels) for it in between)),
        asymmetry=_asymmetry(series),
        linked_ears=any(session.recipe(role).ear is not None for role in session.roles),
        delta=any(it.band == "delta" for it in series),
        patient_peak_hz=_peak_hz(series, "patient"),
        therapist_peak_hz=_peak_hz(series, "therapist"),
    )


def mains_hz_in(session: OpenSession) -> float:
    """What hummed: as the newest series say, or else as it is heard, or else 50 Hz."""
    told = next((it.mains_hz for it in reversed(session.series) if it.mains_hz), None)
    return told or _heard_hz(session) or USUAL_MAINS_HZ


def _heard_hz(session: OpenSession) -> float | None:
    """50 or 60, from the begin of what both boards sent; None where neither stands out."""
    opinion = MainsOpinion()
    for role in session.roles:
        rate_hz = session.board(role).nominal_rate_hz
        native, n = session.native(role), round(STRETCH_S * rate_hz)
        eeg = [k for k, it in enumerate(session.channels(role)) if it.kind == "eeg"]
        last = min(len(native) - n, round(LISTENED_S * rate_hz))
        for begin in range(0, last + 1 if shows_both(rate_hz) else 0, n):
            uv = native.uv_of(slice(begin, begin + n)).astype(np.float32)[:, eeg]
            excess_db = excess(uv, rate_hz)
            if isfinite(excess_db):
                opinion.hear(excess_db)
    opinion.decide()
    return opinion.hz


def montage_of(session: OpenSession, role: str) -> BoardSettings:
    """One person's channels as the configuration would say them."""
    channels = session.channels(role)
    kinds = {it.label: cast("ChannelKind", it.kind) for it in channels if it.kind != "eeg"}
    labels = tuple(it.label for it in channels)
    return BoardSettings(channels=labels, kinds=kinds, reference=channels[0].reference)


def require_both(session: OpenSession) -> None:
    """See that both people have samples.

    Raises:
        ValueError: one of them has none.
    """
    for role in ROLES:
        if role not in session.roles or session.span_ns(role) is None:
            raise ValueError(f"{session.path}: the {role} has no samples; both people are compared")


def _asymmetry(series: Sequence[SeriesRow]) -> tuple[Labels, ...]:
    """(left, right) of the frontal asymmetries; the definition names the right one first."""
    found = dict.fromkeys(_two(it.channels[::-1]) for it in series if it.name == "faa")
    return tuple(found) or ASYMMETRY_PAIRS


def _peak_hz(series: Sequence[SeriesRow], role: str) -> float:
    """The middle of the person's own alpha; 0 where it was not measured."""
    own = [it for it in series if it.band == INDIVIDUAL and it.persons == (role,)]
    return (own[0].low_hz + own[0].high_hz) / 2 if own else 0.0


def _two(channels: Sequence[str]) -> Labels:
    first, second = channels
    return first, second
