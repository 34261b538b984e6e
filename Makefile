# Two commands to know: `make demo` and `make test`. Each works alone on a fresh Debian or Ubuntu with make and Python >= 3.11 (python3-venv).
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help install demo test lint types contracts bench clean
help:
	@echo "make demo       install and evolve a network that balances two poles without seeing velocities"
	@echo "make test       install and run the tests"
	@echo "make lint       ruff check and format;  make types: mypy;  make contracts: import-linter"
	@echo "make bench      the speed table of the README"
	@echo "make clean      remove .venv and caches (runs/out stays)"
	@echo "PYTHON=python3.12 make ...  picks another Python"

# install,EXTRAS: a usable .venv with the package installed once per state of pyproject.toml. A .venv that no longer runs (its Python was
# removed, it is too old, it has no pip) is made anew; the stamp remembers what was installed, so the second call costs nothing.
define install
	@set -e; \
	if ! $(RUN) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	  command -v $(PYTHON) >/dev/null || { echo "error: there is no '$(PYTHON)'; install Python 3.11 or newer, or name one: make PYTHON=python3.12" >&2; exit 1; }; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version 2>&1) is too old; evornn needs 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }; \
	  $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "error: '$(PYTHON)' cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	  echo "making $(VENV) with $$($(PYTHON) --version)"; \
	  $(PYTHON) -m venv --clear $(VENV); \
	fi; \
	want="$$(cksum < pyproject.toml) $(CURDIR)"; \
	if [ "$$(cat '$(VENV)/.installed$(1)' 2>/dev/null)" != "$$want" ]; then \
	  echo "installing evornn$(1) into $(VENV) (a few minutes the first time)"; \
	  $(RUN) -m pip install --no-compile --quiet --quiet --disable-pip-version-check -e '.$(1)'; \
	  echo "$$want" > '$(VENV)/.installed$(1)'; \
	fi
endef

demo:
	$(call install)
	@$(RUN) -m evornn run runs/double_pole.toml

install:
	$(call install,[test])

test: install
	@$(RUN) -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint:
	$(call install,[dev])
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .

types:
	$(call install,[dev])
	@$(RUN) -m mypy

contracts:
	$(call install,[dev])
	@$(RUN) -c 'from importlinter.cli import lint_imports_command as main; main()'

bench:
	$(call install)
	@$(RUN) -m evornn bench

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
