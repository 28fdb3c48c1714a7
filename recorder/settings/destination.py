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
def _text(pattern: str, description: str) -> msgspec.Meta:
    return msgspec.Meta(pattern=pattern, description=description)


Name = Annotated[str, _text(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}\Z", "letters, digits, - and _")]
Host = Annotated[
    str, _text(r"^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}\Z", 'a host such as "eeg-archive.local"')
]
User = Annotated[
    str, _text(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\Z", "an account: letters, digits, . - and _")
]
RemotePath = Annotated[
    str, _text(r"^/[^\x00-\x1f\x7f]{0,1000}\Z", 'a directory from / on, such as "/srv/eeg/box-3"')
]
Recipient = Annotated[
    str, _text(r"^(age1[0-9a-z]{50,100})?\Z", "an age public key, age1… as age-keygen prints it")
]
LocalPath = Annotated[
    str, _text(r"^/[A-Za-z0-9._/+@=,-]{1,400}\Z", "a path from / on, without blanks")
]


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
