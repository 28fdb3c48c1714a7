"""What holds for all tests: one thread a process for numpy, and what waits longest begins first."""

import os
import signal
from functools import cache
from pathlib import Path

import pytest

# As in the program (recorder/cli.py), and before numpy is loaded: on few cores the threads of
# several processes are only in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# However the tests were begun, under nohup or in the background: a signal ends what they begin.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# Assertions outside of test files explain themselves, too. Here, because a module that was loaded
# before its name is known cannot be rewritten any more, whichever tests are asked for.
pytest.register_assert_rewrite(
    "tests.contract.board_contract",
    "tests.contract.board_story",
    "tests.contract.emulated_rig",
    "tests.hardware.told",
)

TESTS = Path(__file__).parent
# Rooms whose tests wait for boards, disks and other processes: what only computes fills the gaps.
WAITING = ("e2e", "disk", "contract", "tui", "hardware")


def pytest_configure(config: pytest.Config) -> None:
    """Keep xdist from beginning with the files that hold the most tests."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the rooms that wait; within a room all stays as it was."""
    items.sort(key=lambda item: _turn(item.path))


@cache
def _turn(path: Path) -> int:
    room = path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else ""
    return WAITING.index(room) if room in WAITING else len(WAITING)
