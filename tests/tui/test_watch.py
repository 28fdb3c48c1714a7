"""The state line by line: a line for what changes, and none for what does not."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from recorder.wire.messages import Alarm, Status
from tests.tui.scripted_service import ScriptedService, changed, idle, recording
from tui.watch import AGAIN_S, Teller, watched

RADIO = Alarm("radio_loss", "patient", numbers={"percent": 1.2})


def lines(*statuses: Status, every_s: float = 1.0) -> list[list[str]]:
    teller = Teller()
    return [[*teller.look(it, every_s * number)] for number, it in enumerate(statuses)]


def saved(status: Status, saved_s: float, **fields: object) -> Status:
    return changed(status, saved_s=saved_s, elapsed_s=saved_s + 0.5, **fields)


def test_a_state_is_told_once() -> None:
    on = [saved(recording(), 756.0 + number) for number in range(3)]
    told = lines(idle(), idle(), *on, idle())
    assert told == [
        ["IDLE"],
        [],
        ["REC, P01 · T01, 12:36", "2 marks, the last: music starts"],
        [],
        [],
        ["IDLE"],
    ]


def test_marks_and_marks_that_are_taken_back_are_told() -> None:
    on = recording()
    told = lines(
        saved(on, 756),
        saved(on, 757, markers=3, last_marker="shift"),
        saved(on, 758, markers=2, last_marker="music starts"),
    )
    assert told[1:] == [["3 marks, the last: shift"], ["2 marks: taken back"]]


def test_an_alarm_is_told_when_it_comes_and_when_it_is_over() -> None:
    on = recording()
    loud = saved(on, 757)
    loud.alarms = [RADIO]
    told = lines(saved(on, 756), loud, saved(on, 758))
    assert told[1][0] == "REC, but patient: weak radio, P01 · T01, 12:37"
    assert told[1][1].startswith("alarm: patient: the radio loses 1.2 %")
    assert told[2][0].startswith("REC, P01")
    assert told[2][1].startswith("over: patient: the radio loses")


def test_nothing_recorded_is_told_again_and_again() -> None:
    teller = Teller()
    assert [*teller.look(recording(), 0.0)]
    told = [line for at_s in range(1, 64) for line in teller.look(None, float(at_s), "no service")]
    assert told[0] == "NOT RECORDING for 1 s: no service, P01 · T01, 12:37"
    assert len(told) == 1 + 62 // int(AGAIN_S)


def test_it_follows_a_service_that_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "antiphon.sock"
    told: list[str] = []
    go = threading.Semaphore(0)

    def wait(_: float) -> None:
        assert go.acquire(timeout=20)

    def follow(news: Iterator[str]) -> None:
        told.extend(line for _, line in zip(range(4), news, strict=False))

    async def until(done: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not done():
                go.release()
                await asyncio.sleep(0.02)

    async def test() -> None:
        seen: list[str] = []

        def news() -> Iterator[str]:
            for line in watched(path, lambda: 0.0, wait):
                seen.append(line)
                yield line

        following = asyncio.create_task(asyncio.to_thread(follow, news()))
        await until(lambda: seen == ["no service"])
        async with ScriptedService(path) as service:
            service.status = recording()
            await until(lambda: len(seen) == 3)
        await until(lambda: len(seen) == 4)
        await following
        assert seen[1:3] == ["REC, P01 · T01, 12:37", "2 marks, the last: music starts"]
        assert seen[3].startswith("NOT RECORDING")
        assert seen[3].endswith("no service, P01 · T01, 12:37")

    asyncio.run(test())
