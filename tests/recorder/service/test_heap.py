"""One heap for all threads, as libc itself tells it."""

import ctypes
import subprocess
import sys

import pytest

BUSY_THREAD = """
import ctypes, sys, threading
from recorder.service.heap import share_one_heap
if "shared" in sys.argv:
    share_one_heap()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
thread = threading.Thread(target=lambda: [bytes(n) for n in range(600, 9000)])
thread.start()
thread.join()
told = libc.fopen(b"/dev/stdout", b"w")
libc.malloc_info(0, ctypes.c_void_p(told))
libc.fflush(None)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="libc is not glibc")
@pytest.mark.parametrize(("words", "heaps"), [((), 2), (("shared",), 1)])
def test_a_thread_has_no_heap_of_its_own(words: tuple[str, ...], heaps: int) -> None:
    command = [sys.executable, "-c", BUSY_THREAD, *words]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.count("<heap nr=") == heaps
