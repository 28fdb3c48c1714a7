"""A serial board on an emulated port, with waiting cut short."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware import keeper
from hardware.cyton import conversation, opening
from tests.hardware.cyton.bench import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A board, and what it says; nothing is emulated yet."""
    monkeypatch.setattr(conversation, "QUIET_S", 0.1)
    made = Bench(tmp_path)
    yield made
    made.put_away()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what is only waited for when something is wrong."""
    monkeypatch.setattr(opening, "DONGLE_ANSWER_S", 0.15)
    monkeypatch.setattr(opening, "RESET_ANSWER_S", 0.15)
    monkeypatch.setattr(keeper, "BACK_OFF_S", (0.0, 0.1))
    monkeypatch.setattr(keeper, "STALLED_AFTER_S", 0.3)
    monkeypatch.setattr(keeper, "LOST_AFTER_S", 0.5)
