"""A row's dataclass and its table: field names are column names, field types say what is stored.

int, float, str, and these or None      as they are
bool, and this or None                  INTEGER 0 or 1, or NULL
tuple[str, ...]                         TEXT, a JSON array
"""

import json
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from recorder.plain_text import whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")
STORED_AS: dict[Any, Any] = {bool: int, bool | None: int | None, tuple[str, ...]: str}


def columns_of(
    row_type: type["DataclassInstance"], *, without: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Column names of a row, in the order of its fields."""
    return tuple(field.name for field in fields(row_type) if field.name not in without)


def insert_sql(table: str, columns: Sequence[str]) -> str:
    """The INSERT of one row, with a mark for each column."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608


def row_from(row_type: type[R], value: object, **others: Any) -> R:
    """The row of `row_type` made of `value`, which has its fields by name, but for `others`.

    A field with a default may be in neither.
    """
    mine = [it for it in fields(row_type) if it.name not in others]
    needed = (it.name for it in mine if it.default is MISSING or hasattr(value, it.name))
    return row_type(**{name: getattr(value, name) for name in needed}, **others)


def to_sql(value: Any) -> Any:
    """A field's value as SQLite takes it; numpy scalars become Python's own, text is whole."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, np.generic):
        return value.item()
    return json.dumps(value) if isinstance(value, tuple) else value


def from_sql(row_type: type[R], stored: Sequence[Any], **others: Any) -> R:
    """The row of `row_type` whose columns hold `stored`; `others` are fields kept elsewhere.

    Raises:
        ValueError: a column holds what no such row can; a damaged file may hold anything.
    """
    described = [field for field in fields(row_type) if field.name not in others]
    values = {
        field.name: _field_value(field.name, field.type, value)
        for field, value in zip(described, stored, strict=True)
    }
    return row_type(**values, **others)


def _field_value(name: str, kind: Any, value: Any) -> Any:
    if not isinstance(value, STORED_AS.get(kind, kind)):
        raise ValueError(f"column {name} holds {value!r:.40}")
    if kind in (bool, bool | None):
        return None if value is None else bool(value)
    return _texts(name, value) if kind == tuple[str, ...] else value


def _texts(name: str, value: str) -> tuple[str, ...]:
    texts = json.loads(value)
    if not isinstance(texts, list):
        raise ValueError(f"column {name} is not a JSON array")
    return tuple(str(text) for text in texts)
