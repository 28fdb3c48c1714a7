"""Stamps through the real liblsl: an outlet, the loopback, an inlet with its dejitter.

The dejitter looks at the stamps that come with the samples and at nothing else, so simulated stamps
may pass as fast as they can.
"""

import secrets
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware.board import BoardFault, FaultKind
from hardware.lsl.library import LslSettings, load

CHUNK = 5000  # pushed, then pulled: never more than the inlet can hold
TIMEOUT_S = 10.0
# One for this process: benches that run at the same time do not hear each other.
SESSION = LslSettings(session_id=f"bench-{secrets.token_hex(8)}")


@cache
def unavailable() -> str:
    """Why liblsl cannot be used here; "" if it can."""
    try:
        load(SESSION)
    except BoardFault as fault:
        return str(fault)
    return ""


def dejittered(stamps_ns: NDArray[np.int64], rate_hz: float) -> NDArray[np.int64]:
    """What an inlet with `proc_dejitter` makes of the stamps of one stream.

    Args:
        stamps_ns: (n,) pushed with the samples, in this order.
        rate_hz: nominal rate of the stream.

    Returns:
        (n,) the stamps as they are pulled.

    Raises:
        BoardFault: there is no liblsl, or it does not hand on what was pushed.
    """
    pylsl = load(SESSION)
    name = f"clock-{secrets.token_hex(8)}"
    info = pylsl.StreamInfo(name, "EEG", 1, rate_hz, pylsl.cf_float32, name)
    outlet = pylsl.StreamOutlet(info)
    inlet = _open(pylsl, name)
    seconds = stamps_ns / 1e9
    pulled = [
        _pass(outlet, inlet, seconds[at : at + CHUNK]) for at in range(0, len(seconds), CHUNK)
    ]
    inlet.close_stream()
    return np.rint(np.concatenate(pulled) * 1e9).astype(np.int64)


def _open(pylsl: Any, name: str) -> Any:
    found = pylsl.resolve_byprop("name", name, 1, TIMEOUT_S)
    if not found:
        raise BoardFault(FaultKind.MISSING, "liblsl does not find a stream of this process")
    inlet = pylsl.StreamInlet(
        found[0], recover=False, processing_flags=pylsl.proc_dejitter, as_numpy=True
    )
    inlet.open_stream(TIMEOUT_S)
    return inlet


def _pass(outlet: Any, inlet: Any, stamps_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Push samples with these stamps, and pull as many."""
    outlet.push_chunk(np.zeros((len(stamps_s), 1), np.float32), stamps_s.tolist())
    _, stamps = inlet.pull_chunk(TIMEOUT_S, len(stamps_s))
    if len(stamps) != len(stamps_s):
        text = f"liblsl handed on {len(stamps)} of {len(stamps_s)} samples"
        raise BoardFault(FaultKind.SILENT, text)
    return np.asarray(stamps, np.float64)
