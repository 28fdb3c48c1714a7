"""The configuration for others' eyes: only texts that are known to be harmless are left in it.

A key that is new here is taken for private until somebody says otherwise.
"""

from typing import Any

import msgspec

from recorder.settings.file import DESTINATIONS, Config

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
    return _plain_and_removed(config)[0]


def secrets_of(config: Config) -> set[str]:
    """The texts that `without_secrets` removes, but for those that every box has."""
    everyones = _plain_and_removed(Config())[1]
    return _plain_and_removed(config)[1] - everyones - {ACCOUNT}


def _plain_and_removed(config: Config) -> tuple[dict[str, Any], set[str]]:
    removed = set(config.destinations)
    fields = _plain("", msgspec.to_builtins(config), removed)
    return fields | {kind: list(fields[kind].values()) for kind in DESTINATIONS}, removed


def _plain(key: str, value: Any, removed: set[str]) -> Any:
    """A value without what is private, which is added to `removed`."""
    if isinstance(value, dict):
        return {name: _plain(name, one, removed) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(key, one, removed) for one in value]
    if not isinstance(value, str) or not value:
        return value
    if key == "board":
        kind, _, stream = value.partition(":")
        removed.add(stream)
        return kind
    if key in HARMLESS:
        return value
    removed.add(value)
    return REMOVED
