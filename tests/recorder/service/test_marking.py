"""Marks that are taken back and put right, and intervals: in the file, and as it is opened."""

from pathlib import Path
from typing import Any

import pytest

from recorder.open import open_session
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.recorder.bounded import run
from tests.recorder.served_box import Box, only_session


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def labels(path: Path) -> list[str]:
    assert verify(path).ok
    return [mark.label for mark in open_session(path).marks]


async def listed(box: Box) -> list[dict[str, Any]]:
    return list((await box.ask("marks"))["marks"])


def test_the_last_mark_is_taken_back_by_a_row_and_nothing_is_deleted(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            for label in ("music starts", "shift", "wrong"):
                await box.ask("mark", label=label)
                await box.tick_until((box.bed.clock() - box.bed.at(0)) / 1e9 + 1)
            taken = await box.ask("withdraw")
            assert (taken["label"], taken["kind"]) == ("wrong", "mark")
            session = (await box.status()).session
            assert session is not None
            assert (session.markers, session.last_marker) == (2, "shift")
            assert (await box.ask("withdraw"))["label"] == "shift"

    run(test())
    path = only_session(box)
    assert labels(path) == ["music starts"]
    with SessionReader(path) as file:
        rows = file.query("SELECT id, label, undoes FROM marker ORDER BY id")
    assert rows == [
        (1, "music starts", None),
        (2, "shift", None),
        (3, "wrong", None),
        (4, "", 3),
        (5, "", 2),
    ]


def test_a_mark_is_put_right_ten_seconds_earlier_with_another_label(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            await box.tick_until(30)
            await box.ask("mark", label="musik")
            [mark] = await listed(box)
            told = await box.ask(
                "correct", kind="mark", mark=mark["id"], label="music starts", earlier_s=10
            )
            assert told["t_s"] == pytest.approx(mark["t_s"] - 10)
            [again] = await listed(box)
            assert (again["label"], again["t_s"]) == ("music starts", told["t_s"])
            gone = await box.refusal("correct", kind="mark", mark=mark["id"], label="x")
            assert "no such mark" in str(gone)
            early = await box.refusal("withdraw", kind="interval", mark=mark["id"])
            assert early.code == 69
            before = await box.refusal(
                "correct", kind="mark", mark=again["id"], label="x", earlier_s=100
            )
            assert "nothing was recorded yet" in str(before)

    run(test())
    assert labels(only_session(box)) == ["music starts"]


def test_intervals_begin_end_and_are_told_with_the_name_of_the_piece(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            await box.tick_until(2)
            await box.ask("begin", label="music: Moon River")
            await box.ask("begin", label="talking")
            twice = await box.refusal("begin", label="talking")
            assert "is on already" in str(twice)
            await box.tick_until(12)
            ended = await box.ask("end", label="music: Moon River", ago_s=2)
            assert ended["end_s"] == pytest.approx(10, abs=0.5)
            assert "is not on" in str(await box.refusal("end", label="music: Moon River"))
            on = [mark["label"] for mark in await listed(box) if "end_s" not in mark]
            assert on == ["talking"]

    run(test())
    opened = open_session(only_session(box))
    assert [(it.label, round(it.end_s - it.begin_s)) for it in opened.intervals] == [
        ("music: Moon River", 8),
        ("talking", 10),
    ]
    assert opened.marks == ()


def test_taking_back_the_end_of_an_interval_lets_it_go_on(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            await box.ask("begin", label="talking")
            await box.tick_until(5)
            await box.ask("end")
            taken = await box.ask("withdraw")
            assert (taken["label"], taken["end_s"] > 0) == ("talking", True)
            [on] = await listed(box)
            assert (on["label"], on.get("end_s")) == ("talking", None)
            await box.tick_until(9)
            await box.ask("end", label="talking")

    run(test())
    [interval] = open_session(only_session(box)).intervals
    assert interval.end_s - interval.begin_s == pytest.approx(9, abs=0.5)


def test_an_interval_that_was_taken_back_from_the_list_is_gone(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            await box.ask("begin", label="talking")
            await box.ask("end")
            [one] = await listed(box)
            await box.ask("withdraw", kind="interval", mark=one["id"])
            assert await listed(box) == []
            assert "nothing has been marked" in str(await box.refusal("withdraw"))

    run(test())
    assert open_session(only_session(box)).intervals == ()


def test_a_name_is_asked_about_before_it_is_written_down(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            for do in ("mark", "note", "begin"):
                told = await box.ask(do, label="Frau Schmidt weint", ask_first=True)
                assert (told["is_stored"], told["warnings"]) == (False, ["a name"])
            assert await listed(box) == []
            told = await box.ask("note", label="Frau Schmidt weint")
            assert told["warnings"] == ["a name"]
            assert "is_stored" not in told
            assert "is_stored" not in await box.ask("mark", label="shift", ask_first=True)

    run(test())
    with SessionReader(only_session(box)) as file:
        assert file.query("SELECT count(*) FROM event WHERE kind = 'note'") == [(1,)]


def test_a_baseline_that_was_taken_back_was_none(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            await box.ask("mark", label="baseline starts")
            [mark] = await listed(box)
            no = await box.refusal("correct", kind="mark", mark=mark["id"], label="x")
            assert "baseline cannot be put right" in str(no)
            await box.ask("withdraw")
            await box.ask("mark", label="baseline ends")

    run(test())
    with SessionReader(only_session(box)) as file:
        assert file.query("SELECT count(*) FROM event WHERE kind = 'baseline'") == [(0,)]


def test_without_a_session_nothing_is_listed_and_nothing_begins(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            for do in ("marks", "withdraw", "begin", "end", "correct"):
                no = await box.refusal(do, label="talking")
                assert "no session is running" in str(no)

    run(test())
