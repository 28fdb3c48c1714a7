"""What pyxdf makes of our XDF, with its defaults."""

from pathlib import Path

import numpy as np
import pyxdf

from recorder.export import export_of
from recorder.open import OpenSession


def test_times_are_bit_equal_and_counts_exact(session: OpenSession, tmp_path: Path) -> None:
    file = next(it for it in export_of("xdf")(session.path, tmp_path) if it.suffix == ".xdf")
    streams = {it["info"]["name"][0]: it for it in pyxdf.load_xdf(file)[0]}
    for role in session.roles:
        native = session.native(role)
        stream = streams[f"{role} {session.person(role).code}".strip()]
        assert np.array_equal(stream["time_stamps"], native.t_ns / 1e9)
        assert np.array_equal(stream["time_series"], native.uv, equal_nan=True)
        there = ~np.isnan(native.uv)
        counts = np.rint(stream["time_series"] / native.scale)
        assert np.array_equal(counts[there], native.counts[there])
    assert len(streams["markers"]["time_stamps"]) == len(session.marks) + 2 * len(session.intervals)
