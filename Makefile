# Two commands are enough: "make demo" and "make test". Each installs what it needs first.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint openapi pictures bench requirements soak mutants lock clean
PYTHON := .venv/bin/python
# Many programs are started: none of them is to compile its modules anew.
unexport PYTHONDONTWRITEBYTECODE
# The last result of the tests, by requirement; "make requirements" reads it while nothing has changed since.
RESULTS := .requirements.json
# Tests that wait for the programs they started leave room: one worker more than there are cores.
WORKERS ?= $(shell echo $$(( $$(nproc) + 1 )))
# More for pytest, as in: make test PYTEST_ARGS="tests/rules -k due_date"
PYTEST_ARGS ?=
# Which mutants "make mutants" tries, as in: make mutants MUTANTS="rules.order.* rules.age.*"; all if empty.
MUTANTS ?=

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 16

setup: ## install what a machine or a central service needs
	@tools/setup.sh run

demo: ## play the main job through the real programs
	@tools/setup.sh demo
	@$(PYTHON) -m sim.tour

test: ## every test but the long campaigns; nothing is skipped
	@tools/setup.sh test
	@$(PYTHON) -m pytest -n $(WORKERS) --dist loadgroup -m "not soak" --requirements-file=$(RESULTS) $(PYTEST_ARGS)

lint: ## format, style, types and import directions
	@tools/setup.sh test
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

check: lint ## lint, and the tests that start no programs
	@$(PYTHON) -m pytest -n auto --dist loadgroup -m "not soak and not slow" -q $(PYTEST_ARGS)

openapi: ## renew docs/openapi.json, the document of the central service's API
	@tools/setup.sh test
	@$(PYTHON) -m circulation openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

pictures: ## renew the pictures of the staff manual
	@tools/setup.sh test
	@$(PYTHON) -m tools.pictures

bench: ## figures beside their limits and peers
	@tools/setup.sh test
	@$(PYTHON) -m benchmarks

requirements: ## one line for each requirement: R21 passed 12 tests
	@tools/setup.sh test
	@$(PYTHON) -m tools.requirements $(RESULTS)

soak: ## the long campaigns
	@tools/setup.sh test
	@$(PYTHON) -m pytest -m soak --timeout=3600 $(PYTEST_ARGS)
	@$(PYTHON) -m pytest -n auto --dist loadgroup -m "hypothesis and not soak" --hypothesis-profile=campaign --timeout=3600 $(PYTEST_ARGS)

mutants: ## change the rules in small ways, see whether a test notices; MUTANTS="rules.order.*" for some
	@tools/setup.sh test
	@rm -rf mutants
	@.venv/bin/mutmut run $(MUTANTS)
	@.venv/bin/mutmut results | grep -v ': not checked' || echo 'none survived'

lock: ## renew the pinned requirements from pyproject.toml; UPGRADE=--upgrade for newer ones
	@tools/lock.sh $(UPGRADE)

clean: ## remove what set-up, demo and tests have made
	rm -rf .venv .deps demo-out mutants build *.egg-info $(RESULTS) .setup.log .setup.lock
	rm -rf .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
