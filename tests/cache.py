"""Where tests keep between runs what takes long to make or to fetch; never in the source tree."""

import os
from pathlib import Path


def cache() -> Path:
    """$ANTIPHON_CACHE, else $XDG_CACHE_HOME/antiphon, else ~/.cache/antiphon; it is there."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = Path(os.environ.get("ANTIPHON_CACHE") or home / "antiphon")
    directory.mkdir(parents=True, exist_ok=True)
    return directory
