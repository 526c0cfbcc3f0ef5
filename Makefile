# The commands of the book. `make help` lists them.
PYTHON ?= python3
UV ?= uv
NB ?=
TESTS ?=
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/installed

# As in the notebooks' set-up cell: TensorFlow starts without its log lines, and rounds alike on more
# machines.
export TF_CPP_MIN_LOG_LEVEL := 1
export TF_ENABLE_ONEDNN_OPTS := 0

.DEFAULT_GOAL := help
.PHONY: help install book test lint format unit notebooks execute experiments headline \
        benchmark screenshots serve linkcheck lock repository clean \
        mutants dist wheel test-oldest test-newest

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## make .venv with the pinned versions (the other commands do it when needed)

# The stamp is what a second run looks at: it installs again only when the pins change.
$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; \
	  sys.version_info >= (3, 10) or sys.exit("Python " + v + " is too old: the book needs 3.10 or newer. Name one: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

book: $(READY) ## build the HTML into _build/html, warnings as errors
	@# A failed build leaves nothing behind: Sphinx does not repeat the warnings of pages it has read.
	$(BIN)/jupyter-book build . -W -n --keep-going || { rm -rf _build; exit 1; }
	@$(BIN)/python tools/check_build.py

test: lint book unit notebooks ## lint, build, run every test, execute and compare every notebook

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## put code and notebooks into the format that `make test` asks for
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The share of lines and branches is asked for when all tests run, which is when it means something.
unit: $(READY)
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(TESTS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report $(if $(TESTS),--fail-under=0)

mutants: $(READY) ## break the package in named ways, and see that a test fails (MODULE=metrics for one)
	$(BIN)/python tools/mutants.py $(MODULE)

notebooks: $(READY)
	$(BIN)/python -m pytest book --nbval --nbval-current-env --nbval-cell-timeout=600 \
	  --numprocesses=2 --dist=loadscope

execute: $(READY) ## run notebooks again and store their outputs: make execute NB=book/05_einsum.ipynb
	$(BIN)/python tools/execute_notebooks.py $(NB)

experiments: $(READY) ## compute book/data/*.json again (hours)
	@set -e; for script in $$(grep -l __main__ experiments/*.py); do echo "$$script"; $(BIN)/python $$script; done

headline: $(READY) ## draw the README's figure again from book/data
	$(BIN)/python tools/headline_figure.py

# Those that compare the package with its peers; what else lies there answers one question each.
BENCHMARKS := attention training decoding importing
MEASURED := $(BENCHMARKS:%=_build/benchmarks/%.json)

benchmark: $(READY) ## measure the package beside its peers: one table, and _build/benchmarks/*.json
	@set -e; for name in $(BENCHMARKS); do \
	  $(BIN)/python benchmarks/$$name.py --json _build/benchmarks/$$name.json; done
	@echo; $(BIN)/python benchmarks/table.py $(MEASURED)

screenshots: $(READY) ## photograph every page, wide and narrow, light and dark, into _build/screenshots
	$(BIN)/python tools/screenshots.py _build/screenshots

serve: book ## build, and serve the book on this machine (PORT=8000)
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

linkcheck: $(READY) ## ask every external link of the book
	$(BIN)/jupyter-book build . --builder linkcheck --path-output _build/linkcheck

# The tests of the package, without those of the book.
PACKAGE_TESTS = src $(filter-out $(addprefix tests/test_,book_structure.py browser.py colab.py \
  frame.py mutants.py packaging.py readme.py repository_address.py site.py), $(wildcard tests/test_*.py))

test-oldest: ## the package's tests on the oldest versions that pyproject.toml allows, in .venv-oldest
	$(PYTHON) -m venv --clear .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint tools/oldest.txt --editable ".[test,tensorflow-cpu]"
	.venv-oldest/bin/python -m pip list | grep -i -E '^(keras|matplotlib|numpy|sacrebleu|tensorflow[-_a-z]*) '
	.venv-oldest/bin/python -m pytest $(if $(TESTS),$(TESTS),$(PACKAGE_TESTS))

test-newest: ## the same on the newest versions there are, in .venv-newest
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade \
	  --editable ".[test,tensorflow-cpu]"
	.venv-newest/bin/python -m pip list | grep -i -E '^(keras|matplotlib|numpy|sacrebleu|tensorflow[-_a-z]*) '
	.venv-newest/bin/python -m pytest $(if $(TESTS),$(TESTS),$(PACKAGE_TESTS))

dist: ## build the wheel and the sdist into dist/ and check them, in .venv-dist
	test -x .venv-dist/bin/twine || { $(PYTHON) -m venv --clear .venv-dist && \
	  .venv-dist/bin/python -m pip install --quiet --disable-pip-version-check build twine; }
	rm -rf dist build
	.venv-dist/bin/python -m build --outdir dist
	.venv-dist/bin/twine check --strict dist/*
	$(PYTHON) tools/check_dist.py dist

wheel: dist

lock: ## choose the versions of requirements.txt again (needs uv)
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.10 --extra book --no-annotate \
	  --custom-compile-command 'make lock' pyproject.toml --output-file requirements.txt
	echo '-e .' >> requirements.txt

repository: $(READY) ## set the repository's address everywhere: make repository URL=https://github.com/…
	$(BIN)/python tools/repository_address.py $(URL)

clean: ## delete what was built (`rm -r .venv*` deletes the environments)
	rm -rf _build .pytest_cache .ruff_cache .mypy_cache .coverage build dist
