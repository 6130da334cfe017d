# Every target works on a fresh clone: the first thing each does is build the environment in .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
# An uv on PATH is used; without one, the version of tools/uv.txt is installed into the project's own folder.
UV := $(or $(shell command -v uv 2>/dev/null),.tools/uv/bin/uv)
BIN := .venv/bin
ENVIRONMENT := .venv/.ready
ARGS ?=
# Four at a time, also on two cores, for half of what tests do is wait; tests/scheduling.py says who runs what.
ALL_TESTS := --numprocesses 4

.PHONY: help demo up down test check fix proto bench images kind kind-down deploy rollout rollback test-kube contracts release-contracts
help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: $(ENVIRONMENT) ## start the shop, place an order over REST, show its trace and the mesh, stop
	@$(BIN)/python -m tools.demo

up: $(ENVIRONMENT) ## start the shop's mesh in the background
	@$(BIN)/mesh up --detach $(ARGS)

down: $(ENVIRONMENT) ## stop it
	@$(BIN)/mesh down $(ARGS)

test: $(ENVIRONMENT) ## run every test; ARGS="-k saga -x" narrows it, one after the other
	@$(if $(ARGS),,$(BIN)/python -m tools.go_programs)
	@$(BIN)/pytest $(or $(ARGS),$(ALL_TESTS))

check: $(ENVIRONMENT) ## lint, types, import rules, generated files, contracts; nothing is changed
	@$(BIN)/python -m tools.check

fix: $(ENVIRONMENT) ## repair what check can repair, then regenerate what is generated
	@$(BIN)/python -m tools.check --fix

proto: $(ENVIRONMENT) ## regenerate stubs, the edge's descriptor set and its filter from proto/
	@$(BIN)/python -m tools.proto

contracts: $(ENVIRONMENT) ## the style of the contracts, and whether they stay compatible with the released ones
	@$(BIN)/python -m tools.proto.gate lint
	@$(BIN)/python -m tools.proto.gate breaking

release-contracts: $(ENVIRONMENT) ## make today's contracts the ones later changes must stay compatible with
	@$(BIN)/python -m tools.proto.gate release

bench: $(ENVIRONMENT) ## measure start, memory, calls, policy tests, compilation, pushes, against Istio too; ARGS="compile fleet" narrows it
	@$(BIN)/python -m tools.bench $(ARGS)

images: $(ENVIRONMENT) ## build the container images with docker, podman or buildah; ARGS goes to the engine
	@$(BIN)/python -m tools.images $(ARGS)

kind: $(ENVIRONMENT) ## a cluster in Docker or podman with Istio and the shop, the end-to-end tests on it, and its URL
	@$(BIN)/python -m tools.kube kind $(ARGS)

kind-down: $(ENVIRONMENT) ## end that cluster
	@$(BIN)/python -m tools.kube kind-down

deploy: $(ENVIRONMENT) ## the shop on any cluster with Istio: make deploy CONTEXT=NAME IMAGE_REPOSITORY=WHERE
	@$(BIN)/python -m tools.kube deploy --context "$(CONTEXT)" --images "$(IMAGE_REPOSITORY)" $(ARGS)

rollout: $(ENVIRONMENT) ## the next step of a new version, as a commit: make rollout SERVICE=catalog TO=v2
	@$(BIN)/python -m tools.rollout next "$(SERVICE)" "$(TO)"

rollback: $(ENVIRONMENT) ## take all its steps back, as one commit: make rollback SERVICE=catalog TO=v2
	@$(BIN)/python -m tools.rollout back "$(SERVICE)" "$(TO)"

test-kube: $(ENVIRONMENT) ## the charts and the end-to-end tests on a real cluster: make test-kube KIT=FOLDER
	@$(BIN)/python -m tools.kube kit "$(KIT)" $(ARGS)

.tools/uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "loopmesh needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Set PYTHON=…" >&2; exit 1; }
	@echo "Setting up uv in .tools/"
	@$(PYTHON) -m venv .tools/uv \
	  || { echo "$(PYTHON) has no working venv module; install it (Debian: apt install python3-venv)" >&2; exit 1; }
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/uv.txt

$(ENVIRONMENT): pyproject.toml uv.lock | $(filter .tools/%,$(UV))
	@echo "Setting up the environment in .venv"
	@# Compiled once here, not by seven programs at once when the mesh starts for the first time.
	@$(UV) sync --frozen --quiet --compile-bytecode
	@touch $@
