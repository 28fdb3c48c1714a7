"""Each target that somebody may ask make for does something."""

import re
import shutil
import subprocess

import pytest

from tests.places import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ASKED = {
    *re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE),
    *re.findall(r"\$\(MAKE\) ([a-z0-9-]+)$", MAKEFILE, re.MULTILINE),
}


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
@pytest.mark.parametrize("target", sorted(ASKED))
def test_a_target_has_a_recipe(target: str) -> None:
    command = ["make", "--dry-run", "--always-make", target]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    assert "Nothing to be done" not in asked.stdout
