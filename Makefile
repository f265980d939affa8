# Two commands are enough: "make demo" and "make test". Each installs what it needs first.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint bench requirements soak lock clean
PYTHON := .venv/bin/python
# The last result of the tests, by requirement; "make requirements" reads it while nothing has changed since.
RESULTS := .requirements.json
# More for pytest, as in: make test PYTEST_ARGS="tests/rules -k due_date"
PYTEST_ARGS ?=

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 16

setup: ## install what a machine or a central service needs
	@tools/setup.sh run

demo: ## play the main job through the real programs
	@tools/setup.sh demo
	@$(PYTHON) -m sim.tour

test: ## every test but the long campaigns; nothing is skipped
	@tools/setup.sh test
	@$(PYTHON) -m pytest -n auto --dist loadgroup -m "not soak" --requirements-file=$(RESULTS) $(PYTEST_ARGS)

lint: ## format, style, types and import directions
	@tools/setup.sh test
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

check: lint ## lint, and the tests that start no programs
	@$(PYTHON) -m pytest -n auto --dist loadgroup -m "not soak and not slow" -q $(PYTEST_ARGS)

bench: ## figures beside their limits and peers
	@tools/setup.sh demo
	@$(PYTHON) -m benchmarks

requirements: ## one line for each requirement: R21 passed 12 tests
	@tools/setup.sh test
	@$(PYTHON) -m tools.requirements $(RESULTS)

soak: ## the long campaigns
	@tools/setup.sh test
	@$(PYTHON) -m pytest -m soak --timeout=3600 $(PYTEST_ARGS)

lock: ## renew the pinned requirements from pyproject.toml; UPGRADE=--upgrade for newer ones
	@tools/lock.sh $(UPGRADE)

clean: ## remove what set-up, demo and tests have made
	rm -rf .venv .deps demo-out build *.egg-info $(RESULTS) .setup.log .setup.lock
	rm -rf .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
