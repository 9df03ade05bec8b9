# `make reproduce` and `make test` set up everything they need on a fresh machine.

PYTHON ?= python3
BIN := .venv/bin
LOCKS := containers/orchestrator

.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: .venv/ready  ## set up the orchestrator (DVC, the launcher's tools)

.venv/ready: $(LOCKS)/bootstrap.lock $(LOCKS)/requirements.lock
	@$(PYTHON) containers/bootstrap
	@touch $@

reproduce: setup  ## run the pipeline, print the verdicts
	@$(BIN)/python -m containers.launcher.reproduce

test: setup  ## run every room's tests in its image
	@$(BIN)/python -m containers.launcher.tests

readme: setup  ## write the verdict table into README.md
	@containers/run reporting -- python -m stages.reporting.verdicts --readme README.md

clean:  ## remove environments and logs (never data or results)
	rm -rf .venv .envs logs

.PHONY: help setup reproduce test readme clean
