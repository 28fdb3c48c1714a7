"""WebVTT, with who speaks in its voice tags, and SRT, which does not say.

https://www.w3.org/TR/webvtt1/ and, of SRT, what players read: a number, a line of times, the text.
"""

import re
from collections.abc import Iterator
from html import unescape

from recorder.spans.span import Found, Span, seconds_of

ARROW = "-->"
NO_CUE = ("NOTE", "STYLE", "REGION")
# Of each voice, to the end of its tag or to the next one; what comes before has none.
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
TAG = re.compile(r"<[^>]*>")
Line = tuple[int, str]


def read_vtt(text: str) -> Found:
    """What is said, by whom. Raises ValueError where it is no WebVTT."""
    head, *blocks = list(_blocks(text)) or [[(1, "")]]
    if not re.match(r"WEBVTT(?:\s|$)", head[0][1]):
        raise ValueError("line 1: WebVTT begins with WEBVTT")
    cues = [cue for block in blocks if (cue := _cue(block, NO_CUE))]
    return Found(tuple(span for cue in cues for span in _voices(cue)))


def read_srt(text: str) -> Found:
    """What is said. Raises ValueError where it is no SRT."""
    cues = [cue for block in _blocks(text) if (cue := _cue(block, ()))]
    return Found(tuple(Span(it.begin_s, it.end_s, _plain(it.text)) for it in cues))


def _blocks(text: str) -> Iterator[list[Line]]:
    """Lines with their numbers, in blocks that empty lines part."""
    block: list[Line] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _cue(block: list[Line], no_cue: tuple[str, ...]) -> Span | None:
    """A cue's times, with its text as it stands; None of what is none."""
    if block[0][1].split(maxsplit=1)[0] in no_cue and ARROW not in block[0][1]:
        return None
    at = next((at for at, (_, line) in enumerate(block[:2]) if ARROW in line), None)
    if at is None:
        raise ValueError(f"line {block[0][0]}: no line of times, such as 00:01.000 --> 00:02.000")
    number, times = block[at]
    begin, _, rest = times.partition(ARROW)
    try:
        begin_s, end_s = seconds_of(begin), seconds_of((rest.split() or [""])[0])
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
    return Span(begin_s, end_s, " ".join(line.strip() for _, line in block[at + 1 :]))


def _voices(cue: Span) -> Iterator[Span]:
    before, *voices = VOICE.split(cue.text)
    said = [("", before), *zip(voices[::2], voices[1::2], strict=True)]
    for who, text in said:
        if plain := _plain(text):
            yield Span(cue.begin_s, cue.end_s, plain, unescape(who).strip())


def _plain(text: str) -> str:
    return " ".join(unescape(TAG.sub("", text)).split())
