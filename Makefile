# make demo   a fresh machine to a report      make test   the same for the tests
# make lint   ruff and mypy                    make bench  every claim of speed, side by side with its peer
# make docs   the documentation, into site/, without a network

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: venv demo test lint bench docs clean

venv: .venv/dev

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	touch $@

.venv/dev: .venv/core
	$(INSTALL) --editable ".[dev]"
	touch $@

demo: .venv/core
	$(BIN)/facespace demo --output facespace-demo

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev
	for claim in benchmarks/[a-z]*.py; do echo "== $$claim"; $(BIN)/python $$claim || exit 1; done

docs: .venv/dev
	$(BIN)/python scripts/make_docs.py
	$(BIN)/zensical build --strict --clean

clean:
	rm -rf .venv site facespace-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
