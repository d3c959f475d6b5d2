# Everything that a person types. `make help` lists it.
# The environment lives in .venv; a stamp per lock file says that it is up to date.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv --quiet
# Byte code is compiled once, here: otherwise the first start of everything pays for it.
INSTALL := $(UV) pip install --python $(BIN)/python --no-deps --require-hashes --compile-bytecode
PORT ?= 8080

.DEFAULT_GOAL := help
.PHONY: help run test check docs bench setup setup-dev browser reference lock assets screenshot clean

help:  ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: setup  ## set everything up and open the demo on http://127.0.0.1:8080
	$(BIN)/consentry demo --port $(PORT)

test: setup-dev browser  ## set everything up and run every test
	$(BIN)/python -m pytest $(ARGS)

check: setup-dev  ## lint, types, import layers, reference pages up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/reference.py --check

docs: setup-dev reference  ## build the documentation into site/
	$(BIN)/zensical build --clean --strict

bench: setup-dev  ## measure every claim and print ours, the peer's and the ratio
	benchmarks/run $(ARGS)

reference: setup-dev  ## write docs/reference/ anew from the code
	$(BIN)/python tools/reference.py

setup: .venv/.base  ## install what running needs into .venv

setup-dev: .venv/.dev  ## install what developing needs into .venv

browser: setup-dev  ## find or install the Chromium that the page tests drive
	@tools/ensure-browser

lock:  ## resolve the dependencies anew and write the hash-locked sets
	tools/lock

assets:  ## fetch the typeface and build the static files that are committed
	tools/build-assets

screenshot: setup-dev browser  ## take the README's picture of the real demo page
	$(BIN)/python tools/screenshot.py

clean:  ## remove the environment and what was built
	rm -rf .venv site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/.tools: requirements/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Consentry needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv (once)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/tools.txt
	@touch $@

.venv/.base: .venv/.tools requirements/run.txt requirements/models.txt pyproject.toml
	@$(INSTALL) -r requirements/run.txt -r requirements/models.txt
	@$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

.venv/.dev: .venv/.base requirements/dev.txt
	@$(INSTALL) -r requirements/dev.txt
	@touch $@
