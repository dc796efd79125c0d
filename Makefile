# Two commands: `make run` opens the market, `make test` proves it. `make help` lists the rest.
PYTHON ?= python3
PORT ?= 8000
TESTS ?= tests
PYTEST_FLAGS ?= -n auto --dist loadfile

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps
DATA := $(or $(PACKBOURSE_DATA),.data)
CATALOGUES := $(wildcard listings/translations/*/LC_MESSAGES/*.po)
UV := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run dev test lint types bench spark reset lock words set-up set-up-dev

help:  ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "  Settings: PORT=$(PORT) PYTHON=$(PYTHON) TESTS=$(TESTS)"

run: set-up  ## Set everything up and open the market on http://127.0.0.1:8000 (PORT=8765 for another)
	@exec $(BIN)/packbourse run --port $(PORT)

dev: set-up  ## The same, restarting the web server whenever a file changes
	@exec $(BIN)/packbourse run --port $(PORT) --reload

test: set-up-dev  ## Run the whole suite (TESTS=tests/listings for a part)
	@sh tests/browser_setup.sh
	@echo "Tests"
	@$(BIN)/pytest $(PYTEST_FLAGS) $(TESTS)

lint: set-up-dev  ## Check style, format and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: set-up-dev  ## Check the types
	@$(BIN)/mypy

bench: set-up-dev  ## Measure bids, files, telemetry and valuations beside a bare reference
	@$(BIN)/python -m bench

spark: $(VENV)/.spark  ## Install Spark, the second engine of telemetry (490 MB; needs a Java 17)

words: set-up-dev  ## Bring the translation catalogues up to date with the code
	@mkdir -p build
	@$(BIN)/pybabel -q extract -F pyproject.toml -k N_ --add-location=file --omit-header -o build/messages.pot .
	@for locale in en zh_Hans_CN; do \
	  $(BIN)/pybabel -q update -i build/messages.pot -d listings/translations -l $$locale \
	    --init-missing --no-fuzzy-matching --ignore-pot-creation-date || exit 1; done
	@$(BIN)/python tools/assets.py words

reset: set-up  ## Stop the embedded database and remove .data with everything in it
	@$(BIN)/python -m market.running reset $(DATA)

lock: set-up-dev  ## Compile the lock files anew from pyproject.toml and package.json
	@$(UV) pyproject.toml -o requirements/run.txt
	@$(UV) --group pyproject.toml:front-end -c requirements/run.txt -o requirements/front-end.txt
	@$(UV) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	@$(UV) pyproject.toml --group pyproject.toml:spark -c requirements/run.txt -o requirements/spark.txt
	@rm -f package-lock.json
	@$(BIN)/python tools/assets.py lock

# Each stage leaves a stamp, so that a second run starts at once.
set-up: $(VENV)/.run $(VENV)/.front-end $(VENV)/.words
set-up-dev: set-up $(VENV)/.dev

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Packbourse needs Python 3.11 or newer, and “$(PYTHON)” is not. Install one, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing: install it (on Debian: apt-get install python3-venv) and try again." >&2; exit 1; }
	@echo "Set-up: a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements/run.txt $(VENV)/.python
	@echo "Set-up: Python packages (a minute or two the first time)"
	@$(PIP) -r requirements/run.txt
	@pwd > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/packbourse.pth"
	@printf '#!/bin/sh\nexec "$${0%%/*}/python" -P -m market "$$@"\n' > $(BIN)/packbourse
	@chmod +x $(BIN)/packbourse
	@touch $@

$(VENV)/.front-end: package.json package-lock.json tools/assets.py $(VENV)/.run
	@echo "Set-up: front-end packages"
	@command -v npm >/dev/null || $(PIP) -r requirements/front-end.txt
	@$(BIN)/python tools/assets.py front-end
	@touch $@

$(VENV)/.words: $(CATALOGUES) $(VENV)/.run
	@$(BIN)/python tools/assets.py words
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Set-up: Python packages for development"
	@$(PIP) -r requirements/dev.txt
	@touch $@

$(VENV)/.spark: requirements/spark.txt $(VENV)/.run
	@echo "Set-up: Spark (a minute or two)"
	@$(PIP) -r requirements/spark.txt
	@touch $@
