# Python 3.11 or newer and make are all that is needed; everything else goes into .venv.
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SEEDS ?= 1000
ATTEMPTS ?= 50000
WORKERS ?= logical
COMPILE := uv pip compile pyproject.toml - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-annotate --quiet
BUILD := printf 'hatchling\neditables\ndjango-htmx==1.29.0\n'

.PHONY: run cluster test sim sim-payments lint check bench bench-cluster format lock clean

.venv/ready: requirements.lock pyproject.toml deploy/build_hook.py
	@test -n "$(PYTHON)" || { echo "Ringup needs Python 3.11 or newer, and none was found."; exit 1; }
	@echo "Setting up .venv ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev-ready: .venv/ready requirements-dev.lock
	@echo "Setting up the tools for tests ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: .venv/ready  ## everything in one process at http://127.0.0.1:8000
	$(BIN)/ringup run

cluster: .venv/dev-ready  ## Kafka, MongoDB and every service in processes of their own, at http://127.0.0.1:8000
	$(BIN)/python -m deploy.cluster

test: .venv/dev-ready  ## all tests, WORKERS of them side by side
	$(BIN)/python -m pytest -n $(WORKERS) -m "not alone"
	$(BIN)/python -m pytest -m alone

sim: .venv/dev-ready  ## simulated runs of all services, SEEDS of them
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

sim-payments: .venv/dev-ready  ## simulated payments at a gateway that misbehaves, ATTEMPTS of them
	$(BIN)/python -m tests.simulation.payments --attempts $(ATTEMPTS)

lint: .venv/dev-ready  ## format, lint, types, walls
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint  ## the same, and fast tests
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

bench: .venv/dev-ready  ## ratios against raw loops and peers, in one run
	$(BIN)/python -m tests.bench

bench-cluster: .venv/dev-ready  ## the same for Kafka and MongoDB, which it starts
	$(BIN)/python -m tests.bench cluster clustered

format: .venv/dev-ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## needs uv
	$(BUILD) | $(COMPILE) -o requirements.lock
	$(BUILD) | $(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache services/gateway/static/vendor
