# The two commands of a newcomer are `make demo` and `make test`; both install what they need into .venv.
# The system's Python goes first where it has all that is needed: distributions build theirs with profile-guided
# optimisation, pyenv does not, which is a sixth of the speed (docs/decisions/0015). `make PYTHON=python3.12` takes another.
FIT := import sys, sysconfig, pathlib, venv, ensurepip; \
	sys.exit(sys.version_info < (3, 11) or not pathlib.Path(sysconfig.get_path("include"), "Python.h").is_file())
ifeq ($(origin PYTHON),undefined)
PYTHON := $(or $(shell /usr/bin/python3 -c '$(FIT)' 2>/dev/null && echo /usr/bin/python3),python3)
endif
VENV := .venv
BIN := $(VENV)/bin
GAZETTEER := gazetteer/artifact/.built
# The address core and what else is hot (compiled.txt), compiled in place; `make install COMPILE=no` leaves it as it is.
COMPILED := build/.compiled
LIBRARIES := find gazetteer schemas services -name '*.so'
COMPILE ?= yes
SBOM ?= build/sbom.json
AUDIT := build/audit
UV_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url

.PHONY: install pure test lint demo accuracy bench chaos fuzz soak lock sbom audit clean

install: $(VENV)/.installed $(if $(filter yes,$(COMPILE)),$(COMPILED)) $(GAZETTEER)

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Diachi needs Python 3.11 or newer as $(PYTHON); name another with make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(COMPILED): $(VENV)/.installed setup.py compiled.txt $(wildcard $(shell cat compiled.txt))
	@mkdir -p build
	@$(LIBRARIES) -delete
	@echo "Compiling the address core and the stages' hot parts: about a minute, once"
	@# touch: a module whose C code did not change keeps the age of its last build.
	@DIACHI_COMPILE=1 $(BIN)/python setup.py --quiet build_ext --inplace >build/compile.log 2>&1 && \
		$(LIBRARIES) -exec touch {} + || \
		{ $(LIBRARIES) -delete; \
		echo "It could not be compiled (build/compile.log says why), and runs all the same, at about half the speed." >&2; }
	@touch $@

# To work on what is compiled without compiling it after each change; `make install` compiles it again.
pure:
	$(LIBRARIES) -delete
	rm -f $(COMPILED)

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

# Compares with other packages too, in an environment of their own; quicker with OPTIONS=--without-peers. The page that
# it writes, docs/accuracy.md, needs the labelled sets in ../shared/eval as well.
accuracy: install
	$(BIN)/python -m tests.accuracy $(OPTIONS)

# Takes some minutes, and needs the machine for itself; `make bench BENCH="bare pipeline --rows 60000"` does a part of it.
BENCH := --write
bench: install
	$(BIN)/python -m tests.bench $(BENCH)

# Faults on a live stream, by a seeded schedule, and the audit of what came out: some four minutes, which `make test` runs
# too; with LONG=1 more than half an hour. SEED=7 repeats a schedule.
chaos: install
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(LONG),--long)
	LONG=$(LONG) $(BIN)/pytest -q tests/chaos/test_broken.py tests/chaos/test_compaction.py

# Hostile inputs by kind, each of which must be answered, then records through a real Kafka: `make fuzz N=1000000 SEED=7`.
# A seed gives the same inputs again; without one it is new, and printed. `make test` runs a short form.
N := 120000
RECORDS := 40000
fuzz: install
	$(BIN)/python -m tests.hostile --count $(N) --records $(RECORDS) $(if $(SEED),--seed $(SEED))

# Memory over a million records, state restore, a broker that goes and is slow, and who waits for whom: some fifteen
# minutes. Fails beyond its bounds. See docs/limits.md.
soak: install
	$(BIN)/python -m tests.soak $(SOAK)

# After a change of the dependencies in pyproject.toml; needs uv. The second lock is what the container image installs,
# the third what accuracy is compared with.
lock:
	uv pip compile --quiet pyproject.toml --extra dev $(UV_OPTIONS) -o requirements.lock
	uv pip compile --quiet pyproject.toml --constraint requirements.lock $(UV_OPTIONS) -o deploy/docker/requirements.lock
	uv pip compile --quiet tests/accuracy/peers.in $(UV_OPTIONS) -o tests/accuracy/peers.lock

# What the container image is made of, as CycloneDX; asks nobody.
sbom: install
	@mkdir -p $(dir $(SBOM))
	PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements deploy/docker/requirements.lock \
		--pyproject pyproject.toml --mc-type application --output-reproducible -o $(SBOM)

# Known vulnerabilities of what is locked. Asks a vulnerability service; a package that it does not answer for is a failure.
audit:
	test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && $(AUDIT)/bin/pip install --quiet 'pip-audit==2.10.1'; }
	$(AUDIT)/bin/pip-audit --requirement requirements.lock --disable-pip --strict

clean:
	rm -rf $(VENV) build .diachi gazetteer/artifact
	$(LIBRARIES) -delete
