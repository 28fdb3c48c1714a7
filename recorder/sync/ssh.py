"""A destination over ssh: what it holds, as it says itself, and what is sent to it by rsync.

A file grows at the destination as <name>.part and gets its name only when it is whole there.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.failure import (
    EX_CANTCREAT,
    EX_CONFIG,
    EX_IOERR,
    EX_TEMPFAIL,
    Failure,
    Refused,
)
from recorder.privacy.age import require_recipient
from recorder.progress import Progress, no_progress
from recorder.settings.destination import Workstation
from recorder.sync.causes import are_attributes_only, failure
from recorder.sync.finished import Sealed
from recorder.sync.program import Begun, begun

# Nothing of the user's own ssh configuration counts, nothing is asked, nobody else's key is tried.
SSH = (
    *("ssh", "-T", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
    *("-o", "GlobalKnownHostsFile=none", "-o", "UpdateHostKeys=no", "-o", "IdentitiesOnly=yes"),
    *("-o", "IdentityAgent=none", "-o", "PreferredAuthentications=publickey"),
    *("-o", "ClearAllForwardings=yes", "-o", "ControlPath=none", "-o", "ConnectTimeout=15"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
)
RSYNC = (
    *("rsync", "--partial", "--append-verify", "--copy-links", "--times", "--perms"),
    *("--chmod=F640", "--secluded-args", "--timeout=60", "--info=progress2", "--no-h"),
)
HASH_EACH = (
    'for f in {words}; do [ -e "$f" ] || continue; '
    'sync "$f" && h=$(sha256sum < "$f") || exit 1; echo "${{h%% *}} $f"; done'
)
HASH_NOTES = (
    'for f in ./*.m????????.notes; do [ -e "$f" ] && [ ! -e "$f-journal" ] || continue; '
    'h=$(sha256sum < "$f") || exit 1; echo "${h%% *} $f"; done'
)
# All that is ours of a session, also half-sent, and what is not ours but called after it. What goes
# on with a hyphen and a digit is another part, which has a tombstone of its own.
BURY = (
    "mkdir -p tombstones && printf '%s\\n' {inscription} > tombstones/{id}.json && "
    "sync tombstones/{id}.json tombstones && "
    "rm -f ./{id}.antiphon ./{id}.antiphon.* ./{id}.notes ./{id}.notes.* ./{id}.repaired.* "
    "./{id}.m*.notes ./{id}.m*.notes.* "
    "./{id}-camera-* ./.{id}.* "
    "&& sync . || exit 1; "
    "for f in ./{id}[!-]* ./{id}-[!0-9]* ./.{id}[!-]* ./.{id}-[!0-9]*; do "
    '[ -e "$f" ] && echo "left $f"; done; echo buried'
)
# What copying needs there: programs, a place to write in, names that outlive a power cut; and room.
TRY_OUT = (
    "for p in rsync sha256sum sync; do "
    'command -v $p >/dev/null || { echo "$p: not found" >&2; exit 1; }; done; '
    "f=./.antiphon-try-$$; echo try > $f && sync $f && sha256sum < $f > $f.sum && "
    "mv -nT $f $f.named && rm -f $f.named $f.sum && sync . && echo written && df -Pk ."
)
FREE_KIB = re.compile(r"(\d+)\s+\d+%")
STAGED = ".part"  # the end of a file's name at the destination until it is whole there
NAMES_AT_ONCE = 500  # a command line has an end
NO_DIRECTORY = 73
# A workstation's disk reads faster than this, even one that is busy.
SLOWEST_BYTES_PER_S = 4 << 20
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class SshLink:
    """One destination, called `name`. Every method raises Failure when it cannot be done.

    `lock` is a descriptor that ssh and rsync are begun with, so that its lock lasts as they do.
    """

    name: str
    destination: Workstation
    lock: int

    @property
    def address(self) -> str:
        """Where the copies are, in one word."""
        return self.destination.address

    @property
    def kept_as(self) -> str:
        """What its receipts are kept under."""
        return self.name

    def require_ready(self) -> None:
        """See that the key and the pinned host keys are there, and that one can encrypt if need be.

        The Failure says what to do.
        """
        there = self.destination
        wanted = {
            there.key: "make one with ssh-keygen and have it allowed at the destination",
            there.known_hosts: "pin the destination's host key there, after comparing it",
        }
        for path, advice in wanted.items():
            try:
                Path(path).read_bytes()
            except OSError as error:
                text = f"{self.name}: {path}: {error.strerror}: {advice}"
                raise Failure(text, EX_CONFIG) from error
        if there.encrypt_to:
            require_recipient(there.encrypt_to)

    def hashes_of(self, names: Sequence[str], size_bytes: int) -> dict[str, str]:
        """What the destination makes of those of the files that it has.

        What it has is on its disk before it answers. `size_bytes` is how much that may be.
        """
        held: dict[str, str] = {}
        for start in range(0, len(names), NAMES_AT_ONCE):
            words = " ".join(_word(name) for name in names[start : start + NAMES_AT_ONCE])
            said = self._ask(HASH_EACH.format(words=words), _patience_s(size_bytes))
            pairs = (line.partition(" ./") for line in said.splitlines())
            held |= {name: sha256 for sha256, between, name in pairs if between}
        return held

    def send(self, file: Sealed, progress: Progress = no_progress) -> None:
        """Send what is not there yet of the file, to its staging name."""
        to = self.destination
        host = f"[{to.host}]" if ":" in to.host else to.host
        there = f"{to.user}@{host}:{to.path}/{file.path.name}{STAGED}"
        how = (f"--bwlimit={to.limit_kib_s}", f"--rsh={shlex.join(self._ssh())}")
        command = [*RSYNC, *how, "--", str(file.path.absolute()), there]
        with begun(command, self.name, self.lock) as rsync:
            _follow(rsync.process, file.bytes, progress)
            rsync.process.wait()
        self._check(rsync)

    def try_out(self) -> str:
        """See that all is there that a sync needs, with nothing to copy; in words, what is."""
        said = self._ask(TRY_OUT, PATIENCE_S).partition("written\n")[2]
        if not (free := FREE_KIB.search(said)):
            raise Failure(f"{self.name}: it answers, but not as was asked", EX_IOERR)
        free_gib = int(free[1]) / 2**20
        return f"host key and key are right, {free_gib:.1f} GiB free in {self.destination.path}"

    def remove(self, names: Sequence[str]) -> None:
        """Erase some files there."""
        for start in range(0, len(names), NAMES_AT_ONCE):
            words = " ".join(_word(name) for name in names[start : start + NAMES_AT_ONCE])
            self._ask(f"rm -f {words} && sync .", PATIENCE_S)

    def unfilm(self, session_id: str) -> None:
        """Erase the videos of a session, and whatever there is of them."""
        self._ask(f"rm -f ./{session_id}-camera-* && sync .", PATIENCE_S)

    def notes(self) -> dict[str, str]:
        """The notes of all machines there that nobody is writing, each with its SHA-256."""
        said = self._ask(HASH_NOTES, PATIENCE_S)
        pairs = (line.partition(" ./") for line in said.splitlines())
        return {name: sha256 for sha256, between, name in pairs if between}

    def fetch(self, name: str) -> bytes:
        """What is in a file there, a small one."""
        return self._ask_bytes(f"cat < {_word(name)}", PATIENCE_S)

    def settle(self, file: Sealed, *, replace: bool, instead_of: str = "") -> bool:
        """Give the staged file its name if it is whole, or else throw it away; whether it was.

        `replace` what has the name already, if it is what `instead_of` says (a SHA-256); without
        it, that is left alone and is a Failure.
        """
        staged, there = _word(file.path.name + STAGED), _word(file.path.name)
        script = (
            f"{_unless(there, instead_of)}"
            f"sync {staged} && h=$(sha256sum < {staged}) || exit 1; "
            f'if [ "${{h%% *}}" != {file.sha256} ]; then rm -f {staged}; echo differs; exit 0; fi; '
            f"mv {'-fT' if replace else '-nT'} {staged} {there} && [ ! -e {staged} ] && sync . "
            '&& echo "placed $h"'
        )
        said = self._ask(script, _patience_s(file.bytes)).split()
        if said[-1:] == ["changed"]:
            text = "it has changed there meanwhile: the next sync brings both together"
            raise Refused(text, EX_TEMPFAIL)
        return said[-3:-1] == ["placed", file.sha256]

    def bury(self, session_id: str, inscription: str) -> list[str]:
        """Erase all of a session and leave a tombstone; the names of others' files about it.

        `session_id` is one of recorder.sync.tombstones.SessionId: nothing in it means
        anything to a shell. The tombstone is on disk there before anything is erased.
        """
        script = BURY.format(id=session_id, inscription=shlex.quote(inscription))
        *left, last = self._ask(script, PATIENCE_S).splitlines() or [""]
        if last != "buried":
            raise Failure(f"{self.name}: {session_id} was not erased there", EX_IOERR)
        return [line.removeprefix("left ./") for line in left if line.startswith("left ./")]

    def _ask(self, script: str, within_s: float) -> str:
        """Run `script` in the destination's directory; what it printed."""
        return self._ask_bytes(script, within_s).decode("utf-8", "replace").strip()

    def _ask_bytes(self, script: str, within_s: float) -> bytes:
        path = shlex.quote(self.destination.path)
        whole = shlex.quote(f"cd {path} || exit {NO_DIRECTORY}; {script}")
        login = ("-l", self.destination.user, "--", self.destination.host)
        command = [*self._ssh(), *login, f"exec env LC_ALL=C sh -c {whole}"]
        with begun(command, self.name, self.lock) as ssh:
            stdout = ssh.answer(within_s, self.name)
        self._check(ssh)
        return stdout

    def _check(self, program: Begun) -> None:
        """See that a program ended well; its failure is told by the end of what it complained."""
        code = program.process.returncode
        if code == NO_DIRECTORY:
            text = f"{self.name}: {self.destination.path} is not there, or may not be entered"
            raise Failure(f"{text}: is its disk plugged in?", EX_CANTCREAT)
        if code:
            told = program.complaint.text()
            if not are_attributes_only(code, told):
                raise failure(self.name, self.destination, code, told)

    def _ssh(self) -> list[str]:
        there = self.destination
        keys = ("-i", there.key, "-o", f"UserKnownHostsFile={there.known_hosts}")
        return [*SSH, *keys, "-p", str(there.port)]


def _patience_s(size_bytes: int) -> float:
    return PATIENCE_S + size_bytes / SLOWEST_BYTES_PER_S


def _unless(there: str, sha256: str) -> str:
    """A condition: the file there is still what it was."""
    if not sha256:
        return ""
    return (
        f'[ ! -e {there}-journal ] && h=$(sha256sum < {there}) && [ "${{h%% *}}" = {sha256} ] '
        f"|| {{ echo changed; exit 0; }}; "
    )


def _word(name: str) -> str:
    """A file's name as the shell there takes it: one word that is no option."""
    return shlex.quote(f"./{name}")


def _follow(process: subprocess.Popen[bytes], total: int, progress: Progress) -> None:
    """Tell how many bytes are there, as rsync says in lines that end with a carriage return."""
    if process.stdout is None:
        return
    unread = b""
    while portion := os.read(process.stdout.fileno(), 4096):
        *lines, unread = re.split(rb"[\r\n]", (unread + portion)[-4096:])
        for line in lines:
            if said := re.match(rb"\s*(\d+)\s+\d+%", line):
                progress(min(int(said[1]), total), total)
