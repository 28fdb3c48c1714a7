"""What the screen says, from its source; `python -m tests.catalogue` writes what a catalogue lacks.

A text is in a catalogue when it stands in `_("...")`, `N_("...")` or `plural("...", "...", n)`, or
is one of those that travel as data (recorder/wire/wording.py) or the name of a role.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from recorder.settings.board import ROLES
from recorder.wire.wording import ABSENCES, ALARMS
from tui import her_words
from tui.language import CATALOGUES, entries

SOURCE = CATALOGUES.parent


def texts() -> dict[str, str]:
    """Each text, a plural's two with NUL in between, and the first file it stands in."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for text in _of(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(text, path.relative_to(SOURCE).as_posix())
    for text in (*her_words.ALARMS.values(), *her_words.REMEDIES.values(), her_words.SWITCH_ON):
        found.setdefault(text, "her_words.py")
    for text in (*ALARMS.values(), *ABSENCES.values(), *ROLES):
        found.setdefault(text, "recorder")
    return found


def _of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = [str(it.value) for it in node.args if isinstance(it, ast.Constant)]
            if node.func.id in ("_", "N_", "people"):
                yield from given
            elif node.func.id == "Binding":
                yield from given[2:3]
            elif node.func.id == "plural":
                yield "\0".join(given)


def missing(language: str) -> list[str]:
    """What the catalogue of a language lacks."""
    path = CATALOGUES / f"{language}.po"
    there = dict(entries(path.read_text(encoding="utf-8"))) if path.exists() else {}
    return [text for text in texts() if not there.get(text)]


def _entry(text: str) -> str:
    one, _nul, many = text.partition("\0")
    if not many:
        return f"msgid {_quoted(one)}\nmsgstr {_quoted('')}\n"
    forms = f"msgstr[0] {_quoted('')}\nmsgstr[1] {_quoted('')}\n"
    return f"msgid {_quoted(one)}\nmsgid_plural {_quoted(many)}\n{forms}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    for lacking in missing(Path(sys.argv[1]).stem):
        sys.stdout.write(_entry(lacking) + "\n")
