#!/usr/bin/env bash
# Builds BrainFlow's libraries on a machine for which its wheel has none (any ARM), and puts them
# into a virtual environment. Run it again at any time: what is done already is not done again.
set -euo pipefail

readonly VERSION=5.23.0
readonly REPOSITORY=https://github.com/brainflow-dev/brainflow.git
readonly KB_PER_JOB=1000000 # what one compiler may take of the memory

usage() {
  cat <<EOF
usage: build-brainflow.sh [--venv DIR] [--source DIR] [--work DIR] [--jobs N] [--ble] [--force]

Builds BrainFlow $VERSION and copies its libraries into DIR/lib/python*/site-packages/brainflow/lib.

  --venv DIR    the virtual environment of antiphon; by default the active one
  --source DIR  BrainFlow's source tree at tag $VERSION; by default it is cloned from
                $REPOSITORY
  --work DIR    where to build, about 1 GB; by default ~/.cache/antiphon/brainflow-$VERSION
  --jobs N      compilers at a time; by default one per core and per GB of memory
  --ble         with Bluetooth LE, for the Ganglion
  --force       build even if BrainFlow loads already

Needs cmake, make, a C++ compiler and git, and for --ble the headers of D-Bus:
  sudo apt install cmake make g++ git libdbus-1-dev
Takes 10 to 40 minutes on a Raspberry Pi.
EOF
}

die() {
  printf 'build-brainflow.sh: %s\n' "$*" >&2
  exit 1
}

say() {
  printf '==> %s\n' "$*"
}

venv=${VIRTUAL_ENV:-}
source=
work=${XDG_CACHE_HOME:-$HOME/.cache}/antiphon/brainflow-$VERSION
jobs=
ble=OFF
force=

while [[ $# -gt 0 ]]; do
  case $1 in
    --venv | --source | --work | --jobs)
      [[ $# -ge 2 ]] || die "$1 needs a value; see --help"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    --ble) ble=ON && shift ;;
    --force) force=yes && shift ;;
    --help | -h) usage && exit 0 ;;
    *) die "unknown option $1; see --help" ;;
  esac
done

[[ -n $venv ]] || die "no virtual environment is active: name one with --venv"
readonly python=$venv/bin/python
[[ -x $python ]] || die "$venv is no virtual environment: there is no bin/python in it"
[[ -z $jobs || $jobs =~ ^[1-9][0-9]*$ ]] || die "--jobs $jobs: not a number from 1 on"
[[ -z $source || -f $source/CMakeLists.txt ]] || die "$source is no source tree of BrainFlow"

# Loads the library, opens a board that needs no hardware, and takes some of its data.
loads() {
  "$python" - "$VERSION" 2>&1 <<'EOF'
import sys
import threading
from brainflow.board_shim import BoardIds, BoardShim, BrainFlowInputParams

BoardShim.disable_board_logger()
if BoardShim.get_version() != sys.argv[1]:
    sys.exit(f"it is version {BoardShim.get_version()}")
board = BoardShim(BoardIds.SYNTHETIC_BOARD, BrainFlowInputParams())
board.prepare_session()
board.start_stream(1000)
for _ in range(100):
    if board.get_board_data_count():
        break
    threading.Event().wait(0.05)
samples = board.get_board_data_count()
board.release_session()
sys.exit(0 if samples else "it gives no data")
EOF
}

package_folder() {
  "$python" -c 'from importlib.util import find_spec
print(find_spec("brainflow").submodule_search_locations[0])'
}

is_installed() {
  "$python" -c 'import sys
from importlib.metadata import PackageNotFoundError, version
try:
    sys.exit(version("brainflow") != sys.argv[1])
except PackageNotFoundError:
    sys.exit(1)' "$VERSION"
}

default_jobs() {
  local cores fit
  cores=$(nproc)
  fit=$(awk -v per="$KB_PER_JOB" '/^MemTotal:/ { print int($2 / per) }' /proc/meminfo)
  ((fit >= 1)) || fit=1
  echo $((fit < cores ? fit : cores))
}

require_tools() {
  local tool
  for tool in cmake make c++; do
    command -v "$tool" >/dev/null || die "$tool is missing; see --help for what to install"
  done
  [[ -n $source ]] || command -v git >/dev/null || die "git is missing; or give --source"
}

fetch_source() {
  [[ -z $source ]] || return 0
  source=$work/source
  if [[ ! -f $source/CMakeLists.txt ]]; then
    say "Fetching BrainFlow $VERSION"
    rm -rf "$source"
    git -c advice.detachedHead=false clone --quiet --depth 1 --branch "$VERSION" "$REPOSITORY" "$source"
  fi
}

build() {
  say "Building with ${jobs:=$(default_jobs)} compilers at a time in $work"
  cmake -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DBUILD_BLE="$ble" \
    -DBRAINFLOW_VERSION="$VERSION" -DCMAKE_INSTALL_PREFIX="$work/installed" >"$work/cmake.log"
  cmake --build "$work/build" --parallel "$jobs" >"$work/make.log" ||
    die "the build failed; its last words are in $work/make.log"
  cmake --install "$work/build" >>"$work/cmake.log"
}

# `install` puts a new file in the place of the old one: a service that runs keeps its own.
put_libraries() {
  local -a libraries
  mapfile -d '' libraries < <(find "$work/installed" -name 'lib*.so*' -type f -print0)
  ((${#libraries[@]})) || die "the build left no library below $work/installed"
  install -m 644 "${libraries[@]}" "$1/lib/"
  say "Copied ${#libraries[@]} libraries to $1/lib"
}

main() {
  local package stamp complaint
  if ! is_installed; then
    say "Installing the Python package brainflow $VERSION"
    "$python" -m pip install --quiet --disable-pip-version-check "brainflow==$VERSION"
  fi
  package=$(package_folder)
  stamp=$package/lib/.with-ble
  if [[ -z $force && ($ble == OFF || -e $stamp) ]] && loads >/dev/null; then
    say "BrainFlow $VERSION loads already; --force builds it again"
    return
  fi
  require_tools
  mkdir -p "$work"
  fetch_source
  build
  put_libraries "$package"
  complaint=$(loads) || die "built, but BrainFlow does not work: ${complaint##*$'\n'}"
  [[ $ble == OFF ]] || touch "$stamp"
  say "BrainFlow $VERSION works; say board = \"brainflow:...\" in antiphon.toml to use it"
}

main
