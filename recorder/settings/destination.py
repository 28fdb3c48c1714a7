"""[sync.NAME]: a workstation that finished sessions are copied to.

[sync.NAME]
host = "eeg-archive.local"
path = "/srv/eeg/box-3"
encrypt_to = "age1…"       (optional; the extra `crypt`)
"""

from typing import Annotated

import msgspec

# Neither a host nor a user may look like an option, and a local path must be one word: ssh takes
# apart what it is told at blanks and percent signs.
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}\Z")]
Host = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}\Z")]
User = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\Z")]
RemotePath = Annotated[str, msgspec.Meta(pattern=r"^/[^\x00-\x1f\x7f]{0,1000}\Z")]
Recipient = Annotated[str, msgspec.Meta(pattern=r"^(age1[0-9a-z]{50,100})?\Z")]
LocalPath = Annotated[str, msgspec.Meta(pattern=r"^/[A-Za-z0-9._/+@=,-]{1,400}\Z")]


class Destination(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where to, as whom, with which key, and which host keys are believed.

    `path` is a directory that is there already: a disk that is not plugged in must not be taken for
    an empty one. `limit_kib_s` is the most that is sent in a second; 0 is no limit. With
    `encrypt_to`, an age public key, nothing leaves this machine but what the holder of the secret
    key can read.
    """

    host: Host
    path: RemotePath
    user: User = "antiphon"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 22
    key: LocalPath = "/etc/antiphon/sync_key"
    known_hosts: LocalPath = "/etc/antiphon/known_hosts"
    limit_kib_s: Annotated[int, msgspec.Meta(ge=0)] = 0
    encrypt_to: Recipient = ""

    @property
    def address(self) -> str:
        """Where the copies are, in one word."""
        return f"{self.user}@{self.host}:{self.port}{self.path}"
