"""How long a command on a machine is waited for: as long as it gets on, on a busy host, too."""

import os
import subprocess
import sys

import pytest

from tests.system.machine import POLL_S, to_its_end, wait_until

pytestmark = [pytest.mark.once, pytest.mark.alone]

TIMEOUT_S = 1.5
SLOW = """
import threading, time
for _ in range(20):
    begun = time.process_time()
    while time.process_time() < begun + 0.02:
        pass
    threading.Event().wait(0.1)
print("done")
"""


def test_what_gets_on_is_waited_for() -> None:
    done = to_its_end([sys.executable, "-I", "-c", SLOW], TIMEOUT_S)
    assert (done.returncode, done.stdout) == (0, "done\n")


@pytest.mark.parametrize("code", ["import threading; threading.Event().wait()", "while True: pass"])
def test_what_hangs_or_never_comes_to_an_end_is_given_up(code: str) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        to_its_end([sys.executable, "-I", "-c", code], TIMEOUT_S)


def test_what_it_says_before_it_is_slow_is_not_lost() -> None:
    done = to_its_end(
        ["sh", "-c", f"echo first; {sys.executable} -I -c '{SLOW}'; exit 3"], TIMEOUT_S
    )
    assert (done.returncode, done.stdout) == (3, "first\ndone\n")


def test_what_comes_true_is_waited_for_longer_on_a_busy_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cores = os.cpu_count() or 1
    monkeypatch.setattr(os, "getloadavg", lambda: (4.0 * cores, 0.0, 0.0))
    asked: list[int] = []
    with pytest.raises(AssertionError, match="not within 0 s: nothing"):
        wait_until(lambda: bool(asked.append(0)), "nothing", 2 * POLL_S)  # type: ignore[func-returns-value]
    assert len(asked) in (8, 9)
