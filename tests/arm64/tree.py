"""A Debian for ARM in a directory, run by an emulated processor (qemu-user), with antiphon in it.

Debian's packages are unpacked, not set up: their own scripts would take minutes on that processor.
antiphon and all it needs come from aarch64 wheels. What does not change from run to run is kept
(tests/cache.py).
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.cache import cache
from tests.places import ROOT

SUITE, MACHINE, PYTHON = "bookworm", "aarch64", "3.11"
PACKAGES = "ca-certificates,coreutils,libpython3-stdlib,libstdc++6,python3,python3-venv"
ENVIRONMENT = "/opt/antiphon/current"
INTERPRETER = f"{ENVIRONMENT}/bin/python"
LIBLSL = "opt/antiphon/lib/liblsl.so"
WORK = "/srv/project"

_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_RULE = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
_VARIABLES = {
    "PATH": f"{ENVIRONMENT}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
    "OPENBLAS_NUM_THREADS": "1",
    # Compiled once for all runs, and never into what is mounted from outside.
    "PYTHONPYCACHEPREFIX": "/var/cache/compiled",
}
# Words: the tree, then pairs of a directory outside and its place inside, "--", the command.
_ENTER = """
tree=$1; shift
mount -t proc proc "$tree/proc" && mount --bind /dev "$tree/dev" || exit
while [ "$1" != -- ]; do
  mkdir -p "$tree$2" && mount --bind "$1" "$tree$2" || exit
  shift 2
done
shift
exec unshare --root="$tree" --wd="$WORK" "$@"
"""


def why_not() -> str:
    """Why no ARM program can be run here, or ""."""
    if os.geteuid() != 0:
        return "only root may change its root directory"
    for program in ("mmdebstrap", "unshare", "qemu-aarch64-static"):
        if shutil.which(program) is None:
            return f"{program} is missing: apt install mmdebstrap qemu-user-static"
    try:
        _register()
    except OSError as error:
        return f"the kernel cannot be told of ARM programs (binfmt_misc): {error}"
    return ""


def wheelhouse(directory: Path) -> Path:
    """Fetch the wheels that a box with an ARM processor is installed from."""
    script = ROOT / "deploy" / "wheelhouse.py"
    _run(sys.executable, script, "--machine", MACHINE, "--python", PYTHON, directory)
    return directory


def tree(wheels: Path) -> Path:
    """The Debian with the antiphon of these wheels, as its installer would place it."""
    place = cache() / f"{SUITE}-{MACHINE}-{_key()}"
    if not place.exists():
        new = place.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        _make(new, wheels)
        new.rename(place)
    _pip(place, wheels, "--force-reinstall", "--no-deps", "antiphon")
    return place


def run(place: Path, *words: object, mounts: Mapping[Path, str] | None = None) -> str:
    """Run a command in the tree, in WORK; what it prints.

    Raises:
        OSError: it failed; its own words.
    """
    pairs = [str(it) for pair in (mounts or {}).items() for it in pair]
    separate = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    enter = [*separate, "sh", "-c", _ENTER, "sh", str(place), *pairs, "--"]
    return _run(*enter, *words, env={**_VARIABLES, "WORK": WORK})


def _register() -> None:
    """Have the kernel give programs for ARM to qemu; nothing is done twice."""
    if not (_BINFMT / "register").exists():
        _run("mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT)
    if not (_BINFMT / "qemu-aarch64").exists():
        (_BINFMT / "register").write_text(_RULE.read_text().strip())


def _key() -> str:
    """Changes when what the tree is made of does."""
    parts = [
        PACKAGES,
        *((ROOT / "deploy" / it).read_text() for it in ("constraints.txt", "liblsl.txt")),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _make(place: Path, wheels: Path) -> None:
    kind = ("--quiet", "--variant=extract", "--architectures=arm64", f"--include={PACKAGES}")
    _run("mmdebstrap", *kind, SUITE, place)
    for directory in ("dev", "proc", "root", "run", "sys", WORK[1:], Path(LIBLSL).parent):
        (place / directory).mkdir(parents=True, exist_ok=True)
    run(place, "/usr/bin/python3", "-m", "venv", "--without-pip", ENVIRONMENT)
    _pip(place, wheels, "antiphon")
    _place_liblsl(place, wheels)


def _pip(place: Path, wheels: Path, *words: str) -> None:
    """Have pip, straight out of its wheel, install from wheels alone."""
    [pip] = wheels.glob("pip-*.whl")
    inside = f"{WORK}/wheels"
    only = ("--no-index", "--only-binary=:all:", f"--find-links={inside}", "--no-compile")
    program = (INTERPRETER, f"{inside}/{pip.name}/pip", "install", "--quiet", *only)
    run(place, *program, *words, mounts={wheels: inside})


def _place_liblsl(place: Path, wheels: Path) -> None:
    [wheel] = wheels.glob("mne_lsl-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [it for it in archive.namelist() if Path(it).name.startswith("liblsl.so")]
        (place / LIBLSL).write_bytes(archive.read(name))


def _run(*words: object, env: Mapping[str, str] | None = None) -> str:
    environment = None if env is None else {**env, "PATH": f"{os.environ['PATH']}:{env['PATH']}"}
    done = subprocess.run(
        list(map(str, words)), check=False, capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise OSError(f"{words[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout
