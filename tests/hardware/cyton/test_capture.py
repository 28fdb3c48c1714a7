"""What goes by between host and dongle is written down, and comes again bit for bit."""

import io
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board_fault import BoardFault
from hardware.cyton import conversation, opening
from hardware.cyton.board import CytonBoard
from hardware.cyton.capture import MAGIC, Capture, capture, is_capture, read_capture
from hardware.emulated.air import Chances
from hardware.emulated.captured import CapturedBoard
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.ports import Emulator
from hardware.emulated.releases import Version
from tests.hardware.cyton.bench import Counting
from tests.hardware.emulated_port import emulated_port, served
from tests.hardware.told import Told

STREAM_S = 0.6
BEHAVIOURS = {
    "good": Behaviour(),
    "streaming": Behaviour(first_state=FirstState.STREAMING),
    "damaged": Behaviour(
        chances=Chances(loss=0.05, byte_drop=2e-3, byte_flip=2e-3),
        faults=(parse_fault("0.2:late:3"), parse_fault("0.3:duplicate")),
    ),
    "bursts": Behaviour(burst_ms=60),
    "daisy": Behaviour(daisy=True),
    "old": Behaviour(firmware=Version.V2),
    "off": Behaviour(first_state=FirstState.OFF),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "QUIET_S", 0.1)
    monkeypatch.setattr(conversation, "BAUD_ANSWER_S", 0.1)
    monkeypatch.setattr(conversation, "STOP_LIMIT_S", 0.3)
    monkeypatch.setattr(opening, "DONGLE_ANSWER_S", 0.3)


def captured(port: Path, file: Path) -> str:
    """Capture the board on a port; its fault."""
    with file.open("w") as out:
        return capture(str(port), STREAM_S, out, {"role": "patient"}, closing=Event())


def went_by(held: Capture) -> tuple[list[bytes], bytes, list[bytes]]:
    """What was written, what was read in all, and what after each write."""
    answers = [b"".join(octets for _, octets in it.pieces) for it in held.exchanges]
    return [it.written for it in held.exchanges], b"".join(answers), answers


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_capture_is_played_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    port, first, second = tmp_path / "ttyUSB0", tmp_path / "1.capture", tmp_path / "2.capture"
    with emulated_port(port, BEHAVIOURS[name], Counting()):
        fault = captured(port, first)
    before = read_capture(first)
    with served(Emulator({port: CapturedBoard(before)})):
        assert captured(port, second) == fault
    after = read_capture(second)
    written, octets, _ = went_by(before)
    assert went_by(after)[0] == written
    assert went_by(after)[1] == octets
    assert written[0] == b"s"
    assert written[-1] == b"s"
    assert b"b" in written
    assert bool(fault) == (name == "off")


@pytest.mark.alone
def test_noise_that_never_ends_is_the_same_as_long_as_it_lasts(tmp_path: Path) -> None:
    port, first, second = tmp_path / "ttyUSB0", tmp_path / "1.capture", tmp_path / "2.capture"
    with emulated_port(port, Behaviour(first_state=FirstState.NOISE)):
        assert "noise" in captured(port, first)
    before = went_by(read_capture(first))[1]
    with served(Emulator({port: CapturedBoard(read_capture(first))})):
        assert "noise" in captured(port, second)
    after = went_by(read_capture(second))[1]
    size = min(len(before), len(after))
    assert size > 0.8 * len(before)
    assert before[:size] == after[:size]


@pytest.mark.alone
def test_the_bytes_come_at_the_same_distances(tmp_path: Path) -> None:
    port, first, second = tmp_path / "ttyUSB0", tmp_path / "1.capture", tmp_path / "2.capture"
    with emulated_port(port, Behaviour(burst_ms=60)):
        captured(port, first)
    before = read_capture(first)
    with served(Emulator({port: CapturedBoard(before)})):
        captured(port, second)
    ends_ns = []
    for held in (before, read_capture(second)):
        stream = next(it for it in held.exchanges if it.written == b"b")
        ends_ns.append([t_ns for t_ns, _ in stream.pieces])
    assert ends_ns[0][0] == pytest.approx(ends_ns[1][0], abs=50e6)
    assert ends_ns[0][-1] == pytest.approx(ends_ns[1][-1], abs=50e6)


def test_a_board_that_is_played_back_is_recorded_as_the_one_it_was(tmp_path: Path) -> None:
    port, file = tmp_path / "ttyUSB0", tmp_path / "1.capture"
    with emulated_port(port, Behaviour(faults=(parse_fault("0.2:lose:3"),)), Counting()):
        captured(port, file)
    held = read_capture(file)
    with served(Emulator({port: CapturedBoard(held)})):
        told = Told(CytonBoard(str(port)))
        told.board.start()
        told.until(lambda it: it.samples() >= 100)
        told.close()
    numbers = [int(n) for block in told.blocks for n in block.counts[:, 0]]
    assert [number - numbers[0] for number in numbers] == told.indexes()
    assert told.board.tally.lost == 3


def test_a_port_that_is_not_there_gives_no_capture(tmp_path: Path) -> None:
    out = io.StringIO()
    with pytest.raises(BoardFault, match="no such port"):
        capture(str(tmp_path / "none"), 1.0, out, {}, closing=Event())
    assert out.getvalue() == ""


def test_a_board_that_is_pulled_out_ends_its_capture(tmp_path: Path) -> None:
    port, file = tmp_path / "ttyUSB0", tmp_path / "1.capture"
    with emulated_port(port, Behaviour(faults=(parse_fault("0.2:unplug:5"),))):
        assert "pulled out" in captured(port, file)
    assert "pulled out" in file.read_text().splitlines()[-1]
    assert read_capture(file).exchanges[-1].written == b"b"


def test_a_line_that_is_torn_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "1.capture"
    file.write_text(f"{MAGIC}{{}}\n0.000000001 > 73\n0.200000000 < 24\n# word\n0.300000000 < 2")
    (exchange,) = read_capture(file).exchanges
    assert (exchange.written, exchange.pieces) == (b"s", ((199_999_999, b"$"),))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a capture"),
        (MAGIC + "{", "not a capture"),
        (MAGIC + "[]\n", "not a capture"),
        (MAGIC + "{}\n0.1 > 73\n", "line 2"),
        (MAGIC + "{}\n0.000000001 > 73\n0.000000002 < 7\n", "line 3"),
        (MAGIC + "{}\n\xe9\n", "not a capture"),
    ],
)
def test_a_damaged_capture_is_told_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "1.capture"
    file.write_text(text)
    with pytest.raises(ValueError, match=complaint) as caught:
        read_capture(file)
    assert len(str(caught.value).splitlines()) == 1


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_whatever_is_in_a_file_is_read_or_refused(octets: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "1.capture"
        file.write_bytes(MAGIC.encode() + b"{}\n" + octets)
        assert is_capture(file)
        with suppress(ValueError):
            read_capture(file)
