"""Faults on order: what is to go wrong between a board and its host, and when.

A fault is written AT_S:KIND[:AMOUNT], AT_S being seconds after the board's first start of a
stream.

    lose:N      the next N packets never arrive
    late:N      the next packet arrives behind N later ones
    duplicate   the next packet arrives twice
    drop:N      N bytes of the next packet are missing
    flip:N      in N bytes of the next packet one bit is wrong
    burst:MS    from now on everything arrives in bursts of so many milliseconds; 0 ends it
    stall:S     silence for S seconds, and no answer; the board samples on
    unplug:S    the dongle is pulled out, and put back after S seconds; the board streams on
    reset:S     the board loses power for S seconds, then is ready and does not stream
    stranger:P  from now on P per cent of the packets of another board on the same radio channel
                are heard, too; 0 ends it
    rush:N      from now on the board counts, and sends, N times as fast; 1 ends it
    babble:S    for S seconds what comes has the form of packets and is noise
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from hardware.cyton.frames import FRAME_BYTES


class FaultType(StrEnum):
    """The kinds of fault, by the words above that order them."""

    LOSE = "lose"
    LATE = "late"
    DUPLICATE = "duplicate"
    DROP = "drop"
    FLIP = "flip"
    BURST = "burst"
    STALL = "stall"
    UNPLUG = "unplug"
    RESET = "reset"
    STRANGER = "stranger"
    RUSH = "rush"
    BABBLE = "babble"


PACKET_FAULTS = frozenset(
    {FaultType.LOSE, FaultType.LATE, FaultType.DUPLICATE, FaultType.DROP, FaultType.FLIP}
)
_WRITTEN = re.compile(r"([^:]+):([a-z]+)(?::([^:]+))?")


@dataclass(frozen=True, slots=True)
class ScriptedFault:
    """One fault: when (s), what, and how much (packets, bytes, ms, s, per cent or times as much).

    The amount of `duplicate` is 1.

    Raises:
        ValueError: the amount makes no sense for the kind.
    """

    at_s: float
    type: FaultType
    amount: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.at_s) and math.isfinite(self.amount)):
            raise ValueError("times and amounts are numbers")
        if self.at_s < 0 or self.amount < 0:
            raise ValueError("times and amounts are not negative")
        if self.type in PACKET_FAULTS and (self.amount < 1 or self.amount % 1):
            raise ValueError("the amount is a whole number from 1 on")
        if self.type in (FaultType.DROP, FaultType.FLIP) and self.amount > FRAME_BYTES:
            raise ValueError(f"a packet has {FRAME_BYTES} bytes")
        if self.type is FaultType.STRANGER and self.amount > 100:
            raise ValueError("the amount is a share of 0 to 100 per cent")
        if self.type is FaultType.RUSH and not 1 <= self.amount <= 100:
            raise ValueError("the amount is a factor of 1 to 100")


def parse_fault(text: str) -> ScriptedFault:
    """Read a fault written AT_S:KIND[:AMOUNT].

    Raises:
        ValueError: it is not so written; one line that says how.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None or written[2] not in list(FaultType):
        kinds = ", ".join(FaultType)
        raise ValueError(f"fault {text!r}: write AT_S:KIND[:AMOUNT] with KIND one of {kinds}")
    kind, amount = FaultType(written[2]), written[3]
    if (amount is None) != (kind is FaultType.DUPLICATE):
        raise ValueError(f"fault {text!r}: {kind} {'takes no' if amount else 'needs an'} amount")
    try:
        return ScriptedFault(float(written[1]), kind, float(amount or 1))
    except ValueError as error:
        raise ValueError(f"fault {text!r}: {error}") from error
