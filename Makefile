# One line of help stands behind each target; `make help` prints them.
.DEFAULT_GOAL := help
.PHONY: help setup run test proofs check bench bench-check bench-mutants bench-sleepers fuzz crash-points fences lock clean

BIN := .venv/bin
PROOFS := tests/unit/engine/expressions tests/unit/engine/advance tests/integration/domain/test_races.py

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## make .venv with the locked dependencies (PYTHON=... names another Python)
	@.ci/setup

run: setup ## start everything, send real webhooks, show what happened (ONCE=1 exits afterwards)
	@$(BIN)/hub demo $(if $(ONCE),--once)

test: setup ## run the whole suite against a real PostgreSQL and Redis that it starts itself (ARGS=...)
	@$(BIN)/pytest $(ARGS)

proofs: setup ## the properties of the language and the races with their full figures (half an hour)
	@$(BIN)/pytest --hypothesis-profile=proofs $(or $(ARGS),$(PROOFS))

check: setup ## lint, types, import contracts, documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/test_architecture.py tests/test_docs.py

bench: setup ## measure on this machine: webhooks/s, latency, memory, and the floor
	@$(BIN)/python -m bench

bench-check: setup ## measure `hub check` of 1,000 files: cold, and after one change
	@$(BIN)/python -m bench.checking

bench-mutants: setup ## plant mistakes in all workflows; how many do check and tests catch? (ARGS=...)
	@$(BIN)/python -m bench.mutants $(ARGS)

bench-sleepers: setup ## what a million sleeping runs cost between due times (ARGS=...)
	@$(BIN)/python -m bench.sleepers $(ARGS)

fuzz: setup ## damage real files at random for MINUTES=10 and tell what the checker stumbles over
	@$(BIN)/python -m bench.fuzz --minutes $(or $(MINUTES),10)

crash-points: setup ## kill at every point of every kind of step, in every way; hours (ARGS="--way killed")
	@$(BIN)/python -m tests.crash_points $(ARGS)

fences: setup ## take out each line that keeps a guarantee: does a proof fail? (ARGS=...)
	@$(BIN)/python -m tests.fences $(ARGS)

lock: ## resolve the dependencies again and lock them with hashes
	@.ci/lock

clean: ## remove what the set-up and the tools made (local state in .hub stays)
	rm -rf .venv .lock-venv build dist .coverage htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
