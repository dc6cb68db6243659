# `make demo` runs the main job on the bundled study, `make test` checks everything. Both build .venv by themselves.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
OUT ?= results/ustyurt
BENCH ?=
TESTS ?= tests/rasters tests/scenarios/study tests/scenarios/land tests/scenarios/outputs tests/scenarios/api
STAMP := $(VENV)/.installed

.PHONY: demo test test-newest lint bench clean help

help:
	@echo "make demo   run the bundled study (about 12 minutes the first time, kernels compiled; then about 5) -> $(OUT)/report.html"
	@echo "make test   style, types, import rules and all tests"
	@echo "make test-newest  the tests of files and studies with the newest versions of all libraries; a warning is an error"
	@echo "make lint   style, types and import rules only"
	@echo "make bench  speed against other programs (slow; see docs/develop/benchmarks.md)"
	@echo "make clean  remove .venv, caches and results"

demo: $(STAMP)
	$(BIN)/otkel run ustyurt --scenario baseline --scenario no-fence --scenario agreed-1km --out $(OUT)
	$(BIN)/otkel compare $(OUT)
	@echo "Maps and what-if: $(OUT)/report.html   tables: $(OUT)/index.html"

test: lint
	$(BIN)/python -m connectivity.precompile
	OTKEL_BOUNDSCHECK=0 $(BIN)/python -m pytest -n 2 --dist loadfile

test-newest:
	@NEWEST=1 .ci/make_venv $(VENV)-newest
	$(VENV)-newest/bin/python -m pip list --outdated
	OTKEL_BOUNDSCHECK=0 $(VENV)-newest/bin/python -m pytest -n 2 --dist loadfile $(TESTS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m pip install --quiet -r tests/benchmarks/requirements.txt -c constraints.txt
	$(BIN)/python -m tests.benchmarks $(BENCH)

$(STAMP): pyproject.toml constraints.txt
	@.ci/make_venv $(VENV)
	@touch $(STAMP)

clean:
	rm -rf $(VENV) $(VENV)-newest build dist results .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
