"""What the service tells of who was recorded, and of sessions that have ended."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder.open import OpenSession
from recorder.settings.codes import CodeSettings
from recorder.store.catalog import sessions
from recorder.store.finish import finish
from recorder.sync.delivery import to_copy
from recorder.sync.receipts import Receipts
from tests.recorder.bounded import run
from tests.recorder.served_box import Box, events_of, only_session


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


async def record(box: Box, patient: str, therapist: str, **more: Any) -> str:
    """A session of two, from start to end; its id."""
    begun = await box.ask("start", patient=patient, therapist=therapist, **more)
    box.bed.clock.advance(3.0)
    await box.ask("mark", label="shift")
    await box.ask("stop")
    return str(begun["id"])


def served(box: Box, scenario: Callable[[], Awaitable[None]]) -> None:
    async def test() -> None:
        async with box.running():
            await scenario()

    run(test())


def test_people_are_told_with_their_sessions_and_the_consent_of_the_pair(box: Box) -> None:
    async def scenario() -> None:
        assert await box.ask("people") == {
            "people": [],
            "pairs": [],
            "patterns": {},
            "objections": {},
        }
        await record(box, "P07", "T02", consent=("eeg", "video"))
        await record(box, "P07", "T02", consent=("eeg",))
        await record(box, "P09", "T02", consent=("eeg", "share"))
        told = await box.ask("people")
        counts = {(it["role"], it["code"]): it["sessions"] for it in told["people"]}
        assert counts == {
            ("patient", "P09"): 1,
            ("therapist", "T02"): 3,
            ("patient", "P07"): 2,
        }
        agreed = {(it["patient"], it["sessions"]): it["consent"] for it in told["pairs"]}
        assert agreed == {("P07", 2): ["eeg"], ("P09", 1): ["eeg", "share"]}
        assert all(it["last"] for it in told["people"])

    served(box, scenario)


def test_a_session_for_practice_is_neither_counted_nor_copied(box: Box, tmp_path: Path) -> None:
    async def scenario() -> None:
        practised = await box.ask("start", practice=True)
        assert (practised["patient"], practised["practice"]) == ("practice-P", True)
        await box.ask("stop")
        await record(box, "P07", "T02")
        told = await box.ask("people")
        assert {it["code"] for it in told["people"]} == {"P07", "T02"}
        listed = (await box.ask("sessions"))["sessions"]
        assert sorted(it["practice"] for it in listed) == [False, True]

    served(box, scenario)
    directory = box.bed.config.sessions_path
    for entry in sessions(directory):
        finish(entry.path)
    copied = {path.stem for path in to_copy(directory, Receipts(directory, "ward", "where"))}
    practice = {it.id: it.practice for it in sessions(directory)}
    assert sorted(practice.values()) == [False, True]
    assert not any(is_practice and one in copied for one, is_practice in practice.items())
    assert any(one in copied for one in practice)


def test_what_was_amiss_at_the_start_is_in_the_session_with_the_reason(box: Box) -> None:
    amiss = "patient: O2 off: cannot be better today"

    async def scenario() -> None:
        session = await record(box, "P07", "T02", passed=(amiss,))
        told = await box.ask("session", session=session)
        assert [it["text"] for it in told["passed"]] == [amiss]

    served(box, scenario)
    assert ("passed", amiss) in events_of(only_session(box))


def test_a_session_that_has_ended_is_told_and_commented(box: Box) -> None:
    async def scenario() -> None:
        session = await record(box, "P07", "T02")
        told = await box.ask("session", session=session)
        assert told["line"]["codes"] == ["P07", "T02"]
        assert [it["role"] for it in told["people"]] == ["patient", "therapist"]
        assert [(it["t_s"], it["text"]) for it in told["marks"]] == [(3.0, "shift")]
        await box.ask("comment", session=session, label="a calm one")
        told = await box.ask("session", session=session)
        assert told["comments"] == ["a calm one"]
        refused = await box.refusal("comment", session=session, label=" ")
        assert refused.code == 64
        unknown = await box.refusal("session", session="20200101T000000Z-0000")
        assert unknown.code == 66

    served(box, scenario)


def test_what_one_tells_afterwards_is_a_moment_of_an_interview(box: Box) -> None:
    async def scenario() -> None:
        session = await record(box, "P07", "T02")
        about = {"session": session, "at_s": 2.5, "label": "the song"}
        await box.ask("interview", by="patient", **about)
        told = await box.ask("session", session=session)
        assert told["interviews"] == {
            "patient": [{"t_s": 2.5, "text": "the song"}],
            "therapist": [],
        }
        assert (await box.refusal("interview", **about)).code == 64
        late = await box.refusal("interview", by="patient", **about | {"at_s": 9000.0})
        assert late.code == 64
        assert "long" in str(late)

    served(box, scenario)
    with OpenSession(only_session(box), "recorded") as session:
        [moment] = session.interviews
        assert (moment.author, moment.begin_s, moment.text) == ("patient", 2.5, "the song")


def test_a_code_is_objected_to_by_the_pattern_of_the_house_or_as_a_name(box: Box) -> None:
    async def scenario() -> None:
        told = await box.ask("people", patient="Mueller", therapist="T02")
        assert told["objections"] == {
            "patient": "Mueller looks like a name: codes only, never names"
        }

    served(box, scenario)


def test_a_code_that_does_not_match_the_pattern_begins_no_session(tmp_path: Path) -> None:
    box = Box(tmp_path)
    codes = CodeSettings(patient=r"P\d\d")
    box.config = msgspec.structs.replace(box.config, codes=codes)
    box.service = box.make(lambda: box.bed.recorder)

    async def scenario() -> None:
        told = await box.ask("people", patient="P7")
        assert told["patterns"] == {"patient": r"P\d\d"}
        wrong = "P7 is no patient's code here: it has to look like P\\d\\d"
        assert told["objections"] == {"patient": wrong}
        assert str(await box.refusal("start", patient="P7", therapist="T02")) == wrong
        assert (await box.ask("people", patient="P07"))["objections"] == {}
        assert (await box.ask("start", patient="P07", therapist="T02"))["started"]

    served(box, scenario)
