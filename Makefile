# Every target sets up what it needs first. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
VENV ?= .venv
PY := $(VENV)/bin/python
RUNS := $(or $(MMGEOLM_ROOT),runs)
INSTALLED := $(VENV)/.installed
export PYTHONUNBUFFERED := 1

.PHONY: help setup test check layout fix demo seeds data gallery card bench bench-mining bench-negatives geoclip align sft retrieval probe onnx ablate evaluate bench-step bench-memory clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## virtual environment in .venv with everything, as pinned in constraints.txt

$(INSTALLED): setup.cfg constraints.txt pyproject.toml
	@python=""; for name in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$name"; break; fi; \
	done; \
	if ! $(PY) -m pip --version >/dev/null 2>&1; then \
	  if [ -z "$$python" ]; then \
	    echo "Python 3.11 or newer is needed; found: $$(python3 --version 2>&1 || true)." >&2; \
	    echo "Install one (for example: apt install python3.11 python3.11-venv), or: make setup PYTHON=/path/to/python" >&2; \
	    exit 1; \
	  fi; \
	  echo "making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV) || { echo "the venv module is missing; try: apt install python3-venv" >&2; exit 1; }; \
	fi
	@echo "installing from constraints.txt (about 6 GB at the first time)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input -c constraints.txt pip setuptools wheel
	@PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --disable-pip-version-check --no-input -c constraints.txt --no-build-isolation -e '.[dev,onnx]'
	@touch $@

test: setup ## the test suite; what needs a GPU or SLURM is skipped without one (ARGS='-m "not slow"' for less)
	$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

check: setup layout ## ruff, mypy and the import rule
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

layout: setup
	$(PY) -m pytest -q tests/test_layout.py

fix: setup ## the same, repairing what can be repaired
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

demo: setup ## the whole method on one CPU machine: runs/demo/results.json and report.html
	OMP_WAIT_POLICY=PASSIVE $(PY) -m configs.demo configs/demo/demo.yaml $(ARGS)

seeds: setup ## the demo over three seeds and their comparison: runs/seeds/seeds.md
	OMP_WAIT_POLICY=PASSIVE $(PY) -m configs.seeds configs/demo/demo.yaml out=$(RUNS)/seeds $(ARGS)

data: setup ## shards from a recipe: RECIPE=configs/data/NAME.yaml
	$(PY) -m data.build $(or $(RECIPE),$(error RECIPE=configs/data/NAME.yaml is missing)) $(ARGS)

gallery: setup ## pages of samples and their negatives, with filters: DATA=runs/data/NAME
	$(PY) -m data.gallery $(or $(DATA),$(error DATA=runs/data/NAME is missing)) $(ARGS)

card: setup ## the card of a data set: DATA=runs/data/NAME [TOWER=FOLDER]
	$(PY) -m data.card $(or $(DATA),$(error DATA=runs/data/NAME is missing)) $(if $(TOWER),tower=$(TOWER)) $(ARGS)

geoclip: setup ## stage 1, the contrastive encoder: CONFIG=configs/geoclip/NAME.yaml
	$(PY) -m geoclip.train $(or $(CONFIG),$(error CONFIG=configs/geoclip/NAME.yaml is missing)) $(ARGS)

align: setup ## stage 2, only the adapter: CONFIG=configs/mmgeolm/NAME.yaml
	$(PY) -m mmgeolm.train $(or $(CONFIG),$(error CONFIG=configs/mmgeolm/NAME.yaml is missing)) stage=align $(ARGS)

sft: setup ## stage 3, supervised fine-tuning: CONFIG=configs/mmgeolm/NAME.yaml
	$(PY) -m mmgeolm.train $(or $(CONFIG),$(error CONFIG=configs/mmgeolm/NAME.yaml is missing)) stage=sft $(ARGS)

retrieval: setup ## Hit@k on the four pools: MODEL="runs/NAME/export ..." DATA=runs/data/NAME
	$(PY) -m geoclip.retrieval $(or $(MODEL),$(error MODEL=runs/NAME/export is missing)) \
	  data=$(or $(DATA),$(error DATA=runs/data/NAME is missing)) out=$(or $(OUT),$(RUNS)/retrieval) $(ARGS)

probe: setup ## linear probes of vision towers: MODEL="runs/NAME/export ..." DATA=runs/data/NAME/test
	$(PY) -m geoclip.probe $(or $(MODEL),$(error MODEL=runs/NAME/export is missing)) \
	  data=$(or $(DATA),$(error DATA=runs/data/NAME/test is missing)) out=$(or $(OUT),$(RUNS)/probe) $(ARGS)

onnx: setup ## the vision tower as an ONNX file: MODEL=runs/NAME/export
	$(PY) -m geoclip.export_onnx $(or $(MODEL),$(error MODEL=runs/NAME/export is missing)) $(ARGS)

ablate: setup ## a table of the paper on the encoder: TABLE=negative_count [SCALE=mini] [SEEDS=3] [DRY=1]
	OMP_WAIT_POLICY=PASSIVE $(PY) -m configs.ablate \
	  configs/ablations/$(or $(TABLE),$(error TABLE=NAME of configs/ablations is missing)).yaml \
	  scale=$(or $(SCALE),mini) $(if $(SEEDS),seeds=$(SEEDS)) $(if $(DRY),dry=true) $(ARGS)

evaluate: setup ## a benchmark: MODEL="runs/NAME/export ..." BENCHMARK=NAME DATA=FOLDER
	$(PY) -m mmgeolm.evaluate $(or $(MODEL),$(error MODEL=runs/NAME/export is missing)) \
	  benchmark=$(or $(BENCHMARK),$(error BENCHMARK=NAME is missing)) \
	  data=$(or $(DATA),$(error DATA=FOLDER of the benchmark is missing)) \
	  out=$(or $(OUT),$(RUNS)/evaluate/$(BENCHMARK)) $(ARGS)

bench: setup ## speed: scenes, drawing, labels, loader (some minutes); runs/bench/*.json
	OMP_NUM_THREADS=1 $(PY) tests/benchmarks/scenes.py
	OMP_NUM_THREADS=1 $(PY) tests/benchmarks/render.py
	OMP_NUM_THREADS=1 $(PY) tests/benchmarks/labels.py
	OMP_NUM_THREADS=1 $(PY) tests/benchmarks/loader.py

bench-mining: setup ## mining 100,000 captions beside one matrix product, one core: runs/bench/mining.json
	PYTHONPATH=. $(PY) tests/benchmarks/mining.py $(ARGS)

bench-negatives: setup ## a million negatives before an independent judge (half an hour): runs/bench/negatives.json
	OMP_NUM_THREADS=1 $(PY) tests/benchmarks/negatives.py $(ARGS)

bench-step: setup ## a training step of stage 1 beside the reference's and open_clip's: runs/bench/step.json
	OMP_NUM_THREADS=1 PYTHONPATH=. $(PY) tests/benchmarks/step.py $(ARGS)

bench-memory: setup ## memory and time of stage 1 by the number of negatives: runs/bench/memory.json
	OMP_NUM_THREADS=1 PYTHONPATH=. $(PY) tests/benchmarks/memory.py $(ARGS)

clean: ## remove caches and build files; .venv and runs/ stay
	rm -rf .pytest_cache .mypy_cache .ruff_cache .coverage build ./*.egg-info
	find configs data geoclip mmgeolm tests -name __pycache__ -type d -prune -exec rm -rf {} +
