# `make reproduce` and `make test` set up everything they need on a fresh machine.

PYTHON ?= python3
BIN := .venv/bin
LOCKS := containers/orchestrator

# What a user gives (make predict CT=…) reaches a program as it stands: in the environment, as
# GIVEN_CT, which a shell does not parse and make does not expand.
GIVEN := BASE CARD CHECK CLASSIFIERS COHORT CONFIGURATION CPU CT ENGINE FROM GPU JOBS KEY LESION LIVER \
         LIVER_MASK MASKS METHOD MODEL N NNUNET OUT REGIONS REQUIRE_PUBLISHED SCHEDULER SEED SETTINGS \
         SHARDS SIGNERS SKIP STUDY TABLE TAG TARGETS TRAIN UNTIL VARY WITHOUT WRITE
define pass
unexport $(1)
export GIVEN_$(1) := $$(value $(1))
endef
$(foreach name,$(GIVEN),$(eval $(call pass,$(name))))

.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: .venv/ready  ## set up the orchestrator (DVC, the launcher's tools)

.venv/ready: $(LOCKS)/bootstrap.lock $(LOCKS)/requirements.lock
	@$(PYTHON) containers/bootstrap "$$GIVEN_FROM"
	@touch $@

reproduce: setup  ## run the pipeline, print the verdicts [REQUIRE_PUBLISHED=1 FROM=release/ SIGNERS=…]
	@export REQUIRE_PUBLISHED="$$GIVEN_REQUIRE_PUBLISHED"; if [ -n "$$GIVEN_FROM$$GIVEN_SIGNERS" ]; \
	    then $(BIN)/python -m containers.commands.release.again --from="$$GIVEN_FROM" \
	        --signers="$$GIVEN_SIGNERS"; \
	    else $(BIN)/python -m containers.commands.reproduce; fi

sweep: setup  ## run the long sweeps again, whatever results git holds
	@$(BIN)/python -m containers.commands.sweep

race: setup  ## record again how the threads of the linear booster race (no two records are alike)
	@$(BIN)/python -m containers.commands.race

demo: setup  ## run a study on its synthetic cohort [STUDY=sclc_liver COHORT=phantom|lits|own]
	@$(BIN)/python -m containers.commands.demo $${GIVEN_STUDY:+--study="$$GIVEN_STUDY"} \
	    $${GIVEN_COHORT:+--cohort="$$GIVEN_COHORT"}

predict: setup  ## masks, features, NE probability of CT [CT=… OUT=… MASKS=… NNUNET=… GPU=1 SHARDS=…]
	@$(BIN)/python -m containers.commands.predict --ct="$$GIVEN_CT" --out="$$GIVEN_OUT" \
	    $${GIVEN_GPU:+--gpu} $${GIVEN_MODEL:+--model="$$GIVEN_MODEL"} \
	    $${GIVEN_MASKS:+--masks="$$GIVEN_MASKS"} $${GIVEN_NNUNET:+--nnunet="$$GIVEN_NNUNET"} \
	    $${GIVEN_LESION:+--lesion="$$GIVEN_LESION"} $${GIVEN_LIVER:+--liver="$$GIVEN_LIVER"} \
	    $${GIVEN_LIVER_MASK:+--liver-mask="$$GIVEN_LIVER_MASK"} \
	    $${GIVEN_CLASSIFIERS:+--classifiers="$$GIVEN_CLASSIFIERS"} \
	    $${GIVEN_CONFIGURATION:+--configuration="$$GIVEN_CONFIGURATION"} \
	    $${GIVEN_CARD:+--card="$$GIVEN_CARD"} $${GIVEN_SHARDS:+--shards="$$GIVEN_SHARDS"} \
	    $${GIVEN_JOBS:+--jobs="$$GIVEN_JOBS"} $${GIVEN_SCHEDULER:+--scheduler="$$GIVEN_SCHEDULER"}

cohort: setup  ## an own cohort, step by step, from check to NE models [TRAIN=1 UNTIL=features]
	@$(BIN)/python -m containers.commands.cohort $${GIVEN_TRAIN:+--train} \
	    $${GIVEN_UNTIL:+--until="$$GIVEN_UNTIL"}

features: setup  ## own masks to features [TABLE=… OUT=… SETTINGS=… REGIONS=… CHECK=1 SHARDS=…]
	@$(BIN)/python -m containers.commands.features --table="$$GIVEN_TABLE" --out="$$GIVEN_OUT" \
	    $${GIVEN_SETTINGS:+--settings="$$GIVEN_SETTINGS"} \
	    $${GIVEN_REGIONS:+--regions="$$GIVEN_REGIONS"} \
	    $${GIVEN_METHOD:+--method="$$GIVEN_METHOD"} $${GIVEN_CHECK:+--check} \
	    --shards="$$GIVEN_SHARDS" --jobs="$$GIVEN_JOBS" \
	    $${GIVEN_SCHEDULER:+--scheduler="$$GIVEN_SCHEDULER"}

real-case: setup  ## fetch one real LiTS case and run the imaging stages that need no training
	@$(BIN)/python -m containers.commands.real_case

test: setup  ## run every room's tests in its image
	@$(BIN)/python -m containers.commands.tests

images: setup  ## build the container images [ENGINE=docker|podman BASE=auto|debian|registry]
	@$(BIN)/python containers/build $${GIVEN_ENGINE:+--engine="$$GIVEN_ENGINE"} \
	    --base="$${GIVEN_BASE:-auto}"

sif: setup  ## make Apptainer's SIF files of the built images
	@$(BIN)/python containers/build --sif $${GIVEN_ENGINE:+--engine="$$GIVEN_ENGINE"}

verify: setup  ## run the pipeline from nothing and compare [ENGINE=… VARY=1 CPU=1 TARGETS=… SKIP=…]
	@set -f; $(BIN)/python containers/verify $${GIVEN_ENGINE:+--engine="$$GIVEN_ENGINE"} \
	    $${GIVEN_VARY:+--vary} $${GIVEN_CPU:+--cpus} \
	    $${GIVEN_TARGETS:+--targets $$GIVEN_TARGETS} $${GIVEN_SKIP:+--skip $$GIVEN_SKIP}

compare: setup  ## fail where verdicts change or metrics leave their envelopes [BASE=REVISION]
	@$(BIN)/python -m containers.commands.compare "$$GIVEN_BASE"

deps: setup  ## write what each stage's code depends on into every dvc.yaml [CHECK=1: compare]
	@$(BIN)/python -m containers.commands.deps $${GIVEN_CHECK:+--check}

faults: setup  ## kill runs, let their surroundings fail, compare the bytes [N=50 SEED=1 WRITE=1]
	@$(BIN)/python -m containers.commands.faults.main --number="$${GIVEN_N:-50}" \
	    --seed="$${GIVEN_SEED:-1}" $${GIVEN_WRITE:+--write}

fuzz: setup  ## damage the inputs that users give, run what reads them [N=2000 SEED=1 WRITE=1]
	@$(BIN)/python -m containers.commands.fuzz --number="$${GIVEN_N:-2000}" \
	    --seed="$${GIVEN_SEED:-1}" $${GIVEN_WRITE:+--write}

release: setup  ## write a release of a tag, made to be checked [TAG=v1.0.0 WITHOUT=images,wheels KEY=…]
	@$(BIN)/python -m containers.commands.release.main --tag="$$GIVEN_TAG" --without="$$GIVEN_WITHOUT" \
	    $${GIVEN_KEY:+--key="$$GIVEN_KEY"}

badge: setup  ## what ACM's badges, CODECHECK and FAIR4RS ask: met or not, and why
	@$(BIN)/python -m containers.commands.badge.table

readme: setup  ## write the verdict table and the test AUCs into README.md
	@MSCLC_ENGINE=venv containers/run reporting -- python -m studies.sclc_liver.report.readme --readme README.md

report-check:  ## open the report in headless Chromium: accessibility, phone, dark, print
	@.ci/browser

clean:  ## remove environments and logs (never data or results)
	rm -rf .venv .envs logs

.PHONY: help setup reproduce sweep race demo predict cohort features real-case test images sif verify compare deps faults fuzz release badge readme report-check clean
