"""Records a session on this box, and tells the outside, line by line, what it has been told.

What is written to the port below leaves the machine at once: when the machine is killed, whoever
listens outside knows what had been promised by then. Each line is a JSON object:

    {"told": "dongle", "serial": "CYTONA", "device": "/dev/ttyUSB0", "latency_ms": 1, ...}
    {"told": "service", "groups": ["antiphon", "dialout", ...]}
    {"told": "refused", "do": "start", "why": TEXT}
    {"told": "started", "id": ID}
    {"told": "saved", "id": ID, "saved_s": 12.4}
    {"told": "marked", "id": ID, "t_s": 11.9, "label": "mark 3"}
"""

import grp
import json
import pwd
import select
import stat
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from recorder.failure import Refused
from recorder.wire.client import ask
from recorder.wire.lines import ServiceUnreachable

TOLD = Path("/dev/ttyS1")
SOCKET = Path("/run/antiphon/antiphon.sock")
LINKS = Path("/dev/antiphon")
POLL_S = 0.1
RETRY_S = 0.5
MARK_EVERY_S = 1.3


def main() -> None:
    """Tell of the dongles, then record until somebody pulls the plug."""
    with TOLD.open("wb", buffering=0) as port:
        session = _asked(port, "start")
        for link in sorted(LINKS.iterdir()):
            _tell(port, told="dongle", **_dongle(link))
        _tell(port, told="service", groups=_groups(_service_pid()))
        _tell(port, told="started", id=session["id"])
        _record(port)


def _record(port: Any) -> None:
    saved_s, marks = 0.0, 0
    while True:
        session = _asked(port, "status")["session"]
        if session["saved_s"] > saved_s:
            saved_s = session["saved_s"]
            _tell(port, told="saved", id=session["id"], saved_s=saved_s)
        if session["elapsed_s"] > (marks + 1) * MARK_EVERY_S:
            marks += 1
            label = f"mark {marks}"
            noted = _asked(port, "mark", label=label)
            _tell(port, told="marked", id=session["id"], t_s=noted["t_s"], label=label)
        select.select((), (), (), POLL_S)


def _asked(port: Any, do: str, **fields: Any) -> Any:
    """The service's answer, as soon as it has one: boards may be away still."""
    refusal = ""
    while True:
        try:
            return msgspec.json.decode(ask(SOCKET, do, **fields))
        except (ServiceUnreachable, Refused) as error:
            if str(error) != refusal:
                refusal = str(error)
                _tell(port, told="refused", do=do, why=refusal)
            select.select((), (), (), RETRY_S)


def _dongle(link: Path) -> dict[str, object]:
    device = link.resolve()
    status = device.stat()
    timer = Path("/sys/bus/usb-serial/devices") / device.name / "latency_timer"
    return {
        "serial": link.name,
        "device": str(device),
        "owner": pwd.getpwuid(status.st_uid).pw_name,
        "group": grp.getgrgid(status.st_gid).gr_name,
        "mode": oct(stat.S_IMODE(status.st_mode)),
        "latency_ms": int(timer.read_text()),
    }


def _service_pid() -> int:
    show = ["systemctl", "show", "--property=MainPID", "--value", "antiphon.service"]
    return int(subprocess.run(show, check=True, capture_output=True).stdout)


def _groups(pid: int) -> list[str]:
    """Names of the user and of the groups of a process."""
    text = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    user = pwd.getpwuid(int(fields["Uid"].split()[0])).pw_name
    return [user, *(grp.getgrgid(int(number)).gr_name for number in fields["Groups"].split())]


def _tell(port: Any, **told: object) -> None:
    port.write(json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    main()
