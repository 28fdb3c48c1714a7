"""What people hand in about the sample session: the transcript, and moments of raters, interviews.

The transcript and raters go by the video, which is what they watched; the interviews as well.
"""

from pathlib import Path

from recorder.durable import write_whole
from recorder.sample.film import video_s
from recorder.sample.story import INTERVIEWS, LINES, RATERS, Seen

TRANSCRIPT = "transcript.vtt"


def write_papers(directory: Path, true_zero_s: float) -> dict[str, Path]:
    """By whose they are: "transcript", a rater's code, or a role.

    Raises:
        OSError: they cannot be written.
    """
    papers = {"transcript": directory / TRANSCRIPT}
    write_whole(papers["transcript"], _transcript(true_zero_s).encode())
    for whose, moments in {**RATERS, **INTERVIEWS}.items():
        papers[whose] = directory / f"{whose}.csv"
        write_whole(papers[whose], _moments(moments, true_zero_s).encode())
    return papers


def _transcript(true_zero_s: float) -> str:
    cues = [
        f"{_clock(it.begin_s + true_zero_s)} --> {_clock(it.end_s + true_zero_s)}\n"
        f"<v {it.speaker}>{it.text}\n"
        for it in LINES
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _clock(session_s: float) -> str:
    minutes, seconds = divmod(video_s(session_s), 60)
    return f"00:{int(minutes):02}:{seconds:06.3f}"


def _moments(moments: tuple[Seen, ...], true_zero_s: float) -> str:
    rows = [
        f"{video_s(it.begin_s + true_zero_s):.3f},{video_s(it.end_s + true_zero_s):.3f},"
        f"{it.sort}{': ' + it.text if it.text else ''}"
        for it in moments
    ]
    return "\n".join(["begin,end,label", *rows]) + "\n"
