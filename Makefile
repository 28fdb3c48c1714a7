# The two commands a newcomer needs are `make demo` and `make test`; both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made

.PHONY: help setup demo test lint bench clean

help:
	@echo "make demo    set up, then show two emulated boards on the screen (no hardware)"
	@echo "make test    set up, then run the tests"
	@echo "make lint    formatting, style, types, and the arrows between the rooms"
	@echo "make bench   how fast and how small, on this machine"
	@echo "make clean   remove the virtual environment and the caches"

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "antiphon needs Python 3.11 or newer; this is $$($(PYTHON) --version). Give another one: make PYTHON=python3.12 setup" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments here. On Debian: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $@

demo: setup
	$(BIN)/antiphon demo

# First what may share the processor, in more processes than cores because much of it waits for boards
# in real time; then the whole processes, whose promises are in seconds, one after the other.
test: setup
	$(BIN)/python -m pytest -n 4 --dist loadfile --ignore tests/e2e
	$(BIN)/python -m pytest tests/e2e

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/antiphon bench

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
