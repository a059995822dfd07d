# The two commands of a newcomer are `make demo` and `make test`; both install what they need into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GAZETTEER := gazetteer/artifact/.built
UV_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url

.PHONY: install test lint demo bench lock clean

install: $(VENV)/.installed $(GAZETTEER)

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Diachi needs Python 3.11 or newer as $(PYTHON); name another with make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(GAZETTEER): $(VENV)/.installed $(wildcard gazetteer/data/*.csv) $(wildcard gazetteer/*.py)
	$(BIN)/diachi gazetteer build
	@touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest

demo: install
	$(BIN)/diachi demo

# Takes some minutes, and needs the machine for itself; `make bench BENCH="bare pipeline --rows 60000"` does a part of it.
BENCH := --write
bench: install
	$(BIN)/python -m tests.bench $(BENCH)

# After a change of the dependencies in pyproject.toml; needs uv. The second lock is what the container image installs.
lock:
	uv pip compile --quiet pyproject.toml --extra dev $(UV_OPTIONS) -o requirements.lock
	uv pip compile --quiet pyproject.toml --constraint requirements.lock $(UV_OPTIONS) -o deploy/docker/requirements.lock

clean:
	rm -rf $(VENV) build .diachi gazetteer/artifact
