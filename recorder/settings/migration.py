"""An antiphon.toml of an earlier version, as this version would have it.

python -m recorder.settings.migration FILE NAME     prints it; NAME is what the machine is called

Only what would be lost, or do something else, is written; what a technician has written stays as
it is, with its comments. What is as it should be comes out unchanged. The installer keeps the old
file (deploy/install.sh).
"""

import re
import sys
import tomllib
from pathlib import Path

OLD_KEY, NEW_KEY = Path("/etc/antiphon/sync_key"), Path("/var/lib/antiphon/sync_key")
MARK = "\ufeff"
SYNC = re.compile(r"\s*\[\s*sync\s*\.\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*\]")


def migrated(text: str, box: str, *, old_key_is_there: bool) -> str:
    """The text with all that this version needs in it.

    Args:
        text: of the file.
        box: what the machine is called: boxes had no names.
        old_key_is_there: the key of `sync` was looked for in /etc where nothing was said.

    Raises:
        tomllib.TOMLDecodeError: it is not TOML.
    """
    text = text.removeprefix(MARK)  # as Windows leaves before a text
    content = tomllib.loads(text)
    if old_key_is_there:
        keyless = {name for name, one in content.get("sync", {}).items() if "key" not in one}
        text = _with_keys(text, keyless)
    if "box" not in content and box:
        text = f'box = "{box}"\n{text}'
    return text


def _with_keys(text: str, names: set[str]) -> str:
    lines = []
    for line in text.splitlines(keepends=True):
        lines.append(line)
        if (section := SYNC.match(line)) and section[1] in names:
            lines.append(f'key = "{OLD_KEY}"\n')
    return "".join(lines)


def main(file: str, box: str) -> None:
    """Print what the file is to be, with the ends of its lines as they are."""
    text = Path(file).read_bytes().decode()
    is_there = OLD_KEY.exists() and not NEW_KEY.exists()
    new = migrated(text, box, old_key_is_there=is_there)
    sys.stdout.buffer.write((text if new == text.removeprefix(MARK) else new).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
