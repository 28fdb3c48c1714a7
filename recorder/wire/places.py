"""Who has a place at the control socket when there are more who want one than places.

64 places in all, the last 8 for the service's own account and root; 56 for one account, 50 of them
for connections that have subscribed. So whoever leaks connections, or hoards them, locks nobody
out: when there is no place, the newcomer is given that of a connection that is of no use to
anybody now. That is one that has never asked, else the one that has been silent longest; never one
that has subscribed, as a screen does, nor one that is being answered.
"""

from collections.abc import Collection
from dataclasses import dataclass

CLIENT_LIMIT = 64
KEPT_FOR_OWNER = 8
CLIENTS_EACH = 56
SCREENS_EACH = 50


@dataclass(slots=True)
class Place:
    """One connection.

    Attributes:
        uid: the account's.
        heard_s: when it asked last, or connected.
        has_asked: at least once.
        is_answered: right now.
        topics: what it has subscribed to.
    """

    uid: int
    heard_s: float
    has_asked: bool = False
    is_answered: bool = False
    topics: tuple[str, ...] = ()


class Full(Exception):
    """There is no place, and none that could be given away. The message is for who wanted one."""


def whose_place(uid: int, taken: Collection[Place], owners: Collection[int]) -> Place | None:
    """Whose place a newcomer of account `uid` takes; None when there is a free one.

    Raises:
        Full: there is none for it.
    """
    of_account = [place for place in taken if place.uid == uid]
    limit = CLIENT_LIMIT - (0 if uid in owners else KEPT_FOR_OWNER)
    if len(of_account) < CLIENTS_EACH and len(taken) < limit:
        return None
    crowd = of_account if len(of_account) >= CLIENTS_EACH else taken
    idle = [place for place in crowd if not place.topics and not place.is_answered]
    if not idle:
        raise Full(f"{len(crowd)} clients are connected already: close one")
    return min(idle, key=lambda place: (place.has_asked, place.heard_s))


def require_screen_place(mine: Place, taken: Collection[Place]) -> None:
    """Refuse one more subscription of an account that has its share.

    Raises:
        Full: it has.
    """
    screens = [it for it in taken if it.uid == mine.uid and it.topics and it is not mine]
    if len(screens) >= SCREENS_EACH:
        raise Full(f"{len(screens)} screens of this account are open already: close one")
