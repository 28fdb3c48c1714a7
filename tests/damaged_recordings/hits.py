"""What befalls a file of text: each way gives its bytes, and how they are to be decoded."""

from collections.abc import Callable

import numpy as np

Damaged = tuple[bytes, str]
Rng = np.random.Generator

BYTES = b"0123456789.,-; \t\r\n\x00\xff\x80xeE%#\"'+_"
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")


def cut(lines: list[str], rng: Rng) -> Damaged:
    """The end is missing, or the beginning, or a piece in the middle."""
    octets = _text(lines)
    first, second = sorted(rng.integers(0, len(octets), 2).tolist())
    kept = (octets[:second], octets[first:], octets[:first] + octets[second:])
    return kept[int(rng.integers(3))], "utf-8"


def doubled(lines: list[str], rng: Rng) -> Damaged:
    """Some lines stand there twice, or a long stretch of them, at once or later."""
    found = list(lines)
    for _ in range(int(rng.integers(1, 6))):
        at, n = int(rng.integers(len(found))), int(rng.choice([1, 1, 2, 40, 300]))
        there = at + n if rng.random() < 0.5 else int(rng.integers(len(found)))
        found[there:there] = found[at : at + n]
    return _text(found), "utf-8"


def swapped(lines: list[str], rng: Rng) -> Damaged:
    """Lines have changed places: neighbours, or far apart, or whole stretches."""
    found = list(lines)
    for _ in range(int(rng.integers(1, 6))):
        n, far = int(rng.choice([1, 1, 1, 20])), int(rng.choice([1, 2, 30, 256, 500]))
        at = int(rng.integers(max(1, len(found) - n - far)))
        one, other = found[at : at + n], found[at + far : at + far + n]
        if far >= n and len(other) == n:
            found[at : at + n], found[at + far : at + far + n] = other, one
    return _text(found), "utf-8"


def gone(lines: list[str], rng: Rng) -> Damaged:
    """Lines are missing, one by one and in stretches."""
    found = list(lines)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(found)))
        del found[at : at + int(rng.choice([1, 1, 3, 60, 256, 300]))]
    return _text(found), "utf-8"


def joined(lines: list[str], rng: Rng) -> Damaged:
    """Ends of lines are missing, also with a part of the line, and new ones are put in."""
    octets = bytearray(_text(lines))
    for _ in range(int(rng.integers(1, 8))):
        ends = np.flatnonzero(np.frombuffer(bytes(octets), np.uint8) == ord("\n"))
        at = int(rng.choice(ends)) if len(ends) else 0
        match int(rng.integers(3)):
            case 0:
                del octets[at : at + 1]
            case 1:
                del octets[max(0, at - int(rng.integers(1, 60))) : at + 1]
            case _:
                octets.insert(int(rng.integers(len(octets))), ord("\n"))
    return bytes(octets), "utf-8"


def wrong_bytes(lines: list[str], rng: Rng) -> Damaged:
    """Bytes are others: a few anywhere, or a sector of nothing, or noise."""
    octets = bytearray(_text(lines))
    if rng.random() < 0.2:
        at, n = int(rng.integers(len(octets))), int(rng.integers(1, 512))
        octets[at : at + n] = bytes(n) if rng.random() < 0.5 else rng.bytes(n)
    for _ in range(int(rng.integers(1, 30))):
        octets[int(rng.integers(len(octets)))] = int(rng.choice(list(BYTES)))
    return bytes(octets), "utf-8"


def encoded(lines: list[str], rng: Rng) -> Damaged:
    """Saved in another encoding, with other ends of lines; perhaps cut then."""
    encoding = str(rng.choice(ENCODINGS))
    text = str(rng.choice(["\n", "\r\n", "\r"])).join([*lines, ""])
    octets = text.encode(encoding)
    if rng.random() < 0.3:
        octets = octets[: int(rng.integers(len(octets) // 2, len(octets)))]
    return octets, encoding


HITS: dict[str, Callable[[list[str], Rng], Damaged]] = {
    "cut": cut,
    "doubled lines": doubled,
    "swapped lines": swapped,
    "missing lines": gone,
    "torn and joined lines": joined,
    "wrong bytes": wrong_bytes,
    "other encodings": encoded,
}


def _text(lines: list[str]) -> bytes:
    return "\n".join([*lines, ""]).encode()
