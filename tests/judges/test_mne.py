"""What MNE makes of a session that is given to it."""

import mne
import numpy as np

from recorder.open import OpenSession


def test_both_people_are_raw_objects_of_one_length_and_start(session: OpenSession) -> None:
    raws = session.to_mne()
    assert len({len(raw.times) for raw in raws}) == 1
    assert len({raw.info["meas_date"] for raw in raws}) == 1
    for raw, volts, role in zip(raws, session.pair(), ("patient", "therapist"), strict=True):
        assert isinstance(raw, mne.io.BaseRaw)
        assert raw.info["sfreq"] == 250
        assert tuple(raw.ch_names) == session.labels(role)
        assert np.array_equal(raw.get_data(), volts)


def test_no_epoch_reaches_into_a_hole(session: OpenSession) -> None:
    pair = session.pair()
    for raw, role in zip(session.to_mne(), ("patient", "therapist"), strict=True):
        epochs = mne.make_fixed_length_epochs(raw, 0.5, preload=True, verbose="error")
        begins_s = (epochs.events[:, 0] - raw.first_samp) / 250
        for hole in (hole for hole in pair.holes if hole.role == role):
            begin_s, end_s = ((t - pair.grid.begin_ns) / 1e9 for t in (hole.begin_ns, hole.end_ns))
            assert not ((begins_s < end_s) & (begins_s + 0.496 > begin_s)).any()
