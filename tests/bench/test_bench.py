"""`make bench`: a row for each figure of the verb."""

from recorder.commands.bench import FIGURES
from tests.bench.__main__ import rows


def test_every_figure_that_there_is_here_has_a_row_and_rows_are_told_apart() -> None:
    told = dict.fromkeys(FIGURES, 480.04) | {"brainflow_cpu_percent": None, "hops": 1000}
    found = {row.what: row for row in rows(told)}
    assert len(found) == len(FIGURES) - 1
    [hop] = [row for what, row in found.items() if what.startswith("`hop_us`: ")]
    assert hop[1:] == ("480.04 µs", "<= 200 µs")
    assert any("over 1000 hops" in what for what in found)
