"""What holds for all tests: one thread a process for numpy, and some compute while others wait."""

import gc
import os
import signal
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
# Rooms whose tests wait for boards, disks and other processes.
WAITING = ("e2e", "disk", "contract", "tui", "hardware")
# Files that take longest: what begins last must not be waited for.
LONGEST = ("test_acceptance.py", "test_tour.py", "test_search.py", "test_soak.py")
WAITED_FOR_BY = 0.7  # of the files, so that none waits at the end with a processor free


def pytest_configure(config: pytest.Config) -> None:
    """Keep xdist from beginning with the files that hold the most tests."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread the files that wait among those that compute, which fill the gaps.

    A process by itself has no gaps; there the tests that share something stay together.
    """
    if not hasattr(config, "workerinput"):
        return
    paths = list(dict.fromkeys(item.path for item in items))
    waiting = [path for path in paths if _room(path) in WAITING]
    computing = [path for path in paths if _room(path) not in WAITING]
    turn = {path: at * WAITED_FOR_BY / len(waiting) for at, path in enumerate(waiting)}
    turn |= {path: at / len(computing) for at, path in enumerate(computing)}
    turn |= {path: -1.0 for path in paths if path.name in LONGEST}
    items.sort(key=lambda item: turn[item.path])


def _room(path: Path) -> str:
    return path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else ""


def pytest_collection_finish() -> None:
    """Take the collected tests out of the garbage collector's rounds: they stay to the end."""
    gc.collect()
    gc.freeze()
