"""`antiphon demo --review`: from a session to its page, by the verbs that anybody would use.

Each verb is a process of its own and shown before it runs; what it says is shown as well. The video
is made while the session is recorded: when its lamp is lit is known beforehand.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np

from recorder.failure import Failure
from recorder.progress import Progress
from recorder.rehearsal.boards import train_edges_s
from recorder.rehearsal.processes import ANTIPHON
from recorder.sample.film import make_film
from recorder.sample.papers import write_papers
from recorder.sample.recording import SEED, TRUE_ZERO_S, record_sample
from recorder.sample.story import INTERVIEWS, RATERS

VIDEO: Final = "bedside.mp4"
PAGE: Final = "page.html"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Toured:
    """What was made.

    Attributes:
        page: of the session.
        session: its file.
        moment_s: where the moment is that most raters and both interviews share; None: nowhere.
        said: what was found of what was planted.
    """

    page: Path
    session: Path
    moment_s: float | None
    said: tuple[str, ...]


def tour(directory: Path, say: Say, progress: Progress) -> Toured:
    """Make all of it in a directory.

    Raises:
        Failure: a verb failed, or a library of an extra is missing.
        OSError: nothing can be written there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    say("ten minutes of two people who do not exist, on a simulated clock, and a video of them")
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:
        filmed = beside.submit(_film, directory / VIDEO)
        recorded = record_sample(directory, progress)
        filmed.result()
    papers = write_papers(directory, recorded.true_zero_s)
    name = recorded.path.stem
    run = _Verbs(directory, say)
    run("align", name, "--video", VIDEO)
    with run.beside("music", name, "--sound", VIDEO):  # it listens longer than they take
        run("transcript", "add", name, papers["transcript"].name)
        for rater in RATERS:
            run("raters", "add", name, papers[rater].name, "--rater", rater)
        for role in INTERVIEWS:
            run("raters", "add", name, papers[role].name, "--interview", role)
        shown = run("raters", "show", name)
        found = run("analyze", name)
    run("review", name, "--video", VIDEO, "--out", PAGE)
    told = [*sentence(shown, found)]
    for line in told:
        say(line)
    return Toured(directory / PAGE, recorded.path, moment_s(shown), tuple(told))


def moment_s(shown: dict[str, Any]) -> float | None:
    """Where the moment begins that most raters and both interviews are about; None: nowhere."""
    for it in shown["shared"]:
        own = [one for one in shown["interviews"] if _overlap(it, one)]
        if it["sort"] == "interest" and {one["author"] for one in own} == set(INTERVIEWS):
            return float(it["begin_s"])
    return None


def sentence(shown: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """What was found of what was planted, with its chance."""
    at_s = moment_s(shown)
    yield (
        "no moment is marked by most raters and both interviews"
        if at_s is None
        else f"one moment is marked by most raters and both interviews: at {at_s:.0f} s"
    )
    for run in found["runs"]:
        for it in run["results"]:
            if _is_told(it):
                place = "-".join(it["channels"])
                yield f"{it['test']}, {it['name']} {it['band']} {place}: {it['said']}"
    yield "exploratory: what anybody felt is in none of these numbers"


def _is_told(it: dict[str, Any]) -> bool:
    """Of the frontal asymmetry: who follows whom, and how often by chance."""
    is_frontal = it["name"] == "faa" and it["band"] == "alpha" and "F3" in it["channels"]
    return is_frontal and it["test"] in ("following", "answers") and it["persons"][0] == "patient"


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["begin_s"] <= other["end_s"] and other["begin_s"] <= one["end_s"])


def _film(path: Path) -> None:
    make_film(path, np.array(train_edges_s(SEED)) + TRUE_ZERO_S, TRUE_ZERO_S)


class _Verbs:
    """Runs verbs in a directory, on the sessions in it."""

    def __init__(self, directory: Path, say: Say) -> None:
        self._directory = directory
        self._say = say

    def __call__(self, *words: str) -> dict[str, Any]:
        """What the verb tells as JSON. Raises Failure when it fails, with its own line and code."""
        self._say(f"$ antiphon {' '.join(words)}")
        return self._ran(words)

    @contextmanager
    def beside(self, *words: str) -> Iterator[None]:
        """A verb that runs while others do; it has ended afterwards. Raises Failure, as they do."""
        self._say(f"$ antiphon {' '.join(words)}")
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(self._ran, words)
            yield
            running.result()

    def _ran(self, words: tuple[str, ...]) -> dict[str, Any]:
        done = subprocess.run(
            [*ANTIPHON, *words, "--json"],
            cwd=self._directory,
            env={**os.environ, "ANTIPHON_SESSIONS": str(self._directory.absolute())},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failure(done.stderr.strip().removeprefix("antiphon: "), done.returncode)
        told: dict[str, Any] = json.loads(done.stdout)
        return told
