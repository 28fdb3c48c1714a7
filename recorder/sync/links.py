"""The way to a destination, whichever kind it is, and when it may be used."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from recorder.failure import EX_TEMPFAIL, Failure
from recorder.progress import Progress
from recorder.settings.destination import Folder, Remote, Terms, Workstation
from recorder.settings.windows import parse
from recorder.sync.delivery import Link, Place
from recorder.sync.folder import FolderLink
from recorder.sync.outbox import OUTBOX, Outbox
from recorder.sync.rclone import RcloneLink
from recorder.sync.receipts import Receipts
from recorder.sync.ssh import SshLink


class WindowClosed(Failure):
    """It is not the time to send anything there; nothing is wrong."""


def link_to(name: str, destination: Terms, sessions: Path, lock: int) -> Link:
    """The way there; nothing is asked yet. `lock` is what programs are begun with: receipts.py."""
    if isinstance(destination, Workstation):
        return SshLink(name, destination, lock)
    if isinstance(destination, Folder):
        folder = FolderLink(name, destination, sessions)
        folder.look()
        return folder
    if isinstance(destination, Remote):
        return RcloneLink(name, destination, lock)
    raise TypeError(destination)


def place_of(sessions: Path, link: Link, terms: Terms) -> Place:
    """The destination behind a link, with what this machine keeps about it."""
    key = terms.encrypt_to
    receipts = Receipts(sessions, link.kept_as, link.address, key)
    outbox = Outbox(sessions / OUTBOX / link.kept_as, key)
    return Place(link, receipts, outbox=outbox, videos=terms.videos)


def require_open(name: str, terms: Terms, moment: datetime) -> None:
    """See that something may be sent there now; `moment` in the box's local time.

    Raises:
        WindowClosed: none of its windows is open.
    """
    windows = [parse(text) for text in terms.windows]
    if windows and not any(window.holds(moment) for window in windows):
        when = ", ".join(terms.windows)
        text = f"{name}: nothing is sent outside of {when}; the next sync then resumes"
        raise WindowClosed(text, EX_TEMPFAIL)


def while_open(
    name: str, terms: Terms, local_time: Callable[[], datetime], progress: Progress
) -> Progress:
    """`progress`, and WindowClosed where the last window closes while something is sent."""

    def told(done: int, total: int) -> None:
        require_open(name, terms, local_time())
        progress(done, total)

    return told
