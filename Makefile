# One command each. `make audit` is the first thing to try; `make test` is all that main has to pass.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.auditkit-ready
TESTED := $(VENV)/.auditkit-test-ready
AUDIT ?= my-audit
SAMPLE ?= worked-example

.PHONY: audit lab test judges lint types tests browser-test testbed test-spark bench twin fuzz truth coverage-figures help clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 18

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "auditkit needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(TESTED): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

audit: $(READY)  ## audit the shipped sample: all steps, document written
	@test -e $(AUDIT) || $(BIN)/auditkit new $(AUDIT) --sample $(SAMPLE)
	@$(BIN)/auditkit run $(AUDIT)

lab: $(READY)  ## open the workbook in JupyterLab
	@test -e $(AUDIT) || $(BIN)/auditkit new $(AUDIT) --sample $(SAMPLE)
	@$(BIN)/auditkit lab $(AUDIT)

test: judges lint types tests  ## the whole test run

# programs that judge what we write (Debian's names); only on CI's own machine are they installed without asking
JUDGES := chromium prometheus scram libreoffice-writer poppler-utils golang-go
judges:
	@if [ "$$CI" = true ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  dpkg -s $(JUDGES) >/dev/null 2>&1 || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(JUDGES) >/dev/null; }; fi

lint: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(TESTED)
	$(BIN)/mypy auditkit

tests: $(TESTED)  # real calls are held to a clock: alone, before the others take both cores
	$(BIN)/python -m pytest tests/testbed
	$(BIN)/python -m pytest --ignore tests/testbed --numprocesses 2 --dist loadfile --cov=auditkit --cov-report=term:skip-covered

browser-test: $(TESTED)  ## the workbook in a real browser (Chromium); part of `make test` where Chromium is installed
	$(BIN)/python -m pytest tests/browser

SECONDS ?= 6
testbed: $(TESTED)  ## the simulation beside real calls with httpx, tenacity and circuitbreaker: a table
	$(BIN)/python tests/testbed/comparison.py --seconds $(SECONDS)

test-spark:  ## the reduction on Spark (local mode), in an environment of its own: Ibis pins an older pyspark than ours could
	$(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[spark]' pytest hypothesis
	.venv-spark/bin/python -m pytest tests/test_latency_spark.py --override-ini addopts=

bench: $(TESTED)  ## benchmarks, as ratios measured in one run
	$(BIN)/python -m pytest tests/benchmarks --override-ini 'python_files=bench_*.py' --override-ini 'python_functions=bench_*' --override-ini 'norecursedirs=.*' -s

twin: $(TESTED)  ## both simulations beside each other on 390,000 requests: every outcome, every latency (some two minutes)
	AUDITKIT_TWIN_SECONDS=240 $(BIN)/python -m pytest tests/test_simulation_twin.py

FILES ?= 10000
fuzz: $(TESTED)  ## $(FILES) damaged files for every importer: no traceback, no hang, no more than 1 GiB
	$(BIN)/python tests/fuzz_importers.py --files $(FILES)

SHARED ?= ../shared
truth: $(TESTED)  ## public systems beside their truth, and public samples of formats counted twice: two tables
	$(BIN)/python tests/truth_table.py $(SHARED)
	$(BIN)/python tests/sample_table.py $(SHARED)

coverage-figures: $(TESTED)  ## how often a 95 % interval encloses the true quantile, by distribution: a table
	$(BIN)/python tests/interval_table.py

clean:  ## remove what can be made again (never an audit folder)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist
