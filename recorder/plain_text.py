"""Text that came from a terminal, a program or a file's name, made fit to be stored and sent."""

import re

_HALF = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """`text` with U+FFFD for each sign that is none.

    Python stands a lone half of a surrogate pair for a byte that could not be decoded, as a word
    typed on a terminal that is not UTF-8. Neither SQLite nor JSON takes those.
    """
    return _HALF.sub("\ufffd", text)
