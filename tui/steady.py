"""Contacts that do not flicker: a new state counts once it has lasted, and a blink is no fault."""

from collections.abc import Sequence

import msgspec

from recorder.wire.messages import BoardStatus, Contact, Status

LASTS_S = 5.0
BLINKS = "blinks"


class Steady:
    """The state of each contact as it is shown; `look` is to be called with each status."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], Contact] = {}
        self._since_s: dict[tuple[str, str], tuple[str, float]] = {}

    def look(self, status: Status, now_s: float) -> Status:
        """The same status, with contacts as they have been for a while."""
        boards = [
            msgspec.structs.replace(board, contacts=self._contacts(board, now_s))
            for board in status.boards
        ]
        return msgspec.structs.replace(status, boards=boards)

    def _contacts(self, board: BoardStatus, now_s: float) -> Sequence[Contact]:
        return [
            self._steady((board.role, it.label), _without_blinks(it), now_s)
            for it in board.contacts
        ]

    def _steady(self, key: tuple[str, str], now: Contact, now_s: float) -> Contact:
        """What is shown stays until another state has lasted; no data is no matter of contact."""
        shown = self._shown.get(key, now)
        if now.state != shown.state and "no data" not in (now.state, shown.state):
            state, since_s = self._since_s.get(key, ("", 0.0))
            if state != now.state:
                since_s = now_s
                self._since_s[key] = now.state, now_s
            if now_s - since_s < LASTS_S:
                return shown
        self._since_s.pop(key, None)
        self._shown[key] = now
        return now


def _without_blinks(contact: Contact) -> Contact:
    if contact.state == "noisy" and contact.noise == BLINKS:
        return msgspec.structs.replace(contact, state="good", noise="")
    return contact
