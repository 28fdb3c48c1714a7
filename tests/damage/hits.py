"""What a bad card does to a file: a bit that flips, an end that is gone, a sector of zeros."""

from collections.abc import Callable

import numpy as np

SECTOR_BYTES = 512

Range = tuple[int, int]  # from, to
Hit = Callable[[bytes, np.random.Generator], tuple[bytes, Range]]


def flip(octets: bytes, rng: np.random.Generator) -> tuple[bytes, Range]:
    """One bit."""
    at = int(rng.integers(len(octets)))
    damaged = bytearray(octets)
    damaged[at] ^= 1 << int(rng.integers(8))
    return bytes(damaged), (at, at + 1)


def cut(octets: bytes, rng: np.random.Generator) -> tuple[bytes, Range]:
    """The file ends somewhere."""
    at = int(rng.integers(len(octets)))
    return octets[:at], (at, len(octets))


def blank(octets: bytes, rng: np.random.Generator) -> tuple[bytes, Range]:
    """One sector is zeros."""
    at = int(rng.integers(-(-len(octets) // SECTOR_BYTES))) * SECTOR_BYTES
    end = min(at + SECTOR_BYTES, len(octets))
    return octets[:at] + bytes(end - at) + octets[end:], (at, end)


HITS: dict[str, Hit] = {"flip": flip, "cut": cut, "zeroed sector": blank}
