"""attention_helpers.exercises.checking: what `check` says, and what it returns."""

import linecache

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers import functional, metrics
from attention_helpers.exercises import check
from attention_helpers.exercises.cases import EXERCISES


def printed(capsys, name, answer):
    check(name, answer)
    return capsys.readouterr().out.splitlines()


def plain_softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


def inner_product(a, b):
    return tf.einsum("d,d->", a, b)


# What is printed


def test_the_counterexample_in_full(capsys):
    assert printed(capsys, "masked_softmax", lambda scores, mask: tf.nn.softmax(scores) * mask) == [
        "✗ masked_softmax(scores, mask) fails in case 2 of 6",
        "  scores   [[0. 0. 9.]]",
        "  mask     [[ True  True False]]",
        "  expected [[0.5 0.5 0. ]]",
        "  got      [[0. 0. 0.]]",
        "  hint     what is masked must not count in the sum: mask before the softmax, not after it",
    ]


def test_of_several_results_the_wrong_one_is_named(capsys):
    lines = printed(capsys, "scaled_dot_product_attention", lambda q, k, v: (v, tf.zeros((1, 1))))
    assert lines[-3:-1] == ["  expected weights [[1.]]", "  got weights      [[0.]]"]


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (lambda a, b: None, "None: is there a `return`?"),
        (lambda a: a, "TypeError: <lambda>() takes 1 positional argument but 2 were given"),
        (lambda a, b: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda a, b: np.outer(a, b).tolist()[0], "shape (2,)"),
        (lambda a, b: a[:, None], "shape (2, 1)"),
        (lambda a, b: np.outer(a, b).astype(str), "dtype <U32"),
        (lambda a, b: object(), "object"),
        (lambda a, b: {"a": a}, "dict"),
        (lambda a, b: [a, None], "list of 2"),
        (lambda a, b: np.outer(a, b) * 1j, "dtype complex64"),
        (lambda a, b: tf.cast(tf.tensordot(a, b, 0), "bfloat16"), "dtype bfloat16"),
        (lambda a, b: tf.ragged.constant([[1.0], [1.0, 2.0]]), "RaggedTensor"),
        (lambda a, b: keras.Input((2,)), "KerasTensor"),
        (lambda a, b: float("nan"), "shape ()"),
        (lambda a, b: [[1.0], [1.0, 2.0]], "list of 2"),
        (lambda a, b: np.outer(a, b) > 0, "dtype bool"),
    ],
)
def test_what_came_is_said(capsys, answer, got):
    assert f"  got      {got}" in printed(capsys, "outer_product", answer)


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (lambda q, k, v: None, "None: is there a `return`?"),
        (lambda q, k, v: v, "ndarray"),
        (lambda q, k, v: (v, v, v), "tuple of 3"),
    ],
)
def test_of_two_results_both_are_asked_for(capsys, answer, got):
    lines = printed(capsys, "scaled_dot_product_attention", answer)
    assert lines[-3:-1] == ["  expected (context, weights)", f"  got      {got}"]


def test_one_of_two_results_that_is_none_is_named(capsys):
    lines = printed(capsys, "scaled_dot_product_attention", lambda q, k, v: (v, None))
    assert lines[-3:-1] == ["  expected weights [[1.]]", "  got weights      None"]


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (lambda weights: [(1, 0)], "list of 1 [(1, 0)]"),
        (lambda weights: {(0, 1), None}, "{(0, 1), None}"),
        (lambda weights: weights.argmax(axis=1), "ndarray array([1])"),
        (lambda weights: set(), "set()"),
    ],
)
def test_a_set_is_asked_for(capsys, answer, got):
    assert f"  got      {got}" in printed(capsys, "links_from_weights", answer)


@pytest.mark.parametrize("as_array", [np.asarray, tf.constant, np.ndarray.tolist])
def test_a_small_difference_is_printed_with_digits_that_show_it(capsys, as_array):
    def answer(scores):
        return as_array(plain_softmax(scores) + np.array([2e-4, -2e-4], "float32"))

    expected, got = printed(capsys, "softmax", answer)[-3:-1]
    assert expected == "  expected [0.5 0.5]"
    assert got == "  got      [0.5002 0.4998]"


def test_a_small_difference_of_one_number_is_printed_with_digits_that_show_it(capsys):
    lines = printed(capsys, "trace", lambda matrix: matrix.trace() * 1.00012)
    assert lines[-3:-1] == ["  expected 1.5", "  got      1.5002"]


def test_what_is_within_the_tolerance_passes():
    assert check("softmax", lambda scores: tf.nn.softmax(scores) * (1 + 5e-5))


def test_axes_in_another_order_are_said_to_be_so(capsys):
    lines = printed(capsys, "project_to_heads", lambda x, w: np.einsum("bqm,mhd->bqdh", x, w))
    assert "  got      shape (1, 1, 2, 1) (the right axes in another order)" in lines


def test_an_answer_that_changes_its_argument_does_not_pass(capsys):
    def sharpened(scores):
        scores -= scores.max(axis=-1, keepdims=True)
        return plain_softmax(scores)

    for _ in range(2):  # what it writes into is a copy
        assert printed(capsys, "softmax", sharpened) == [
            "✗ softmax(scores) fails in case 2 of 3",
            "  scores     [[0. 1. 2.]",
            "              [2. 2. 0.]]",
            "  expected   scores stays as it is",
            "  got        it changed its argument scores",
            "  scores now [[-2. -1.  0.]",
            "              [ 0.  0. -2.]]",
            "  hint       work on a copy: scores = scores.copy()",
        ]
    assert check("softmax", lambda scores: sharpened(scores.copy()))


def reshape_in_place(losses, mask):
    losses.shape = (-1,)
    return losses[mask[0]].mean() if len(mask) == 1 else 0.0


def take_out_of_a_set(predicted, sure, possible):
    predicted &= possible
    return metrics.alignment_error_rate(predicted, sure, possible)


def fill_with_nan(a, b):
    product = a @ b
    b[1] = np.nan
    return product


@pytest.mark.parametrize(
    ("name", "answer", "argument"),
    [
        ("masked_mean", reshape_in_place, "losses"),
        ("inner_product", fill_with_nan, "b"),
        ("alignment_error_rate", lambda a, s, p: s.clear() or 0.0, "sure"),
    ],
)
def test_every_kind_of_change_is_seen(capsys, name, answer, argument):
    line = f"it changed its argument {argument}"
    assert any(line in row for row in printed(capsys, name, answer))
    assert check(name, EXERCISES[name].reference)  # the cases are as they were


def test_a_set_that_is_changed_in_place_is_seen(capsys):
    # In case 4 alone there is a link to take out.
    lines = printed(capsys, "alignment_error_rate", take_out_of_a_set)
    assert lines[0].endswith("fails in case 4 of 4")
    assert "  got           it changed its argument predicted" in lines
    assert check("alignment_error_rate", metrics.alignment_error_rate)


@pytest.mark.filterwarnings("error")
def test_an_answer_that_overflows_warns_of_nothing(capsys):
    assert printed(capsys, "softmax", plain_softmax)[-2] == "  got      [[nan nan]]"


# Errors in the reader's code


def divide_by_nothing(a, b):
    total = a @ b
    return total.item() / len([])


def test_an_exception_is_shown_with_its_line(capsys):
    line = divide_by_nothing.__code__.co_firstlineno + 2
    label = f"line {line}"
    assert printed(capsys, "inner_product", divide_by_nothing)[3:-1] == [
        f"  {'expected':{len(label)}} 7.5",
        f"  {'got':{len(label)}} ZeroDivisionError: float division by zero",
        f"  {label} return total.item() / len([])",
    ]


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        # In a function that the answer calls, and in a library below that.
        (lambda a, b: divide_by_nothing(a, b), "return total.item() / len([])"),
        (lambda a, b: np.linalg.inv(a), "(lambda a, b: np.linalg.inv(a), "),
        (lambda a, b: tf.matmul(a, b), "(lambda a, b: tf.matmul(a, b), "),
        (lambda a, b: functional.attention(a, b), "(lambda a, b: functional.attention(a, b), "),
    ],
)
def test_the_line_is_the_innermost_of_the_readers_own(capsys, answer, source):
    row = printed(capsys, "inner_product", answer)[-2]
    assert row.startswith("  line ") and source in row


@pytest.mark.parametrize("answer", [lambda a: a, np.linalg.inv, tf.linalg.inv])
def test_without_a_line_of_the_readers_none_is_shown(capsys, answer):
    lines = printed(capsys, "inner_product", answer)
    assert not any(line.startswith("  line ") for line in lines)
    assert lines[-2].startswith("  got      ")


def test_a_message_of_tensorflow_begins_with_what_is_wrong(capsys):
    lines = printed(capsys, "matrix_product", lambda a, b: tf.matmul(a, a))
    assert any("InvalidArgumentError: Matrix size-incompatible" in line for line in lines)


def test_an_exception_without_a_message(capsys):
    def answer(a, b):
        raise NotImplementedError

    lines = printed(capsys, "inner_product", answer)
    assert any(line.endswith(" NotImplementedError") for line in lines)


def test_a_long_message_is_cut(capsys):
    message = "x" * 300 + "\nand more"

    def answer(a, b):
        raise ValueError(message)

    lines = printed(capsys, "inner_product", answer)
    assert lines[4].endswith(" ValueError: " + "x" * 88) and "and more" not in "".join(lines)


def test_a_line_of_a_notebook_cell(capsys):
    cell = "def answer(a, b):\n    c = a + b\n    return c['key']\n"
    file = "/tmp/ipykernel_1/2.py"
    linecache.cache[file] = (len(cell), None, cell.splitlines(True), file)
    space = {}
    exec(compile(cell, file, "exec"), space)
    assert "  line 3   return c['key']" in printed(capsys, "inner_product", space["answer"])


# The verdict


def test_a_verdict_grades_as_a_bool_does(capsys):
    passed = check("inner_product", inner_product)
    failed = check("inner_product", lambda a, b: 0.0)
    assert passed and not failed
    assert passed == True and failed == False  # noqa: E712
    assert (str(passed), repr(failed), f"{passed}") == ("True", "False", "True")
    assert sum([passed, failed, passed]) == 2 and all([passed, passed])


def test_a_notebook_does_not_echo_the_verdict(capsys):
    formatters = pytest.importorskip("IPython.core.formatters")
    verdict = check("inner_product", inner_product)
    capsys.readouterr()
    assert formatters.DisplayFormatter().format(verdict) == ({}, {})
    assert capsys.readouterr() == ("", "")


# Wrong calls


def test_names_that_there_are_not():
    with pytest.raises(
        ValueError, match="name: expected one of 'recurrent_states', .* got 'sotfmax'"
    ):
        check("sotfmax", tf.nn.softmax)
    with pytest.raises(TypeError, match="answer: expected the function itself.* got ndarray"):
        check("softmax", np.ones(2))


def test_a_verdict_has_points_and_what_was_printed(capsys):
    right = check("trace", lambda matrix: np.einsum("qq->", matrix))
    assert right and right.points == 1 and right.message == "✓ trace: all 3 cases pass"
    wrong = check("trace", lambda matrix: np.einsum("qk->", matrix))
    assert not wrong and wrong.points == pytest.approx(1 / 3)  # a matrix of one number passes
    assert wrong.message.startswith("✗ trace(matrix) fails in case 2 of 3\n  matrix ")
    assert capsys.readouterr().out == f"{right.message}\n{wrong.message}\n"
    none = check("trace", lambda matrix: None)
    assert none.points == 0 and "is there a `return`?" in none.message
