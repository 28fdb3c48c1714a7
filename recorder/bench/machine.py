"""Which machine it is that figures come from."""

import platform
from pathlib import Path


def machine_name() -> str:
    """Its processor, and the Python that runs here."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return f"{names[0] if names else platform.machine()}, Python {platform.python_version()}"
