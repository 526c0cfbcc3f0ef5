"""`check_attention` on TensorFlow, Keras, PyTorch and JAX, where they are installed."""

import importlib
import json
import runpy
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from attention_helpers.conformance import check_attention, checking

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = sorted((ROOT / "experiments/adapters").glob("*.py"))
FOUND = json.loads((ROOT / "book/data/conformance.json").read_text(encoding="utf-8"))


def needs(framework):
    return pytest.mark.skipif(
        find_spec(framework) is None,
        reason=f"{framework} is not installed: what is written in it is NOT checked here "
        f"(pip install {framework}, and run this file)",
    )


def mutants_of(framework):
    if find_spec(framework) is None:
        return [pytest.param(None, marks=needs(framework), id=framework)]
    mutants = importlib.import_module(f"attention_mutants_{framework}").MUTANTS
    return [pytest.param(mutant, id=f"{framework}-{mutant.name}") for mutant in mutants]


@pytest.mark.parametrize("mutant", [*mutants_of("tensorflow"), *mutants_of("torch")])
def test_a_wrong_attention_is_caught_by_the_property_that_names_it(mutant):
    report = check_attention(mutant.attention, only={"shapes", mutant.caught_by}, **mutant.options)
    assert mutant.caught_by in report.failures, str(report)


@pytest.mark.parametrize(
    "framework", [pytest.param(f, marks=needs(f)) for f in ("tensorflow", "torch")]
)
def test_the_right_one_passes(framework):
    right = importlib.import_module(f"attention_mutants_{framework}").attention
    report = check_attention(right, framework=framework, heads=True)
    assert report.passed, str(report)
    assert report["gradients_are_derivatives"].verdict == "passed"


@needs("tensorflow")
@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("from_arrays_only", "called with tensors of tensorflow it raises AttributeError"),
        ("through_arrays", "the context carries no gradient"),
    ],
)
def test_without_a_gradient_it_says_why(function, reason):
    import tensorflow as tf
    from attention_mutants import attention

    def from_arrays_only(query, key, value, mask):
        assert query.flags.owndata
        return tf.constant(attention(query, key, value, mask)[0])

    def through_arrays(query, key, value, mask):
        arrays = (np.asarray(array) for array in (query, key, value))
        return tf.constant(attention(*arrays, mask)[0])

    report = check_attention(locals()[function], weights="none")
    assert report.passed
    assert report["gradients_reach_all"].verdict == "not applicable"
    assert report["gradients_reach_all"].message.startswith(reason)


@needs("tensorflow")
def test_a_declared_framework_must_give_gradients():
    import tensorflow as tf
    from attention_mutants import attention

    def through_arrays(query, key, value, mask):
        arrays = (np.asarray(array) for array in (query, key, value))
        return tf.constant(attention(*arrays, mask)[0])

    options = {"framework": "tensorflow", "weights": "none", "only": ["gradients_reach_all"]}
    assert not check_attention(through_arrays, **options).passed
    outcome = check_attention(through_arrays, gradients=False, **options)["gradients_reach_all"]
    assert outcome.verdict == "not applicable"


def framework_of(program):
    framework = program.stem.partition("_")[0]
    return {"ours": "tensorflow", "keras": "tensorflow"}.get(framework, framework)


@pytest.mark.parametrize(
    "program", [pytest.param(p, marks=needs(framework_of(p)), id=p.stem) for p in PROGRAMS]
)
def test_a_program_of_the_documentation_finds_what_the_table_says(program, monkeypatch):
    monkeypatch.setattr(
        checking, "SIZES", checking.SIZES[-1:]
    )  # the largest finds the same, sooner
    report = runpy.run_path(str(program))["report"]
    (stored,) = [each for each in FOUND["programs"] if each["program"] == program.stem]
    library = program.stem.partition("_")[0].replace("ours", "tensorflow")
    version = importlib.import_module(library).__version__.partition("+")[0]
    if version == stored["version"] or program.stem.startswith("ours"):
        assert {*report.failures} == {*stored["failures"]}, str(report)
        verdicts = [outcome.verdict for outcome in report]
        assert verdicts.count("passed") == stored["passed"]
    assert report["shapes"].verdict == "passed", str(report)  # of other versions no more is said


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_a_program_is_short(program):
    lines = program.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 15
    assert max(map(len, lines)) <= 99


def test_ours_fails_nothing():
    ours = [each for each in FOUND["programs"] if each["program"].startswith("ours")]
    assert len(ours) == 5 and not any(each["failures"] for each in ours)


def test_what_the_page_says_of_two_layers():
    gives = {each["program"]: each["empty_row"] for each in FOUND["programs"]}
    assert (gives["keras_layer"], gives["keras_layer_context"]) == ("zeros", "mean")
    assert (gives["torch_layer"], gives["torch_layer_context"]) == ("nan", "zeros")
