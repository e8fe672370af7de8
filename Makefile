# `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.development
# The tests install everything that the demo needs, and more.
DEMO_STAMP := $(if $(wildcard $(STAMP)),$(STAMP),$(VENV)/.demo)
TESTS ?=
# What the last run of the tests took, for `make durations`.
REPORT := .test-report.xml
# One slice of the slow tests, whatever the number. `.ci/run` takes it from the commit.
SLICE ?=
# One process more than there are processors: tests wait for the database and the bucket. Each has a database and a
# bucket of its own.
WORKERS ?= $(shell expr $$(nproc) + 1)
PYTEST = -m pytest -n $(WORKERS) --dist worksteal --junitxml=$(REPORT)
# Python keeps what it compiled: pytest compiles all tests anew otherwise, and each process that a test starts the code.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help

.PHONY: help demo demo-port test coverage test-slow test-pgbouncer test-ceph test-deploy test-next durations bench check format lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: demo-port $(DEMO_STAMP) ## Start the gateway with three client projects on one bucket (PORT=8000)
	@exec $(BIN)/python -m gateway.demo

# Checks the port before anything is installed. install.sh reports a Python that is missing or too old.
demo-port:
	@if command -v $(PYTHON) >/dev/null; then $(PYTHON) -m gateway.demo.port; fi

test: $(STAMP) ## Run the tests (TESTS="tests/test_isolation.py -k eve" for some of them)
	@$(BIN)/python $(PYTEST) -m "not slow and not pgbouncer" $(TESTS)

coverage: $(STAMP) ## Run the tests, and fail where they meet less than 95 % of tenants and media_core
	@$(BIN)/python $(PYTEST) -m "not slow and not pgbouncer" --cov --cov-report= --cov-fail-under=95 $(TESTS)

test-slow: $(STAMP) ## Run the tests that `make test` leaves out (SLICE=0, SLICE=1 and so on for a part; installs rclone)
	-@bash tests/install_packages.sh rclone rclone
	@$(BIN)/python $(PYTEST) -m "slow and not pgbouncer" $(if $(SLICE),--slice $(SLICE)) $(TESTS) || \
	  { code=$$?; [ $$code -eq 5 ] && [ -n "$(TESTS)" ] && echo "None of these tests is marked slow."; }

test-pgbouncer: $(STAMP) ## Run the tests behind a PgBouncer of their own (installs Debian's, if there is none)
	@bash tests/install_packages.sh pgbouncer pgbouncer
	@$(BIN)/python -m pytest -m pgbouncer $(TESTS)

test-ceph: $(STAMP) ## Run the tests of the bucket on a Ceph RGW (installs Debian's, if there is none; ALL_WAYS=1 for more)
	@bash tests/install_packages.sh "ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph openssl" \
	  "ceph-mon ceph-osd radosgw ceph-common openssl"
	@bash tests/install_packages.sh rclone rclone
	@$(BIN)/python -m tests.ceph $(if $(ALL_WAYS),--all-ways) $(TESTS)

test-deploy: $(STAMP) ## Type docs/howto/deploy.md on an empty Debian (as root; see CONTRIBUTING)
	@PATH="$$PATH:/usr/sbin:/sbin" $(BIN)/python -m tests.deploy

test-next: ## Run the suite on Django 6.1, where a Python >= 3.12 is found
	@VENV=.venv-next REQUIREMENTS=requirements/next.txt MINIMUM=3.12 bash requirements/install.sh
	@.venv-next/bin/python $(PYTEST) -m "not slow and not pgbouncer" $(TESTS)

durations: $(STAMP) ## Print the slowest tests of the last run, and the time per folder
	@$(BIN)/python -m tests.durations $(REPORT)

bench: export DJANGO_SETTINGS_MODULE = gateway.settings
bench: $(STAMP) ## Measure: one table of ratios, all from one run (ONLY="signing memory" for some of them)
	@$(BIN)/python -m tests.bench $(ONLY)

# .env.example is what is checked, with values where it says "change".
check: export DJANGO_ENV_FILE = .env.example
check: export DJANGO_SECRET_KEY = $(shell head -c 48 /dev/urandom | base64 -w0)
check: export AWS_ACCESS_KEY_ID = an-access-key
check: export AWS_SECRET_ACCESS_KEY = a-secret-key
check: export AWS_STORAGE_BUCKET_NAME = a-bucket
check: $(STAMP) ## Lint, format, types, import order, migrations, deployment checks
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy .
	$(BIN)/python -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	$(BIN)/python -m gateway.demo.check

format: $(STAMP) ## Format the code and mend what ruff can mend
	$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .

lock: $(STAMP) ## Pin every requirement again, with hashes
	bash requirements/lock.sh

clean: ## Remove what the other targets made
	@if $(BIN)/python -c "import gateway.demo.postgres" 2>/dev/null; then \
	  for data in .demo/postgres .data/postgres; do $(BIN)/python -m gateway.demo.postgres delete --data $$data; done; \
	elif [ -e .demo ] || [ -e .data ]; then \
	  echo "The installation is not complete: if a demo ran as root, delete its folder /var/lib/media-gateway-… yourself."; \
	fi
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -rf $(VENV) .venv-next .demo .data .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage $(REPORT)

$(STAMP): requirements/production.txt requirements/development.txt requirements/install.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) REQUIREMENTS=requirements/development.txt MINIMUM=3.11 bash requirements/install.sh
	@touch $@

$(VENV)/.demo: requirements/production.txt requirements/demo.txt requirements/install.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) REQUIREMENTS=requirements/demo.txt MINIMUM=3.11 bash requirements/install.sh
	@touch $@
