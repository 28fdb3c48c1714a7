"""Things that are due again and again, on a clock that is passed in."""


class Period:
    """Due once every `every_s`; what was missed while the host stalled is not made up for."""

    def __init__(self, every_s: float) -> None:
        self._every_ns = round(every_s * 1e9)
        self._next_ns = 0

    def due(self, now_ns: int) -> bool:
        """Whether it is time; if so, the next time is `every_s` from now."""
        if now_ns < self._next_ns:
            return False
        self._next_ns = now_ns + self._every_ns
        return True
