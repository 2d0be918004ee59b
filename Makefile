# The front door. `make run` shows the whole thing at work, `make test` proves it.
# Everything is installed into .venv, from pinned releases whose hashes pip checks.

SHELL := /bin/sh
VENV  := .venv
PY    := $(VENV)/bin/python
PIP   := $(PY) -m pip --disable-pip-version-check --no-input
# Test workers: one a core, two at least, eight at most (each may start a PostgreSQL of its own).
WORKERS := $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -ge 2 ] || n=2; [ $$n -le 8 ] || n=8; echo $$n)

.DEFAULT_GOAL := help
.PHONY: help run test check bench bench-names passkeys constraints browser clean
.DELETE_ON_ERROR:

help:
	@echo "make run          install, then serve the demonstration petition     (ARGS='--port 8001')"
	@echo "make test         install what the tests need, then run them all     (ARGS='-k confirm')"
	@echo "make check        ruff, mypy --strict"
	@echo "make bench        the speed table, each figure beside its ceiling"
	@echo "make bench-names  how well and how fast duplicates are found          (NAMES=folder of labelled records)"
	@echo "make passkeys     let organizers use passkeys beside codes           (see docs/operating.md)"
	@echo "make browser      install Chromium for the browser tests (Debian, as root)"
	@echo "make constraints  pin the dependencies anew                          (UPGRADE=--upgrade)"
	@echo "make clean        remove what was built; your data in var/ stays"
	@echo "PYTHON=/path/to/python chooses the interpreter; 3.11 or newer is needed."

run: $(VENV)/.installed
	@exec $(VENV)/bin/petition demo $(ARGS)

test: $(VENV)/.installed $(VENV)/.test
	@$(PY) -m pytest -n $(WORKERS) $(ARGS)

check: $(VENV)/.installed $(VENV)/.test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy --strict petition

bench: $(VENV)/.installed $(VENV)/.test
	@$(PY) -m bench $(ARGS)

# NAMES: the folder of the labelled records, which are too large to lie here.
NAMES ?= ../shared/names
bench-names: $(VENV)/.installed $(VENV)/.test
	@$(PY) -m bench.names $(NAMES) $(ARGS)

# A .venv that was moved, or whose interpreter is gone, is as good as none: forget its first stamp.
ifneq ($(wildcard $(VENV)/.product),)
$(shell [ "`cat $(VENV)/.product`" = "$(CURDIR)" ] && $(PY) -c 'import pip' 2>/dev/null || rm -f $(VENV)/.product)
endif

# A stamp says that its step ended. Without the first one nothing in .venv is trusted: it is built anew,
# so that an interrupted or outdated installation never shines through. Wheels only: what a source
# archive would fetch in order to build itself is pinned nowhere.
$(VENV)/.product: constraints.txt
	@rm -rf $(VENV)
	@for p in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 /usr/bin/python3); do \
	   "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { python="$$p"; break; }; \
	 done; \
	 if [ -z "$$python" ]; then \
	   echo "petition needs Python 3.11 or newer, and $(if $(PYTHON),$(PYTHON) is not one,there is none on the PATH)." \
	        "On Debian 12: apt-get install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3.11" >&2; \
	   exit 1; \
	 fi; \
	 if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	   package=`"$$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])'`; \
	   if [ "`id -u`" = 0 ] && command -v apt-get >/dev/null; then \
	     echo "Installing $$package, which Debian keeps apart from Python."; \
	     { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$$package"; } >/dev/null; \
	   fi; \
	   if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	     echo "petition needs Python's venv module. On Debian, as root: apt-get install $$package" >&2; \
	     exit 1; \
	   fi; \
	 fi; \
	 echo "Installing into $(VENV); this takes about half a minute, once." && \
	 "$$python" -m venv $(VENV)
	@$(PIP) install -qq --no-deps --only-binary :all: --require-hashes -r constraints.txt
	@echo "$(CURDIR)" > $@

# While the test tools are being installed the first stamp is out of the way: see above.
$(VENV)/.test: constraints-test.txt constraints-passkeys.txt $(VENV)/.product
	@echo "Installing what the tests need; this takes about half a minute, once."
	@mv $(VENV)/.product $(VENV)/.unfinished
	@$(PIP) install -qq --no-deps --only-binary :all: --require-hashes -r constraints-test.txt -r constraints-passkeys.txt
	@mv $(VENV)/.unfinished $(VENV)/.product
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.product
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch $@

# An extra of the product: where it is not installed, passkeys are not offered.
passkeys: $(VENV)/.installed
	@$(PIP) install -qq --no-deps --only-binary :all: --require-hashes -r constraints-passkeys.txt

# constraints.txt is what the product runs on, its extra pdf too, and is built with; constraints-passkeys.txt is that extra;
# constraints-test.txt is the rest.
constraints: $(VENV)/.product
	@[ -x $(VENV)/tools/bin/uv ] || $(PIP) install -qq --target $(VENV)/tools 'uv>=0.13'
	@set -e; \
	 compile="$(VENV)/tools/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	   --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)"; \
	 sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' pyproject.toml | \
	   $$compile --extra pdf pyproject.toml - -o constraints.txt >/dev/null; \
	 rest() { \
	   awk 'FILENAME != ARGV[ARGC - 1] { if (/^[a-z]/) ours[$$1]; next } /^[a-z]/ { skip = $$1 in ours } !skip' "$$@"; \
	 }; \
	 cp constraints-passkeys.txt $(VENV)/passkeys.txt 2>/dev/null || :; \
	 $$compile --extra passkeys pyproject.toml -c constraints.txt -o $(VENV)/passkeys.txt >/dev/null; \
	 rest constraints.txt $(VENV)/passkeys.txt > constraints-passkeys.txt; \
	 cp constraints-test.txt $(VENV)/all.txt 2>/dev/null || :; \
	 $$compile --all-extras pyproject.toml -c constraints.txt -c constraints-passkeys.txt -o $(VENV)/all.txt >/dev/null; \
	 rest constraints.txt constraints-passkeys.txt $(VENV)/all.txt > constraints-test.txt

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	 if [ "`id -u`" = 0 ] && command -v apt-get >/dev/null; then \
	   echo "Installing Chromium."; \
	   { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; } >/dev/null; \
	 else \
	   echo "The browser tests need Chromium. On Debian, as root: apt-get install chromium" >&2; exit 1; \
	 fi

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find petition tests alembic bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || :
