# Every target prepares what it needs and is a no-op where nothing is missing. What only reads or writes
# the code needs .venv (`make env`), what runs it also the control plane's programs (`make setup`).
# ARGS= is passed on: to pytest by the test targets, to the program by `make run`, `bench` and `soak`.
# Tests that mostly wait run beside those that compute (hack/lanes.py): one word, or quoted words, a lane.

PYTHON ?= python3
PY := .venv/bin/python
ARGS ?=
# Tests start programs of ours by the hundred; compiled once, each starts a quarter of a second sooner.
unexport PYTHONDONTWRITEBYTECODE
# Tests without a real node that take minutes and hardly any processor: time has to pass in them. And
# what looks at the whole machine, so that nothing else may change it.
PATIENT := $(addprefix tests/e2e/,test_t14_blackhole.py test_election_stall.py test_soak.py)
ALONE := tests/e2e/test_node_down.py
# They have a node of their own, whose pods are measured four times a minute, and go with the patient.
MEASURED := tests/e2e/vertice
# Four lanes take about the same time. These compute and need a cluster at their very end, if at all, so
# they run beside those that wait: for controllers, and for clusters of their own, then for tools, where
# those have yet to be built, and for periods that pass. The fourth has the rest.
COMPUTED := tests/unit tests/arch tests/chaos $(addprefix tests/integration/,oracle test_new_kind.py)
SAMPLED := tests/integration/penin/test_samples.py
RECONCILED := tests/integration/penin
SCALED := $(SAMPLED) $(addprefix tests/integration/,cluster vertice)
OTHERS := tests/integration $(addprefix --ignore=,$(RECONCILED) $(filter tests/integration/%,$(SCALED) $(COMPUTED)))
.DEFAULT_GOAL := help
.PHONY: help env setup node tools images run test test-oldest test-deep e2e e2e-deep bench oracle-hpa oracle-cron soak check lint fmt types imports arch generate verify vectors lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: ## make .venv alone: no Go, no control plane
	@$(PYTHON) hack/setup.py --no-cluster

setup: ## make .venv and the control plane's programs (both cached)
	@$(PYTHON) hack/setup.py
	@$(if $(filter-out setup,$(MAKECMDGOALS)),,[ ! -t 2 ] || echo "setup: done; next: make run" >&2)

node: setup ## what a real node needs: Debian packages by apt-get (root), programs (cached)
	@$(PY) -m hack.packages
	@$(PY) -m hack.cluster build --node > /dev/null

images: env ## the image and those of tests, without Docker (root; cached; ARGS="pentad")
	@$(PY) -m hack.packages
	@$(PY) -m hack.images $(ARGS)

tools: setup ## prometheus, helm and the like, which the tests use on clusters (cached)
	@$(PY) -m hack.cluster build --tools > /dev/null

run: setup ## run the manager against your kubeconfig, or a control plane of its own
	@$(PY) -m hack.run $(ARGS)

test: setup ## unit, architecture, chaos and integration tests on a real control plane; no root
	@$(PY) -m hack.lanes "$(RECONCILED) --ignore=$(SAMPLED)" "$(SCALED)" "$(COMPUTED)" "$(OTHERS)" \
		-- -m "not deep" $(ARGS)

test-oldest: setup ## the integration tests on the oldest Kubernetes that was run
	@$(PY) -m pytest tests/integration --kubernetes=1.30 $(ARGS)

test-deep: setup ## 500 schedules of each chaos test, all points at which a manager may die
	@PENTAD_SEEDS=500 $(PY) -m pytest tests/chaos --timeout=3600 $(ARGS)
	@$(PY) -m pytest tests/unit tests/integration -m deep $(ARGS)

e2e: node tools ## the manager as separate processes, and a real node (root)
	@$(PY) -m hack.images
	@$(PY) -m hack.lanes "tests/e2e --real-node=none $(addprefix --ignore=,$(PATIENT) $(ALONE) $(MEASURED))" \
		"$(PATIENT) $(MEASURED)" "tests/e2e --real-node=only --ignore=$(MEASURED)" \
		--then "$(ALONE)" -- -m "not deep" $(ARGS)

e2e-deep: node tools ## what make e2e only samples: every scenario of PENIN-Ω and of scalers, Helm, upgrades (root)
	@$(PY) -m hack.images
	@$(PY) -m pytest tests/e2e -m deep $(ARGS)

bench: setup ## side by side with controller-runtime and kopf (ARGS="--scenario sync_10k")
	@$(PY) -m hack.bench $(ARGS)

oracle-hpa: env ## a million decisions beside those of the HorizontalPodAutoscaler's own code
	@$(PY) -m hack.oracle.hpa $(ARGS)

oracle-cron: env ## all time zones, ten years of changes of their clocks, minute by minute
	@$(PY) -m hack.oracle.cron $(ARGS)

soak: setup ## half an hour of churn, faults and leader kills (ARGS="--seconds 60")
	@$(PY) -m hack.soak $(ARGS)

check: env lint types imports verify arch ## everything that can be judged without running it

lint: env
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

fmt: env ## format and fix what can be fixed
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

types: env
	@$(PY) -m mypy

imports: env
	@.venv/bin/lint-imports --no-cache

arch: env ## size, cycle and naming limits
	@$(PY) -m pytest tests/arch $(ARGS)

generate: env ## CRDs, roles, webhooks, reference pages, dashboards and alerts from the code
	@$(PY) -m hack.gen generate

verify: env ## fail if anything generated is not up to date
	@$(PY) -m hack.gen verify

vectors: env ## ask Go's apimachinery again for the test vectors of informers/meta
	@cd hack/vectors && go run . ../../tests/unit/informers/meta/vectors

lock: env ## pin the dependencies of pyproject.toml with hashes
	@for extra in "runtime --extra uvloop" "dev --all-extras"; do \
		set -- $$extra; name=$$1; shift; \
		.venv/bin/uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal \
			--python-version 3.11 pyproject.toml $$@ -o requirements/$$name.txt; \
	done
