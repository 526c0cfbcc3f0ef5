"""The package's plan: which modules there are, and which may import which."""

import ast
from pathlib import Path

import pytest

import attention_helpers

PACKAGE = Path(attention_helpers.__file__).parent

# Each imports only those before it. A folder counts as one module; its files are ordered below.
READING_ORDER = """
    _registration _tensorflow _arguments _tensors masks _doors functional chunked layers text _lexicon
    _grammar corpus datasets _scan _calls decoding translator _progress _run _pairs training seq2seq
    transformer metrics plots exercises conformance
""".split()
WITHOUT_TENSORFLOW = {
    "text",
    "corpus",
    "datasets",
    "metrics",
    "plots",
    "exercises",
    "conformance",
}
LINES = 450
LONGER = {"_lexicon", "chunked"}

FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.parent != PACKAGE or path.stem != "__init__"
}


def imports(name):
    """The modules of the package that a module imports, at any depth of its code, as full names."""
    path = FILES[name]
    here = path.relative_to(PACKAGE).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: len(here) + 1 - node.level] + tuple((node.module or "").split("."))
        elif isinstance(node, ast.ImportFrom):
            top, *rest = (node.module or "").split(".")
            if top != "attention_helpers":
                continue
            base = tuple(rest)
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found |= {".".join(parts[1:]) for parts in names if parts[0] == "attention_helpers"}
            continue
        else:
            continue
        base = tuple(filter(None, base))
        # `from . import _lines` names a module, `from .style import STYLE` a thing of one.
        inside = {".".join([*base, alias.name]) for alias in node.names} & known()
        found |= inside or {".".join(base)}
    return found - {""}


def known():
    folders = {name.removesuffix(".__init__") for name in FILES if name.endswith(".__init__")}
    return set(FILES) | folders


@pytest.mark.parametrize("name", FILES)
def test_a_module_imports_only_those_above_it(name):
    own = name.partition(".")[0]
    assert own in READING_ORDER, "a new module needs its place in the order"
    above = READING_ORDER[: READING_ORDER.index(own)]
    for imported in imports(name):
        top = imported.partition(".")[0]
        assert top in above or (top == own and imported != name), imported


def test_the_files_of_a_folder_import_each_other_in_no_circle():
    graph = {name: imports(name) & set(FILES) for name in FILES}
    left = dict(graph)
    while free := [name for name in left if not graph[name] & set(left)]:
        for name in free:
            del left[name]
    assert not left


def test_public_modules_stand_in_reading_order():
    """In the table of `__init__.py`, and so on the pages of the reference."""
    order = [name for name in READING_ORDER if name in attention_helpers._NAMES]
    assert list(attention_helpers._NAMES) == order


@pytest.mark.parametrize("name", FILES)
def test_who_needs_no_tensorflow_does_not_import_it(name):
    if name.partition(".")[0] in WITHOUT_TENSORFLOW:
        free = {"_arguments", "_lexicon", "_grammar", *WITHOUT_TENSORFLOW}
        assert {imported.partition(".")[0] for imported in imports(name)} <= free


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_not_long(name):
    lines = FILES[name].read_text(encoding="utf-8").count("\n")
    assert lines <= LINES or name in LONGER


@pytest.mark.parametrize("name", FILES)
def test_no_module_only_re_exports(name):
    """Apart from a folder's `__init__`, which gathers its files."""
    body = ast.parse(FILES[name].read_text(encoding="utf-8")).body
    defines = any(
        isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign) for node in body[1:]
    )
    assert defines or name.endswith("__init__")
