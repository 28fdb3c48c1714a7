"""What lost packets leave of the measures, and what is said where they leave nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.absence import Absence
from recorder.settings.board import DEFAULT_CHANNELS
from tests.loss.losses import Losses
from tests.recorder.measures.dyad import SENT, Dyad
from tests.recorder.scripted_board import Signal, eeg

F3, F4 = (DEFAULT_CHANNELS.index(label) for label in ("F3", "F4"))
ALPHA = {"F3": 10.0, "F4": 20.0, "O1": 10.0}
PATIENT, BOTH = (0,), (0, 1)


def on_a_ward(signal: Signal, blink_every_s: float) -> Signal:
    """With 0.3 mV of mains in all channels, and blinks of 200 µV in F3 and F4."""

    def uv(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        felt: NDArray[np.float64] = signal(t_s) + 300 * np.sin(2 * np.pi * 50 * t_s)[:, None]
        since_s = t_s % blink_every_s
        lid = 200 * np.sin(np.pi * since_s / 0.3) ** 2 * (since_s < 0.3)
        felt[:, [F3, F4]] += lid[:, None]
        return felt

    return uv


def lossy(losses: Losses, blink_every_s: float = 5.0) -> Dyad:
    """Half a minute of two people, of whom both lose the same."""
    lost = losses.draw(SENT, np.random.default_rng(4))
    patient, therapist = (on_a_ward(eeg(seed, ALPHA), blink_every_s) for seed in (1, 2))
    dyad = Dyad(patient, therapist, lost=lost)
    dyad.go_on(0, 34)
    return dyad


def clean(dyad: Dyad, name: str) -> float:
    """Of the alpha of this name, in its cleanest place."""
    return max(
        share for row, _, share, _ in dyad.values() if (row.name, row.band) == (name, "alpha")
    )


def test_a_hundredth_lost_leaves_every_value_and_the_clean_share_pays() -> None:
    whole, holed = lossy(Losses(0.0)), lossy(Losses(0.01))
    for before, after in zip(whole.values(), holed.values(), strict=True):
        assert np.isfinite(after[1]) == np.isfinite(before[1]), after[0]
    assert holed.value("faa", "patient", "F4-F3") == pytest.approx(
        whole.value("faa", "patient", "F4-F3"), abs=0.05
    )
    # Of two people both are taken off.
    assert clean(whole, "parietal") - clean(holed, "parietal") == pytest.approx(0.01, abs=0.007)
    assert clean(whole, "plv") - clean(holed, "plv") == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize(
    "losses",
    [Losses(0.12), Losses(0.3), Losses(0.15, run=10), Losses(0.3, run=60), Losses(0.25, run=5)],
    ids=lambda losses: losses.name,
)
def test_where_loss_took_the_value_that_is_the_reason(losses: Losses) -> None:
    dyad = lossy(losses)
    for row, value, _, _ in dyad.values():
        assert np.isnan(value), row
    faa, plv = clean(dyad, "faa"), clean(dyad, "plv")
    assert max(faa, plv) < 0.5
    assert dyad.pipeline.absence(PATIENT, (F4, F3), faa) is Absence.LOSS
    for channel in range(7):
        assert dyad.pipeline.absence(BOTH, (channel, channel), plv) is Absence.LOSS


def test_where_blinks_took_the_value_a_few_lost_packets_are_not_the_reason() -> None:
    dyad = lossy(Losses(0.01), blink_every_s=1.7)
    faa, plv = clean(dyad, "faa"), clean(dyad, "plv")
    assert dyad.pipeline.absence(PATIENT, (F4, F3), faa) is Absence.BLINK
    assert plv > 0.9  # at the back of the head
    assert np.isnan(dyad.value("plv", "both", "F4-F4"))
    assert dyad.pipeline.absence(BOTH, (F4, F4), 0.3) is Absence.BLINK
