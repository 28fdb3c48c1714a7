"""A recording's time on the clock of a session, by the sync train that both have seen.

    session_s = offset_s + video_s * (1 + drift_ppm * 1e-6)

`session_s` counts from the session's `started_t_ns`, `video_s` is the time stamp in the file.
"""
