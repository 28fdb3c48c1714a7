"""A second program reads a board's port: told as that, never as radio; others are kept out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.store.reader import SessionReader
from recorder.wire.messages import Status
from tests.e2e.processes import begin_session, box, service, told, until_status

THIEF = """
import os, sys
if sys.argv[2] == "nobody":
    os.setgid(65534); os.setuid(65534)
try:
    port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
except OSError as error:
    sys.exit(error.errno)
while True:
    os.read(port, 4096)
"""


def test_a_thief_is_kept_out_and_one_who_may_pass_is_told_of(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("takes root: only root may open a port that is shut, and be another user")
    with box(tmp_path) as (boards, config), service(config, tmp_path):
        path = Path(begin_session(config)["file"])
        port = Path(config.patient.port).resolve()
        port.chmod(0o666)
        with thief(port, "nobody") as kept_out:
            assert os.strerror(kept_out.wait()) == "Device or resource busy"
        with thief(port, "root") as passed:
            status = until_status(config.socket_path, is_told, "told of the thief", 10)
            passed.kill()
        until_status(config.socket_path, lambda it: not is_told(it), "over", 20)
        told("stop", "--socket", config.socket)
        boards.stop()
    assert [alarm.role for alarm in status.alarms if alarm.kind == "packets_taken"] == ["patient"]
    with SessionReader(config.sessions_path / "done" / path.name) as file:
        causes = dict(file.query("SELECT cause, sum(n) FROM gap WHERE board = 0 GROUP BY cause"))
    assert causes["taken"] > 10 * causes.get("radio", 0)


def is_told(status: Status) -> bool:
    return any(alarm.kind == "packets_taken" for alarm in status.alarms)


def thief(port: Path, user: str) -> subprocess.Popen[bytes]:
    """A program of that user that reads the port, as `cat` would."""
    return subprocess.Popen([sys.executable, "-c", THIEF, str(port), user])
