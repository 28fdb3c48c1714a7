"""A gap that has just ended, in a sentence: a figure that has changed is easily missed."""

from recorder.wire.messages import SessionStatus, Status
from tui.language import _
from tui.wording import length

LEAST_S = 1.0


class Gaps:
    """Follows how much is missing of the session; `look` is to be called with each status."""

    def __init__(self) -> None:
        self._id = ""
        self._missing_s: dict[str, float] = {}
        self._until_s = 0.0  # up to where the session was recorded when last looked at

    def look(self, status: Status) -> str:
        """What is to be said now; "" mostly. What the radio loses little by little is no gap."""
        session = status.session
        if session is None or status.state == "waiting for room":
            return ""
        ended_s = self._between_parts(session)
        for board in status.boards:
            if board.state == "streaming":
                missing_s = session.missing_s.get(board.role, 0.0)
                ended_s[board.role] = missing_s - self._missing_s.get(board.role, 0.0)
                self._missing_s[board.role] = missing_s
        self._until_s = session.whole_s
        return _sentence({role: s for role, s in ended_s.items() if s >= LEAST_S})

    def _between_parts(self, session: SessionStatus) -> dict[str, float]:
        """Of a session that was resumed in another file, how long nobody was recorded."""
        if session.id == self._id:
            return {}
        begun_s = session.whole_s - session.elapsed_s
        is_later_part = self._id and begun_s > LEAST_S
        self._id, self._missing_s = session.id, dict(session.missing_s)
        return {"": begun_s - self._until_s} if is_later_part else {}


def _sentence(ended_s: dict[str, float]) -> str:
    if not ended_s:
        return ""
    shortest_s, longest_s = min(ended_s.values()), max(ended_s.values())
    if "" in ended_s or (len(ended_s) > 1 and longest_s - shortest_s < LEAST_S):
        text = _("nothing was recorded for {time}; now it is recorded again")
        return text.format(time=length(longest_s))
    text = _("{role}: {time} are missing; now it is recorded again")
    return " · ".join(text.format(role=_(role), time=length(s)) for role, s in ended_s.items())
