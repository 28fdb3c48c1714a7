"""What ssh and rsync complain about, as one line for people and an exit code."""

import re

from recorder.failure import (
    EX_CANTCREAT,
    EX_CONFIG,
    EX_IOERR,
    EX_NOPERM,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    Failure,
)
from recorder.settings.destination import Workstation

# The first that fits is told: ssh ends a line about a bad key file with "Permission denied", too.
CAUSES = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        EX_NOPERM,
        "its host key is not the one in {known_hosts}: nothing was sent; compare the "
        "fingerprints before you pin another",
    ),
    (
        r"host key is known for|Host key verification failed",
        EX_CONFIG,
        "its host key is not in {known_hosts}: nothing was sent; pin it there, after comparing it",
    ),
    (
        r"UNPROTECTED PRIVATE KEY|bad permissions",
        EX_CONFIG,
        "others may read the key {key}: chmod 600 {key}",
    ),
    (
        r"error in libcrypto|invalid format",
        EX_CONFIG,
        "{key} is not a private key that ssh can read",
    ),
    (
        r"Permission denied \([a-z]|Too many authentication failures",
        EX_NOPERM,
        "it refused the key {key} for {user}: have it allowed there",
    ),
    (
        r"Could not resolve hostname|Connection refused|No route to host|Network is unreachable"
        r"|connect to host \S+ port \d+: |timed out during banner exchange",
        EX_UNAVAILABLE,
        "it cannot be reached at {host}, port {port}: {last}",
    ),
    (
        r"protocol incompatibility|protocol version mismatch|is your shell clean",
        EX_CONFIG,
        "the shell of {user} prints something when it starts there (~/.bashrc): it must be silent "
        "for rsync",
    ),
    (
        r"No space left on device|[Qq]uota exceeded|File too large",
        EX_CANTCREAT,
        "no space left in {path}: free some there; what has arrived is kept",
    ),
    (
        r"Permission denied|Read-only file system|Operation not permitted",
        EX_NOPERM,
        "{path} cannot be written: {last}",
    ),
    (
        r"(rsync|sha256sum): (command )?not found",
        EX_UNAVAILABLE,
        "a program is missing there: {last}",
    ),
    (
        r"[Cc]onnection .*(closed|reset|timed out|unexpectedly)|Broken pipe|io timeout"
        r"|Timeout, server|unexpectedly closed",
        EX_TEMPFAIL,
        "the connection was cut: what has arrived is kept, the next sync resumes there",
    ),
)

# What a disk like vfat lacks. A file's content is proved by the hash that is made of it there.
ATTRIBUTES = re.compile(r"rsync: .*failed to set (permissions|times) on ")
# When the other side has died before it could say more: rsync(1), EXIT VALUES.
RSYNC_CODES = {
    11: "a file could not be read or written: is the disk full, there or here?",
    12: "rsync there has ended without a word: is there memory, and is it rsync?",
}
SOME_NOT_SENT = 23  # rsync: "some files/attrs were not transferred"


def are_attributes_only(code: int, stderr: str) -> bool:
    """Whether rsync has sent all, and complains only that the disk there keeps no permissions."""
    complaints = [line for line in stderr.splitlines() if line.startswith("rsync: ")]
    is_harmless = all(ATTRIBUTES.match(line) for line in complaints)
    return code == SOME_NOT_SENT and bool(complaints) and is_harmless


def failure(name: str, destination: Workstation, code: int, stderr: str) -> Failure:
    """Why a program ended with `code` and `stderr` at the destination called `name`."""
    fields = {key: getattr(destination, key) for key in destination.__struct_fields__}
    for pattern, code_of_ours, text in CAUSES:
        if re.search(pattern, stderr):
            line = text.format(last=_last_line(stderr, pattern), **fields)
            return Failure(f"{name}: {line}", code_of_ours)
    last = _last_line(stderr, r"\S") or RSYNC_CODES.get(code, "") or f"exit code {code}"
    return Failure(f"{name}: copying failed: {last}", EX_IOERR)


def _last_line(stderr: str, pattern: str) -> str:
    """The last line that fits, in printable characters and not without end."""
    lines = [line for line in stderr.splitlines() if re.search(pattern, line)]
    printable = re.sub(r"[^ -~]+", " ", lines[-1]) if lines else ""
    return printable.strip()[:200]
