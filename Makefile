# One line of help stands behind each target; `make help` prints them.
.DEFAULT_GOAL := help
.PHONY: help setup run test proofs api-tests check check-types check-lint check-imports check-pages check-tests bench bench-check \
  bench-growth bench-mutants bench-sleepers fuzz pictures storm redis-away crash-points fences time-rows audit sbom lock clean

BIN := .venv/bin
# Tests start hundreds of processes: none of them should compile what another one has compiled.
unexport PYTHONDONTWRITEBYTECODE
PROOFS := tests/unit/engine/expressions tests/unit/engine/advance tests/unit/values tests/integration/domain/test_races.py \
  tests/integration/domain/test_slot_races.py \
  tests/integration/bookings/test_booking_races.py tests/acceptance/test_slot_checkout_deaths.py \
  tests/acceptance/test_browser_worker.py \
  tests/crash_points/test_crash_points.py tests/unit/testing/test_crashing.py \
  $(wildcard tests/integration/*/test_*_machine.py)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## make .venv with the locked dependencies (PYTHON=... names another Python)
	@.ci/setup

run: setup ## start everything, send real webhooks, show what happened (PART="holds call slots booking session", one or several; ONCE=1 exits afterwards)
	@$(BIN)/hub demo $(PART) $(if $(ONCE),--once)

test: setup ## run the whole suite against a real PostgreSQL and Redis that it starts itself (ARGS=...)
	@$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

proofs: setup ## the properties of the language and the races with their full figures (half an hour)
	@$(BIN)/pytest --hypothesis-profile=proofs $(or $(ARGS),$(PROOFS))

time-rows: setup ## the rows of the trade about time, with a false clock, in seconds (ARGS=...)
	@$(BIN)/python -m tests.time_rows $(ARGS)

api-tests: setup ## 500 requests for each operation of our OpenAPI document (a quarter of an hour)
	@$(BIN)/pytest --hypothesis-profile=proofs --timeout=3600 tests/acceptance/test_api.py $(ARGS)

check: setup ## lint, types, import contracts, documentation
	@$(MAKE) --no-print-directory -j 2 -O check-types check-lint check-imports check-pages check-tests

check-types:
	$(BIN)/mypy

check-lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check-imports:
	$(BIN)/lint-imports

check-pages:
	$(BIN)/pytest -q tests/test_architecture.py tests/test_docs.py tests/test_guarantees.py

# Also compiles them: else each process of `make test` would do so.
check-tests:
	@found=$$($(BIN)/pytest -q --collect-only tests) || { echo "$$found"; exit 1; }; echo "$$found" | tail -n 1

bench: setup ## measure on this machine: webhooks/s, runs/s, latency, memory, beside a floor (ARGS=...)
	@$(BIN)/python -m bench $(ARGS)

bench-growth: setup ## the same with few and many ended runs, workflows, sleeping runs, workers (ARGS=...)
	@$(BIN)/python -m bench.growth $(ARGS)

bench-check: setup ## measure `hub check` of 1,000 files: cold, and after one change
	@$(BIN)/python -m bench.checking

bench-mutants: setup ## plant mistakes in all workflows; how many do check and tests catch? (ARGS=...)
	@$(BIN)/python -m bench.mutants $(ARGS)

bench-sleepers: setup ## what a million sleeping runs cost between due times (ARGS=...)
	@$(BIN)/python -m bench.sleepers $(ARGS)

fuzz: setup ## throw damaged samples at everything that reads, MINUTES=10 for each of TARGETS="body yaml ..." from SEED=0
	@$(BIN)/python -m bench.fuzz --minutes $(or $(MINUTES),10) --seed $(or $(SEED),0) --targets "$(TARGETS)"

storm: setup ## real processes under random faults, reconciled (SEED=1 WEBHOOKS=1000 FAULTS=20 SERVERS=both REPORT=page)
	@$(BIN)/python -m tests.storm --seed $(or $(SEED),1) --webhooks $(or $(WEBHOOKS),1000) --faults $(or $(FAULTS),20) \
	  --servers $(or $(SERVERS),both) $(if $(REPORT),--report $(REPORT))

redis-away: setup ## Redis is killed for SECONDS=60: the waits of accepted runs, the throughput (REPORT=page)
	@$(BIN)/python -m tests.storm.redis_away --seconds $(or $(SECONDS),60) $(if $(REPORT),--report $(REPORT))

crash-points: setup ## kill at every point of every kind of step, in every way; hours (ARGS="--way killed")
	@$(BIN)/python -m tests.crash_points $(ARGS)

fences: setup ## take out each line that keeps a guarantee: does a proof fail? (ARGS=...)
	@$(BIN)/python -m tests.fences $(ARGS)

pictures: setup ## make the pictures of the console in docs/pictures anew; needs Chromium (half a minute)
	@$(BIN)/pytest -q tests/acceptance/console_pictures.py tests/acceptance/session_pictures.py

lock: ## resolve the dependencies again and lock them with hashes
	@.ci/lock

audit: setup ## look up known vulnerabilities of the locked dependencies (AUDIT=required: fail when nobody can be asked)
	@$(BIN)/python -m tests.dependencies audit

sbom: setup ## write dist/sbom.cdx.json: what the hub is made of (CycloneDX)
	@$(BIN)/python -m tests.dependencies sbom

clean: ## remove what the set-up and the tools made (local state in .hub stays)
	rm -rf .venv .lock-venv build dist .coverage htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
