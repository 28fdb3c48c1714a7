"""The lines of a text file, whatever it was saved as.

UTF-8, UTF-16 and UTF-32 are told by their byte order mark, UTF-16 without one by its zeros; lines
may end as on any system. What is no text becomes U+FFFD, which is in no number.
"""

import codecs
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path

Told = Callable[[int, int], None]  # bytes read, bytes in all

TOGETHER = 1 << 18  # characters
NO_TEXT = "\ufffd"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD_BYTES = 1024


def encoding_of(path: Path) -> str:
    """Which of the encodings a file is in, by its beginning."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if marked or len(head) < 4:
        return marked or "utf-8"
    zeros = head[0::2].count(0), head[1::2].count(0)
    if max(zeros) < len(head) / 4:  # of letters and digits in UTF-16 each second byte is one
        return "utf-8"
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def lines_of(path: Path, told: Told) -> Iterator[tuple[int, list[str]]]:
    """The lines, without their ends, some thousand at a time, with the first one's number."""
    size, number = path.stat().st_size, 1
    with path.open("rb") as octets:
        file = TextIOWrapper(octets, encoding=encoding_of(path), errors="replace")
        while lines := file.readlines(TOGETHER):
            yield number, [line.rstrip("\n") for line in lines]
            number += len(lines)
            told(min(octets.tell(), size), size)
