"""What a clock has learnt of a board is there the next time, and nothing depends on it."""

from dataclasses import replace
from pathlib import Path

from dsp.clock import ClockMemory
from recorder.clocks.board_memory import FILE, BoardMemory, MemoryKeeper, this_machine
from tests.recorder.bedside import Bedside
from tests.recorder.scripted_board import INFO


def test_a_session_leaves_what_its_clocks_have_learnt(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    for number, board in enumerate(bed.boards):
        board._info = replace(INFO, serial=f"DM{number}")
    bed.stream_both(30)
    bed.run_until(1)
    bed.start()
    bed.run_until(30)
    bed.stop()
    memory = BoardMemory(tmp_path)
    for number in (0, 1):
        known = memory.of(f"DM{number}")
        assert known is not None
        assert abs(known.period_ns - 4e6) < 4e3
    assert not list(tmp_path.glob(".*"))


def test_a_clock_that_knows_its_board_is_good_at_once(tmp_path: Path) -> None:
    known = '{"DM0": {"period_ns": 4010000.0, "delay_ns": 9e6, "delay_sigma_ns": 1e5}}'
    (tmp_path / FILE).write_text(f'{{"{this_machine()}": {known}}}')
    bed = Bedside(tmp_path)
    bed.boards[0]._info = replace(INFO, serial="DM0")
    bed.stream_both(3)
    bed.run_until(1)
    lanes = [wearer.lane for wearer in bed.recorder.wearers]
    fits = [lane.clock.fit for lane in lanes if lane is not None]
    assert [round(fit.delay_ns / 1e6, 1) for fit in fits if fit is not None] == [9.0, 7.2]


def test_boards_without_a_serial_number_are_not_remembered(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.stream_both(15)
    bed.run_until(15)
    MemoryKeeper(BoardMemory(tmp_path), bed.recorder.wearers).end()
    assert not (tmp_path / FILE).exists()


def test_a_damaged_file_is_a_box_that_has_met_no_board(tmp_path: Path) -> None:
    earlier = b'{"DM0": {"period_ns": 4e6}}'
    for content in (b"", b"{", b'{"DM0": 5}', b"[]", b"\xff", earlier):
        (tmp_path / FILE).write_bytes(content)
        assert BoardMemory(tmp_path).of("DM0") is None


def test_of_a_new_board_nothing_is_known(tmp_path: Path) -> None:
    memory = BoardMemory(tmp_path)
    memory._known["DM0"] = ClockMemory(4e6)
    assert memory.of("DM1") is None
    assert memory.of("") is None


def test_two_boards_with_one_number_share_no_clock(tmp_path: Path) -> None:
    known = '{"0001": {"period_ns": 4010000.0}, "DM7": {"period_ns": 4e6}}'
    (tmp_path / FILE).write_text(f'{{"{this_machine()}": {known}}}')
    bed = Bedside(tmp_path)
    for board in bed.boards:
        board._info = replace(INFO, serial="0001")
    bed.stream_both(15)
    bed.run_until(15)
    assert [wearer.recall("0001") for wearer in bed.recorder.wearers] == [None, None]
    MemoryKeeper(BoardMemory(tmp_path), bed.recorder.wearers).end()
    memory = BoardMemory(tmp_path)
    assert memory.of("0001") is None
    assert memory.of("DM7") is not None


def test_each_machine_remembers_by_its_own_clock(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    for number, board in enumerate(bed.boards):
        board._info = replace(INFO, serial=f"DM{number}")
    bed.stream_both(15)
    bed.run_until(15)
    for machine in ("one", "other"):
        assert BoardMemory(tmp_path, machine).of("DM0") is None
        MemoryKeeper(BoardMemory(tmp_path, machine), bed.recorder.wearers).end()
    assert BoardMemory(tmp_path, "one").of("DM0") == BoardMemory(tmp_path, "other").of("DM0")
    assert BoardMemory(tmp_path, "third").of("DM0") is None


def test_a_card_that_is_put_into_another_computer_is_on_another_machine(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "machine-id").write_text("1f3a\n")
    by_card = this_machine(tmp_path)
    (tmp_path / "proc" / "device-tree").mkdir(parents=True)
    serial = tmp_path / "proc" / "device-tree" / "serial-number"
    names = {by_card}
    for number in (b"10000000aaaa\0", b"10000000bbbb\0"):
        serial.write_bytes(number)
        names.add(this_machine(tmp_path))
    assert len(names) == 3
    assert this_machine(tmp_path / "nowhere") == ""
