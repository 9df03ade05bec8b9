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

reproduce: setup  ## run the pipeline, print the verdicts [REQUIRE_PUBLISHED=1]
	@REQUIRE_PUBLISHED="$(REQUIRE_PUBLISHED)" $(BIN)/python -m containers.commands.reproduce

sweep: setup  ## run the long sweeps again, whatever results git holds
	@$(BIN)/python -m containers.commands.sweep

demo: setup  ## run the imaging half on synthetic CT, from training to NE status
	@$(BIN)/python -m containers.commands.demo

predict: setup  ## masks, features, NE probability of a CT or a folder [CT=… OUT=… GPU=1]
	@$(BIN)/python -m containers.commands.predict --ct "$(CT)" --out "$(OUT)" $(if $(GPU),--gpu) \
	    $(if $(MODEL),--model "$(MODEL)") $(if $(CLASSIFIERS),--classifiers "$(CLASSIFIERS)") \
	    $(if $(CONFIGURATION),--configuration "$(CONFIGURATION)")

real-case: setup  ## fetch one real LiTS case and run the imaging stages that need no training
	@$(BIN)/python -m containers.commands.real_case

test: setup  ## run every room's tests in its image
	@$(BIN)/python -m containers.commands.tests

images: setup  ## build the container images [ENGINE=docker|podman BASE=auto|debian|registry]
	@$(BIN)/python containers/build $(if $(ENGINE),--engine $(ENGINE)) --base $(or $(BASE),auto)

sif: setup  ## make Apptainer's SIF files of the built images
	@$(BIN)/python containers/build --sif $(if $(ENGINE),--engine $(ENGINE))

verify: setup  ## run the pipeline from nothing and compare [ENGINE=… VARY=1 TARGETS=… SKIP=…]
	@$(BIN)/python containers/verify $(if $(ENGINE),--engine $(ENGINE)) $(if $(VARY),--vary) \
	    $(if $(TARGETS),--targets $(TARGETS)) $(if $(SKIP),--skip $(SKIP))

compare: setup  ## fail where verdicts change or metrics leave their envelopes [BASE=REVISION]
	@$(BIN)/python -m containers.commands.compare "$(BASE)"

deps: setup  ## write what each stage's code depends on into every dvc.yaml [CHECK=1: compare]
	@$(BIN)/python -m containers.commands.deps $(if $(CHECK),--check)

readme: setup  ## write the verdict table into README.md
	@MSCLC_ENGINE=venv containers/run reporting -- python -m stages.reporting.verdicts --readme README.md

report-check:  ## open the report in headless Chromium: accessibility, phone, dark, print
	@.ci/browser

clean:  ## remove environments and logs (never data or results)
	rm -rf .venv .envs logs

.PHONY: help setup reproduce sweep demo predict real-case test images sif verify compare deps readme report-check clean
