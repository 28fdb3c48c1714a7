"""How far something long has come, for whoever shows it."""

from collections.abc import Callable

# told (done, in all)
Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """Nobody is watching."""
