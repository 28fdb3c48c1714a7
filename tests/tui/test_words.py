"""The words on the therapist's pages: none of the technician's, and none about feelings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.wire.wording import ABSENCES
from tests.places import ROOT
from tui import her_words, verdict

# Her pages; the technician's is screens/technician.py.
HERS = (
    *("her_words.py", "verdict.py", "flow.py", "app.py", "signs.py"),
    *("widgets/headline.py", "widgets/board.py", "widgets/contacts.py", "widgets/head.py"),
    *("widgets/synchrony.py", "widgets/asymmetry.py"),
    *("screens/ready.py", "screens/caps.py", "screens/gate.py", "screens/who.py"),
    *("screens/start.py", "screens/done.py", "screens/history.py", "screens/impedance.py"),
    *("screens/tap.py", "widgets/mark_keys.py"),
    *("screens/help.py", "screens/dialogs.py", "screens/session.py"),
)
JARGON = re.compile(
    r"\b(ppm|PLV|ACCorr|AEC|FAA|dongles?|D11|D12|DEGRADED|clean|percentile|firmware"
    r"|packets lost|sigma|Hz|unclean)\b"
)
# As words of a sentence; a state that the service tells by one of them is none.
STATES = re.compile(r" (railed|streaming|stalled)\b|\b(railed|streaming|stalled) ")
FEELINGS = re.compile(
    r"\b(happy|sad|anx\w+|stress\w*|emotion\w*|mood|joy|fear|love|empath\w+)\b", re.I
)


def texts_of(path: Path) -> Iterator[str]:
    """Every text in a module that is not a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield str(node.value)


@pytest.mark.parametrize("name", HERS)
def test_her_pages_have_neither_jargon_nor_feelings(name: str) -> None:
    found = [
        text
        for text in texts_of(ROOT / "tui" / name)
        if " " in text and (JARGON.search(text) or STATES.search(text) or FEELINGS.search(text))
    ]
    assert found == []


def test_what_is_told_of_alarms_and_missing_values_has_neither() -> None:
    told = [*her_words.ALARMS.values(), *her_words.REMEDIES.values(), *verdict.OUT.values()]
    told += [*verdict.SPOILS.values(), *verdict.STOPS.values()]
    assert [text for text in told if JARGON.search(text) or FEELINGS.search(text)] == []
    assert [text for text in ABSENCES.values() if FEELINGS.search(text)] == []


def test_the_words_are_looked_for() -> None:
    assert JARGON.search("the dongle is gone")
    assert STATES.search("both are streaming")
    assert FEELINGS.search("she is anxious")
