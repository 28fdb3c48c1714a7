"""What a page holds, read again without the code that packed it."""

import json
import re
import zlib
from base64 import b64decode
from typing import Any

import numpy as np
from numpy.typing import NDArray


def unpacked(text: str, step: float, rows: int = 1) -> NDArray[np.float64]:
    """(rows, n) NaN where there is none."""
    octets = zlib.decompress(b64decode(text))
    half = len(octets) // 2
    steps = [low | high << 8 for low, high in zip(octets[:half], octets[half:], strict=True)]
    found = np.empty(half)
    per_row = half // rows
    for row in range(rows):
        value = 0
        for place in range(row * per_row, (row + 1) * per_row):
            value = (value + steps[place]) & 0xFFFF
            signed = value - 0x10000 if value & 0x8000 else value
            found[place] = np.nan if signed == -32768 else signed * step
    return found.reshape(rows, per_row)


def held(page: bytes) -> dict[str, Any]:
    """The contents that a page carries."""
    [data] = re.findall(rb'<script type="application/json" id="data">(.*?)</script>', page)
    told: dict[str, Any] = json.loads(data)
    return told
