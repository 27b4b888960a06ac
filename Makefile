# Everything a person or CI runs here. Nothing needs to be set up before: the first target makes its own .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Where it is set, each of a thousand processes compiles 700 modules anew.
unexport PYTHONDONTWRITEBYTECODE

# Of the Pythons on PATH that really run here (a version manager's shim may exist and refuse): one that was built with optimisations, as the
# image's is, before one that was not, as a version manager's own build often is: there everything takes up to half as long again. Then the
# newest. A distribution's (/usr) is built with them, whatever it says. The locks are verified on 3.11 to 3.13; a newer one comes last.
PYTHON ?= $(shell for path in $$(type -ap python3.13 python3.12 python3.11 python3); do \
  "$$path" -c 'import sys, sysconfig, venv, ensurepip; v = sys.version_info; optimised = sys.base_prefix == "/usr" \
    or "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""); \
    v >= (3, 11) and print(int(v < (3, 14)), int(optimised), v.minor, sys.argv[1])' "$$path" 2>/dev/null || true; done \
  | sort -s -k1,1nr -k2,2nr -k3,3nr | head -n 1 | cut -d ' ' -f 4-)
VENV   := .venv
BIN    := $(VENV)/bin
# Branch coverage of the rooms that decide and touch nothing, in percent, by their own unit tests and golden files alone. Measuring
# it triples the time of a test, so the others run without.
COVERAGE ?= 97
PURE     := kernel manifest fleet planning
MEASURED := $(wildcard $(PURE:%=tests/unit/%)) tests/golden
EXAMPLES ?= 20000
WORKERS  ?= 2
# End-to-end tests mostly wait: more of them than cores.
WAITERS  ?= 7
# Container tests wait too, but each has containers of its own.
STEPS    ?= 5
FLYCTL   ?= flyctl
MINUTES  ?= 10
SEED     ?= 1
# Whoever has done its share takes over from others: heavy tests stand side by side in one file.
PYTEST   := $(BIN)/python -m pytest -q --dist worksteal

.PHONY: help venv lock demo pictures test unit contract checks mutants lint format pages container fuzz simulate bench flyctl-conformance clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "%-20s %s\n", $$1, $$2 }'

venv: $(VENV)/installed ## .venv with everything, from the locks

# Made anew when a lock changes. Plain pip: the hashes are the guarantee, the index is the machine's own choice. --no-deps: a lock
# is installed, never resolved; otherwise a release made after the lock can be what pip asks for. `pip check` says if it has a hole.
$(VENV)/installed: requirements-dev.txt pyproject.toml setup.py
	@[ -n "$(PYTHON)" ] && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3.13" >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 2; }
	rm -rf $(VENV)
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@# setuptools warns of editable installations in general; that is no news for whoever runs this.
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index --no-build-isolation --editable .
	$(BIN)/python -m pip check --disable-pip-version-check
	touch $@

lock: venv ## make the locks anew from pyproject.toml
	for what in 'requirements.txt' 'requirements-dev.txt --extra dev --build-deps-for editable' \
	    'requirements-build.txt --build-deps-for wheel --only-build-deps'; do \
	  set -- $$what; \
	  $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
	    --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate --output-file "$$@" pyproject.toml; \
	  sed -i '1i # Locked by `make lock` from pyproject.toml, with hashes and for every platform and Python from 3.11 on. No index is named here.' "$$1"; \
	done

demo: venv ## a pull request planned, merged and deployed on simulators: make demo STORY=merge|bluegreen|rollback|volumes, or REPO=../my-app
	$(BIN)/python -m tests.demo $(STORY) $(if $(REPO),--repo '$(REPO)')

pictures: venv ## what people see, as PNG in build/pictures; needs Chromium, and npm the first time
	$(BIN)/python -m tests.pictures

test: venv ## every test that needs no Docker, and the coverage gate
	$(MAKE) --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) others e2e

# The end-to-end tests mostly wait, so they run beside the others, once coverage is measured.
.PHONY: measured others e2e
measured: venv
	rm -f .coverage .coverage.*
	$(PYTEST) -p no:schemathesis -n $(WORKERS) $(PURE:%=--cov=entrypoint/%) --cov-report= $(MEASURED)
	$(BIN)/python -m coverage report --fail-under=$(COVERAGE) --format=total | sed 's/^/Branch coverage of the pure rooms in percent: /'

others: measured
	$(PYTEST) -p no:schemathesis -n $(WORKERS) -m 'not thorough and not every' tests $(MEASURED:%=--ignore=%) --ignore=tests/contract/test_schemathesis.py --ignore=tests/e2e --ignore=tests/container

e2e: measured
	$(PYTEST) -p no:schemathesis -m 'not thorough' -n $(WAITERS) --maxschedchunk 1 --timeout=300 tests/e2e

unit: venv ## unit tests only, fast
	$(BIN)/python -m pytest -q tests/unit

contract: venv ## action.yml, reader, flags, docs; simulators and published API documents
	$(PYTEST) -n $(WORKERS) tests/contract

checks: venv ## what `make test` leaves out: requests made up from Fly's document, Chromium, a real registry, more crashes
	$(PYTEST) -n $(WORKERS) -m 'schemathesis or packages or thorough' tests/contract tests/integration tests/ports tests/property tests/e2e/test_demo.py tests/e2e/test_simulate.py

crashes: venv ## a deploy of every kind killed at each of its requests, all of them; takes a quarter of an hour
	$(PYTEST) -n $(WORKERS) -m every -rP --maxschedchunk 1 tests/integration

WORKFLOWS := $(wildcard .github/workflows/*.yml examples/workflows/*.yml)

SCRIPTS   := .ci/run .ci/new-machine $(wildcard tests/container/ensure-docker tests/container/standin-base tests/container/actions/pipx tests/container/actions/*/*/flyctl) \
  .github/release/build .github/release/commit .github/release/major .github/release/publish .github/release/wheel

lint: venv ## style, types, import rules, workflows, action.yml, Dockerfiles, scripts, spelling, links
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for script in .github/release/*.py; do $(BIN)/mypy --strict $$script || exit; done
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --quiet action.yml .github $(filter examples/%,$(WORKFLOWS))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema custom.github-workflows-require-timeout $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/hadolint Dockerfile .github/release/Dockerfile
	@# Of Debian, not of the locks: where it is not installed, CI still has it.
	@if command -v shellcheck >/dev/null; then shellcheck --severity=warning $(SCRIPTS); else echo "lint: shellcheck is not installed; skipped"; fi
	$(BIN)/codespell -D- -D .github/words.txt
	$(PYTEST) -p no:cacheprovider tests/contract/test_docs.py

format: venv ## put the sources into shape
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .

pages: venv ## the documents that are made from the code: inputs, messages, schemas
	for page in inputs_page messages_page schemas; do $(BIN)/python -m tests.contract.$$page; done

container: venv ## the image as GitHub runs it, and the example workflow in act; needs Docker, starts it if it may
	tests/container/ensure-docker
	$(PYTEST) -n $(STEPS) --maxschedchunk 1 -m container --timeout=600 tests/container

fuzz: venv ## EXAMPLES mutated inputs for the readers of fly.toml
	HYPOTHESIS_MAX_EXAMPLES=$(EXAMPLES) $(PYTEST) -n $(WORKERS) --timeout=0 tests/property/test_reading.py tests/property/test_positions.py

flyctl-conformance: venv ## an unmodified flyctl deploys to the simulator: make flyctl-conformance FLYCTL=path
	FLYCTL='$(FLYCTL)' $(BIN)/python -m pytest -q -m flyctl tests

# Deploys of all strategies that go wrong, or, with GATE=1, months of a small team under the gate. ONLY=1: the one of that seed.
# SELFTEST=1: does it find faults of the engine?
simulate: venv ## deploys that go wrong, in process: make simulate MINUTES=10 SEED=1 [ONLY=1] [SELFTEST=1] [WORKERS=2], or months under the gate: GATE=1
	$(BIN)/python -m $(if $(GATE),tests.month,tests.simulate) --minutes $(MINUTES) --seed $(SEED) \
	  $(if $(GATE),,--workers $(WORKERS) $(if $(ONLY),--only) $(if $(SELFTEST),--selftest))

# Without flyctl only ours is measured. ALL=1: every fleet and strategy, takes hours. WRITE=1: docs/benchmarks.md anew. VIRTUAL=1: nothing that takes real time.
bench: venv ## deploys against the critical path, beside flyctl: make bench FLYCTL=path [ALL=1] [WRITE=1] [ONLY=name]
	FLYCTL='$(FLYCTL)' ALL='$(ALL)' WRITE='$(WRITE)' VIRTUAL='$(VIRTUAL)' $(BIN)/python -m tests.benchmarks $(ONLY)

mutants: venv ## flip N conditions of the code that decides, one at a time; survivors are printed: make mutants N=50 SEED=1 [ONLY=rollout/gate]
	$(BIN)/python -m tests.mutants --number $(or $(N),50) --seed $(SEED) --workers $(WORKERS) --only '$(ONLY)'

clean: ## remove what the targets made
	rm -rf $(VENV) build .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
