import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.open import Result, Run
from recorder.review import Asked, review_page
from recorder.review.texts import EN
from recorder.store.beside import notes_files_of
from recorder.store.notes import open_notes
from tests.recorder.review.unpacking import held

SAID = "beyond chance: 0.812, by chance 0.21 <b>"
ONE = Result(
    test="synchrony",
    name="plv",
    band="alpha",
    persons=("patient", "therapist"),
    channels=("F3", "F3"),
    value=0.8,
    said=SAID,
    p=0.001,
    p_corrected=0.01,
)
WITHIN = replace(ONE, band="theta", said="within chance", p=0.02, p_corrected=0.4)
ALONE = replace(ONE, test="segments", said="not corrected", p=0.001, p_corrected=None)
DESCRIBES = replace(ONE, name="aec", said="describes", p=None, p_corrected=None)


@pytest.fixture
def analysed(path: Path, tmp_path: Path) -> Path:
    """A copy of the session with the results of an analysis."""
    copy = tmp_path / path.name
    for file in (path, *notes_files_of(path)):
        shutil.copy(file, tmp_path)
    with open_notes(copy) as notes:
        notes.add(Run("synchrony", {"seed": 1}, (DESCRIBES, ALONE, WITHIN, ONE), "0.1.0", 1).row())
    return copy


def test_what_is_beyond_chance_comes_first_and_is_told_from_the_rest(analysed: Path) -> None:
    page = review_page(analysed, Asked())
    told = held(page)["findings"]
    assert [it["said"] for it in told] == [SAID, "within chance", "not corrected", "describes"]
    assert [it["beyond"] for it in told] == [True, False, False, False]
    assert page.decode().count('<tr class="beyond">') == 1
    assert "by chance 0.21 &lt;b&gt;" in page.decode()
    assert "Of 2 numbers that antiphon analyze tested, 1 are beyond chance" in page.decode()


def test_raters_and_strangers_are_told_of_none(analysed: Path) -> None:
    for asked in (Asked(blind=True), Asked(for_sharing=True)):
        page = review_page(analysed, asked)
        assert held(page)["findings"] == []
        assert f">{EN['findings']} <" not in page.decode()
        assert "beyond chance:" not in page.decode()
