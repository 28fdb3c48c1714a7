"""A small part of `make damaged-recordings`; and the accountant, who must find what is wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from recorder.importing import text
from recorder.importing.brought import Brought, Stretch
from tests.damaged_recordings.__main__ import case
from tests.damaged_recordings.accountant import account
from tests.damaged_recordings.originals import Original, originals

SEED = 11


@pytest.mark.parametrize("number", range(0, 98, 3))
def test_nothing_of_a_damaged_recording_is_lost_or_half_read_without_a_word(number: int) -> None:
    found = case(SEED, number)
    assert found.is_right, found


@pytest.mark.parametrize("original", originals(), ids=lambda it: it.form)
def test_what_is_whole_is_read_whole(original: Original, tmp_path: Path) -> None:
    path = tmp_path / "whole.txt"
    path.write_text("\n".join([*original.lines, ""]))
    found = account(original, "none", path, "utf-8")
    assert (found.refused, found.wrong) == ("", "")
    assert found.sound == found.read == len(original.rows)
    assert found.changed == found.misplaced == found.unaccounted == 0


def _shifted(stretch: Stretch) -> Stretch:
    index = stretch.index.copy()
    index[-1] += 1
    return replace(stretch, index=index)


def _halved(stretch: Stretch) -> Stretch:
    counts = stretch.counts.copy()
    counts[5, 4:] = 0
    return replace(stretch, counts=counts)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (_shifted, "misplaced"),
        (_halved, "made_up"),
        (lambda it: replace(it, counts=it.counts[:-1], index=it.index[:-1]), "silent"),
        (lambda it: replace(it, counts=it.counts[1:], index=it.index[1:]), "unaccounted"),
    ],
)
def test_the_accountant_finds_a_reader_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spoil: object, fault: str
) -> None:
    read = text.bring_text

    def spoilt(*words: object) -> list[Brought]:
        [one] = read(*words)  # type: ignore[arg-type]
        return [replace(one, stretches=(spoil(one.stretches[0]),))]  # type: ignore[operator]

    monkeypatch.setattr("tests.damaged_recordings.accountant.bring_text", spoilt)
    path = tmp_path / "whole.txt"
    path.write_text("\n".join([*originals()[0].lines, ""]))
    found = account(originals()[0], "none", path, "utf-8")
    assert getattr(found, fault) > 0
    assert not found.is_right
