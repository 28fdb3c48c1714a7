"""The screen without words and colours: shapes are left, which must tell the states apart."""

import re
from html import escape, unescape
from pathlib import Path

NEUTRAL = "▫"
_LETTER = re.compile(r"[^\W_]")
_TEXT = re.compile(r"(<text[^>]*>)(.*?)(</text>)")
_GREY = '<svg style="filter: grayscale(1)"'


def wordless(text: str) -> str:
    """The text with one neutral sign for each letter and figure."""
    return _LETTER.sub(NEUTRAL, text)


def wordless_picture(svg: Path) -> Path:
    """The picture of a page once more, wordless and in grey; where it is."""
    picture = _TEXT.sub(
        lambda it: f"{it[1]}{escape(wordless(unescape(it[2])))}{it[3]}", svg.read_text("utf-8")
    )
    grey = svg.with_stem(f"{svg.stem}-wordless")
    grey.write_text(picture.replace("<svg", _GREY, 1), encoding="utf-8")
    return grey
