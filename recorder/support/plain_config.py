"""The configuration for others' eyes: only texts that are known to be harmless are left in it.

A key that is new here is taken for private until somebody says otherwise.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from recorder.settings.file import Config

REMOVED = "(removed)"
# Keys whose texts are neither a person's, nor a place's, nor a secret.
HARMLESS = {
    *("sessions", "socket", "board", "port", "channels", "aux", "kind", "chip", "line", "pull"),
    *("pin", "output", "device", "mode", "windows", "prometheus"),
}
ACCOUNT = "antiphon"  # the service's own, and the name of everything else here


def without_secrets(config: Config) -> dict[str, Any]:
    """Everything that is set, with "(removed)" for what is private; destinations lose their names.

    A board is told without the name of its stream.
    """
    fields = {key: _plain(key, value) for key, value in msgspec.to_builtins(config).items()}
    return fields | {"sync": list(fields["sync"].values())}


def secrets_of(config: Config) -> set[str]:
    """The texts that `without_secrets` removes, but for those that every box has."""
    ours, everyones = (set(_removed("", msgspec.to_builtins(one))) for one in (config, Config()))
    return ours - everyones - {ACCOUNT}


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(name, one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(key, one) for one in value]
    if not isinstance(value, str) or not value:
        return value
    if key == "board":
        return value.partition(":")[0]
    return value if key in HARMLESS else REMOVED


def _removed(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if key == "sync":
            yield from value
        for name, one in value.items():
            yield from _removed(name, one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _removed(key, one)
    elif isinstance(value, str) and key == "board":
        yield value.partition(":")[2]
    elif isinstance(value, str) and key not in HARMLESS:
        yield value
