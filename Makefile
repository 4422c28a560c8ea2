# make repro: the whole pipeline on the packaged data. make test: the tests. Both set up .venv first.
# Another Python: make PYTHON=python3.12 repro
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
# The stages are started as `python` and must find the environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Set by some shells, editors and containers. The first two would bring other versions of the libraries; with the third,
# every stage would compile TensorFlow and Keras again: five seconds.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
# A file of tests stays on one worker: many share what an earlier one made. Tests are dealt out in their order.
WORKERS ?= 2
PYTEST := python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
WRITABLE := test -w .dvc || { echo "error: this checkout is read-only, and a run writes to it; git clone it to where you \
may write, and type make repro there" >&2; exit 1; }

.PHONY: help setup repro demo sweep experiments compare verify notebook test test-fast test-offline test-browser \
	test-long bench lint audit lock clean

help:
	@echo "make repro         set up .venv and run the whole pipeline (a few minutes); JOBS=1: one task after the other"
	@echo "make sweep         run the default sweep: three seeds of everything, mean and standard deviation (40 minutes)"
	@echo "make verify        run the last commit again in a scratch clone and compare every output, to the bit"
	@echo "make demo          a page to play with the models, on this machine alone (PORT=7860)"
	@echo "make notebook      a tour of the results in Jupyter, to run and change: notebooks/tour.ipynb"
	@echo "make test          set up .venv and run the tests (eight minutes); LONG=1: also the long ones (thirteen)"
	@echo "make test-fast     what runs in a minute: after every edit"
	@echo "make test-long     60 kills, and every setting of a user by itself: before a release (an hour or more)"
	@echo "make test-offline  the tests that need no network"
	@echo "make test-browser  the tests of the report, of DVC's plots and of the demo in Chromium"
	@echo "make experiments   every experiment of dvc exp run: headlines and params that differ, in 80 columns"
	@echo "make compare A=size-1 B=size-2   two experiments or commits as one Markdown table"
	@echo "make bench         the results beside other people's tools, on this machine (half an hour, 2.4 GB to download)"
	@echo "make lint          style and formatting"
	@echo "make audit         known vulnerabilities of the locked packages (asks a public service)"
	@echo "make lock          compile the requirements again (needs uv)"
	@echo "make clean         remove .venv; results and DVC's cache stay"

setup: $(VENV)/installed $(BIN)/reprise

# An environment that is not whole goes before make looks at its stamps; tools/environment.sh says why.
ENVIRONMENT := sh tools/environment.sh
ifneq ($(filter-out help clean audit,$(or $(MAKECMDGOALS),help)),)
BUSY := $(shell $(ENVIRONMENT) check $(VENV) $(BENCH))
$(if $(BUSY),$(error $(BUSY)))
endif

# Not installed as a package: an experiment in a copy of the repository must run the copy's own code.
$(BIN)/reprise: reprise/command.sh tools/by_path.py $(VENV)/installed
	@for packages in $(VENV)/lib/python*/site-packages; do if [ -d "$$packages" ]; then \
		cp tools/by_path.py "$$packages/reprise_by_path.py" && \
		echo 'import reprise_by_path' > "$$packages/reprise_by_path.pth"; fi; done
	@cp reprise/command.sh $@ && chmod +x $@

# requirements.txt is the lock of the pipeline; each further file lists what it adds, and is installed with it.
# A stamp per lock file: a changed lock is installed at the next make.
INSTALL := $(ENVIRONMENT) install $(VENV)
LOCKS = $(foreach name,$(1),--requirement requirements-$(name).txt)

$(VENV)/installed: requirements.txt
	@$(WRITABLE)
	@$(ENVIRONMENT) create $(VENV) $(PYTHON)
	$(INSTALL) installed --requirement requirements.txt

$(VENV)/installed-demo: $(VENV)/installed requirements-demo.txt
	$(INSTALL) installed-demo --requirement requirements.txt $(call LOCKS,demo)

$(VENV)/installed-dev: $(VENV)/installed-demo requirements-dev.txt requirements-export.txt \
		requirements-ray.txt
	$(INSTALL) installed-dev --requirement requirements.txt $(call LOCKS,demo dev export ray)

# Tasks side by side: as many as the memory allows, or JOBS (1 to 4); the results are the same.
JOBS ?=
# A tarball has no .git, and DVC must be told that this is meant; in a checkout, no longer.
repro: setup
	@$(WRITABLE)
	@if [ ! -e .git ]; then dvc config --local core.no_scm true; \
	elif grep -qs no_scm .dvc/config.local; then dvc config --local --unset core.no_scm; fi
	@python -m tools.repair
	@python -m tools.chains $(if $(JOBS),--jobs $(JOBS))
	@python -m tools.summary

HEADLINES := Experiment$$|params.yaml:|(.*autoencoder.json:)?mse$$|dense.psnr$$|conv.psnr$$|nats$$|(.*sentiment.json:)?accuracy$$
experiments: setup
	@dvc exp show --no-pager --md --only-changed --hide-workspace --precision 4 --drop '^(?!$(HEADLINES))'

# DVC's two tables, of metrics and of params, have the same columns: as one.
compare: setup
	@test -n "$(A)" -a -n "$(B)" || { echo "which two? dvc exp list names them: make compare A=size-1 B=size-2" >&2; exit 2; }
	@told=$$(dvc exp diff --md --precision 4 "$(A)" "$(B)") && \
		echo "$$told" | awk '/^\|/ && !/^\| Path .*\| Param / && !(/^\|-/ && seen++)'

$(VENV)/installed-ray: $(VENV)/installed requirements-ray.txt
	$(INSTALL) installed-ray --requirement requirements.txt $(call LOCKS,ray)

sweep: setup $(VENV)/installed-ray
	python -m sweeps run sweeps/default.yaml

# Only some stages, with all that they need: make verify STAGES=evaluate-autoencoder
verify: setup
	@python -m tools.verify $(STAGES)

PORT ?= 7860
demo: setup $(VENV)/installed-demo
	@python -m reprise demo --port $(PORT)

$(VENV)/installed-notebook: $(VENV)/installed requirements-notebook.txt
	$(INSTALL) installed-notebook --requirement requirements.txt $(call LOCKS,notebook)

# On this machine alone, as the demo; Jupyter asks for the token in the address that it prints.
notebook: setup $(VENV)/installed-notebook
	@jupyter notebook --ip 127.0.0.1 notebooks/tour.ipynb

# LONG=1: with those that take half a minute or more by themselves, as the gate does.
LONG ?=
test: $(VENV)/installed-dev
	$(PYTEST) $(if $(LONG),,-m "not long")

# Without what trains, starts a server, a cluster or many processes.
FAST := not slow and not long and not pipeline and not network and not ray and not browser
test-fast: $(VENV)/installed-dev
	$(PYTEST) --quiet -m "$(FAST)"

test-long: $(VENV)/installed-dev
	python -m tests.pipeline.faults --kills 60
	python -m tests.pipeline.environments

test-offline: $(VENV)/installed-dev
	$(PYTEST) -m "not network and not long"

test-browser: $(VENV)/installed-dev
	python -m pytest -m browser

# An environment of its own: nothing that a benchmark needs may change a byte of `dvc repro`. --no-deps: the lock is
# the whole list, without the packages of CUDA that only a GPU needs.
$(BENCH)/installed: requirements.txt requirements-bench.txt
	@$(ENVIRONMENT) create $(BENCH) $(PYTHON)
	$(ENVIRONMENT) install $(BENCH) installed --no-deps --requirement requirements.txt $(call LOCKS,bench)

bench: setup $(BENCH)/installed
	dvc repro
	$(BENCH)/bin/python -m benchmarks

lint: $(VENV)/installed-dev
	ruff check .
	ruff format --check .

audit:
	@PYTHON=$$($(ENVIRONMENT) python $(PYTHON)) && PYTHON=$$PYTHON bash .ci/audit

# One lock for Python 3.11 to 3.13 and every platform, without forks: numpy's version is part of the result.
COMPILE := uv pip compile --universal --fork-strategy fewest --generate-hashes --python-version 3.11 \
	--custom-compile-command "make lock" --quiet
# PyTorch's wheel links CUDA's libraries, also where there is no GPU; of what it asks for besides, a CPU needs nothing.
NO_CPU_NEEDS := cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cuda-cccl nvidia-cusolver nvidia-nvtx triton
FURTHER := $(patsubst %,requirements-%.txt,dev demo notebook ray export bench)
# Files that are installed together must agree: each is compiled after those it is held to.
HELD = --constraint requirements.txt $(foreach name,$(1),--constraint requirements-$(name).txt)
lock: setup
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) pyproject.toml --extra demo --constraint requirements.txt --output-file requirements-demo.txt
	$(COMPILE) pyproject.toml --extra ray --constraint requirements.txt --output-file requirements-ray.txt
	$(COMPILE) pyproject.toml --extra export --constraint requirements.txt --output-file requirements-export.txt
	$(COMPILE) pyproject.toml --extra dev $(call HELD,demo ray export) --output-file requirements-dev.txt
	$(COMPILE) pyproject.toml --extra notebook $(call HELD,demo dev ray export) --output-file requirements-notebook.txt
	$(COMPILE) pyproject.toml --extra bench --constraint requirements.txt --output-file requirements-bench.txt \
		$(patsubst %,--no-emit-package %,$(NO_CPU_NEEDS))
	python -m tools.locks $(FURTHER)

clean:
	rm -rf $(VENV) $(BENCH)
