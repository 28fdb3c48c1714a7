"""Praat's TextGrid, long or short: its free-standing numbers, texts and flags, in their order.

https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
"""

import re
from collections.abc import Iterator

from recorder.spans.span import Found, Span

TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(<exists>|[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?!\S)')
LATER = "it ends before all of its intervals"


def read_textgrid(text: str) -> Found:
    """All intervals and points that have a text. Raises ValueError where it is no TextGrid."""
    tokens = _tokens(text)
    if (next(tokens, ""), next(tokens, "")) != ('"ooTextFile', '"TextGrid'):
        raise ValueError("no TextGrid: it does not begin as one")
    try:
        _skip(tokens, 3)  # begin and end of all, and that there are tiers
        spans = [span for _ in range(_count(tokens)) for span in _tier(tokens)]
    except StopIteration as error:
        raise ValueError(LATER) from error
    return Found(tuple(spans))


def _tokens(text: str) -> Iterator[str]:
    """Numbers and flags as they are; texts after a quotation mark."""
    for found in TOKEN.finditer(text):
        yield found[2] if found[1] is None else '"' + found[1].replace('""', '"')


def _tier(tokens: Iterator[str]) -> list[Span]:
    kind, name = _text(tokens), _text(tokens)
    if kind not in ("IntervalTier", "TextTier"):
        raise ValueError(f"{kind!r:.40} is no kind of tier")
    _skip(tokens, 2)
    spans = []
    for _ in range(_count(tokens)):
        begin_s = _number(tokens)
        end_s = _number(tokens) if kind == "IntervalTier" else begin_s
        spans.append(Span(begin_s, end_s, " ".join(_text(tokens).split()), name))
    return [span for span in spans if span.text]


def _skip(tokens: Iterator[str], count: int) -> None:
    for _ in range(count):
        _require(next(tokens))


def _require(token: str | None) -> str:
    if token is None:
        raise ValueError(LATER)
    return token


def _text(tokens: Iterator[str]) -> str:
    token = _require(next(tokens))
    if not token.startswith('"'):
        raise ValueError(f"a text is expected where {token:.40} stands")
    return token[1:]


def _number(tokens: Iterator[str]) -> float:
    token = _require(next(tokens))
    try:
        return float(token)
    except ValueError as error:
        raise ValueError(f"a number is expected where {token!r:.40} stands") from error


def _count(tokens: Iterator[str]) -> int:
    number = _number(tokens)
    if not number.is_integer():
        raise ValueError(f"{number} is no number of tiers or intervals")
    return int(number)
