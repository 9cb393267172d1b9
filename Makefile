# Every target sets up what it needs from a bare Python 3.11+ and make; the second run starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PLUGINS := $(wildcard plugins/*/pyproject.toml)

.PHONY: help setup demo test coverage lint types docs bench crash matrix scale soak template combinations fuzz

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP)  ## make the virtual environment and install everything into it

$(STAMP): pyproject.toml constraints.txt requirements-dev.txt $(PLUGINS)
	@echo "==> setting up $(VENV) (once; about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "==> installing dependencies"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	@echo "==> installing pullpush-sdk and its plugins, editable"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . $(foreach p,$(PLUGINS),-e $(dir $(p)))
	@touch $(STAMP)
	@echo "==> ready"

demo: setup  ## sync two local stores through the canonical hub and show what happened
	@$(BIN)/pullpush demo

test: setup  ## run the whole test suite; runs of minutes have targets of their own
	@$(BIN)/python -m pytest -q -m "not full" -n 2 --dist loadfile --durations=10

coverage: setup  ## the same, measuring which lines and branches are tested
	@$(BIN)/python -m pytest -q -m "not full" -n 2 --dist loadfile --cov --cov-report=term:skip-covered

lint: setup  ## style, formatting and the layers between packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: setup  ## strict types of the SDK and every plugin
	@$(BIN)/mypy
	@for plugin in plugins/*/pullpush_* templates/connector/pullpush_acme templates/connector/options/*/*.py templates/connector/tests/*.py; do echo "==> $$plugin"; $(BIN)/mypy --config-file pyproject.toml $$plugin || exit 1; done

crash: setup  ## kill the process at random 200 times and judge by the destination's own log
	@$(BIN)/python -m pytest -q -s -m full -k "crash or trouble" tests

matrix: setup  ## every platform into every other one, and the laws: more seeds and histories; 5,000 products under their limits
	@$(BIN)/python -m pytest -q -s -m full -n 2 tests/matrix
	@$(BIN)/python -m pytest -q -n 2 --timeout 600 --pullpush-effort 15 plugins/*/tests/test_*_conformance.py

soak: setup  ## pullpush run under load and faults for SOAK_SECONDS (21 minutes): memory and open files stay flat
	@$(BIN)/python -m pytest -q -s -m full tests/run/test_soak_run.py

scale: setup  ## order at scale: 200,000 updates of 1,000 keys, keys that always fail, a restart with 100,000 waiting
	@$(BIN)/python -m pytest -q -s -m full tests/engine/test_engine_scale.py

FUZZ_SECONDS ?= 300

fuzz: setup  ## fuzz the webhook receiver, guided by coverage, for FUZZ_SECONDS
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt atheris
	@$(BIN)/python -m tests.serve.fuzz_receiver -max_total_time=$(FUZZ_SECONDS) -max_len=2000

template: setup  ## the connector template: every combination of options as below, and every option keeps the laws
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m full tests/scaffold tests/repo/test_template.py

ONLY ?=

combinations: setup  ## every combination of options (ONLY=c0001,c0002: these): made, validated, installed, tested
	@COMBINATIONS="$(ONLY)" $(BIN)/python -m pytest -q -n 2 --dist worksteal -m full tests/scaffold/test_every_combination.py

bench: setup  ## throughput, CPU and memory of the main paths
	@$(BIN)/python -m benchmarks

docs: setup  ## build the site into site/, warnings are errors, and test what the pages show
	@$(BIN)/mkdocs build --quiet --strict
	@$(BIN)/python -m pytest -q tests/docs
