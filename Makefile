# Two commands are enough: "make demo" and "make test". Each installs what it needs.
PYTHON := .venv/bin/python
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench requirements soak lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: ## install what running needs
	@tools/setup.sh run

demo: setup ## play the main job through the real programs
	@$(PYTHON) -m sim.tour

test: ## every test that is not a long campaign; nothing is skipped
	@tools/setup.sh test
	@$(PYTHON) -m pytest -m "not soak" $(PYTEST_ARGS)

check: ## format, lint, types, import directions, fast tests
	@tools/setup.sh test
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PYTHON) -m pytest -m "not soak and not slow" -q

bench: setup ## figures beside their limits and peers
	@$(PYTHON) -m benchmarks

requirements: ## one line for each requirement R1..R89
	@tools/setup.sh test
	@$(PYTHON) -m tools.requirements

soak: ## long campaigns
	@tools/setup.sh test
	@$(PYTHON) -m pytest -m soak --timeout=3600

lock: ## renew the pinned requirements
	@tools/lock.sh

clean: ## remove what setup, demo and tests made
	rm -rf .venv .deps demo-out *.egg-info
