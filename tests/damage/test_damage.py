"""A small part of `make damage`."""

from pathlib import Path

import pytest

from tests.damage.__main__ import case, is_wrong, unnoticed_changes
from tests.damage.content import content
from tests.damage.originals import Originals, make

SEED = 7


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Originals:
    return make(tmp_path_factory.mktemp("damage"), 8)


@pytest.mark.parametrize("number", range(36))
def test_damage_is_noticed_and_what_was_not_hit_comes_back(
    originals: Originals, number: int
) -> None:
    outcome = case(originals, SEED, number)
    assert not is_wrong(outcome), outcome


def test_every_column_of_every_table_changed_once_is_noticed(
    originals: Originals, tmp_path: Path
) -> None:
    changes, unnoticed = unnoticed_changes(originals.ended, tmp_path)
    assert changes > 120
    assert unnoticed == []


def test_the_originals_have_rows_in_every_table(originals: Originals) -> None:
    rows = content(originals.ended)
    assert rows is not None
    tables = {row[0] for row in rows} - {"sqlite_master", "user_version", "application_id"}
    assert len(tables) == 20
