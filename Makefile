# Set-up, running and checking. `make help` lists what there is. Plain POSIX sh; only Python 3.11 or later and make are needed.

PYTHON ?= python3
UV ?= uv
JOBS ?= 3

BIN = .venv/bin
MANAGE = $(BIN)/python manage.py
# Without its cache pytest would rewrite the assertions of 500 modules anew in each of eight processes.
export PYTHONDONTWRITEBYTECODE =
PYTEST = pytest --once --dist worksteal -n $(JOBS) -q
COMPILE = $(UV) pip compile pyproject.toml --quiet --upgrade --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
# A test module's or package's RUNS_ON names the one database on which it need run (tests/plugin.py); what says nothing runs on both.
MEASURED = $(BIN)/python -m slipcover --dont-wrap-pytest --json
CLOCKS = year-ahead leap-day new-year summer-time winter-time
# The locks name every library. Without --no-deps pip would look for versions itself, and reject an extra (pydantic[email]) that a lock pins without it.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
# What is installed is written down in two stamps, so that a second `make run` starts at once.
RUN = .venv/.installed-run
DEV = .venv/.installed-dev
BENCH = .venv-bench/.installed
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or later is needed. Name it like this: make PYTHON=python3.11 ..." >&2; exit 1; }

.PHONY: help run test test-field test-clock test-faults lint format demo screenshots bench-lists page-weights bench-memory bench-verify bench-scan bench-audit wrk lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: $(RUN) ## the portal on http://127.0.0.1:8000 (PORT changes it), until Ctrl-C
	@exec $(MANAGE) run_portal

test: lint ## everything that must hold: lint, then the whole suite on SQLite and on PostgreSQL, and how much of the code it covers
	$(MEASURED) --out .coverage.sqlite -m $(PYTEST) --database sqlite
	$(MEASURED) --out .coverage.postgres -m $(PYTEST) --database postgres
	@$(BIN)/python -m slipcover --out .coverage --fail-under 96 --merge .coverage.sqlite .coverage.postgres

# pyproject.toml deselects the marker `field` where no other -m is given. 5 means that none of these tests is SQLite's.
test-field: $(DEV) $(BENCH) ## what needs servers, other engines, gateways, other dates, attacks or minutes: the tests marked `field`, and those of test-clock a year ahead (at most 15 minutes)
	$(BIN)/python -m $(PYTEST) -m field --database sqlite || test $$? = 5
	$(BIN)/python -m $(PYTEST) -m field --database postgres
	@$(MAKE) --no-print-directory test-clock CLOCKS=year-ahead

test-clock: $(DEV) ## the tests that need no other process, at other dates (CLOCKS=year-ahead for one of them; see tests/travel.py)
	@for clock in $(CLOCKS); do echo "$$clock:"; $(BIN)/python -m pytest --dist worksteal -n $(JOBS) -q --clock $$clock || exit 1; done

test-faults: $(DEV) ## fault injection: 50 kills, restarts, a failing mail server (about 5 minutes; ARGS="--seed 7 --kills 10")
	$(BIN)/python -m tests.fault_injection $(ARGS)

lint: $(DEV) ## style, imports between the packages, types, missing migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports --no-logo
	DATABASE_URL= PORTAL_DATA_DIR=.venv/lint $(BIN)/mypy
	DATABASE_URL= PORTAL_DATA_DIR=.venv/lint $(MANAGE) makemigrations --check --dry-run

format: $(DEV) ## bring the code into its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

demo: $(RUN) ## fill the portal with people, service accounts, tokens and faults to look at
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) seed_demo

screenshots: $(DEV) ## make the pictures in docs/ again, from the demo data
	$(BIN)/python docs/screenshots.py

bench-lists: $(DEV) ## how long the lists take with a million tokens (ARGS="--scale 0.1")
	$(BIN)/python benchmarks/bench_lists.py $(ARGS)

page-weights: $(DEV) ## how many requests and KB each page takes, on the first visit and on the next
	$(BIN)/python benchmarks/page_weights.py

bench-memory: $(DEV) ## how much memory `make run` takes
	$(BIN)/python benchmarks/bench_memory.py

bench-verify: $(BENCH) wrk ## how fast a token is verified, beside Django, its peers and PostgreSQL alone, and under attack (about 30 minutes; ARGS="--rounds 1 --seconds 1")
	.venv-bench/bin/python benchmarks/bench_verify.py $(ARGS)

bench-scan: $(DEV) ## how fast the expiry scan is, beside a loop and a count, up to three million tokens (about 15 minutes; ARGS="--scale 0.1")
	$(BIN)/python benchmarks/bench_scan.py $(ARGS)

bench-audit: $(DEV) ## what recording and sealing audit entries costs verifications and pages, and how fast they are sealed and verified (about 5 minutes)
	$(BIN)/python benchmarks/bench_audit.py $(ARGS)

wrk:
	@command -v wrk >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get install --yes --quiet wrk >/dev/null; } \
		|| { echo "wrk is missing, the client that measures. Debian has it: apt-get install wrk" >&2; exit 1; }

lock: ## compile requirements*.txt from pyproject.toml again (needs uv)
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --extra dev --output-file requirements-dev.txt
	$(COMPILE) --extra dev --extra bench --output-file requirements-bench.txt

clean: ## remove the virtual environment and caches; the data in var/ stays
	rm -rf .venv .venv-bench .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(CHECK_PYTHON)
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

$(RUN): requirements.txt | $(BIN)/python
	@echo "Installing the libraries of requirements.txt ..."
	@$(INSTALL) -r requirements.txt
	@touch $@

# Everything of requirements.txt is in requirements-dev.txt too. Python compiles what is imported by itself: that is less than all of it.
$(DEV): requirements-dev.txt | $(BIN)/python
	@echo "Installing the libraries of requirements-dev.txt ..."
	@$(INSTALL) --no-compile -r requirements-dev.txt
	@touch $@ $(RUN)

# The peers are kept out of the environment in which the portal is developed.
$(BENCH): requirements-bench.txt
	@$(CHECK_PYTHON)
	@echo "Installing the libraries of requirements-bench.txt ..."
	@$(PYTHON) -m venv .venv-bench || { rm -rf .venv-bench; exit 1; }
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-bench.txt
	@touch $@
