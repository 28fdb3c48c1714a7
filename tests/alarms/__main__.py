"""What goes wrong, and how soon the screen says so: the real service, emulated boards.

    python -m tests.alarms [--json]

About three minutes. 1 when an alarm took longer than it may, or a mark is off by more.
"""

import asyncio
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.alarms.marks import marks
from tests.alarms.stories import AIMS_S, Times, a_session, full_disk, halts, poor_signals
from tests.powercut.mounts import why_not
from tests.results import Row, tell

Story = Callable[[Path], Awaitable[Times]]


def told(story: Story) -> Times:
    """One story, in a directory of its own."""

    async def run() -> Times:
        with TemporaryDirectory(prefix="antiphon-") as directory:
            return await story(Path(directory))

    return asyncio.run(run())


def main() -> int:
    """Tell all stories, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.alarms", description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    stories: list[Story] = [a_session, halts, poor_signals, marks]
    stories += [] if why_not() else [full_disk]
    took_s: Times = {}
    for story in stories:
        took_s |= told(story)
    rows = [
        Row(f"{what}, in seconds", f"{s:.3f}", f"{AIMS_S[what]:g}") for what, s in took_s.items()
    ]
    late = [what for what, s in took_s.items() if s > AIMS_S[what]]
    tell("alarms", rows, "antiphon.alarms/1", as_json=asked.json, late=late, took_s=took_s)
    return int(bool(late))


if __name__ == "__main__":
    raise SystemExit(main())
