# The commands of the book. `make help` lists them.
PYTHON ?= python3
PORT ?= 8000

# Which notebooks, tests, module, address: typed after the command, never taken from the environment.
NB :=
TESTS :=
MODULE :=
URL :=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/installed
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# By path, with or without its suffix, or by number: make execute NB="book/index 05".
NOTEBOOKS := $(foreach name,$(NB:.ipynb=),$(or $(wildcard book/$(name)_*.ipynb),$(name).ipynb))
# `make page` looks for the notebook itself.
ifneq ($(MAKECMDGOALS),page)
$(foreach path,$(NOTEBOOKS),$(if $(wildcard $(path)),,\
  $(error NB: expected notebooks, such as book/05_einsum or 05, got $(path))))
endif

# As in the notebooks' set-up cell: TensorFlow starts without its log lines.
export TF_CPP_MIN_LOG_LEVEL := 1

.DEFAULT_GOAL := help
.PHONY: help install book test lint format unit page hooks notebooks execute experiments headline \
        benchmark screenshots serve linkcheck lock repository clean \
        mutants dist wheel pdf slides student test-oldest test-newest test-binder test-colab \
        test-grading book-next

help: ## list the commands
	@echo 'To begin with: make book, make page NB=05, make execute NB=05, make test. All of them:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## make .venv with the pinned versions (the other commands do it when needed)

# The stamp is what a second run looks at: it installs again only when the pins change.
$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; \
	  sys.version_info >= (3, 10) or sys.exit("Python " + v + " is too old: the book needs 3.10 or newer. Name one: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --require-hashes --requirement requirements.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

book: $(READY) ## build the HTML into _build/html, warnings as errors
	@# A failed build leaves nothing behind: Sphinx does not repeat the warnings of pages it has read.
	$(BIN)/jupyter-book build . -W -n --keep-going || { rm -rf _build; exit 1; }
	@echo 'The book is built: open _build/html/index.html (or type `make serve`).'

test: lint book unit notebooks ## lint, build, run every test, execute and compare every notebook

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## put code and notebooks into the format that `make test` asks for
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The share of lines and branches is measured when all tests run, which is when it means something.
# Two processes share them by the module, for a module's tests share a browser, a server or a model.
unit: $(READY) ## run every test of the package and the book, or some: make unit TESTS=tests/test_masks.py
ifeq ($(strip $(TESTS)),)
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest --numprocesses=2 --dist=loadscope
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report
else
	$(BIN)/python -m pytest $(TESTS)
endif

page: $(READY) ## everything that is asked of one page, quickest first: make page NB=05
	$(BIN)/python tools/page.py $(NB)

hooks: $(READY) ## let git look at each commit before it is made: format, form, structure (seconds)
	$(BIN)/pre-commit install

mutants: $(READY) ## break the package in named ways, and see that a test fails (MODULE=metrics for one)
	$(BIN)/python tools/mutants.py $(MODULE)

notebooks: $(READY) ## execute every notebook, or NB=…, and compare with what is stored
	$(BIN)/python -m pytest $(or $(NOTEBOOKS),book) --nbval --nbval-current-env --nbval-cell-timeout=600 \
	  --numprocesses=2 --dist=loadscope
	$(if $(NOTEBOOKS),,$(BIN)/python tools/execution.py)

execute: $(READY) ## run notebooks again and store their outputs: make execute NB=book/05_einsum.ipynb
	$(BIN)/python tools/execute_notebooks.py $(NOTEBOOKS)

experiments: $(READY) ## compute book/data/*.json again (hours)
	@set -e; for script in $$(grep -l __main__ experiments/*.py); do echo "$$script"; $(BIN)/python $$script; done

pdf: $(READY) ## print the whole book, with contents and page numbers, into _build/the-whole-book.pdf
	$(BIN)/python tools/pdf.py

slides: $(READY) ## slides of the chapters, or of NB=…, from the cells with the tag slide, into _build/slides
	$(BIN)/python tools/slides.py $(NOTEBOOKS)

student: $(READY) ## notebooks for a class into _build/class: without solutions, and a teacher's with all
	$(BIN)/python tools/student.py $(NOTEBOOKS)

headline: $(READY) ## draw the README's figure again from book/data
	$(BIN)/python tools/headline_figure.py

# Those that compare the package with its peers; what else lies there answers one question each.
BENCHMARKS := attention small_call training decoding importing
MEASURED := $(BENCHMARKS:%=_build/benchmarks/%.json)

benchmark: $(READY) ## measure the package beside its peers: one table, and _build/benchmarks/*.json
	@set -e; for name in $(BENCHMARKS); do \
	  $(BIN)/python benchmarks/$$name.py --json _build/benchmarks/$$name.json; done
	@echo; $(BIN)/python benchmarks/table.py $(MEASURED)

screenshots: $(READY) ## photograph every page, wide and narrow, light and dark, into _build/screenshots
	$(BIN)/python tools/screenshots.py _build/screenshots

serve: book ## build, and serve the book on this machine (PORT=8000)
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

book-next: book ## build the same pages with the newest Sphinx, and compare them (in .venv-next)
	$(BIN)/python tools/next_book.py

linkcheck: $(READY) ## ask every external link of the book
	$(BIN)/jupyter-book build . --builder linkcheck --path-output _build/linkcheck

# The package's tests; those of the book and its tools need the whole environment.
PACKAGE_TESTS := --ignore=tests/book

test-oldest: ## the package's tests on the oldest versions that pyproject.toml allows, in .venv-oldest
	$(PYTHON) -m venv --clear .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest/bin/python \
	  --resolution lowest-direct --editable ".[test,tensorflow-cpu]"
	.venv-oldest/bin/python -m pip list --disable-pip-version-check | grep -i -E '^(keras|matplotlib|numpy|sacrebleu|tensorflow[-_a-z]*) '
	.venv-oldest/bin/python -m pytest $(if $(TESTS),$(TESTS),$(PACKAGE_TESTS))

test-newest: ## the package's tests on the newest versions there are, in .venv-newest
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade \
	  --editable ".[test,tensorflow-cpu]"
	.venv-newest/bin/python -m pip list --disable-pip-version-check | grep -i -E '^(keras|matplotlib|numpy|sacrebleu|tensorflow[-_a-z]*) '
	.venv-newest/bin/python -m pytest $(if $(TESTS),$(TESTS),$(PACKAGE_TESTS))

test-colab: $(READY) ## run each notebook alone on Colab's versions, as a reader who opens it there (in .venv-colab)
	$(BIN)/python tools/colab.py $(NOTEBOOKS)

test-grading: ## `check` in nbgrader and in otter, in .venv-grading
	$(PYTHON) -m venv --clear .venv-grading
	.venv-grading/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable ".[test,tensorflow-cpu]" jupyterlab nbgrader otter-grader pyyaml
	.venv-grading/bin/python -m pytest tests/book/test_grading.py

test-binder: $(READY) ## install what Binder installs, run the pages there, read their memory (in .venv-binder)
	$(BIN)/python tools/binder.py $(NOTEBOOKS)

SDIST := $(foreach pattern,*/CHANGELOG.md */CITATION.cff */LICENSE */README.md \
  !*/book/* !*/tests/* !*/tools/* !*.ipynb,--expected-files '$(pattern)')

dist: ## build the wheel and the sdist into dist/ and check them, in .venv-dist
	$(PYTHON) -m venv --clear .venv-dist
	.venv-dist/bin/python -m pip install --quiet --disable-pip-version-check \
	  build check-wheel-contents pydistcheck twine
	rm -rf dist build
	.venv-dist/bin/python -m build --outdir dist
	.venv-dist/bin/twine check --strict dist/*
	.venv-dist/bin/check-wheel-contents dist/*.whl
	.venv-dist/bin/pydistcheck --max-allowed-size-compressed 300K $(SDIST) dist/*.tar.gz

wheel: dist

LOCK := .venv-lock/bin/uv pip compile --quiet --generate-hashes --no-annotate \
  --custom-compile-command 'make lock' pyproject.toml

lock: ## choose the versions of requirements.txt and binder/requirements.txt again
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOCK) --upgrade --universal --python-version 3.10 --extra book --output-file requirements.txt
	$(LOCK) --python-version 3.11 --python-platform linux --extra tensorflow-cpu --extra subwords \
	  --constraint requirements.txt --output-file binder/requirements.txt

repository: $(READY) ## set the repository's address everywhere: make repository URL=https://github.com/…
	$(BIN)/python tools/repository_address.py $(URL)

clean: ## delete what was built (`rm -r .venv*` deletes the environments)
	rm -rf _build .pytest_cache .ruff_cache .mypy_cache .coverage build dist
