"""Where sessions are copied to, of every kind, and what is found there by looking oneself."""

import importlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MEMORY = Path("/dev/shm")
RCLONE = shutil.which("rclone")


@dataclass
class FarPlace:
    """A destination.

    Attributes:
        kind: the section of the configuration.
        fields: of the section.
        inbox: where the copies are.
        identity: who can decrypt them; None when they are as they are.
        names_hidden: whether file names in the inbox are not those that were sent.
    """

    kind: str
    fields: dict[str, Any]
    inbox: Path
    identity: Any = None
    names_hidden: bool = False
    rclone_config: str = ""
    before: Callable[[], None] = field(default=lambda: None)

    def section(self, name: str) -> str:
        lines = [f"{key} = {json.dumps(value)}" for key, value in self.fields.items()]
        return "\n".join([f"[{self.kind}.{name}]", *lines, ""])

    def names(self) -> list[str]:
        """Of the files that are there, half-sent ones too; without tombstones and the disk's."""
        if self.names_hidden:
            remote = str(self.fields["remote"])
            command = ["rclone", f"--config={self.rclone_config}", "lsf", "--files-only", remote]
            listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            return sorted(listed.splitlines())
        there = [path.name for path in self.inbox.iterdir() if path.is_file()]
        return sorted(name for name in there if name != "antiphon-disk")

    def content(self, name: str) -> bytes:
        """What was sent under a name: of a copy in pieces, of all of them in their order."""
        pieces = [it for it in self.names() if it == name or it.startswith(f"{name}.")]
        whole = [it for it in pieces if it in (name, f"{name}.age") or "-of-" in it]
        return b"".join(map(self._plain, sorted(whole)))

    def _plain(self, name: str) -> bytes:
        sent = self._sent(name)
        if self.identity is None:
            return sent
        return bytes(_pyrage().decrypt(sent, [self.identity]))

    def _sent(self, name: str) -> bytes:
        if not self.names_hidden:
            return (self.inbox / name).read_bytes()
        at = f"{self.fields['remote']}/{name}"
        command = ["rclone", f"--config={self.rclone_config}", "cat", at]
        return subprocess.run(command, capture_output=True, check=True).stdout


def other_disk_missing(tested: Path) -> str:
    """Why there is no other disk than that of `tested`, without root; "" where there is."""
    if not os.access(MEMORY, os.W_OK):
        return f"{MEMORY} cannot be written"
    taken = {Path("/").stat().st_dev, tested.stat().st_dev}
    return f"{MEMORY} is no other disk" if MEMORY.stat().st_dev in taken else ""


@contextmanager
def folder() -> Iterator[FarPlace]:
    """A directory on another disk: in memory."""
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="antiphon-") as there:
        yield FarPlace("sync_folder", {"folder": there}, Path(there))


def remote(directory: Path, *, crypt: bool = False) -> FarPlace:
    """What rclone gets to: a directory here, as it is or with rclone's own encryption over it."""
    identity = _pyrage().x25519.Identity.generate()
    inbox, config = directory / "inbox", directory / "rclone.conf"
    inbox.mkdir(parents=True)
    lines = ["[plain]", "type = local"]
    if crypt:
        obscured = subprocess.run(
            ["rclone", "obscure", "a ward's secret"], capture_output=True, text=True, check=True
        ).stdout.strip()
        lines += ["[cloud]", "type = crypt", f"remote = plain:{inbox}", f"password = {obscured}"]
    config.write_text("\n".join([*lines, ""]))
    fields = {
        "remote": "cloud:eeg" if crypt else f"plain:{inbox}",
        "encrypt_to": str(identity.to_public()),
        "config": str(config),
    }
    return FarPlace("sync_remote", fields, inbox, identity, crypt, str(config))


def _pyrage() -> Any:
    return importlib.import_module("pyrage")
