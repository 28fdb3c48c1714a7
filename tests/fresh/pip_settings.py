"""This machine's pip settings, for another root directory: where packages come from here."""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROXIES = ("http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True)
class PipSettings:
    """As environment variables, and the files and directories that these name."""

    variables: dict[str, str]
    paths: tuple[Path, ...]


def of_this_machine() -> PipSettings:
    """What pip is told here by files and by the environment, and the proxies."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    proxies = {name: value for name, value in os.environ.items() if name.lower() in PROXIES}
    return parsed(told, proxies)


def parsed(told: str, proxies: dict[str, str]) -> PipSettings:
    """The settings as `pip config list` tells them: `section.name='value'`, one a line."""
    found = [line.partition("=") for line in told.splitlines()]
    found.sort(key=lambda one: one[0].startswith(":env:"))  # the environment overrules files
    variables = {
        "PIP_" + name.rpartition(".")[2].replace("-", "_").upper(): _one_line(value)
        for name, _, value in found
    }
    paths = map(_place, " ".join(variables.values()).split())
    there = {path for path in paths if path.is_absolute() and path.exists()}
    return PipSettings(variables | proxies, tuple(sorted(there)))


def _place(word: str) -> Path:
    """A path; of an index, the directory that it is in, for it refers to files beside it."""
    url = word.removeprefix("file://")
    return Path(word) if url == word else Path(url).parent


def _one_line(value: str) -> str:
    return " ".join(str(ast.literal_eval(value)).split())
