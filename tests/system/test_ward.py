"""Ten boxes, and one technician at a workstation: listed, recorded on, copied, erased, updated.

One story, told in this order. What is typed is what deploy/README.md says of many boxes.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder import __version__
from tests.results import Row, keep
from tests.system.conftest import NEXT
from tests.system.machine import wait_until
from tests.system.ward import (
    AT_ONCE,
    INBOX,
    NAMES,
    READY_S,
    WORKSTATION,
    Ward,
    at_once,
    configure,
    ward,
)

pytestmark = pytest.mark.skipif(
    "ANTIPHON_WARD_TESTS" not in os.environ, reason="takes half an hour: make test-ward"
)

*BY_THEMSELVES, PULLED = NAMES
BUSY = "box-3"
TO_WARD = f"""
[sync.ward]
host = "{WORKSTATION}"
path = "{INBOX}"
user = "archive"
"""
TO_LAPTOP = f"""
[sync.laptop]
host = "127.0.0.1"
port = 2222
path = "{INBOX}"
user = "archive"
pulled = true
"""


@pytest.fixture(scope="module")
def ten(root: Path, wheelhouses: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with ward(root, wheelhouses, tmp_path_factory.mktemp("ward")) as ten:
        yield ten


def listed(ten: Ward) -> tuple[int, dict[str, Any]]:
    """What `status --all` tells of each box, by its address; and the exit code."""
    done = ten.types("antiphon", "status", "--all", "--json")
    boxes = json.loads(done.stdout)["boxes"]
    return done.returncode, {one["where"].removeprefix("tech@"): one["status"] for one in boxes}


def versions(ten: Ward) -> dict[str, str]:
    """Which version each box uses."""
    return {name: status["version"] for name, status in listed(ten)[1].items()}


def put(what: str, figure: str, aim: str = "") -> None:
    keep("test-ward", [Row(what, figure, aim)], words=())


def copies(ten: Ward) -> dict[str, str]:
    """The SHA-256 of each copy at the workstation."""
    said = ten.workstation.run("bash", "-c", f"cd {INBOX} && sha256sum *.antiphon")
    return {name: sum_ for sum_, _, name in (line.partition("  ") for line in said.splitlines())}


def originals(ten: Ward) -> dict[str, str]:
    """The same of what is on the boxes."""
    put_away = "cd /var/lib/antiphon/sessions/done && sha256sum $(basename -s .sha256 -a *.sha256)"
    lines = [
        it
        for one in ten.boxes.values()
        for it in one.machine.attempt("bash", "-c", put_away).stdout.split("\n")
    ]
    return {name: sum_ for sum_, _, name in (line.partition("  ") for line in lines) if name}


def test_clones_of_one_card_are_ten_machines(ten: Ward) -> None:
    for question in ("cat /etc/ssh/ssh_host_ed25519_key.pub", "cat /etc/machine-id", "hostname"):
        said = {box.machine.run("bash", "-c", question) for box in ten.boxes.values()}
        assert len(said) == len(NAMES), question


def test_all_boxes_are_listed_from_the_workstation(ten: Ward) -> None:
    for box in ten.boxes.values():
        box.await_boards()
    began_s = time.monotonic()
    code, statuses = listed(ten)
    took_s = time.monotonic() - began_s
    assert (code, list(statuses)) == (0, list(NAMES))
    for name, status in statuses.items():
        assert (status["box"], status["version"]) == (name, __version__)
        assert [board["state"] for board in status["boards"]] == ["streaming"] * 2
    put("ten boxes, asked over ssh by `status --all`", f"10 of 10 listed in {took_s:.1f} s", "10")


def test_what_all_record_is_copied_to_one_workstation(ten: Ward) -> None:
    for name, box in ten.boxes.items():
        configure(box.machine, "", TO_LAPTOP if name == PULLED else TO_WARD)
        ten.does(name, "antiphon", "start", "--patient", "P07")
    for box in ten.boxes.values():
        box.await_saved(3)
    for name in NAMES:
        ten.does(name, "antiphon", "stop")
    wait_until(lambda: len(originals(ten)) == len(NAMES), "all are put away", READY_S)
    began_s = time.monotonic()
    told = at_once(ten, BY_THEMSELVES, "sudo", "-u", "antiphon", "antiphon", "sync", threads=9)
    took_s = time.monotonic() - began_s
    assert [(one.returncode, one.stderr) for one in told] == [(0, "")] * len(told)
    wanted = originals(ten)
    here = copies(ten)
    assert here == {name: sha for name, sha in wanted.items() if "-box_10_" not in name}
    assert {name.split("-")[1].rpartition("_")[0] for name in here} == {
        one.replace("-", "_") for one in BY_THEMSELVES
    }
    pulled = ten.types("antiphon", "sync", "--pull", f"tech@{PULLED}", "--to", "laptop")
    assert pulled.returncode == 0, pulled.stderr
    assert copies(ten) == wanted
    assert len(wanted) == len(NAMES)
    put(
        "a session of each to one workstation: nine sync at the same time, the tenth by `--pull`",
        f"10 of 10 arrived as they are; the nine in {took_s:.0f} s",
        "10",
    )


def test_one_that_is_pulled_copies_nothing_by_itself(ten: Ward) -> None:
    done = ten.on(PULLED, "sudo", "-u", "antiphon", "antiphon", "sync", "--to", "laptop")
    assert done.returncode == 69
    assert ten.on(PULLED, "sudo", "-u", "antiphon", "antiphon", "sync").returncode == 0


@pytest.mark.parametrize("name", ["box-1", PULLED])
def test_what_is_erased_on_one_box_is_erased_at_the_workstation_and_no_more(
    ten: Ward, name: str
) -> None:
    before = copies(ten)
    [own] = [one for one in before if f"-{name.replace('-', '_')}_" in one]
    recorder = ("sudo", "-u", "antiphon", "antiphon")
    ten.does(name, *recorder, "erase", own.removesuffix(".antiphon"), "--apply")
    if name == PULLED:
        ten.types("antiphon", "sync", "--pull", f"tech@{name}", "--to", "laptop")
    else:
        ten.does(name, *recorder, "sync")
    assert set(before) - set(copies(ten)) == {own}
    left = ten.workstation.run("find", INBOX, "-name", f"{own.removesuffix('.antiphon')}*")
    assert left.split() == [f"{INBOX}/tombstones/{own.removesuffix('.antiphon')}.json"]


def test_all_are_updated_but_the_one_that_records(ten: Ward) -> None:
    session = ten.boxes[BUSY].begin_session()
    began_s = time.monotonic()
    update = ("sudo", "antiphon", "update", "/wheelhouses/next")
    told = at_once(ten, NAMES, *update, threads=AT_ONCE)
    took_s = time.monotonic() - began_s
    assert [one.returncode for one in told] == [int(name == BUSY) for name in NAMES]
    assert "a session is being recorded: stop it first" in told[NAMES.index(BUSY)].stderr
    assert versions(ten) == {name: __version__ if name == BUSY else NEXT for name in NAMES}
    assert ten.boxes[BUSY].session().id == session
    ten.does(BUSY, "antiphon", "stop")
    ten.does(BUSY, *update)
    for box in ten.boxes.values():
        box.await_boards()
    assert set(versions(ten).values()) == {NEXT}
    put(
        f"ten boxes updated over ssh, {AT_ONCE} at a time, one of them in a session",
        f"nine in {took_s:.0f} s; the one refused, and updated when it was stopped",
        "10",
    )


def test_one_goes_back_and_the_others_do_not(ten: Ward) -> None:
    ten.does("box-5", "sudo", "antiphon", "update", "--rollback")
    ten.boxes["box-5"].await_boards()
    assert versions(ten) == {name: __version__ if name == "box-5" else NEXT for name in NAMES}


def test_a_box_that_is_switched_off_is_named_and_the_others_are_listed(ten: Ward) -> None:
    ten.boxes["box-7"].machine.power_off()
    done = ten.types("antiphon", "status", "--all")
    assert done.returncode == 69
    assert "no answer from tech@box-7" in done.stderr
    lines = done.stdout.splitlines()[: len(NAMES)]
    assert [line.split()[0].removeprefix("tech@") for line in lines] == list(NAMES)
    assert sum("patient streaming" in line for line in lines) == len(NAMES) - 1
