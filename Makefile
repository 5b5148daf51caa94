# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Each makes .venv if there is none, and installs again only when pyproject.toml or constraints.txt has changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
JOBS ?= 2

.PHONY: demo demo-train handoff test browser soak check docs sample-data bench bench-quality clean help

help:
	@echo "make demo         install the core and curate sample_data/ into out/demo"
	@echo "make demo-train   fine-tune a tiny model on the demo's result and print its held-out loss before and after"
	@echo "make handoff      read exported sets with LLaMA-Factory, torchtune and Axolotl themselves"
	@echo "make test         install everything and run the whole test suite"
	@echo "make soak         the long sweeps of the promises (docs/promises.md); about half an hour"
	@echo "make check        ruff, mypy, and whether the generated docs are current"
	@echo "make docs         generate the reference pages again"
	@echo "make sample-data  generate sample_data/ again"
	@echo "make bench        time the main job, and dedup, recipes and selection beside other programs (an hour or two; docs/benchmarks.md)"
	@echo "make bench-quality  what the signals and the recipe are worth, against known truth; some minutes"

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing curate (core) into $(VENV)"
	$(PIP) -e .
	@echo "compiling kernels for this processor, once (about a minute)"
	$(BIN)/python -m curate.algorithms.warm
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing curate with all extras into $(VENV)"
	$(PIP) -e '.[all,dev]'
	@echo "compiling kernels for this processor, once (about a minute)"
	$(BIN)/python -m curate.algorithms.warm
	touch $@ $(VENV)/.core

demo: $(VENV)/.core
	$(BIN)/curate run pipelines/lima_1k.yaml sample_data/raw --out out/demo
	@id=$$($(BIN)/python -c "import json; print(json.load(open('out/demo/manifest.json'))['selected'][0])") && \
	echo && \
	echo "The set is out/demo/train.jsonl; how it was made stands in out/demo/README.md." && \
	echo "Next: $(BIN)/curate why out/demo $$id"

# The model is made on the spot and knows nothing, so it learns with a rate that a real one could not bear.
demo-train: $(VENV)/.dev
	$(BIN)/curate run pipelines/lima_1k.yaml sample_data/raw --out out/demo
	$(BIN)/curate split out/demo --share 0.1 --by source --out out/demo-split
	PYTHONPATH=. $(BIN)/python tools/tiny_model.py out/demo-split/train.jsonl out/tiny
	$(BIN)/curate train out/demo-split --model out/tiny --out out/demo-run --epochs 3 \
		--set max_steps=20 --set micro_batch=8 --set learning_rate=0.003 --set learning_rate_end=0.0003 --set dropout_last=0.0
	$(BIN)/curate eval out/demo-run --data out/demo-split/test.jsonl

# Apart from everything else and without what they depend on: they pin older versions of the libraries used here.
HANDOFF := $(VENV)-handoff
handoff: $(VENV)/.dev
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --upgrade --target $(HANDOFF) \
		-r tests/handoff/requirements.txt
	HF_HUB_OFFLINE=1 CURATE_HANDOFF=$(abspath $(HANDOFF)) $(BIN)/python -m pytest tests/handoff

# The pages of reports are tested in a real browser; where there is none and none can be installed, those tests skip.
browser:
	@command -v chromium >/dev/null || { command -v apt-get >/dev/null && apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null; } || echo "no chromium: browser tests will skip"

test: $(VENV)/.dev browser
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

soak: $(VENV)/.dev
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n $(JOBS) -m soak

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/make_docs.py --check

docs: $(VENV)/.dev
	$(BIN)/python tools/make_docs.py

sample-data: $(VENV)/.dev
	$(BIN)/python tools/make_sample_data.py

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/main_job.py
	$(BIN)/python -m benchmarks.peers.environments
	$(BIN)/python -m benchmarks.dedup
	$(BIN)/python -m benchmarks.recipe
	$(BIN)/python -m benchmarks.selection
	-$(BIN)/python benchmarks/row_stages.py
	$(BIN)/python -m benchmarks.peers.page

bench-quality: $(VENV)/.dev
	$(BIN)/python benchmarks/damage.py
	$(BIN)/python benchmarks/preference.py
	$(BIN)/python benchmarks/task_types.py
	$(BIN)/python benchmarks/quality.py

clean:
	rm -rf $(VENV) $(HANDOFF) out build dist .mypy_cache .ruff_cache .pytest_cache
