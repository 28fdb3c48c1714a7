#!/usr/bin/env bash
# Writes constraints.txt and liblsl.txt: the newest versions that pyproject.toml allows, with the
# hashes of all their files, for every machine and Python that antiphon runs on. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"

readonly HEADER='# Made by make constraints; do not edit.'

compile() {
  echo "$HEADER"
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@"
}

# BrainFlow imports pkg_resources, which later ones have no more.
compile --extra crypt --constraint <(echo 'setuptools<81') ../pyproject.toml >constraints.new
# Of this package only the library that it brings along is used: pylsl has none for ARM.
echo "mne-lsl>=1.14 ; platform_machine == 'aarch64'" | compile --no-deps - >liblsl.new
mv constraints.new constraints.txt
mv liblsl.new liblsl.txt
