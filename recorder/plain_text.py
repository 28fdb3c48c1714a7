"""Text of others, from a terminal, a program or a file, made fit to be stored, sent and shown."""

import re
import unicodedata

_HALF = re.compile("[\ud800-\udfff]")
_OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, formats, halves, ends of lines and paragraphs


def whole(text: str) -> str:
    """`text` with U+FFFD for each sign that is none.

    Python stands a lone half of a surrogate pair for a byte that could not be decoded, as a word
    typed on a terminal that is not UTF-8. Neither SQLite nor JSON takes those.
    """
    return _HALF.sub("\ufffd", text)


def shown(text: str) -> str:
    """`text` with U+FFFD for each sign that a terminal would obey instead of showing it.

    Such as the escape that sets a window's title or fills the clipboard, and those that turn the
    direction of writing. New lines and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if _is_shown(sign) else "\ufffd" for sign in text)


def _is_shown(sign: str) -> bool:
    return sign in "\n\t" or unicodedata.category(sign) not in _OBEYED
