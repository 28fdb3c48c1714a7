import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.wall_clock import boot_id, local_time, synchronised, utc_ns, utc_text
from tests.places import ROOT

IN_A_BOX_OF_ITS_OWN = ("unshare", "--mount", "--map-root-user")
MOVES = """
import os
from recorder.wall_clock import local_time
for place in ("Asia/Tokyo", "America/New_York", "UTC"):
    os.unlink("/etc/localtime")
    os.symlink(f"/usr/share/zoneinfo/{place}", "/etc/localtime")
    print(local_time(0).strftime("%H:%M"))
"""


def can_have_a_box_of_its_own() -> bool:
    if shutil.which("unshare") is None or not Path("/usr/share/zoneinfo/Asia/Tokyo").exists():
        return False
    return (
        subprocess.run(
            [*IN_A_BOX_OF_ITS_OWN, "true"], stderr=subprocess.DEVNULL, check=False
        ).returncode
        == 0
    )


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def test_the_time_of_day_is_in_nanoseconds_of_this_century() -> None:
    assert utc_text(utc_ns()).startswith("20")


def test_text_is_utc_with_seconds() -> None:
    assert utc_text(1_795_406_400_999_999_999) == "2026-11-23T04:00:00Z"


def test_one_boot_has_one_name() -> None:
    assert re.fullmatch(r"[0-9a-f-]{36}", boot_id())
    assert boot_id() == boot_id()


def test_the_kernel_says_whether_the_time_of_day_is_disciplined() -> None:
    assert synchronised() in (True, False)


def test_a_time_zone_that_is_set_while_we_run_is_followed(zone: pytest.MonkeyPatch) -> None:
    for text, said in (("JST-9", "09:00"), ("EST5", "19:00"), ("UTC0", "00:00")):
        zone.setenv("TZ", text)
        assert local_time(0).strftime("%H:%M") == said


@pytest.mark.skipif(not can_have_a_box_of_its_own(), reason="no mount namespace or no time zones")
def test_a_link_that_timedatectl_sets_while_we_run_is_followed() -> None:
    """/etc is covered by an empty directory that only the process sees."""
    code = 'mount -t tmpfs none /etc && ln -s x /etc/localtime && exec "$0" -c "$1"'
    environment = {name: text for name, text in os.environ.items() if name != "TZ"}
    told = subprocess.run(
        [*IN_A_BOX_OF_ITS_OWN, "sh", "-c", code, sys.executable, MOVES],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["09:00", "19:00", "00:00"]
