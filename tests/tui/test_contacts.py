"""The electrodes' contacts wrap at any width, between channels and not within one."""

import asyncio
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widget import Widget

from recorder.settings.board import ROLES
from recorder.wire.messages import Contact
from tests.tui.scripted_service import board, contacts, recording
from tests.tui.watching import Watch, watching
from tui.widgets.contacts import hint, wrapped
from tui.widgets.line import Line

LABEL = st.text("FCPOTz0123456789", min_size=1, max_size=6)


@given(st.lists(LABEL, max_size=20), st.integers(1, 100))
def test_every_channel_is_whole_and_in_its_order(labels: list[str], width: int) -> None:
    parts = wrapped([Contact(label, "good") for label in labels], width)
    text = "".join(part if isinstance(part, str) else part[0] for part in parts)
    assert text.split() == [f"{label}●G" for label in labels]
    assert all(len(line) <= width or " " not in line for line in text.split("\n"))
    pairs = zip(text.split("\n"), text.split("\n")[1:], strict=False)
    assert all(len(line) + 1 + len(after.split()[0]) > width for line, after in pairs)


def test_hum_is_named_only_where_it_makes_the_noise() -> None:
    """On a ward hum is most of every channel's power."""
    blinking = [Contact("F3", "noisy", 0.98, 200.0, "blinks"), Contact("O1", "good", 0.98, 30.0)]
    assert hint(blinking)[0].endswith("F3 noisy: sit still a moment, relax the jaw")
    loose = [*blinking, Contact("P3", "noisy", 0.99, 20.0, "mains")]
    assert hint(loose)[0].endswith("P3 noisy: mains hum, move cables and chargers away")


def below(watch: Watch, text: str) -> str:
    """The line below the first that holds `text`; "" when none does."""
    lines = watch.visible().split("\n")
    return next((after for line, after in pairwise(lines) if text in line), "")


def test_much_hum_that_the_traces_do_not_show_is_told_in_words() -> None:
    humming = [Contact(label, "good", 0.99, 40.0, mains_uv=297.0) for label in "ABC"]
    assert hint(humming)[0] == "all 3 channels good; mains hum of 297 µV, not shown"
    calm = [Contact(label, "good", 0.3, 60.0, mains_uv=20.0) for label in "ABC"]
    assert hint(calm)[0] == "all 3 channels good"


def test_a_wider_terminal_takes_fewer_lines_and_leaves_no_hole(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with watching(tmp_path, recording(), size=(76, 30)) as watch:
            await watch.sees("\nA2●G")
            await watch.pilot.resize_terminal(160, 48)
            await watch.until(lambda: "all 8" in below(watch, "O2●G A2●G"))
            await watch.pilot.resize_terminal(76, 30)
            await watch.until(lambda: "A2●G" in below(watch, "F3●G"))
            await watch.until(lambda: "all 8" in below(watch, "A2●G"))

    asyncio.run(scenario())


def test_a_contact_that_changes_is_told_without_a_new_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with watching(tmp_path, recording(), size=(160, 48)) as watch:
            await watch.sees("A2●G")
            refreshed: list[Widget] = []
            monkeypatch.setattr(Line, "refresh", lambda line, **_: refreshed.append(line))
            boards = [board(role, contacts=contacts(F3="no data")) for role in ROLES]
            watch.service.say(msgspec.structs.replace(watch.service.status, boards=boards))
            await watch.until(lambda: "F3○-" in watch.line(".channels"))
            assert not any(line.has_class("channels") for line in refreshed)

    asyncio.run(scenario())
