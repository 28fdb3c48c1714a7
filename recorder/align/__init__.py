"""A recording's time on the clock of a session, by the sync train that both have seen.

    session_s = offset_s + video_s * (1 + drift_ppm * 1e-6)

`session_s` counts from the session's `started_t_ns`, `video_s` is the time stamp in the file.

    train.py     the pulses, as the session file has them
    media.py     a video or sound file, opened (PyAV)
    picture.py   brightness of many places of a picture      sound.py   loudness of many pitches
    flashes.py   brightness or loudness ─▶ short pulses
    search.py    which place or pitch has the train, and where in it
    exposure.py  how long a frame gathers light, and when it begins
    keep.py      the row for the notes
"""
