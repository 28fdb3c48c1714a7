"""Damage to bytes: what a bad cable, a bad card or a bad program makes of them."""

from itertools import pairwise

import numpy as np

LONGEST_NOISE = 64
_SPECIAL = (b"\x00", b"\xff", b"\n", b"\xa0", b"{", b'"', b"[", b",", b"-1", b"1e999", b"\xf0\x9f")


def damage(octets: bytes, rng: np.random.Generator) -> bytes:
    """Some bits flipped, and some parts overwritten, doubled, cut out or put in."""
    damaged = bytearray(octets)
    for _ in range(int(rng.integers(1, 9))):
        _change(damaged, rng)
    return bytes(damaged)


def _change(octets: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(len(octets) + 1))
    length = int(rng.integers(1, LONGEST_NOISE))
    match int(rng.integers(6)):
        case 0 if octets:
            octets[at % len(octets)] ^= 1 << int(rng.integers(8))
        case 1:
            octets[at : at + length] = rng.bytes(length)
        case 2:
            octets[at:at] = octets[at : at + length]
        case 3:
            del octets[at : at + length]
        case 4:
            octets[at:at] = _SPECIAL[int(rng.integers(len(_SPECIAL)))] * int(rng.integers(1, 5))
        case _:
            del octets[max(at, len(octets) - length) :]


def flip(octets: bytes, rng: np.random.Generator) -> bytes:
    """Bits flipped all over, one in some thousands of bytes; the length stays."""
    damaged = np.frombuffer(octets, np.uint8).copy()
    places = rng.integers(len(octets), size=int(rng.integers(1, 3 + len(octets) // 4096)))
    damaged[places] ^= (1 << rng.integers(8, size=len(places))).astype(np.uint8)
    return damaged.tobytes()


def pieces(octets: bytes, rng: np.random.Generator) -> list[bytes]:
    """The same bytes as reads of 1 to 200 would bring them."""
    cuts = np.cumsum(rng.integers(1, 200, size=len(octets) // 50 + 2))
    edges = [0, *cuts[cuts < len(octets)].tolist(), len(octets)]
    return [octets[a:b] for a, b in pairwise(edges)]
