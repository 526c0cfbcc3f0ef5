"""`check_attention`: right attentions pass, and each bug is caught by the property that names it."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from attention_mutants import (
    MUTANTS,
    RIGHT,
    attention,
    both,
    causal,
    dropout_in_inference,
    gradients,
    mask_reversed,
    minus_infinity_for_an_empty_row,
    near,
    step,
    the_mean_for_an_empty_row,
)

from attention_helpers.conformance import check_attention, properties, registry

ROOT = Path(__file__).resolve().parents[1]
NAMES = [each.name for each in properties()]


class Unreadable:
    def __array__(self, *_, **__):
        raise RuntimeError


def hides_the_future(query, key, value, mask):
    return attention(query, key, value, both(causal(query, key), mask))


def hides_the_future_from_the_first(query, key, value, mask):
    return attention(query, key, value, both(causal(query, key, start=0), mask))


def sees_a_window(query, key, value, mask):
    return attention(query, key, value, both(near(query, key, 2, 2), mask))


def one_head_at_least(query, key, value, mask):
    assert query.ndim == 4
    return attention(query, key, value, mask)


def dot_products_by_hand(query, key):
    return np.einsum("...qd,...kd->...qk", query, key) / 2  # the root of a depth of 4


KERNEL = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")


def projects_its_values(query, key, value, mask):
    return attention(query, key, value @ KERNEL, mask)


def projects_the_mean(query, key, value, mask):
    return the_mean_for_an_empty_row(query, key, value @ KERNEL, mask)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_attention_passes(name):
    attention, options = RIGHT[name]
    report = check_attention(attention, **options)
    assert report.passed, str(report)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_attention_is_caught_by_the_property_that_names_it(mutant):
    only = {"shapes", mutant.caught_by}
    report = check_attention(mutant.attention, only=only, **mutant.options)
    assert mutant.caught_by in report.failures, str(report)


def test_every_property_catches_a_bug():
    assert {mutant.caught_by for mutant in MUTANTS} == {*NAMES}


# Right ones, in other words


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (hides_the_future, {"causal": True, "step": step}),
        (hides_the_future, {"causal": "last", "masks": "full"}),
        (hides_the_future_from_the_first, {"causal": "first", "empty_row": None}),
        (sees_a_window, {"window": 2}),
        (sees_a_window, {"window": 2, "kind": None}),
        (one_head_at_least, {"heads": "only", "gradients": gradients}),
        (attention, {"kind": None, "masks": "keys"}),
        (attention, {"kind": dot_products_by_hand}),
        (attention, {"value_depth": None, "weights": "returned"}),
        (attention, {"integer_masks": False, "tolerance": 1e-4, "seed": 5}),
        (the_mean_for_an_empty_row, {"empty_row": "mean"}),
        (minus_infinity_for_an_empty_row, {"empty_row": "nan"}),
        (projects_its_values, {"kind": None, "projected": True}),
        (projects_the_mean, {"kind": None, "projected": True, "empty_row": "mean"}),
    ],
    ids=lambda each: each.__name__ if callable(each) else "-".join(map(str, each)),
)
def test_what_is_declared_is_what_is_asked_for(function, options):
    report = check_attention(function, **options)
    assert report.passed, str(report)


@pytest.mark.parametrize("seed", range(10))
def test_no_property_depends_on_the_numbers_that_were_drawn(seed):
    assert check_attention(attention, heads=True, step=step, gradients=gradients, seed=seed).passed


@pytest.mark.parametrize("choice", ["zeros", "mean"])
def test_projections_have_empty_rows_too(choice):
    other = {"zeros": projects_the_mean, "mean": projects_its_values}[choice]
    report = check_attention(other, kind=None, projected=True, empty_row=choice)
    assert {*report.failures} >= {"empty_row", "empty_sentence"}


# What a report says


def test_a_report_has_a_line_for_each_property():
    report = check_attention(minus_infinity_for_an_empty_row)
    *lines, last = str(report).splitlines()
    assert [line.split()[0] for line in lines] == NAMES == [each.name for each in report]
    counts = [
        sum(each.verdict == v for each in report) for v in ("passed", "FAILED", "not applicable")
    ]
    assert last == "{} passed, {} failed, {} not applicable".format(*counts)
    assert sum(counts) == len(report) == len(NAMES) and min(counts) > 0
    assert repr(report) == f"<Report: {last}>"
    for line, outcome in zip(lines, report, strict=True):
        assert outcome.verdict in line and line.endswith(outcome.message)
        assert bool(outcome.message) == (outcome.verdict != "passed")
    assert not report.passed and report.failures == ("empty_row", "empty_sentence")


def test_a_failure_shows_the_smallest_counterexample_and_holds_its_arrays():
    outcome = check_attention(minus_infinity_for_an_empty_row, only=["empty_row"])["empty_row"]
    assert str(outcome) == (
        "empty_row  FAILED  1 sentence, 1 query, 2 keys: its query may attend to nothing: "
        "expected zeros, got [nan nan nan]"
    )
    with np.errstate(invalid="ignore"):
        context, _ = minus_infinity_for_an_empty_row(**outcome.arguments)
    assert np.isnan(context).all()


def test_only_the_large_case_fails_where_the_small_ones_hold():
    softmax_over_all = dict((mutant.name, mutant) for mutant in MUTANTS)[
        "softmax_over_the_sentences"
    ]
    outcome = check_attention(softmax_over_all.attention)["softmax_over_keys"]
    assert outcome.message.startswith("2 sentences, 3 queries, 5 keys: ")


def test_a_report_raises_for_its_failures_only():
    check_attention(attention).raise_for_failures()
    report = check_attention(minus_infinity_for_an_empty_row)
    with pytest.raises(AssertionError) as raised:
        report.raise_for_failures()
    head, *lines = str(raised.value).splitlines()
    assert head == f"2 of {len(NAMES)} properties of attention do not hold"
    assert lines == [report[name].line(14, 6) for name in report.failures]


def test_where_nothing_is_applicable_nothing_has_passed():
    report = check_attention(attention, only=["window"])
    assert not report.passed and not report.failures
    with pytest.raises(AssertionError, match="^nothing was checked\nwindow  not applicable"):
        report.raise_for_failures()


def test_what_raises_is_shown_and_fails_that_property_alone():
    def no_masks(query, key, value, mask):
        if mask is not None and mask.ndim == 1:
            raise RuntimeError("\x1b[1mmask of one axis\x1b[0m\n and more of it")
        return attention(query, key, value, mask)

    report = check_attention(no_masks)
    assert report.failures == ("mask_broadcasting",)
    assert report["mask_broadcasting"].message.endswith(
        "it raised RuntimeError: mask of one axis and more of it, with a mask of the shape (2,) "
        '(masks="full" declares that it takes no smaller ones)'
    )


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, 'expected (context, weights), got NoneType (is weights="none" to be declared?)'),
        ((1, 2, 3), "expected (context, weights), got tuple of 3"),
        ((np.zeros((1, 1, 3)), None), "expected (context, weights), got tuple of 2"),
        (
            (np.zeros((1, 1, 3)), np.zeros((1, 2, 1))),
            "weights: expected the shape (1, 1, 2), got (1, 2, 1)",
        ),
        ((np.zeros(3), 0), "context: expected the shape (1, 1, 3), got (3,)"),
        (("text", 0), "context: expected numbers, got str of <U4"),
        ((Unreadable(), 0), "context: expected what NumPy can read, got Unreadable"),
    ],
)
def test_what_is_no_result_is_said_once(returned, message):
    report = check_attention(lambda query, key, value, mask: returned)
    assert report.failures == ("shapes",)
    assert report["shapes"].message == f"1 sentence, 1 query, 2 keys: {message}"
    others = {each.message for each in report if each.name != "shapes"}
    assert others == {"nothing comes out that can be checked: see shapes"}
    chosen = check_attention(lambda *_: returned, only=["polarity"])
    assert chosen.failures == ("polarity",) and message in chosen["polarity"].message


def test_tensors_are_declared():
    def of_a_framework(query, key, value, mask):
        return query.unsqueeze(-1)

    message = check_attention(of_a_framework)["shapes"].message
    assert message.endswith(
        "has no attribute 'unsqueeze' (called as attention(query, key, value, mask), with depth=4 "
        "and value_depth=3; NumPy arrays go in: is framework declared?)"
    )


def test_what_raised_is_kept_with_its_traceback():
    def raises(query, key, value, mask):
        raise OSError("a file")

    report = check_attention(raises)
    assert isinstance(report["shapes"].error, OSError)
    with pytest.raises(AssertionError) as raised:
        report.raise_for_failures()
    assert raised.value.__cause__ is report["shapes"].error


def test_one_cause_of_many_failures_is_named():
    hints = {}
    for function in (hides_the_future, dropout_in_inference, mask_reversed, attention):
        hints[function.__name__] = check_attention(function).hint
    assert "declare causal=True" in hints["hides_the_future"]
    assert hints["dropout_in_inference"].startswith("start with same_twice")
    assert not hints["mask_reversed"] and not hints["attention"]
    report = check_attention(hides_the_future)
    *lines, hint, counts = report.summary.splitlines()
    assert hint == report.hint in str(report) and repr(report) == f"<Report: {counts}>"
    assert [line.split()[:2] for line in lines] == [[name, "FAILED"] for name in report.failures]


def test_a_name_that_is_mistyped_is_guessed():
    for options in ({"only": ["polarty"]}, {"skip": {"polarty": ""}}):
        with pytest.raises(ValueError, match="did you mean 'polarity'"):
            check_attention(attention, **options)
    with pytest.raises(KeyError, match="polarty: did you mean 'polarity'"):
        check_attention(attention, only=["polarity"])["polarty"]


@pytest.mark.parametrize(
    ("root", "said"),
    [(3, "0.5774:"), (5, "0.4472:"), ("keys", "0.4472, 1/√k, of the number of keys:")],
)
def test_a_wrong_scale_is_named_only_if_it_changes_with_that_size(root, said):
    def scaled_so(query, key, value, mask):
        wrong = key.shape[-2] if root == "keys" else root
        scale = np.float32((key.shape[-1] / wrong) ** 0.5)
        return attention(query * scale, key, value, mask)

    message = check_attention(scaled_so, only=["scale"])["scale"].message
    assert f"multiplied by {said} expected 0.25" in message


def test_the_context_alone_is_declared():
    report = check_attention(attention, weights="none", only=["polarity"])
    assert 'expected the context alone (weights="none"), got tuple of 2' in str(report)
    assert check_attention(lambda *given: attention(*given)[0], weights="none").passed


@pytest.mark.parametrize(
    ("wrong_step", "message"),
    [
        (lambda *_: 3, "step: expected (context, cache), got int"),
        (
            lambda *_: (np.zeros(3), None),
            "step: expected a context for 1 of 1 sentences, got the shape (3,)",
        ),
    ],
)
def test_a_step_that_returns_something_else_is_named(wrong_step, message):
    report = check_attention(attention, step=wrong_step, only=["step_by_step"])
    assert report["step_by_step"].message.endswith(message)


def test_what_is_skipped_says_why():
    skip = {"empty_row": "nobody calls it so"}
    outcome = check_attention(minus_infinity_for_an_empty_row, skip=skip)["empty_row"]
    assert (outcome.verdict, outcome.message) == ("not applicable", "nobody calls it so")


@pytest.mark.parametrize(
    ("options", "reasons"),
    [
        (
            {"masks": "none"},
            {"polarity": 'masks="none"', "nothing_from_the_future": "causal=False"},
        ),
        ({"kind": None}, {"formula": "kind=None", "scale": "not declared dot products"}),
        ({"kind": "additive"}, {"shift_of_scores": "not declared dot products"}),
        ({"causal": True}, {"permutation_of_keys": "causal, window or positions"}),
        ({"causal": True, "kind": None}, {"many_keys": "order", "mask_before_softmax": "order"}),
        ({"empty_row": None}, {"empty_row": "empty_row=None", "empty_sentence": "empty_row=None"}),
        ({"empty_row": "nan"}, {"gradients_of_an_empty_row": "empty_row='nan'"}),
        ({"gradients": False}, {"finite_gradients": "gradients=False"}),
        ({}, {"finite_gradients": "NumPy arrays carry no gradients", "window": "window=None"}),
        (
            {"masks": "keys"},
            {"mask_of_each_query": 'masks="keys"', "mask_broadcasting": "one shape"},
        ),
    ],
    ids=str,
)
def test_what_is_not_applicable_says_why(options, reasons):
    names = {each.name: each for each in check_attention(attention, **options)}
    for name, reason in reasons.items():
        assert names[name].verdict == "not applicable"
        assert reason in names[name].message


# What is declared wrongly


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"kind": "cosine"},
            ValueError,
            "kind: expected one of 'scaled_dot_product', 'dot_product'",
        ),
        ({"causal": "middle"}, ValueError, "causal: expected one of False, True, 'first', 'last'"),
        ({"weights": True}, ValueError, "weights: expected one of 'returned', 'none', got True"),
        (
            {"masks": None},
            ValueError,
            "masks: expected one of 'any', 'full', 'keys', 'none', got None",
        ),
        (
            {"empty_row": 0},
            ValueError,
            "empty_row: expected one of 'zeros', 'mean', 'nan', None, got 0",
        ),
        ({"heads": 8}, ValueError, "heads: expected one of False, True, 'only', got 8"),
        ({"framework": "numpy"}, ValueError, "framework: expected one of None, 'tensorflow'"),
        ({"gradients": "torch"}, ValueError, "gradients: expected one of False, True, got 'torch'"),
        ({"window": 0}, ValueError, "window: expected a positive integer, got 0"),
        ({"depth": 4.0}, TypeError, "depth: expected a positive integer, got 4.0 (float)"),
        ({"value_depth": 0}, ValueError, "value_depth: expected a positive integer, got 0"),
        ({"dtypes": "float32"}, TypeError, "dtypes: expected several names, such as ('float32',)"),
        (
            {"dtypes": ["int8"]},
            ValueError,
            "dtypes: expected one of 'float16', 'float32', 'float64'",
        ),
        ({"step": 3}, TypeError, "step: expected a function or None, got int"),
        ({"tolerance": 0}, ValueError, "tolerance: expected a finite number, above 0, 0.1 or less"),
        ({"seed": None}, TypeError, "seed: expected an integer, got None"),
        ({"projected": True}, ValueError, "projected: expected False where the scores are known"),
        ({"positions": True}, ValueError, "positions: expected False where the scores have no"),
        ({"skip": ["empty_row"]}, TypeError, "skip: expected a mapping from names to reasons"),
        ({"only": "polarity"}, TypeError, "only: expected several names, such as ['polarity']"),
        ({"only": ["polarty"]}, ValueError, "only: expected one of 'shapes', 'value_depth'"),
        ({"only": []}, ValueError, "only: expected a name at least, got none"),
        ({"skip": {"polarty": ""}}, ValueError, "skip: expected one of 'shapes', 'value_depth'"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named(options, error, message):
    with pytest.raises(error) as raised:
        check_attention(attention, **options)
    assert str(raised.value).startswith(message)


def test_an_attention_is_a_function():
    with pytest.raises(TypeError, match="^attention: expected a function, got ndarray$"):
        check_attention(np.zeros(3))


# The list


def test_every_property_says_why_and_where_it_comes_from():
    for each in properties():
        assert each.why.endswith(".") and 20 < len(each.why) < 160
        assert re.search(r"#\d|arXiv \d{4}|20\d\d|NumPy|PyTorch|Keras", each.source), each.source
        assert each.name == each.holds.__name__


def test_every_need_is_that_of_a_property():
    assert {need for each in properties() for need in each.needs} == {*registry._NEEDS}


def test_it_needs_numpy_alone():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from attention_mutants import attention, gradients, step\n"
        "from attention_helpers.conformance import check_attention\n"
        "report = check_attention(attention, heads=True, step=step, gradients=gradients)\n"
        "print(report.passed, {'tensorflow', 'keras', 'torch', 'jax', 'matplotlib'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("True set()\n", "")


# The page


def test_the_page_has_the_tables_that_the_experiment_writes():
    sys.path.insert(0, str(ROOT / "experiments"))
    experiment = importlib.import_module("conformance_of_libraries")
    page = experiment.PAGE.read_text(encoding="utf-8")
    stored = json.loads(experiment.PATH.read_text(encoding="utf-8"))
    assert experiment.written(page, stored["programs"]) == page
    assert stored["properties"] == len(NAMES), "run experiments/conformance_of_libraries.py again"
    shown = set(re.findall(r"literalinclude} \.\./\.\./experiments/adapters/(\w+)\.py", page))
    assert shown == {each["program"] for each in stored["programs"]} == {*experiment.PROGRAMS}
    assert shown == {path.stem for path in experiment.ADAPTERS.glob("*.py")}


def test_the_page_shows_what_is_printed():
    page = (ROOT / "book/api/conformance.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.S)
    assert {*shown.splitlines()} < {*str(check_attention(mask_reversed)).splitlines()}
