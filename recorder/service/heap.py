"""One heap for all threads of a service that runs for months.

glibc gives every thread a heap, and none can use what is free in another: that is some MiB more to
begin with, and the highest mark of each goes on rising for a day.
"""

import ctypes
from contextlib import suppress
from typing import Final

_M_ARENA_MAX: Final = -8  # of malloc.h


def share_one_heap() -> None:
    """Give threads that begin from now on no heap of their own; nothing where libc is another."""
    with suppress(AttributeError, TypeError):  # macOS has no such call, Windows no such library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
