# The commands of this project. Each sets up what it needs; `make demo` and `make test` are the two to know.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# One test at a time goes to whoever is free: some take a minute.
PYTEST = $(BIN)/python -m pytest -n auto --dist load --maxschedchunk 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The translations, compiled when their sources are newer.
MESSAGES = $(patsubst %.po,%.mo,$(wildcard bot/locales/*/LC_MESSAGES/messages.po))
BABEL = $(BIN)/python -m babel.messages.frontend --quiet
# Without its files every worker and every process of the tests would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo run check-setup test test-long image-test check compiled fmt bench screenshots locales lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.demo  ## the bot on a page like Discord's: no token, no key, no internet (ARGS=--terminal)
	@$(MAKE) --silent $(MESSAGES)
	@# The shell outlives Ctrl-C and calls it a success, so that make has no error to report.
	@trap : INT; $(BIN)/python -m sandbox $(ARGS); code=$$?; [ $$code -eq 130 ] || exit $$code

run: $(VENV)/.run  ## start the bot for real (settings from .env)
	@$(MAKE) --silent $(MESSAGES)
	@$(BIN)/python -m bot run $(ARGS)

check-setup: $(VENV)/.run  ## look at settings, database, token and key, and say what to mend
	@$(MAKE) --silent $(MESSAGES)
	@$(BIN)/python -m bot check

test: $(VENV)/.dev  ## the tests, with branch coverage
	@$(PYTEST) -m "not long and not image" --cov --cov-report=term --cov-fail-under=90 $(ARGS)
	@$(BIN)/python -m coverage report --include='bot/domain/*,bot/services/*' --fail-under=100

test-long: $(VENV)/.dev  ## the tests that take long: kills, power loss, both databases, the page
	@$(PYTEST) -m long --ignore=tests/unit --ignore=tests/contract $(ARGS)

image-test: $(VENV)/.dev  ## build the image, and run it between the local servers (ENGINE=podman)
	@ENGINE="$(ENGINE)" $(BIN)/python -m pytest -s -m image tests/image $(ARGS)

check: $(VENV)/.dev  ## format, lint, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

compiled: $(VENV)/.dev  ## compile the tests, once for all their workers
	-@$(BIN)/python -m pytest --collect-only --quiet >/dev/null

fmt: $(VENV)/.dev  ## put every file into the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.dev  ## figures beside a baseline of the same run
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(VENV)/.dev  ## take the README's pictures anew, with the system's Chromium
	@$(BIN)/python -m sandbox.demo.pictures docs/images

locales: $(VENV)/.dev  ## collect the texts to translate, and bring the catalogues in bot/locales up to date
	@$(BABEL) extract --mapping babel.cfg --add-location file --add-comments Translators: --sort-by-file \
	  --project inspire-bot --copyright-holder "Inspire's contributors" --no-wrap --output-file bot/locales/messages.pot .
	@$(BABEL) update --input-file bot/locales/messages.pot --output-dir bot/locales --no-fuzzy-matching \
	  --ignore-obsolete --ignore-pot-creation-date --no-wrap

%.mo: %.po
	@$(BABEL) compile --input-file $< --output-file $@

lock: $(VENV)/.dev  ## pin the newest versions that pyproject.toml allows, with their hashes
	@$(BIN)/python -m pip install --quiet uv
	@for set in slim run demo dev; do \
	  extras=$$(case $$set in slim) ;; run) echo --extra charts ;; demo) echo --extra charts --extra demo ;; \
	    dev) echo --extra charts --extra demo --extra dev ;; esac); \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-strip-extras --python-version 3.11 --no-annotate \
	    --custom-compile-command 'make lock' $$extras -o requirements/$$set.txt pyproject.toml; done

clean:  ## remove what the other commands made, but no data
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# One virtual environment; each set of requirements holds the one before it.
$(VENV)/.%: requirements/%.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ...'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || test -x $(BIN)/pip \
	  || { echo 'Python cannot make virtual environments here. On Debian and Ubuntu, run this, then the same again:'; \
	    echo '  apt-get install python3-venv'; exit 1; }
	@# One without pip was left by an attempt that failed or was interrupted.
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@printf 'Installing $< (once, about half a minute) '
	@$(BIN)/python -m pip install --retries 2 --require-hashes -r $< >$(VENV)/install.log 2>&1 & installing=$$!; \
	  trap 'kill $$installing; echo; exit 130' INT TERM; \
	  while kill -0 $$installing 2>/dev/null; do printf .; sleep 1; done; echo; \
	  wait $$installing || { tail -n 3 $(VENV)/install.log; \
	    echo 'Not installed: is there a connection to the internet? All that pip said is in $(VENV)/install.log.'; exit 1; }
	@touch $@
