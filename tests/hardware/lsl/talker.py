"""Another program on LSL: python -m tests.hardware.lsl.talker SESSION_ID

Every 0.2 s a marker, in turn `flash` and `tone`, and a number of 60 to 63.
"""

import sys
import threading

from hardware.lsl.library import LslSettings, load


def main(session_id: str) -> None:
    """Talk until killed."""
    pylsl = load(LslSettings(session_id=session_id))
    markers = pylsl.StreamOutlet(pylsl.StreamInfo("stimuli", "Markers", 1, 0, "string", "m1"))
    heart = pylsl.StreamOutlet(pylsl.StreamInfo("heart", "HR", 1, 0, "float32", "h1"))
    pause = threading.Event()
    for number in range(sys.maxsize):
        pause.wait(0.2)
        markers.push_sample([("flash", "tone")[number % 2]])
        heart.push_sample([60.0 + number % 4])


if __name__ == "__main__":
    main(*sys.argv[1:])
