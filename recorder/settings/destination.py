"""Where finished sessions are copied to, each by a name of its own.

[sync.NAME]                                a workstation, over ssh
host = "eeg-archive.local"
path = "/srv/eeg/box-3"

[sync_folder.NAME]                         a disk that is plugged in here, or a share of the network
folder = "/media/eeg"

[sync_remote.NAME]                         what rclone gets to
remote = "nextcloud:eeg"
encrypt_to = "age1…"
"""

from typing import Annotated

import msgspec

from recorder.settings.windows import parse


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
RecipientOfRemote = Annotated[
    str, _text(r"^age1[0-9a-z]{50,100}\Z", "an age public key, age1… as age-keygen prints it")
]
LocalPath = Annotated[
    str, _text(r"^/[A-Za-z0-9._/+@=,-]{1,400}\Z", "a path from / on, without blanks")
]
# A name of rclone.conf and a path in it; not one that is made up on the command line (":sftp,…").
RclonePath = Annotated[
    str,
    _text(r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}:[^\x00-\x1f\x7f]{0,1000}\Z", 'such as "cloud:eeg"'),
]


class Terms(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """On what terms copies go to a destination, whichever way.

    `limit_kib_s` is the most that is sent in a second; 0 is no limit. `windows` are when it is sent
    (recorder/settings/windows.py); none is at any time. What was erased here is erased there at any
    time. `videos` go along with their session, if everybody in it agreed to video. With
    `encrypt_to`, an age public key, nothing leaves this machine but what the holder of the secret
    key can read.
    """

    limit_kib_s: Annotated[int, msgspec.Meta(ge=0)] = 0
    encrypt_to: Recipient = ""
    windows: tuple[str, ...] = ()
    videos: bool = True

    def __post_init__(self) -> None:
        for text in self.windows:
            parse(text)

    @property
    def address(self) -> str:
        """Where the copies are, in one word."""
        raise NotImplementedError


class Workstation(Terms, frozen=True):
    """Where to, as whom, with which key, and which host keys are believed.

    `path` is a directory that is there already: a disk that is not plugged in must not be taken for
    an empty one. A `pulled` one can be reached only while it asks for its copies itself, through a
    tunnel: `antiphon sync --pull` there. What it has is no reason to delete anything here.
    """

    host: Host
    path: RemotePath
    user: User = "antiphon"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 22
    key: LocalPath = "/var/lib/antiphon/sync_key"
    known_hosts: LocalPath = "/etc/antiphon/known_hosts"
    pulled: bool = False

    @property
    def address(self) -> str:
        """Where the copies are, in one word."""
        return f"{self.user}@{self.host}:{self.port}{self.path}"


class Folder(Terms, frozen=True):
    """A directory of another disk than the sessions', or of a share of the network."""

    folder: RemotePath

    @property
    def address(self) -> str:
        """Where the copies are, in one word; which disk it is comes after it: sync/folder.py."""
        return self.folder


class Remote(Terms, frozen=True, kw_only=True):
    """A place that rclone gets to; it must be encrypted for, as others have it in their hands."""

    remote: RclonePath
    encrypt_to: RecipientOfRemote
    config: LocalPath = "/var/lib/antiphon/rclone.conf"

    @property
    def address(self) -> str:
        """Where the copies are, in one word."""
        return self.remote


def is_remote(address: str) -> bool:
    """Whether copies at `address` are in others' hands, who may keep what is deleted."""
    return not address.startswith("/") and "@" not in address.partition(":")[0]


def is_at(address: str, configured: str) -> bool:
    """Whether copies at `address` are where a destination is; of a folder on whichever disk."""
    disk = address.rpartition("#")[0] if address.startswith("/") else address
    return configured in (address, disk)
