"""The frame holds together: pins, tools that normalise and check, what `make` says."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from frame import ROOT, pins, repository_url, split_address


def read_project():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_requirements_are_exact_and_name_no_host():
    for line in pins():
        assert re.fullmatch(r"[a-z0-9-]+(?:\[[a-z,]+\])?==[\w.]+(?: ; .+)?", line), line


@pytest.mark.parametrize("name", ["requirements.txt", "binder/requirements.txt"])
def test_each_requirement_has_the_checksums_of_its_files(name):
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) > 40
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==[^-]+?( +--hash=sha256:[0-9a-f]{64})+", line), line[:80]


def test_requirements_cover_what_pyproject_asks_for():
    from packaging.requirements import Requirement

    project = read_project()
    extras = project["optional-dependencies"]
    pinned = [Requirement(line) for line in pins()]
    for text in (*project["dependencies"], *extras["subwords"], *extras["book"]):
        asked = Requirement(text)
        if asked.name != project["name"]:
            versions = [next(iter(p.specifier)).version for p in pinned if p.name == asked.name]
            assert versions and all(asked.specifier.contains(v) for v in versions), text


def test_the_package_asks_for_lower_bounds_only():
    project = read_project()
    for text in project["dependencies"]:
        assert re.fullmatch(r"[a-z]+>=[\d.]+", text), "Colab's own version must satisfy it"
        assert "tensorflow" not in text


def test_katex_stands_with_its_licence_and_fonts_in_one_version():
    served, program = ROOT / "book/_vendor/katex", ROOT / "tools/katex"
    styles = (served / "katex.min.css").read_text(encoding="utf-8")
    (version,) = re.findall(r'katex-version:{1,2}after{content:"([\d.]+)"}', styles)
    assert f'version:"{version}"' in (program / "katex.min.js").read_text(encoding="utf-8")
    assert f"KaTeX {version}" in (ROOT / "LICENSE-TEXT").read_text(encoding="utf-8")
    assert {path.name for path in (served / "fonts").iterdir()} == {
        name.removeprefix("fonts/") for name in re.findall(r"url\(([^)]+)\)", styles)
    }
    for folder in (served, program):
        assert "The MIT License" in (folder / "LICENSE.txt").read_text(encoding="utf-8")


def test_mathjax_stands_with_its_licence():
    """The tests show figures beside it, as JupyterLab and Colab do."""
    folder = ROOT / "tests/mathjax"
    assert "Apache License" in (folder / "LICENSE.txt").read_text()
    assert '"3.2.2"' in (folder / "tex-mml-chtml.js").read_text()


@pytest.mark.parametrize(
    "url", ["http://github.com/a/b", "https://github.com/a", "https://github.com/a/b.git", "a/b"]
)
def test_an_address_in_another_form_is_refused(url):
    with pytest.raises(ValueError, match=r"^url: got .*, expected https://github.com/OWNER/NAME"):
        split_address(url)


def notebook_of(*sources):
    from frame import repository_url, setup_cell

    cells = [nbformat.v4.new_markdown_cell("# A page")]
    for source in (setup_cell(repository_url()), *sources):
        cells.append(nbformat.v4.new_code_cell(source))
    return nbformat.v4.new_notebook(cells=cells)


def execute(tmp_path, *sources):
    path = tmp_path / "page.ipynb"
    nbformat.write(notebook_of(*sources), path)
    before = path.read_bytes()
    command = [sys.executable, ROOT / "tools/execute_notebooks.py", path]
    done = subprocess.run(command, capture_output=True, text=True)
    saved = path.read_bytes() != before
    assert saved == (done.returncode == 0)
    return done.stderr, nbformat.read(path, as_version=4)


def test_executing_twice_stores_the_same_bytes(tmp_path):
    progress = (
        "for i in range(3):\n    print(f'\\rstep {i}', end='')\nprint('\\r' + ' ' * 9, end='\\r')"
    )
    _, notebook = execute(tmp_path, progress, progress + "\nprint('done')", "6 * 7", "")
    counts = [cell.execution_count for cell in notebook.cells[1:]]
    assert counts == [1, 2, 3, 4], "the empty cell is dropped"
    assert notebook.cells[2].outputs == []
    assert notebook.cells[3].outputs[0].text == "done\n"
    first = (tmp_path / "page.ipynb").read_bytes()
    command = [sys.executable, ROOT / "tools/execute_notebooks.py", tmp_path / "page.ipynb"]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "page.ipynb").read_bytes() == first


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys\nprint('oh', file=sys.stderr)", "wrote to stderr: oh"),
        ("import os\nos.path.expanduser('~/') + '/home/me/x'", "shows a path of this machine"),
        ("object()", "shows an object's address"),
        ("import time\ntime.sleep(5.1)", "cell [2] took 5 s, and the text before it does not"),
    ],
)
def test_what_must_not_be_stored_is_not_saved(tmp_path, source, complaint):
    stderr, _ = execute(tmp_path, source)
    assert complaint in stderr


@pytest.mark.parametrize(
    ("text", "summary", "seconds", "unsaid"),
    [
        ("# A page", "", 6, True),
        ("# A page", "", 4, False),
        ("It takes half a minute.", "", 6, False),
        ("A second model.", "", 6, True),
        ("# A page", "Train it (ten seconds)", 6, False),
    ],
)
def test_a_slow_cell_is_announced(text, summary, seconds, unsaid):
    from execute_notebooks import slow_cells

    notebook = notebook_of("train()")
    notebook.cells[0].source = text
    notebook.cells[2].metadata = {"mystnb": {"code_prompt_show": summary}}
    assert bool(slow_cells(notebook.cells, [0, 0, seconds])) == unsaid


def make(*arguments, code=0):
    """What `make` would run, or says. The environment's variables are not the command's."""
    environment = {**os.environ, "NB": "book/from_the_environment", "TESTS": "-x", "URL": "x"}
    environment |= {"MAKEFLAGS": "", "MAKEOVERRIDES": ""}  # nor those of a make that runs this test
    command = [
        "make",
        "--dry-run",
        "--no-print-directory",
        "--old-file=.venv/installed",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
@pytest.mark.parametrize(
    "named", ["book/05_einsum book/index", "book/05_einsum.ipynb book/index", "05 book/index"]
)
@pytest.mark.parametrize("command", ["notebooks", "execute"])
def test_notebooks_are_named_with_or_without_their_suffix(command, named):
    assert " book/05_einsum.ipynb book/index.ipynb" in make(command, f"NB={named}")


@needs_make
@pytest.mark.parametrize("command", ["notebooks", "execute"])
def test_a_notebook_that_is_not_there_is_named(command):
    said = make(command, "NB=book/05_einsum book/06_einsum", code=2)
    assert "NB: expected notebooks, such as book/05_einsum or 05, got book/06_einsum.ipynb." in said


@needs_make
def test_without_names_all_are_meant():
    assert " book --nbval" in make("notebooks")
    assert make("execute").rstrip().endswith("tools/execute_notebooks.py")
    assert "coverage report" in make("unit")


@needs_make
def test_coverage_is_measured_for_all_tests_only():
    """For some it would have no data, or be far below what is asked for."""
    (line,) = make("unit", "TESTS=tests/book/test_structure.py").splitlines()
    assert line.endswith("python -m pytest tests/book/test_structure.py")


@pytest.mark.parametrize("name", ["book/05_einsum", "book/no_such_page.ipynb", "README.md", "book"])
def test_what_is_no_notebook_is_named(name):
    command = [sys.executable, ROOT / "tools/execute_notebooks.py", name]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(f"expected notebooks, such as book/05_einsum.ipynb, got {name}")


def test_a_teachers_marks_survive_an_execution():
    """Of slides and of grading; an editor's own do not."""
    from execute_notebooks import prepare

    notebook = notebook_of("print(1)")
    marks = {"slideshow": {"slide_type": "slide"}, "nbgrader": {"grade_id": "a", "points": 2}}
    notebook.cells[-1].metadata = nbformat.from_dict({**marks, "collapsed": True, "tags": ["x"]})
    prepare(notebook, repository_url())
    assert notebook.cells[-1].metadata == {**marks, "tags": ["x"]}
