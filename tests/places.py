"""Where the project is, and the recordings beside it that a stranger's clone does not have."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORDINGS = ROOT.parent / "shared" / "data"
