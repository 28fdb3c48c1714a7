"""Damaged bytes: nothing escapes, nothing hangs. `make fuzz` goes on for longer."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hardware.board import Block
from hardware.cyton import frames
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.frames import FRAME_BYTES
from recorder.settings.file import load
from recorder.settings.values import ConfigError
from tests.fuzz.bounds import bounded
from tests.fuzz.damage import damage, flip, pieces
from tests.fuzz.targets import TARGETS

CASES = {"decoder": 100, "replies": 500, "control": 25, "config": 200, "replay": 300}


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_bytes_harm_nobody(name: str, tmp_path: Path) -> None:
    for number in range(CASES.get(name, 40)):
        with bounded():
            TARGETS[name](np.random.default_rng([1, number]), tmp_path)


@given(reads=st.lists(st.binary(max_size=80), max_size=20))
@example(reads=[b"\xa0" * 66, b"\xc0" * 33])
def test_any_bytes_may_come_from_a_board(reads: list[bytes]) -> None:
    assembler = BlockAssembler(frames.RATE_HZ)
    assembler.begin_stream(0)
    events = [event for at, read in enumerate(reads) for event in assembler.feed([(read, at)])]
    delivered = sum(len(event) for event in events if isinstance(event, Block))
    assert delivered == assembler.tally.samples <= sum(map(len, reads)) // FRAME_BYTES


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(max_size=120) | st.binary(max_size=120))
def test_any_text_may_be_called_a_configuration(text: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "antiphon.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    with suppress(ConfigError):
        load(path)


@given(octets=st.binary(min_size=1, max_size=5000), seed=st.integers(0, 2**32))
def test_damage_is_bounded_and_comes_again(octets: bytes, seed: int) -> None:
    rng = np.random.default_rng
    assert damage(octets, rng(seed)) == damage(octets, rng(seed))
    assert len(damage(octets, rng(seed))) <= len(octets) + 8 * 64
    assert len(flip(octets, rng(seed))) == len(octets)
    assert b"".join(pieces(octets, rng(seed))) == octets
