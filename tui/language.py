"""The language of the screen: English as it stands in the source, others from tui/locale/XX.po.

A catalogue is compiled when the screen begins, in memory, in some milliseconds: what is translated
and what is shown cannot be of different age, and a source tree needs nothing built.
A text is looked up where it is shown, `_("...")`; one that is made elsewhere is marked with N_.
"""

import gettext
import io
import string
import struct
from ast import literal_eval
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from recorder.settings.board import ROLES

CATALOGUES = Path(__file__).parent / "locale"
ENGLISH = "en"
# As the environment names it, first come, first served.
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_MO_MAGIC = 0x950412DE

_spoken: list[gettext.NullTranslations] = [gettext.NullTranslations()]
_roles: dict[str, str] = {}


def speak(language: str, roles: Mapping[str, str] = MappingProxyType({})) -> None:
    """Show everything in this language from now on; in English where it is not known here.

    `roles` are what the patient and the therapist are called here instead.
    """
    _roles.clear()
    _roles.update(roles)
    path = CATALOGUES / f"{language}.po"
    if language == ENGLISH or not path.exists():
        _spoken[0] = gettext.NullTranslations()
    else:
        _spoken[0] = compiled(path.read_text(encoding="utf-8"))


def language_of(asked: str, environment: Mapping[str, str]) -> str:
    """What is asked for; "" is what the environment speaks."""
    named = next((value for name in VARIABLES if (value := environment.get(name))), "")
    return asked or named[:2].lower() or ENGLISH


def _(text: str) -> str:
    """A text in the language that is spoken; of a role, what it is called here."""
    return _roles.get(text) or (_spoken[0].gettext(text) if text else "")


def people(text: str) -> str:
    """A text that names both people as {patient} and {therapist}."""
    return _(text).format(**{role: _(role) for role in ROLES})


def N_(text: str) -> str:  # noqa: N802 - as everywhere
    """A text that is looked up later, where it is shown."""
    return text


def plural(one: str, many: str, number: int) -> str:
    """`one` or `many`, as the language has it; "{n}" is the number."""
    return _spoken[0].ngettext(one, many, number).format(n=number)


def figure(value: float, form: str) -> str:
    """A number by a format, with the decimal point of the language that is spoken."""
    return format(value, form).replace(".", _("."))


class _Filling(string.Formatter):
    def format_field(self, value: object, form: str) -> str:
        return figure(value, form) if isinstance(value, float) else format(value, form)


def filled(text: str, fields: Mapping[str, Any]) -> str:
    """As `text.format_map(fields)`, with figures as they are written in the language.

    Raises:
        KeyError: a field is missing.
    """
    return _Filling().vformat(text, (), fields)


def compiled(text: str) -> gettext.GNUTranslations:
    """A catalogue from the text of its po file.

    Raises:
        ValueError: it is none.
    """
    return gettext.GNUTranslations(io.BytesIO(_mo(dict(entries(text)))))


def entries(text: str) -> Iterator[tuple[str, str]]:
    """What each entry translates, and into what; of plurals both and all, with NUL in between.

    Raises:
        ValueError: a line is not of a po file.
    """
    entry: dict[str, str] = {}
    key = ""
    for number, line in enumerate([*text.splitlines(), 'msgid ""'], start=1):
        word, _space, quoted = line.strip().partition(" ")
        if line.startswith("#") or not word:
            continue
        if word.startswith('"'):
            quoted = line.strip()
        elif word.startswith("msg"):
            if word == "msgid" and entry:
                yield _pair(entry)
                entry = {}
            key = word
        try:
            entry[key] = entry.get(key, "") + literal_eval(quoted)
        except (SyntaxError, ValueError, TypeError) as error:
            raise ValueError(f"line {number} is not of a po file: {line}") from error


def _pair(entry: dict[str, str]) -> tuple[str, str]:
    if "msgid_plural" not in entry:
        return entry["msgid"], entry["msgstr"]
    forms = (entry[key] for key in sorted(entry) if key.startswith("msgstr["))
    return f"{entry['msgid']}\0{entry['msgid_plural']}", "\0".join(forms)


def _mo(texts: dict[str, str]) -> bytes:
    """GNU's binary catalogue: a head, two tables of (length, place), the texts."""
    pairs = sorted((key.encode(), text.encode()) for key, text in texts.items() if text)
    words = [key for key, _text in pairs] + [text for _key, text in pairs]
    place = 28 + 8 * len(words)
    table = b""
    for word in words:
        table += struct.pack("<II", len(word), place)
        place += len(word) + 1
    count = len(pairs)
    head = struct.pack("<7I", _MO_MAGIC, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + table + b"\0".join([*words, b""])
