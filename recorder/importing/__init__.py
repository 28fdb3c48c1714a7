"""Other programs' recordings of one person or of both, as a session file like any other.

reading     which reader a file needs: text.py (hardware/recordings), xdf.py, edf.py, fif.py
channels    what its channels are called, and whose they are
clock       when each sample was, by the file's own clock
alignment   one clock for both: by time stamps, a common trigger, or an offset that is given
measuring   the measures that it would have been recorded with
writing     the session file
"""
