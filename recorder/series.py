"""Which measures are computed for two montages, each with its definition."""

from dataclasses import dataclass

from dsp.bands import DEFAULT_BANDS, BandFilter
from recorder import __version__
from recorder.store.rows import SeriesRow

# right minus left, as in ln(right) - ln(left)
ASYMMETRY_PAIRS = (("F4", "F3"), ("F8", "F7"))
# An earlobe or mastoid is a reference, not a place to compare two brains at.
REFERENCE_SITES = frozenset({"A1", "A2", "M1", "M2"})
HOP_S = 0.25
FAA_WINDOW_S = 10.0
# Shorter windows look synchronised by chance alone (facts: null p95 of PLV < 0.2 from here on).
SYNCHRONY_WINDOW_S = {"theta": 30.0, "alpha": 30.0, "beta": 10.0}
SYNCHRONY_KINDS = ("plv", "accorr", "aec")
ALPHA = next(k for k, band in enumerate(DEFAULT_BANDS) if band.name == "alpha")
