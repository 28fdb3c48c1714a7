"""Analysis after a session: everything once more from raw counts, with statistics that hold.

What it finds is in the session's notes, and is read without this room:

from recorder.open import open_session

for it in open_session("latest").results:      # recorder/open/results.py: flat, frozen, stable
    print(it.test, it.name, it.band, it.value, it.chance, it.p_corrected, it.said)
"""
