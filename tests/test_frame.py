"""The frame holds together: order of the modules, pins, tools that normalise and check."""

import ast
import re
import subprocess
import sys

import nbformat
import pytest
from frame import ROOT, pages, split_address

import attention_helpers

PACKAGE = ROOT / "src" / "attention_helpers"
READING_ORDER = [
    "functional",
    "layers",
    "corpus",
    "datasets",
    "seq2seq",
    "transformer",
    "metrics",
    "plots",
    "exercises",
]
MODULES = [name for name in READING_ORDER if (PACKAGE / f"{name}.py").exists()]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_is_public(name):
    """The API page shows these names and no others."""
    tree = ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
    assigned = [ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)]
    assert "__all__" in assigned


def imported_modules(path):
    """The modules of the package that a module imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            if node.level == 1 or (node.module or "").startswith("attention_helpers"):
                module = (node.module or "").removeprefix("attention_helpers").lstrip(".")
                found |= {module.split(".")[0]} if module else {a.name for a in node.names}
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found |= {n.split(".")[1] for n in names if n.startswith("attention_helpers.")}
    return found


def test_every_public_module_has_its_place_in_the_reading_order():
    public = {path.stem for path in PACKAGE.glob("[!_]*.py")}
    assert public == set(MODULES)
    assert set(MODULES) <= set(dir(attention_helpers))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_those_above_it(name):
    below = set(READING_ORDER[READING_ORDER.index(name) :])
    assert not imported_modules(PACKAGE / f"{name}.py") & below


def test_the_api_page_shows_every_module_in_order():
    shown = re.findall(r"automodule:: attention_helpers\.(\w+)", (ROOT / "book/api.md").read_text())
    assert shown == MODULES


def pins():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def read_project():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_requirements_are_exact_and_name_no_host():
    *versions, package = pins()
    assert package == "-e ."
    for line in versions:
        assert re.fullmatch(r"[a-z0-9-]+(?:\[[a-z,]+\])?==[\w.]+(?: ; .+)?", line), line


def test_requirements_cover_what_pyproject_asks_for():
    from packaging.requirements import Requirement

    project = read_project()
    extras = project["optional-dependencies"]
    pinned = [Requirement(line) for line in pins()[:-1]]
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


def test_mathjax_stands_with_its_licence_and_fonts():
    folder = ROOT / "book/_vendor/mathjax"
    assert "Apache License" in (folder / "LICENSE.txt").read_text()
    assert '"3.2.2"' in (folder / "tex-mml-chtml.js").read_text()
    assert len(list((folder / "output/chtml/fonts/woff-v2").glob("*.woff"))) == 23


def test_a_build_without_a_page_is_not_complete(tmp_path):
    from check_build import missing_pages

    for name in ("index", *pages()):
        path = tmp_path / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text("a page")
    assert missing_pages(tmp_path) == []
    (tmp_path / "book/api.html").write_text("")
    (tmp_path / "index.html").unlink()
    assert missing_pages(tmp_path) == ["index.html", "book/api.html"]


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
    ],
)
def test_what_must_not_be_stored_is_not_saved(tmp_path, source, complaint):
    stderr, _ = execute(tmp_path, source)
    assert complaint in stderr
