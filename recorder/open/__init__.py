"""The one way to read a session: file and notes as one, numpy only.

from recorder.open import open_session

s = open_session("20261128T232114Z-d889")      # id or file
s.patient.code, s.labels("patient"), s.marks, s.intervals, s.words, s.holes
patient, therapist = s.pair(rate=250)           # (channels, n) volts each, the same instants
s.native("patient").counts                      # as the board sent them
s.ratings, s.consensus(), s.interviews          # moments of interest and of no interest
s.measures("plv", band="alpha").columns()       # wide, with .definitions
raw_patient, raw_therapist = s.to_mne()         # needs mne
s.at(video_s=148.0), s.video_time(149.5)        # both ways
s.results                                       # what antiphon analyze found, a flat row a number
"""

from recorder.open.clocks import Clock
from recorder.open.grid import Grid, OnGrid, Pair
from recorder.open.joined import Interval, Mark, Told, Words
from recorder.open.native import Native
from recorder.open.rated import Rating
from recorder.open.results import Result, Run
from recorder.open.session import OpenSession, open_session
from recorder.open.slots import Hole, Slots
from recorder.open.video import Piece, Video
from recorder.open.wide import Measures

__all__ = [
    "Clock",
    "Grid",
    "Hole",
    "Interval",
    "Mark",
    "Measures",
    "Native",
    "OnGrid",
    "OpenSession",
    "Pair",
    "Piece",
    "Rating",
    "Result",
    "Run",
    "Slots",
    "Told",
    "Video",
    "Words",
    "open_session",
]
