# Two commands do everything: `make run` and `make test`. Each does its own set-up.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run stop test soak check setup clean bench release

run: $(BIN)/shipway  ## take MyCandidate from this working tree to live on this machine
	$(BIN)/shipway -C mycandidate run

stop: $(BIN)/shipway  ## end what `make run` started; its data stays
	$(BIN)/shipway -C mycandidate down local

test: $(BIN)/shipway  ## Shipway's own tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 4 $(OPTIONS)

soak: $(BIN)/shipway  ## signals to the deploying process at every writing of every strategy
	$(BIN)/python -m tests.e2e.soak

check: $(BIN)/shipway  ## Shipway's own code through its own pipeline: shipway.toml here
	$(BIN)/shipway run quality security

bench: $(BIN)/shipway  ## the performance figures, as ratios against peers
	$(BIN)/python bench/runner.py
	$(BIN)/python bench/console.py
	$(BIN)/python bench/findings.py
	$(BIN)/python bench/pipeline.py
	$(BIN)/python bench/pipeline.py security
	$(BIN)/python bench/judge.py --seed 1
	$(BIN)/python bench/rollout.py
	$(BIN)/python bench/faults.py
	$(BIN)/python bench/image.py

release: $(BIN)/shipway  ## version, changelog, packages, commit and tag: make release VERSION=1.2.3
	$(BIN)/python docs/make_release.py "$(VERSION)"

setup: $(BIN)/shipway

# uv itself is the only thing that pip installs, by hash; uv does the rest from the lock.
$(BIN)/shipway: uv.lock pyproject.toml requirements-uv.txt
	@echo 'Setting up: Python packages into .venv, once; about a minute.'
	@$(PYTHON) -c 'import sys; sys.exit("Shipway needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes -r requirements-uv.txt
	@$(BIN)/uv sync --locked --quiet --compile-bytecode
	@$(BIN)/python -m compileall -q src
	@touch $(BIN)/shipway

clean:  ## remove what set-up and runs left; the application's data, too
	rm -rf .venv .shipway mycandidate/.shipway
