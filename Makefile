# Two for a newcomer: `make demo` and `make test`. Each does all of its own set-up, in .venv.
.PHONY: demo test check lint fuzz coverage bench bench-long setup clean

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && break; done)
BIN := .venv/bin
JOBS ?= auto

demo: setup
	@$(BIN)/python -m tests.demo

test: setup
	$(BIN)/python -m pytest -n $(JOBS) -q

check: lint
	$(BIN)/python -m pytest -n $(JOBS) -q -m "not real"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --exclude benchmarks/functions benchmarks
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell lambdacli tests templates benchmarks README.md ARCHITECTURE.md CHANGELOG.md COVERAGE.md

# Twenty thousand requests to a running service, most of them wrong, and garbage on its socket.
fuzz: setup
	LAM_FUZZ_REQUESTS=20000 $(BIN)/python -m pytest -q -s tests/real/test_api_fuzz.py

# COVERAGE.md from the code; a test says when it is out of date.
coverage: setup
	$(BIN)/python -m tests.coverage_table

bench: setup
	$(BIN)/python -m benchmarks --write

bench-long: setup
	$(BIN)/python -m benchmarks --long --environments 1000

setup: .venv/installed

.venv/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "lam needs Python 3.11 or newer; none was found on the PATH" >&2; exit 1; }
	@echo "setting up .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch .venv/installed

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
