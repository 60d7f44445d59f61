# A fresh machine needs python3 (3.11 to 3.14) with its venv module, and make. Nothing else, and no root.

PYTHON ?= python3
VENV ?= .venv
CONFIG ?= config.example.toml
# passed on to pytest or to the bench: make test ARGS="-k route", make bench ARGS=--quick
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run install test check lint types format check-slow faults bench lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  PYTHON=python3.12 VENV=.venv-3.12 choose another Python, CONFIG=FILE another file for run"

run: install ## start the daemon on config.example.toml
	@exec $(BIN)/relay run -c $(CONFIG)

install: $(VENV)/.installed ## the virtual environment from the lock, with relay in it

test: $(VENV)/.developing ## the tests, without those that take minutes
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

check: lint types test ## what CI runs: lint, format, types, tests

lint: $(VENV)/.developing ## ruff, linter and formatter
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.developing ## mypy, strict
	$(BIN)/mypy

format: $(VENV)/.developing ## let ruff repair what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check-slow: $(VENV)/.developing ## what takes minutes: fuzzing; and the targets on their real servers
	$(BIN)/python -m pytest -n auto --dist loadgroup tests/deliver/targets
	$(BIN)/python -m pytest -m slow -o faulthandler_timeout=900 $(ARGS)

faults: $(VENV)/.developing ## kill -9, full disk, failing writes; FAULTS_RUNS=20 for fewer kills
	$(BIN)/python -m pytest -m faults -o faulthandler_timeout=900 $(ARGS)

bench: $(VENV)/.developing ## how fast, against baselines of the same run
	$(BIN)/python -m bench $(ARGS)

# The version bounds stand in pyproject.toml; what exactly is installed stands in the locks, with hashes that
# hold for every Python and platform, and without a word of where the files come from.
# UPGRADE=--upgrade takes the newest within the bounds.
UV = $(BIN)/uv --no-config --quiet
COMPILE = UV_PYTHON_DOWNLOADS=never $(UV) pip compile --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links $(UPGRADE)

lock: $(VENV)/.made ## write the locks anew; UPGRADE=--upgrade for newer versions
	$(PIP) install 'uv>=0.9,<1'
	$(COMPILE) pyproject.toml --extra uvloop --extra crypto -o requirements.lock
	$(COMPILE) --group build -c requirements.lock -o requirements-build.lock
	$(COMPILE) pyproject.toml --all-extras --group dev -c requirements.lock -c requirements-build.lock \
		-o requirements-dev.lock

# Each file says that a step is done; make repeats it when what it was made from has changed.
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "relay: there is no $(PYTHON) here; try make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || \
		{ echo "relay: needs Python 3.11 to 3.14, and $(PYTHON) is $$($(PYTHON) -V 2>&1); try make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "relay: $(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.lock requirements-build.lock pyproject.toml
	@echo "installing relay into $(VENV)"
	@$(PIP) install --require-hashes -r requirements.lock -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.developing: $(VENV)/.installed requirements-dev.lock
	@echo "installing the tools of the tests into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
