# `make` alone lists the commands.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
STAMP := $(VENV)/.installed
# what the demo needs, without the developers' tools
DEMO_LOCK := deploy/demo.lock
DEMO_STAMP := $(VENV)/.installed-demo
# each worker starts its own PostgreSQL, S3 and, for some tests, Airflow
WORKERS ?= 4
TOOLS := .venv-tools/.installed
OPPONENTS := .venv-bench/.installed
KUBERNETES := .venv-kubernetes/.installed
SPARK := .venv-spark/.installed
ICEBERG := .venv-iceberg/.installed
SITE := .venv-site/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo up down status test long lint bench faults mutants docs site pictures sbom tools images machines wheelhouses kubernetes servers spark iceberg lock lowest newest resolved airflow-versions clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

install: $(STAMP) ## create .venv with the pinned versions

$(STAMP): $(LOCK) pyproject.toml
	@$(call pinned,$(LOCK))
	@touch $(STAMP) $(DEMO_STAMP)

$(DEMO_STAMP): $(DEMO_LOCK) pyproject.toml
	@test $(STAMP) -nt $(DEMO_LOCK) || { $(call pinned,$(DEMO_LOCK)); }
	@touch $(DEMO_STAMP)

# install a lock into .venv: one line that counts the packages, then whatever went wrong
define pinned
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "Tidemark needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12"; exit 1; }; \
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
  { echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }; \
test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --no-compile --require-hashes --no-deps -r $(1) 2>&1 \
  | awk -v all=$$(grep -c == $(1)) -f tools/pip-progress.awk; \
$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
endef

demo: $(DEMO_STAMP) ## the whole system on this machine in a few minutes, with a report
	@$(BIN)/tidemark demo

up: $(DEMO_STAMP) ## the same system kept running, with the Airflow UI
	@$(BIN)/tidemark up

down: $(DEMO_STAMP) ## stop what `make up` started
	@$(BIN)/tidemark down

status: $(DEMO_STAMP) ## the state of every part
	@$(BIN)/tidemark status --local

test: $(STAMP) lint ## the linters and the tests, without what has a command of its own below
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

long: $(STAMP) ## tests that take minutes each: the demo, `tidemark up`, the installer in a clean Debian (seven minutes)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m long

lint: $(STAMP) ## ruff, mypy strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

faults: $(STAMP) ## the long fault loops and a soak of 20 minutes; SEED=7 repeats a run
	@$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED))

mutants: $(STAMP) ## a sample of small faults put into the code and SQL, each to be noticed; SEED=7 SAMPLE=50, ALL=1, ONLY=sql/load
	@nice $(BIN)/python -m tests.mutants $(if $(SEED),--seed $(SEED)) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(ALL),--all) $(ONLY)

bench: $(STAMP) $(OPPONENTS) ## all benchmarks, side by side, into bench/results.json
	@$(BIN)/python -m bench

$(OPPONENTS): bench/requirements.lock
	@echo "Installing the programs to compare with into .venv-bench"
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --disable-pip-version-check -q --require-hashes --no-deps -r $<
	@touch $@

docs: $(STAMP) ## the generated reference pages
	@$(BIN)/python -m tools.warehouse_page docs/warehouse.md
	@$(BIN)/python -m tools.drawings
	@$(BIN)/python -m tools.settings_page
	@$(BIN)/python -m tools.commands_page
	@$(BIN)/python -m tools.reasons_page
	@$(BIN)/python -m tools.errors_page

site: $(STAMP) $(SITE) ## the documentation as a site in .run/site, every link checked
	@$(BIN)/python -m tools.site
	@NO_MKDOCS_2_WARNING=1 .venv-site/bin/mkdocs build --quiet --strict
	@echo ".run/site/index.html written"

$(SITE): deploy/site.lock
	@echo "Installing mkdocs-material into .venv-site"
	@test -x .venv-site/bin/python || $(PYTHON) -m venv .venv-site
	@.venv-site/bin/python -m pip install --disable-pip-version-check -q --require-hashes --no-deps -r $<
	@touch $@

pictures: $(STAMP) ## the pictures of the documentation (needs Chromium; ten minutes)
	@$(BIN)/python -m tests.pictures

sbom: $(TOOLS) ## the list of installed packages as CycloneDX in dist/sbom.json
	@mkdir -p dist
	@.venv-tools/bin/cyclonedx-py requirements -o dist/sbom.json $(LOCK)
	@echo "dist/sbom.json written"

tools: $(TOOLS) ## the tools that check the templates in deploy/

$(TOOLS): deploy/tools.lock
	@echo "Installing the tools that check deploy/ into .venv-tools"
	@test -x .venv-tools/bin/python || $(PYTHON) -m venv .venv-tools
	@.venv-tools/bin/python -m pip install --disable-pip-version-check -q --require-hashes --no-deps -r $<
	@touch $@

images: $(STAMP) ## the container images and the compose file without Docker (needs root and debootstrap; ten minutes)
	@$(BIN)/python -m pytest -m images tests/deploy

machines: $(STAMP) ## a collector's machine booted with systemd-nspawn, from first boot to reboot; SUITE=trixie for Debian 13 (needs root, mmdebstrap)
	@$(BIN)/python -m pytest -m machines tests/deploy

# each build overwrites the release of its role in dist/
wheelhouses: $(STAMP) ## every release: collector and Airflow, Python 3.11 to 3.13, x86-64 and arm64 (1 GB of downloads)
	@set -e; for role in collector airflow; do for version in 3.11 3.12 3.13; do for platform in linux/amd64 linux/arm64; do \
	  deploy/build-wheelhouse $$role $$platform $$version; \
	done; done; done

kubernetes: $(STAMP) $(TOOLS) $(KUBERNETES) ## the image's Airflow with its users, and the manifests; CHART=FOLDER renders Airflow's chart
	@CHART=$(CHART) $(BIN)/python -m pytest -n 0 tests/deploy/test_kubernetes.py

$(KUBERNETES): deploy/kubernetes.lock
	@echo "Installing the image's packages into .venv-kubernetes"
	@test -x .venv-kubernetes/bin/python || $(PYTHON) -m venv .venv-kubernetes
	@.venv-kubernetes/bin/python -m pip install --disable-pip-version-check -q --require-hashes --no-deps -r $<
	@touch $@

servers: $(STAMP) ## the upload against Ceph, JuiceFS, rclone and s3rver (Debian as root, npm; 600 MB; five minutes)
	@tests/servers/install
	@$(BIN)/python -m pytest -n 0 -m servers tests/servers

spark: $(STAMP) $(SPARK) ## read the archive with a Spark, as docs/archive.md says (needs Java 17; 0.5 GB)
	@$(BIN)/python -m pytest tests/docs/test_archive.py

$(SPARK): deploy/spark.lock
	@echo "Installing Spark into .venv-spark"
	@test -x .venv-spark/bin/python || $(PYTHON) -m venv .venv-spark
	@.venv-spark/bin/python -m pip install --disable-pip-version-check -q --require-hashes --no-deps -r $<
	@touch $@

iceberg: $(STAMP) $(ICEBERG) ## read the exported Iceberg tables with DuckDB, ClickHouse and Spark (needs Java 17; 2 GB)
	@$(BIN)/python -m pytest -n 0 tests/query/test_iceberg.py

$(ICEBERG): deploy/iceberg.lock
	@echo "Installing DuckDB's Iceberg extension, ClickHouse and Spark into .venv-iceberg"
	@test -x .venv-iceberg/bin/python || $(PYTHON) -m venv .venv-iceberg
	@.venv-iceberg/bin/python -m pip install --disable-pip-version-check -q --require-hashes --no-deps -r $<
	@touch $@

# resolved again, not from the lock
lowest: ## the tests with the lowest versions that pyproject.toml allows
	@$(MAKE) -s resolved NAME=lowest RESOLUTION=lowest-direct CONSTRAINTS="-c deploy/airflow-3.2.txt"

newest: ## the tests with the newest versions that pyproject.toml allows
	@$(MAKE) -s resolved NAME=newest RESOLUTION=highest

resolved:
	@test -x .venv-$(NAME)/bin/python || $(PYTHON) -m venv .venv-$(NAME)
	@.venv-$(NAME)/bin/python -m pip install --disable-pip-version-check -q uv
	@.venv-$(NAME)/bin/uv pip compile -q --upgrade --python .venv-$(NAME)/bin/python --resolution $(RESOLUTION) --no-emit-index-url \
	  --no-annotate --no-header --all-extras $(CONSTRAINTS) pyproject.toml -o .venv-$(NAME)/requirements.txt
	@.venv-$(NAME)/bin/python -m pip install --disable-pip-version-check -q --no-deps -r .venv-$(NAME)/requirements.txt
	@.venv-$(NAME)/bin/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
	@.venv-$(NAME)/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not e2e and not images and not locked and not machines and not servers"

# Each supported minor version of Airflow in a venv of its own, resolved like a user's: the package without `airflow`.
airflow-versions: $(STAMP) ## load an hour in an Airflow 3.2 and a 3.3 that was there before (1.5 GB)
	@for version in 3.2 3.3; do \
	  venv=.venv-airflow-$$version; \
	  test -x $$venv/bin/python || $(PYTHON) -m venv $$venv; \
	  $$venv/bin/python -m pip install --disable-pip-version-check -q uv hatchling editables; \
	  $$venv/bin/uv pip install -q -p $$venv/bin/python "apache-airflow==$$version.*" "celery<5.7" -e ".[loader]" \
	    $$([ $$version != 3.2 ] || echo "-c deploy/airflow-3.2.txt"); \
	  TIDEMARK_FOREIGN_PYTHON=$(CURDIR)/$$venv/bin/python $(BIN)/python -m pytest -n 0 tests/airflow/test_foreign.py; \
	done

clean: ## remove everything that was installed or written by a run
	rm -rf $(VENV) $(VENV)-* .run

lock: ## resolve the versions again (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --all-extras pyproject.toml -o $(LOCK)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  bench/requirements.in -o bench/requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  deploy/tools.in -o deploy/tools.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  deploy/spark.in -o deploy/spark.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  deploy/site.in -o deploy/site.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  deploy/iceberg.in -o deploy/iceberg.lock
	for role in "collector --extra collector" "airflow --extra loader --extra airflow" \
	  "kubernetes --extra loader --extra airflow deploy/kubernetes.in" \
	  "local --extra collector --extra loader --extra plots --extra parquet --extra local" \
	  "demo --extra collector --extra loader --extra local deploy/demo.in"; do \
	  set -- $$role; name=$$1; shift; \
	  uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    "$$@" -c $(LOCK) pyproject.toml -o deploy/$$name.lock; \
	done
