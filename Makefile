# make repro: the whole pipeline on the packaged data. make test: the tests. Both set up .venv first.
# Another Python: make PYTHON=python3.12 repro
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
# The stages are started as `python` and must find the environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Variables of a user's shell that would bring other libraries or options to Python, hide the repository from it or slow
# it down (without bytecode, every stage compiles TensorFlow: five seconds), move what pip installs, or change `cd`.
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONWARNINGS PYTHONINSPECT PYTHONIOENCODING \
	PYTHONDONTWRITEBYTECODE PIP_USER PIP_TARGET PIP_PREFIX CDPATH BASH_ENV
# A file of tests stays on one worker: many share what an earlier one made. Tests are dealt out in their order. Three
# workers keep two cores busy: some tests wait for a browser, for Ray, or for the moment of a fault.
WORKERS ?= 3
PYTEST := python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
WRITABLE := test -w .dvc || { echo "error: this checkout is read-only, and a run writes to it; git clone it to where you \
may write, and type make repro there" >&2; exit 1; }

.PHONY: help setup repro demo sweep experiments compare verify notebook test test-fast test-offline test-browser \
	test-long bench lint audit lock clean side-by-side

help:
	@echo "make repro         set up .venv and run the whole pipeline (a few minutes); JOBS=1: one task after the other"
	@echo "make sweep         run the default sweep: three seeds of everything, mean and standard deviation (20 minutes)"
	@echo "make verify        run the last commit again in a scratch clone and compare every output, to the bit"
	@echo "make demo          a page to play with the models, on this machine alone (PORT=7860)"
	@echo "make notebook      a tour of the results in Jupyter, to run and change: notebooks/tour.ipynb"
	@echo "make test          set up .venv and run the tests (four minutes); LONG=1: also the long ones (seven)"
	@echo "make test-fast     what runs in a minute: after every edit"
	@echo "make test-long     60 kills, and every setting of a user by itself: before a release (half an hour)"
	@echo "make test-offline  the tests that need no network"
	@echo "make test-browser  the tests of the report, of DVC's plots and of the demo in Chromium"
	@echo "make experiments   every experiment of dvc exp run: headlines, and the params that differ"
	@echo "make compare A=size-1 B=size-2   two experiments or commits as one Markdown table"
	@echo "make bench         the results beside other people's tools, on this machine (a quarter of an hour, 2.4 GB to download)"
	@echo "make lint          style and formatting"
	@echo "make audit         known vulnerabilities of the locked packages (asks a public service)"
	@echo "make lock          compile the requirements again (needs uv)"
	@echo "make clean         remove .venv and bytecode; results and DVC's cache stay"

setup: $(VENV)/installed $(BIN)/reprise

# python3 first: it is what an activated environment, pyenv or a continuous integration has chosen.
FITS := import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell $(name) -E -c '$(FITS)' 2>/dev/null && echo $(name))))
CHOSEN = $(if $(PYTHON),$(PYTHON) -E -c '$(FITS)' 2>/dev/null,command -v uv >/dev/null) || { \
	echo "error: Reprise needs Python 3.11, 3.12 or 3.13 with its module venv (Debian, Ubuntu: sudo apt install \
python3-venv), or uv, with which make fetches Python; $(or $(PYTHON),python3) is not that" >&2; exit 1; }
CREATE = $(if $(PYTHON),$(PYTHON) -m venv,uv venv --quiet --seed --python 3.13)

# The stamp of an environment is written last. Without it (a kill, a full disk), in a folder that was moved (its commands
# name the old one) or when its Python has gone, the environment is made anew.
WHOLE = $(shell { test "$$(cat $(1)/installed)" = "$$(cd ./$(1) && pwd -P)" && $(1)/bin/python -E -c 'import pip' && echo yes; } 2>&-)
.PHONY: $(foreach venv,$(VENV) $(BENCH),$(if $(call WHOLE,$(venv)),,$(venv)/installed))
STAMP = (cd ./$(@D) && pwd -P) > $@

$(VENV)/installed: requirements.txt
	@$(WRITABLE)
	@$(CHOSEN)
	rm -rf $(VENV)
	$(CREATE) $(VENV)
	$(BIN)/python -m pip install --no-compile --require-hashes --requirement requirements.txt
	@$(STAMP)

# Further locks list what they add to the first. They are fetched first, so that without a network nothing is lost;
# while they are installed, the environment has no stamp.
LOCKS = $(foreach name,$(1),--requirement requirements-$(name).txt)
WHEELS := $(VENV)/wheels
define further
	$(BIN)/python -m pip download --quiet --no-deps --require-hashes --dest $(WHEELS) $(call LOCKS,$(1))
	@mv $(VENV)/installed $(VENV)/installing
	$(BIN)/python -m pip install --no-compile --no-deps --no-index --find-links $(WHEELS) --require-hashes $(call LOCKS,$(1))
	@rm -rf $(WHEELS) && mv $(VENV)/installing $(VENV)/installed && $(STAMP)
endef

$(VENV)/installed-demo: $(VENV)/installed requirements-demo.txt
	$(call further,demo)

$(VENV)/installed-dev: $(VENV)/installed-demo $(patsubst %,requirements-%.txt,dev export ray)
	$(call further,dev export ray)

$(VENV)/installed-notebook: $(VENV)/installed requirements-notebook.txt
	$(call further,notebook)

# Not installed as a package: an experiment in a copy of the repository must run the copy's own code.
$(BIN)/reprise: reprise/command.sh $(VENV)/installed
	@cp reprise/command.sh $@ && chmod +x $@

# A tarball has no .git, and DVC must be told that this is meant; in a checkout, no longer.
repro: setup
	@$(WRITABLE)
	@if [ ! -e .git ]; then dvc config --local core.no_scm true; \
	elif grep -qs no_scm .dvc/config.local; then dvc config --local --unset core.no_scm; fi
	@python -m tools.repair
	@test "$$(uname -m)" = x86_64 || echo "this processor is $$(uname -m): the bytes will not be the committed ones, which are of \
x86_64; at the end the metrics are compared, each with a tolerance"
	@trap 'exit 130' INT; test "$(JOBS)" = 1 || dvc status --quiet || exec $(SUBMAKE) side-by-side JOBS=$(JOBS)
	@dvc repro
	@python -m tools.repair
	@python -m tools.compare

# DVC runs one stage at a time, although the tasks share little. So the downloads come first, then a chain of stages for
# each network, and last a plain `dvc repro` (above), which finds all of that done and runs the rest.
# --single-item: otherwise each chain would look at the downloads again, which DVC lets one process at a time do.
# --wait-for-lock: after every stage, DVC takes the lock of the repository. `exec`: make sends SIGTERM to dvc itself.
SUBMAKE := $(MAKE) --no-print-directory
# As many chains at once as there are, but 2 GiB of memory for each. The longest chain comes first.
JOBS ?= $(shell $(BIN)/python -c 'import psutil; print(max(1, min(5, psutil.virtual_memory().available >> 31)))')
DOWNLOADS := check download-digits download-text download-reviews
digits := preprocess-denoiser preprocess-autoencoder
sentiment := preprocess-sentiment train-sentiment evaluate-sentiment
textgen := preprocess-textgen train-textgen evaluate-textgen
autoencoder := train-sizes train-autoencoder evaluate-autoencoder
denoiser-dense := train-dense
denoiser-conv := train-conv
denoiser-evaluate := evaluate-denoiser
CHAINS := $(addprefix chain-,digits denoiser-conv sentiment textgen denoiser-dense autoencoder denoiser-evaluate)
.PHONY: $(CHAINS)
side-by-side:
	@dvc --wait-for-lock repro $(DOWNLOADS)
	@exec $(SUBMAKE) --keep-going --jobs=$(JOBS) $(CHAINS)

chain-denoiser-conv chain-denoiser-dense chain-autoencoder: chain-digits
chain-denoiser-evaluate: chain-denoiser-conv chain-denoiser-dense chain-autoencoder
$(CHAINS): SHELL := bash
$(CHAINS): export PYTHONUNBUFFERED := 1
$(CHAINS): chain-%:
	@exec dvc --wait-for-lock repro --single-item $($*) </dev/null \
		> >(trap '' INT; exec sed -u -e '/^ *$$/d' -e 's/^/$(firstword $(subst -, ,$*)) | /') 2>&1

experiments: setup
	@python -m tools.tables experiments

# DVC's two tables, of metrics and of params, have the same columns: as one.
compare: setup
	@test -n "$(A)" -a -n "$(B)" || { echo "which two? dvc exp list names them: make compare A=size-1 B=size-2" >&2; exit 2; }
	@told=$$(dvc exp diff --md --precision 4 "$(A)" "$(B)") && \
		echo "$$told" | awk '/^\|/ && !/^\| Path .*\| Param / && !(/^\|-/ && seen++)'

$(VENV)/installed-ray: $(VENV)/installed requirements-ray.txt
	$(call further,ray)

sweep: setup $(VENV)/installed-ray
	python -m sweeps run sweeps/default.yaml

# Only some stages, with all that they need: make verify STAGES=evaluate-autoencoder
verify: setup
	@python -m tools.verify $(STAGES)

PORT ?= 7860
demo: setup $(VENV)/installed-demo
	@python -m reprise demo --port $(PORT)

# On this machine alone, as the demo; Jupyter asks for the token in the address that it prints.
notebook: setup $(VENV)/installed-notebook
	@jupyter notebook --ip 127.0.0.1 notebooks/tour.ipynb

# LONG=1: with those that take half a minute or more by themselves, as the gate does.
LONG ?=
test: $(VENV)/installed-dev
	$(PYTEST) -m "not $(if $(LONG),short,long)"

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
	@$(CHOSEN)
	rm -rf $(BENCH)
	$(CREATE) $(BENCH)
	$(BENCH)/bin/python -m pip install --no-compile --no-deps --require-hashes --requirement requirements.txt \
		$(call LOCKS,bench)
	@$(STAMP)

bench: setup $(BENCH)/installed
	dvc repro
	$(BENCH)/bin/python -m benchmarks

lint: $(VENV)/installed-dev
	ruff check .
	ruff format --check .

audit:
	@$(CHOSEN)
	@PYTHON="$(PYTHON)" bash .ci/audit

# One lock for Python 3.11 to 3.13 and every platform, without forks: numpy's version is part of the result.
COMPILE := uv pip compile --universal --fork-strategy fewest --generate-hashes --python-version 3.11 \
	--custom-compile-command "make lock" --quiet
# PyTorch's wheel links CUDA's libraries, also where there is no GPU; of what it asks for besides, a CPU needs nothing.
NO_CPU_NEEDS := cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cuda-cccl nvidia-cusolver nvidia-nvtx triton
# Files that are installed together must agree: each is compiled after those it is held to, without what the first has.
HELD = --constraint requirements.txt $(foreach name,$(2),--constraint requirements-$(name).txt) \
	--extra $(1) --output-file requirements-$(1).txt \
	$$(sed -n 's/^\([^ \#]*\)==.*/--no-emit-package \1/p' requirements.txt)
lock: setup
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) pyproject.toml $(call HELD,demo)
	$(COMPILE) pyproject.toml $(call HELD,ray)
	$(COMPILE) pyproject.toml $(call HELD,export)
	$(COMPILE) pyproject.toml $(call HELD,dev,demo ray export)
	$(COMPILE) pyproject.toml $(call HELD,notebook,demo dev ray export)
	$(COMPILE) pyproject.toml $(call HELD,bench) $(patsubst %,--no-emit-package %,$(NO_CPU_NEEDS))
	sed -i.old '/^# The following packages were excluded/,$$d' requirements-*.txt && rm requirements-*.old

clean:
	rm -rf $(VENV) $(BENCH)
	find stages reprise tools sweeps benchmarks tests -name __pycache__ -prune -exec rm -r {} +
