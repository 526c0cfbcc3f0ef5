"""tools/mutants.py: what it breaks is a program still, and its verdict is the tests'."""

import ast
import os
import sys

import mutants
import pytest

MODULES = mutants.modules_in(mutants.DEFAULT)

CODE = '''
LIMIT = 5  # outside of a function nothing is broken


def positive(value: int | None, least: int = 0, *, strict: bool = True) -> bool:
    """Not this 7."""
    if not isinstance(value, int) or value < least:
        raise ValueError(f"{value + 1}")
    print(value)
    é = (value - 1) * 2
    return einsum("bqd,bkd->bqk", é) if strict else é
'''


@pytest.fixture
def example(tmp_path, monkeypatch):
    (tmp_path / "example.py").write_text(CODE, encoding="utf-8")
    monkeypatch.setattr(mutants, "SOURCE", tmp_path)
    return mutants.mutants_of("example")


def test_each_kind_of_break(example):
    breaks = {(m.old, m.new) for m in example}
    assert breaks == {
        ("0", "1"),
        ("True", "False"),
        (
            "not isinstance(value, int) or value < least",
            "((not isinstance(value, int)) and (value < least))",
        ),
        ("not isinstance(value, int)", "(isinstance(value, int))"),
        ("value < least", "value <= least"),
        ('raise ValueError(f"{value + 1}")', "pass"),
        ("print(value)", "pass"),
        ("(value - 1) * 2", "(value - 1) / 2"),
        ("value - 1", "value + 1"),
        ("1", "2"),
        ("2", "3"),
        ("strict", "(not (strict))"),
        ('"bqd,bkd->bqk"', '"bqd,bkd->bkq"'),
    }


def test_a_break_stands_where_it_says(example):
    for mutant in example:
        assert CODE[mutant.start : mutant.end] == mutant.old
        assert CODE.splitlines()[mutant.line - 1].strip()
        changed = mutants.broken(mutant)
        assert changed != CODE and len(changed) - len(CODE) == len(mutant.new) - len(mutant.old)


@pytest.mark.parametrize("module", MODULES)
def test_every_mutant_is_a_program(module):
    assert mutants.tests_of(module), "nothing would notice"
    found = mutants.mutants_of(module)
    whole = ast.dump(ast.parse((mutants.SOURCE / f"{module}.py").read_text(encoding="utf-8")))
    assert len(found) > 3
    for mutant in mutants.sample(found, 20):
        assert ast.dump(ast.parse(mutants.broken(mutant))) != whole, mutant.name


def test_what_is_called_equivalent_exists(monkeypatch):
    named = set(mutants.EQUIVALENT)
    monkeypatch.setattr(mutants, "EQUIVALENT", {})
    modules = {name.partition(".")[0] for name in named}  # as layers/multi_head
    there = {m.name for module in modules for m in mutants.mutants_of(module)}
    assert named <= there, named - there


def test_a_sample_is_the_same_every_time(example):
    assert mutants.sample(example, 4) == mutants.sample(example, 4)
    assert len(set(mutants.sample(example, 4))) == 4
    assert mutants.sample(example, 99) == sorted(example, key=lambda m: (m.start, m.new))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are tried in forks")
def test_a_mutant_dies_if_a_test_fails(tmp_path, monkeypatch):
    """The whole way, on a package and a test of two lines each."""
    source, tests = tmp_path / "src" / "attention_helpers", tmp_path / "tests"
    (source / "folder").mkdir(parents=True)
    tests.mkdir()
    (source / "__init__.py").write_text("")
    (source / "folder" / "__init__.py").write_text("from .tiny import double\n")
    (source / "folder" / "tiny.py").write_text("def double(x):\n    y = x + 0\n    return y * 2\n")
    (tests / "test_tiny.py").write_text(
        "from attention_helpers.folder import double\n\n\ndef test():\n    assert double(3) == 6\n"
    )
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "SOURCE", source)
    monkeypatch.setattr(mutants, "TESTS", tests)
    for name in [name for name in sys.modules if name.startswith("attention_helpers")]:
        monkeypatch.delitem(sys.modules, name)
    assert mutants.modules_in(["folder"]) == ["folder/tiny"]
    fates = {m.name: survived for m, survived in mutants.run(["folder/tiny"], 99)}
    assert fates == {
        "folder/tiny.double: x + 0 → x - 0": True,
        "folder/tiny.double: 0 → 1": False,
        "folder/tiny.double: y * 2 → y / 2": False,
        "folder/tiny.double: 2 → 3": False,
    }


def test_a_module_is_tested_by_those_that_carry_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "TESTS", tmp_path)
    for name in ("metrics_translations", "metrics", "functional", "equalities", "seq2seq"):
        (tmp_path / f"test_{name}.py").touch()
    names = [path.stem for path in mutants.tests_of("metrics/translations")]
    assert names == ["test_metrics_translations", "test_metrics"]
    assert [path.stem for path in mutants.tests_of("functional")] == [
        "test_functional",
        "test_equalities",
    ]
    assert mutants.tests_of("no_such_module") == []
