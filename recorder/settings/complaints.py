"""What a technician reads of a validator's complaint: the key, what is there, and what may be.

msgspec says "Expected `float`, got `str` - at `$.mains_hz`"; a person reads

    mains_hz = "50": a number is wanted
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

KINDS = {
    "str": "a text in quotes",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "array": "a list in [ ]",
    "object": "a section, or { }",
}
BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
LONGEST = 60  # characters of what is there

Key = str | int
_PLACE = re.compile(r"\.(\w+)|\[(?:(\d+)|\.\.\.)\]")
ANY = "*"  # the key of a table, of which the validator does not say which


def place_of(where: str) -> list[Key]:
    """The keys in `$.patient.channels[1]`."""
    return [name or (int(number) if number else ANY) for name, number in _PLACE.findall(where)]


def in_words(reason: str, place: list[Key], content: Any, root: type) -> str:
    """A complaint about the value at `place` of a file's `content`, which is to be a `root`.

    What is not known here is left as it is.
    """
    wanted = _wanted(reason, type_at(root, place))
    if not wanted:
        return reason
    names = [str(key) for key in place if isinstance(key, str) and key != ANY]
    try:
        there = _shown(_value_at(content, place))
    except (LookupError, TypeError):
        return wanted
    return f"{names[-1]} = {there}: {wanted}" if names and "is missing" not in wanted else wanted


def type_at(kind: Any, place: list[Key]) -> Any:
    """The type of what may be at `place` in a `kind`; None where nothing may be."""
    for key in place:
        kind = _inside(_bare(kind), key)
    return kind


def _inside(kind: Any, key: Key) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return get_type_hints(kind, include_extras=True).get(str(key))
    inside = get_args(kind)
    if get_origin(kind) is dict:
        return inside[1]
    is_run = inside[-1:] == (...,)  # of one kind, however many; else each has its own
    at = key if isinstance(key, int) and not is_run else 0
    return inside[at] if at < len(inside) else None


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _value_at(content: Any, place: list[Key]) -> Any:
    for key in place:
        content = content[key]
    return content


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _wanted(reason: str, kind: Any) -> str:
    """What may be there; "" when that is not known."""
    for pattern, words in _FORMS.items():
        if found := re.match(pattern, reason):
            return words(found, kind)
    return ""


def _missing(found: re.Match[str], kind: Any) -> str:
    description = next(_described(type_at(kind, [found[1]])), "")
    return f"{found[1]} is missing" + (f": {description}" if description else "")


def _another_kind(found: re.Match[str], _: Any) -> str:
    names = [KINDS.get(name, "") for name in re.split(r" \| ", found[1])]
    return f"{' or '.join(name for name in names if name)} is wanted"


def _by_pattern(_: re.Match[str], kind: Any) -> str:
    return next(_described(kind), "it has signs that it may not have")


def _one_of(_: re.Match[str], kind: Any) -> str:
    return f"one of {', '.join(json.dumps(choice) for choice in _choices(kind))}"


def _bounded(found: re.Match[str], _: Any) -> str:
    return f"{BOUNDS[found[1]]} {float(found[2]):g}"


def _long(found: re.Match[str], _: Any) -> str:
    return f"{BOUNDS.get(found[1] or '', 'exactly')} {found[2]} long"


_FORMS: dict[str, Callable[[re.Match[str], Any], str]] = {
    r"Object missing required field `(\w+)`": _missing,
    r"Expected `([^`]+)`, got ": _another_kind,
    r"Expected `\w+` matching regex": _by_pattern,
    r"Invalid enum value": _one_of,
    r"Expected `\w+` (>=|<=|>|<) ([\d.]+)": _bounded,
    r"Expected `\w+` of length (>=|<=)? ?(\d+)": _long,
}


def _described(kind: Any) -> Iterator[str]:
    """What the types in a type say that they may be."""
    for part in get_args(kind):
        if isinstance(part, msgspec.Meta) and part.description:
            yield part.description
        yield from _described(part)


def _choices(kind: Any) -> Iterator[Any]:
    if get_origin(kind) is Literal:
        yield from get_args(kind)
        return
    for part in get_args(kind):
        yield from _choices(part)
