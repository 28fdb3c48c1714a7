"""What depends on whose rights it is looked at with: it is those of whoever records that count.

The running service is asked, which may be confined more than its user is. Where none answers we
look ourselves, and a finding against us is no fault if the sessions are another user's to write.
"""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hardware.cyton.discovery import attached
from recorder.doctor import machine, ports, software
from recorder.doctor.finding import Finding, Word, warn
from recorder.failure import Refused
from recorder.wire.client import ask
from recorder.wire.lines import ServiceUnreachable

LOOK_WITHIN_S = 60.0  # twenty writes to a card that is worn out


class Examined(msgspec.Struct):
    """The service's answer to `examine`."""

    findings: list[Finding]


def look(directory: Path, root: Path, *, service_answers: bool) -> Iterator[Finding]:
    """Look with the rights of this process; a service that answers has the dongles open."""
    there = attached(root)
    yield software.gpio(root)
    yield machine.sessions_directory(directory)
    yield machine.sync_time(directory)
    yield ports.permission(there)
    for port in there:
        if port.may_be_dongle:
            yield ports.use(port, service_answers=service_answers)


def of_recorder(directory: Path, socket: Path, root: Path) -> dict[str, Finding]:
    """The same by name, with the rights of whoever records here."""
    try:
        told = ask(socket, "examine", timeout_s=LOOK_WITHIN_S)
    except (ServiceUnreachable, Refused):
        owner = _other_owner(machine.existing(directory))
        findings = [_told_of(owner, it) for it in look(directory, root, service_answers=False)]
    else:
        findings = msgspec.json.decode(told, type=Examined).findings
    return {finding.name: finding for finding in findings}


def _other_owner(directory: Path) -> str:
    """Whose directory it is; "" when it is ours, or root's, who records nothing."""
    uid = directory.stat().st_uid
    if os.geteuid() in (0, uid) or uid == 0:
        return ""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


def _told_of(owner: str, finding: Finding) -> Finding:
    if not owner or finding.word is Word.OK:
        return finding
    found = f"{finding.found} (looked at as this user; {owner} records here)"
    return warn(finding.name, found, f"sudo -u {owner} antiphon doctor")
