# Everything a newcomer needs: `make run`, `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help setup run test check bench matrix nightly packages pictures clean

PYTHON ?= python3
TOOLS  := .tools
UV     := $(TOOLS)/bin/uv
BIN    := .venv/bin
# The environment is the project's own, whatever else is active in the shell.
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV
# The machine's own trust, where it has one: an office network may have a certificate authority of its own.
export UV_SYSTEM_CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)

help: ## List what can be done here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(UV): requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(TOOLS) || { echo "the venv module is missing; run: apt-get install python3-venv"; exit 1; }
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $(UV)

.venv/.locked: $(UV) pyproject.toml uv.lock
	@$(UV) sync --quiet --locked --python $(PYTHON)
	@touch $@

setup: .venv/.locked ## Install the locked dependencies into .venv, start nothing

run: setup ## Start gateway, mock bank and auction portal; sign Anna Bērziņa in; stay until Ctrl-C
	@$(BIN)/vpm demo

packages: ## Install the Debian packages that the tests need (asks for root)
	@sh tests/debian_packages.sh

test: setup packages check ## Run everything that CI runs
	@$(BIN)/pytest --numprocesses=2 --dist=loadgroup

check: setup ## Lint, types, import rules, formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: setup ## Measure logins, storage and serving side by side; PEERS=1 adds peers from npm
	@$(BIN)/python -m tests.bench $(if $(PEERS),--peers)

matrix: setup ## Run the negative matrix of OpenID Connect and write docs/negative-matrix.md
	@$(BIN)/python -m tests.negative_matrix

nightly: setup packages ## The long runs: 20,000 examples a property without a number of its own, 300 kills, 200 rounds, 10,000 logins
	@VPM_NIGHTLY=1 $(BIN)/pytest --numprocesses=2 --dist=loadgroup --timeout=3600

pictures: setup packages ## Take the screenshots of the README anew
	@$(BIN)/python -m tests.browser.take_screenshots

clean: ## Forget the demo's files; keeps the environment
	rm -rf var
