"""What ssh and rsync really print, and what is made of it."""

import pytest

from recorder.settings.destination import Workstation
from recorder.sync.causes import are_attributes_only, failure

WARD = Workstation(host="ward.local", path="/srv/eeg", key="/k", known_hosts="/h")
CUT = "client_loop: send disconnect: Broken pipe\nrsync: connection unexpectedly closed (9 bytes)\n"
CHANGED = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n"
SAID = [
    (CHANGED, 77, "its host key is not the one in /h"),
    (
        "No ED25519 host key is known for ward.local and you have requested strict checking.\n"
        "Host key verification failed.\r\n",
        78,
        "its host key is not in /h",
    ),
    ('Load key "/k": bad permissions\nantiphon@w: Permission denied (publickey).', 78, "chmod 600"),
    ('Load key "/k": error in libcrypto\nPermission denied (publickey).', 78, "not a private key"),
    ("antiphon@ward.local: Permission denied (publickey).\r\n", 77, "refused the key /k for antip"),
    ("ssh: Could not resolve hostname ward.local: Name or service not known", 69, "service not kn"),
    ("ssh: connect to host ward.local port 22: No route to host", 69, "ward.local, port 22: ssh:"),
    ("ssh: connect to host ward.local port 22: Connection timed out", 69, "cannot be reached"),
    ("Connection timed out during banner exchange", 69, "cannot be reached"),
    ('rsync: write failed on "/x": No space left on device (28)\n' + CUT, 73, "in /srv/eeg: free"),
    ("rsync: write failed: Disk quota exceeded (122)", 73, "no space left"),
    ('rsync: open "/x" failed: Permission denied (13)', 77, "/srv/eeg cannot be written: rsync"),
    ("mv: cannot move 'a' to 'b': Read-only file system", 77, "Read-only file system"),
    ("bash: line 1: rsync: command not found\n" + CUT, 69, "a program is missing there: bash"),
    ("sh: 1: sha256sum: not found", 69, "a program is missing there"),
    (
        "protocol version mismatch -- is your shell clean?\n"
        "rsync error: protocol incompatibility (code 2) at compat.c(625) [sender=3.2.7]\n",
        78,
        "the shell of antiphon prints something when it starts there",
    ),
    (CUT, 75, "the connection was cut"),
    ("Timeout, server ward.local not responding.\r\n", 75, "the connection was cut"),
    ("Connection closed by 10.0.0.7 port 22", 75, "the connection was cut"),
    ("rsync error: io timeout (code 30)", 75, "the connection was cut"),
    ("something\nelse\n\n", 74, "copying failed: else"),
    ("", 74, "copying failed: exit code 5"),
]


@pytest.mark.parametrize(("stderr", "code", "words"), SAID)
def test_a_complaint_is_one_line_and_a_code(stderr: str, code: int, words: str) -> None:
    told = failure("ward", WARD, 5, stderr)
    assert told.code == code
    assert str(told).startswith("ward: ")
    assert words in str(told)
    assert "\n" not in str(told)


def test_what_a_destination_says_cannot_drive_the_terminal() -> None:
    told = failure("ward", WARD, 1, "\x1b[2J\x07evil {key} " + "x" * 5000)
    assert str(told).isprintable()
    assert len(str(told)) < 300


NO_PERMISSIONS = (
    'rsync: [receiver] failed to set permissions on "/x.part": Operation not permitted (1)'
)
NO_TIMES = 'rsync: [generator] failed to set times on "/x.part": Operation not permitted (1)'
NOT_ALL = "rsync error: some files/attrs were not transferred (see previous errors) (code 23)"


@pytest.mark.parametrize(
    ("code", "lines", "harmless"),
    [
        (23, [NO_PERMISSIONS, NO_TIMES, NOT_ALL], True),
        (23, ["a banner", NO_PERMISSIONS, NOT_ALL], True),
        (23, [NO_PERMISSIONS, "rsync: [receiver] write failed: No space left (28)"], False),
        (23, [NOT_ALL], False),
        (11, [NO_PERMISSIONS], False),
    ],
)
def test_a_disk_that_keeps_no_permissions_is_no_failure(
    code: int, lines: list[str], harmless: bool
) -> None:
    assert are_attributes_only(code, "\n".join(lines)) == harmless
