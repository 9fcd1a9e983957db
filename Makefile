# Everything works on a machine with Python 3.11, make and a package index: the first target makes .venv, once.
# Several Pythons? `make test PYTHON=python3.12`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
CODE   := $(foreach folder,controller providers tests examples bench,$(if $(wildcard $(folder)/*.py $(folder)/*/*.py),$(folder)))

.PHONY: help setup demo test check bench schemas lint format types contracts coverage lock clean

help: ## show these targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## make .venv with everything in it (the other targets do it too)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trueup needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "making $(VENV), once; this takes a minute or two"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY) ## three simulated doors and a register: validate, plan, apply, drift (KEEP=1 leaves them running)
	@$(BIN)/python -m examples.demo

test: $(READY) ## run the tests
	$(BIN)/pytest -q -n auto

check: lint types contracts schemas-check docs-check coverage ## all that CI runs

bench: $(READY) ## measure against floors; prints, never fails
	$(BIN)/python -m bench

schemas: $(READY) ## write schemas/ anew
	$(BIN)/python -m controller.cli.schemas schemas

.PHONY: schemas-check
schemas-check: $(READY)
	$(BIN)/python -m controller.cli.schemas --check schemas

docs: $(READY) ## write the generated parts of docs/ and the manual page anew
	$(BIN)/python -m controller.cli.docs docs

.PHONY: docs docs-check
docs-check: $(READY)
	$(BIN)/python -m controller.cli.docs --check docs

lint: $(READY)
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

format: $(READY) ## put the code in form
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

types: $(READY)
	$(BIN)/mypy $(CODE)

contracts: $(READY)
	$(BIN)/lint-imports

coverage: $(READY) ## run the tests and measure branch coverage of controller/
	$(BIN)/pytest -q -n auto --cov --cov-report=term:skip-covered

lock: ## choose versions anew (needs uv); the locks name the public index, whatever index this machine uses
	uv lock --upgrade
	sed -i -E 's#registry = "[^"]*"#registry = "https://pypi.org/simple"#' uv.lock
	uv export --quiet --frozen --format requirements-txt --no-emit-project --output-file requirements.lock

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
