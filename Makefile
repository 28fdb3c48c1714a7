# The two commands a newcomer needs are `make demo` and `make test`; both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made
# Programs that are begun again and again must not be compiled each time, as an installed one is not.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: $(shell grep -oE '^[a-z0-9-]+:' Makefile | tr -d :)

help:
	@echo "make demo    set up, then show two emulated boards on the screen (no hardware)"
	@echo "make test    set up, then run the tests"
	@echo "make lint    formatting, style, types, and the arrows between the rooms"
	@echo "make bench   how fast and how small, on this machine"
	@echo "make clean   remove the virtual environments and the caches"
	@echo
	@echo "Longer checks, benches and packages. In the Makefile a line above each says what it is for; ARGS=--help"
	@echo "says the rest, ARGS=--json prints one object. What they measure is kept in tests/RESULTS.md."
	@grep -oE '^[a-z0-9-]+:' Makefile | tr -d : | sort | paste -sd ' ' | fold -s -w 100

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "antiphon needs Python 3.11 or newer; this is $$($(PYTHON) --version). Give another one: make PYTHON=python3.12 setup" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments here. On Debian: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench,crypt,review,analysis]'
	@touch $@

demo: setup
	$(BIN)/antiphon demo

# First what may share the processor, in more processes than cores because much of it waits for boards
# in real time, its files in memory where there is plenty: the disk is waited for even longer. Then, on
# the disk, what promises something in seconds (the mark `alone`) or needs two disks (the mark `disks`),
# with a core for each.
# What fails beside others is shown, and tried once more with the machine to itself: a failure of ours
# fails again, another program that took the processor for a moment does not.
PYTEST = $(BIN)/python -m pytest
ALONE = $(shell grep -rlE --include='test_*.py' 'pytest.mark.(alone|disks)' tests)
MEMORY = $(shell df --output=avail -B1G /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 >= 4 {print "/dev/shm"}')
AGAIN = { echo "once more, each by itself:"; $(PYTEST) --last-failed --last-failed-no-failures none; }
test: setup
	PYTEST_DEBUG_TEMPROOT=$(MEMORY) $(PYTEST) -n 6 --dist loadfile -m "not alone and not disks" || $(AGAIN)
	$(PYTEST) -n 2 --dist loadfile -m "alone or disks" $(ALONE) || $(AGAIN)

# Of what runs inside the tests; whole processes are not followed. The floor is in pyproject.toml.
coverage: setup
	$(BIN)/python -m pytest -n 4 --dist loadfile -m "not alone" --cov --cov-report=term

# As far as this processor has their instructions; tells what it has not.
test-cpu: setup
	$(BIN)/python -m tests.cpu $(ARGS)

# Fetches what the wheel asks for.
test-wheel: setup
	ANTIPHON_WHEEL_TESTS=1 $(BIN)/python -m pytest -rs tests/wheel

# Root, fuse3 and e2fsprogs; skips with its reason where it cannot run.
test-powercut: setup
	$(BIN)/python -m tests.powercut

test-kills: setup
	$(BIN)/python -m tests.e2e.kill_anywhere

# Copies to everything at once: rclone's own encryption, disks, and a video of 2 GB that is cut again and
# again. Where they are missing: apt install openssh-server rclone dosfstools exfatprogs exfat-fuse fusefat
test-sync: setup
	ANTIPHON_SYNC_TESTS=1 $(BIN)/python -m pytest -rs tests/e2e/test_every_destination.py \
	  tests/e2e/test_sync_to_disks.py tests/e2e/test_sync_by_rclone.py tests/e2e/test_big_video.py

# Kills and failures between what people ask for and its effect.
decisions: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.decisions $(ARGS)

soak: setup
	$(BIN)/python -m tests.soak

fuzz: setup
	$(BIN)/python -m tests.fuzz

# Two boards on one radio channel; then a recording that stands still, from half a second to a minute.
radio: setup
	@$(BIN)/python -m tests.radio $(ARGS)
	ANTIPHON_STILL_S="0.5 1.5 3 4 6 9 15 60" $(BIN)/python -m pytest tests/e2e/test_standing_still.py

# Dongles that vanish and come back, exchanged or not.
exchanges: setup
	@$(BIN)/python -m tests.exchanges $(ARGS)

# Whose cap was tapped, of 200 pairs.
taps: setup
	@$(BIN)/python -m tests.taps $(ARGS)

# A thousand sessions with everything at once, held against what was sent: ten minutes on two cores.
truth: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.truth $(ARGS)

# Two thousand flipped bits, cut ends and zeroed sectors: what is noticed, and what repair brings back.
damage: setup
	@$(BIN)/python -m tests.damage $(ARGS)

# Two thousand recordings of other programs, cut, doubled, torn: what import makes of them.
damaged-recordings: setup
	@$(BIN)/python -m tests.damaged_recordings $(ARGS)

# What is measured, here and below, has a table in tests/RESULTS.md; ARGS is for the program.
reliability: setup
	@$(BIN)/python -m tests.reliability $(ARGS)

# Root; each skips with its reason where it cannot run. One Debian after the other, as each is heavy.
test-system: setup
	$(MAKE) test-system-bookworm
	$(MAKE) test-system-trixie

# What is the same on every Debian is asked of the first only.
test-system-%: setup
	ANTIPHON_SYSTEM_TESTS=1 ANTIPHON_SYSTEM_SUITE=$* $(BIN)/python -m pytest -rs \
	  $(if $(filter trixie,$*),-m "not once") tests/system

# Ten boxes and a workstation, each with its own sshd, on one bridge: half an hour, and 6 GiB of memory.
test-ward: setup
	ANTIPHON_SYSTEM_TESTS=1 ANTIPHON_WARD_TESTS=1 $(BIN)/python -m pytest -rs tests/system/test_ward.py

# ARGS='--debian 13' for one of the two.
test-fresh: setup
	$(BIN)/python -m tests.fresh $(ARGS)

test-arm64: setup
	$(BIN)/python -m tests.arm64

test-vm: setup
	$(BIN)/python -m tests.vm

# The screen on a box's own console, as a picture of the virtual machine's framebuffer.
test-console: setup
	$(BIN)/python -m tests.vm.console $(ARGS)

# A foot switch on a box: a key of the virtual machine becomes a mark.
test-foot-switch: setup
	$(BIN)/python -m tests.vm.foot_switch $(ARGS)

# Fetches strace from Debian where it is missing, as root.
calls: setup
	@command -v strace >/dev/null || apt-get install -y -qq strace
	@$(BIN)/python -m tests.bench.calls $(ARGS)

# Readers of others are heavy, and none of ours: in an environment of their own. Firefox is fetched from
# Debian where it is missing, as root; without it its tests skip.
test-judges:
	@command -v firefox-esr >/dev/null || apt-get install -y -qq firefox-esr || true
	@$(PYTHON) -m venv .judges
	@.judges/bin/pip install --quiet --disable-pip-version-check -e '.[analysis,review]' pytest -r tests/judges/requirements.txt
	ANTIPHON_JUDGES=1 .judges/bin/python -m pytest -rs tests/judges tests/recorder/review/test_browser.py

cost: setup
	@$(BIN)/python -m tests.bench.cost $(ARGS)

# MACHINE=x86_64 or aarch64
MACHINE ?= aarch64
wheelhouse: setup
	$(BIN)/python deploy/wheelhouse.py --machine $(MACHINE) --python 3.11 --python 3.13 dist/wheelhouse-$(MACHINE)

deb: setup
	for a in amd64 arm64; do deploy/build-deb.sh --python $(BIN)/python $$a || exit 1; done

constraints: setup
	PATH="$(abspath $(BIN)):$$PATH" deploy/constraints.sh

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m tests.bench $(ARGS)

bench-clock: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.clock $(ARGS)

# Four hundred sessions on two local Dask workers, disturbed, and without: half an hour on two cores.
bench-cohort: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cohort]'
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.cohort $(ARGS)

# An hour of video, made by ffmpeg, which takes some minutes.
bench-align: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.align $(ARGS)

bench-analysis: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.analysis $(ARGS)

bench-exports: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.exports $(ARGS)

# What the screen costs, and how soon it tells what goes wrong: each in some minutes of real time.
bench-screen: setup
	@$(BIN)/python -m tests.bench.screen $(ARGS)

alarms: setup
	@$(BIN)/python -m tests.alarms $(ARGS)

# A session of ten minutes on a simulated clock: what its file holds, and what putting it away costs.
bench-file: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.file_size $(ARGS)

# In Debian's Chromium: apt install chromium; .venv/bin/pip install playwright==1.65.2
bench-review: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check playwright
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.review $(ARGS)

# The pictures in the README, and in pictures/ every page of the screen, on sheets. Chromium as bench-review.
pictures: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check playwright
	$(BIN)/python -m tests.pictures
	$(BIN)/python -m tests.tui.pictures

calibrate: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.calibration $(ARGS)

instructions: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.instructions $(ARGS)

# What lost packets move in the measures; skips with its reason where the recordings are not.
loss: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.loss $(ARGS)

# What the tests of analyze find between unrelated people, and between related ones: an hour on two cores.
null: setup
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.null $(ARGS)

# HyPyP and its kin are heavy, and none of ours: in an environment of their own.
bench-peers: setup
	@$(PYTHON) -m venv .peers
	@.peers/bin/pip install --quiet --disable-pip-version-check hypyp==0.6.2 mne-connectivity==0.9.0
	@OPENBLAS_NUM_THREADS=1 .peers/bin/python -m tests.bench.peers $(ARGS)

clean:
	rm -rf $(VENV) .peers .judges .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
