"""A word in a text, however it is written."""

import unicodedata


def plain(text: str) -> str:
    """Without what is no difference to who looks for it: capitals, accents in two signs, blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def holds(text: str, wanted: str) -> bool:
    """Whether `wanted` stands somewhere in a text, within a longer word, too."""
    return plain(wanted) in plain(text)
