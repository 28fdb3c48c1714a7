"""Libraries that only an export needs; they come with an extra, and never onto a box."""

import importlib
from typing import Any

from recorder.failure import EX_UNAVAILABLE, Failure


def library(name: str, package: str, extra: str) -> Any:
    """The module `name`, of a package that an extra brings.

    Raises:
        Failure: it is missing; says how it is installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        text = f'this format needs {package}: pip install "antiphon[{extra}]"'
        raise Failure(text, EX_UNAVAILABLE) from error
