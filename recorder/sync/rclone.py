"""A destination that rclone gets to: somebody else's computers, mostly.

Everything is encrypted with age before it goes there. What a copy is, is proved by reading it back
and hashing it here: most remotes cannot make a SHA-256, and one that encrypts, as crypt does, has
none of what we sent. A file grows at the remote under its staging name, and rclone begins anew
after a cut: what is large goes in pieces (outbox.py).

Of what is deleted there a remote may keep old versions, or a trash, that no deletion reaches.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from recorder.failure import (
    EX_CANTCREAT,
    EX_CONFIG,
    EX_IOERR,
    EX_NOPERM,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    Failure,
    Refused,
)
from recorder.privacy.age import require_recipient
from recorder.progress import Progress, no_progress
from recorder.settings.destination import Remote
from recorder.sync.belongings import others, ours, videos_of
from recorder.sync.finished import Sealed
from recorder.sync.program import Begun, begun
from recorder.sync.ssh import STAGED
from recorder.sync.tombstones import TOMBSTONES

OPTIONS = (
    *("--ask-password=false", "--log-level=ERROR", "--retries=1", "--low-level-retries=3"),
    *("--timeout=60s", "--contimeout=15s", "--use-cookies=false"),
)
NOT_THERE = 3, 4  # rclone's exit codes: a directory, a file
PATIENCE_S = 120.0
SLOWEST_BYTES_PER_S = 64 << 10
CAUSES = (
    (r"didn't find section in config", EX_CONFIG, "{config} has no section of this name"),
    (
        r"[Cc]onfig.*(password|decrypt)",
        EX_CONFIG,
        "{config} has a password of its own: take it off",
    ),
    (
        r"[Nn]o space|remaining disk space|[Ii]nsufficient [Ss]torage|[Qq]uota|507",
        EX_CANTCREAT,
        "no space left there",
    ),
    (
        r"invalid_grant|[Tt]oken.*expired|[Uu]nauthorized|[Ff]orbidden|[Aa]ccess ?[Dd]enied"
        r"|\b40[13]\b|permission denied|unable to authenticate",
        EX_NOPERM,
        "it does not let us in, or not write: {last}",
    ),
    (
        r"no such host|connection refused|no route to host|network is unreachable|dial tcp",
        EX_UNAVAILABLE,
        "it cannot be reached: {last}",
    ),
    (
        r"timeout|timed out|connection reset|EOF|broken pipe",
        EX_TEMPFAIL,
        "the connection was cut: {last}; the next sync sends the piece again",
    ),
)


@dataclass(frozen=True, slots=True)
class RcloneLink:
    """One such destination, called `name`. Every method raises Failure when it cannot be done.

    `lock` is a descriptor that rclone is begun with, so that its lock lasts as it does.
    """

    name: str
    destination: Remote
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
        """See that rclone's configuration is there, and that one can encrypt."""
        try:
            Path(self.destination.config).read_bytes()
        except OSError as error:
            text = f"{self.name}: {self.destination.config}: {error.strerror}: make it with"
            advice = f"{text} rclone config --config {self.destination.config}"
            raise Failure(advice, EX_CONFIG) from error
        require_recipient(self.destination.encrypt_to)

    def try_out(self) -> str:
        """See that all is there that a sync needs, with nothing to copy; in words, what is."""
        tried = f".antiphon-try-{os.getpid()}"
        with NamedTemporaryFile(prefix="antiphon-try-") as file:
            file.write(tried.encode())
            file.flush()
            self._run("copyto", file.name, self._at(tried))
            came = self._run("cat", self._at(tried))
            self._run("deletefile", self._at(tried))
        if came != tried.encode():
            raise Failure(f"{self.name}: what was sent there came back otherwise", EX_IOERR)
        return f"{self.address} was written to, read back and cleared"

    def hashes_of(self, names: Sequence[str], size_bytes: int) -> dict[str, str]:
        """The SHA-256 of those of the files that are there, each read back."""
        there = set(self._names())
        return {name: self._hash_of(name) for name in names if name in there}

    def send(self, file: Sealed, progress: Progress = no_progress) -> None:
        """Send the file to its staging name."""
        progress(0, file.bytes)
        limit = f"--bwlimit={self.destination.limit_kib_s}k" if self.destination.limit_kib_s else ""
        how = [limit] if limit else []
        staged = self._at(file.path.name + STAGED)
        patience_s = self._patience_s(file.bytes)
        self._run(*how, "copyto", str(file.path), staged, within_s=patience_s)
        progress(file.bytes, file.bytes)

    def notes(self) -> dict[str, str]:
        """None: those there are encrypted, and nobody else writes there."""
        return {}

    def fetch(self, name: str) -> bytes:
        """What is in a file there, a small one."""
        return self._run("cat", self._at(name))

    def settle(self, file: Sealed, *, replace: bool, instead_of: str = "") -> bool:
        """Give the staged file its name if it is whole, or else throw it away; whether it was."""
        staged, name = file.path.name + STAGED, file.path.name
        if self._hash_of(staged) != file.sha256:
            self._run("deletefile", self._at(staged))
            return False
        if not replace and name in self._names():
            raise Refused("the destination has a file of this name by now", EX_IOERR)
        self._run("moveto", self._at(staged), self._at(name), within_s=self._patience_s(file.bytes))
        return True

    def bury(self, session_id: str, inscription: str) -> list[str]:
        """Erase all of a session and leave a tombstone; the names of others' files about it."""
        with NamedTemporaryFile(prefix="antiphon-tombstone-") as file:
            file.write(f"{inscription}\n".encode())
            file.flush()
            self._run("copyto", file.name, self._at(f"{TOMBSTONES}/{session_id}.json"))
        self.remove(ours(self._names(), session_id))
        names = self._names()
        if ours(names, session_id):
            raise Failure(f"{self.name}: {session_id} was not erased there", EX_IOERR)
        return others(names, session_id)

    def unfilm(self, session_id: str) -> None:
        """Erase the videos of a session, and whatever there is of them."""
        self.remove(videos_of(self._names(), session_id))

    def remove(self, names: Sequence[str]) -> None:
        """Erase some files there."""
        there = set(self._names())
        for name in names:
            if name in there:
                self._run("deletefile", self._at(name), may_be_missing=True)

    def _names(self) -> list[str]:
        """What is there; nothing where there is no such directory yet."""
        said = self._run(
            "lsjson", "--files-only", "--no-modtime", self._at(""), may_be_missing=True
        )
        return [one["Name"] for one in json.loads(said or b"[]")]

    def _hash_of(self, name: str) -> str:
        """Read back, as it comes, so that no memory grows with it."""
        command = self._command("cat", self._at(name))
        found = hashlib.sha256()
        with begun(command, self.name, self.lock, self._environment) as rclone:
            if rclone.process.stdout is not None:
                while portion := rclone.process.stdout.read(1 << 20):
                    found.update(portion)
            rclone.process.wait()
        self._check(rclone)
        return found.hexdigest()

    def _run(
        self, *words: str, within_s: float = PATIENCE_S, may_be_missing: bool = False
    ) -> bytes:
        """Run rclone; what it printed, b"" of what is missing where it may be."""
        command = self._command(*words)
        with begun(command, self.name, self.lock, self._environment) as rclone:
            stdout = rclone.answer(within_s, self.name)
        if may_be_missing and rclone.process.returncode in NOT_THERE:
            return b""
        self._check(rclone)
        return stdout

    def _command(self, *words: str) -> list[str]:
        return ["rclone", f"--config={self.destination.config}", *OPTIONS, *words]

    @property
    def _environment(self) -> dict[str, str]:
        """Ours, without what would set rclone otherwise."""
        return {key: value for key, value in os.environ.items() if not key.startswith("RCLONE_")}

    def _at(self, name: str) -> str:
        remote, _, path = self.destination.remote.partition(":")
        inside = "/".join(part for part in (path.rstrip("/"), name) if part)
        return f"{remote}:{inside}"

    def _patience_s(self, size_bytes: int) -> float:
        slowest = SLOWEST_BYTES_PER_S
        if limit := self.destination.limit_kib_s << 10:
            slowest = min(slowest, limit // 2)
        return PATIENCE_S + size_bytes / slowest

    def _check(self, rclone: Begun) -> None:
        if code := rclone.process.returncode:
            raise self._failure(code, rclone.complaint.text())

    def _failure(self, code: int, said: str) -> Failure:
        lines = [line for line in said.splitlines() if line.strip()]
        last = re.sub(r"[^ -~]+", " ", lines[-1]).strip()[:200] if lines else f"exit code {code}"
        for pattern, code_of_ours, text in CAUSES:
            if re.search(pattern, said):
                line = text.format(last=last, config=self.destination.config)
                return Failure(f"{self.name}: {line}", code_of_ours)
        return Failure(f"{self.name}: rclone failed: {last}", EX_IOERR)
