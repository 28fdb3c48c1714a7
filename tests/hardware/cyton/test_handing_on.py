"""What a connection hands on when its reader stands still between ticks that belong together."""

from dataclasses import replace
from typing import Any, cast

import numpy as np

from hardware.board import Block
from hardware.cyton import board
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.aux_mode import AUX_LAYOUTS, AuxMode
from hardware.cyton.frames import FRAME_BYTES
from hardware.pauses import Pauses
from hardware.rest import RestingReader
from tests.hardware.cyton.one_channel import TIMED, packets
from tests.hardware.simulated_line import SimulatedLine

STEP_NS = 4_000_000
HALFWAY_NS = 1_000_000_000  # a tick whose bytes wait for the next
AWAKE_NS = 1_700_000_000


class Line(SimulatedLine):
    """A port whose other end needs no word to stream."""

    def write(self, _: bytes) -> None:
        """Say what nobody hears."""


def still(due_ns: int) -> int:
    """Whoever rests after HALFWAY_NS wakes late, once."""
    return AWAKE_NS if HALFWAY_NS + 50_000_000 < due_ns < AWAKE_NS else due_ns


def test_what_came_before_the_reader_stood_still_is_not_said_to_have_waited() -> None:
    number = np.arange(600)
    octets = packets(number, number, 4 * number, TIMED)
    ends = FRAME_BYTES * (number + 1)
    line = Line(octets, ends, 10_000_000 + STEP_NS * number, now_ns=7_000_000, woken_ns=still)
    aux = AUX_LAYOUTS[AuxMode.DIGITAL]
    info = replace(board._cyton("here"), aux_labels=aux.labels)
    reader = RestingReader(line, FRAME_BYTES, lambda: line.now_ns)
    connection = board._Connection(
        info, cast(Any, line), reader, aux, BlockAssembler(250.0), Pauses()
    )
    connection.begin()
    blocks = list[Block]()
    while line.now_ns < AWAKE_NS + 500_000_000:
        blocks += [event for event in connection.receive() if isinstance(event, Block)]
    fresh = [block for block in blocks if block.arrival_ns[0] < AWAKE_NS]
    assert fresh[-1].arrival_ns[-1] > HALFWAY_NS
    assert not any(block.is_backlog for block in fresh)
    waited = [block for block in blocks if block.is_backlog]
    assert {int(at) for block in waited for at in block.arrival_ns[:100]} >= {AWAKE_NS}
    assert np.concatenate([block.counts[:, 0] for block in blocks]).tolist() == list(
        range(sum(map(len, blocks)))
    )
