"""attention_helpers.metrics: scores of alignments and of weights, by hand."""

import json
import re

import numpy as np
import pytest

from attention_helpers.metrics import (
    alignment_error_rate,
    alignment_precision,
    alignment_recall,
    attention_coverage,
    attention_entropy,
    diagonal_links,
    links_from_weights,
)
from attention_helpers.metrics.alignments import diagonal

# Alignments


def test_links_are_source_then_target():
    weights = [[0.1, 0.2, 0.7], [0.8, 0.1, 0.1]]  # two target words, three source words
    assert links_from_weights(weights) == {(2, 0), (0, 1)}


def test_links_above_a_threshold():
    weights = np.array([[0.1, 0.2, 0.7], [0.4, 0.4, 0.2]])
    assert links_from_weights(weights, threshold=0.3) == {(2, 0), (0, 1), (1, 1)}
    assert links_from_weights(weights, threshold=0.7) == frozenset()


def test_a_row_of_zeros_proposes_no_link():
    assert links_from_weights([[0.0, 0.0], [0.0, 1.0]]) == {(1, 1)}
    assert links_from_weights(np.zeros((0, 3))) == frozenset()


def test_one_word_is_linked_with_the_only_other():
    assert links_from_weights([[1.0]]) == {(0, 0)}


def test_links_are_plain_integers():
    assert json.dumps(sorted(links_from_weights(np.eye(2, dtype="float32")))) == "[[0, 0], [1, 1]]"


# "this european area" → "cette zone européenne": 0-0, 1-2, 2-1 are sure; 0-1 is possible.
SURE = frozenset({(0, 0), (1, 2), (2, 1)})
POSSIBLE = SURE | {(0, 1)}


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        (SURE, 0),
        (POSSIBLE, 0),  # a possible link costs nothing: 1 − (3 + 4) / (4 + 3)
        ({(0, 0), (1, 1), (2, 2)}, 1 - (1 + 1) / (3 + 3)),  # the diagonal
        ({(0, 0), (0, 1)}, 1 - (1 + 2) / (2 + 3)),
        (frozenset(), 1),
        ({(target, source) for source, target in POSSIBLE}, 1 - (3 + 3) / (4 + 3)),
    ],
)
def test_alignment_error_rate_by_hand(predicted, expected):
    assert alignment_error_rate(predicted, SURE, POSSIBLE) == pytest.approx(expected)


def test_alignment_error_rate_of_weights_in_the_wrong_orientation():
    # "I do not see" → "je ne vois pas" has no symmetry to hide a transposition.
    sure = {(0, 0), (2, 3), (3, 2)}
    possible = sure | {(1, 1), (2, 1)}
    weights = np.zeros((4, 4))  # rows: je ne vois pas
    weights[0, 0] = weights[1, 2] = weights[2, 3] = weights[3, 2] = 1
    assert alignment_error_rate(links_from_weights(weights), sure, possible) == 0
    assert alignment_error_rate(links_from_weights(weights.T), sure, possible) == pytest.approx(
        1 - (2 + 2) / (3 + 3)  # right are 0-0 and 2-3; wrong is 1-2; "ne" has no link
    )


def test_alignment_error_rate_pools_the_counts():
    predicted = [SURE, {(0, 1)}]
    sure = [SURE, {(0, 0)}]
    possible = [POSSIBLE, {(0, 0)}]
    pooled = 1 - (3 + 3 + 0 + 0) / (3 + 3 + 1 + 1)
    assert alignment_error_rate(predicted, sure, possible) == pytest.approx(pooled)
    assert pooled != pytest.approx((0 + 1) / 2)  # the mean of the two rates


@pytest.mark.parametrize(
    ("predicted", "precision", "recall"),
    [
        (SURE, 1, 1),
        (POSSIBLE, 1, 1),  # a possible link costs nothing
        ({(0, 0)}, 1, 1 / 3),
        ({(0, 0), (5, 5)}, 1 / 2, 1 / 3),
        ({(0, 1), (5, 5), (6, 6)}, 1 / 3, 0),
        ({(5, 5)}, 0, 0),
    ],
)
def test_precision_and_recall_by_hand(predicted, precision, recall):
    assert alignment_precision(predicted, POSSIBLE) == pytest.approx(precision)
    assert alignment_recall(predicted, SURE) == pytest.approx(recall)


def test_the_error_rate_lies_between_the_two():
    # Where S = P it is 1 - F1.
    predicted = {(0, 0), (1, 2), (7, 7), (8, 8), (9, 9)}
    precision, recall = alignment_precision(predicted, SURE), alignment_recall(predicted, SURE)
    f1 = 2 * precision * recall / (precision + recall)
    assert alignment_error_rate(predicted, SURE, SURE) == pytest.approx(1 - f1)


def test_precision_and_recall_pool_the_counts():
    predicted = [SURE, {(9, 9)}]
    assert alignment_precision(predicted, [POSSIBLE, {(0, 0)}]) == pytest.approx((3 + 0) / (3 + 1))
    assert alignment_recall(predicted, [SURE, {(0, 0)}]) == pytest.approx((3 + 0) / (3 + 1))
    assert alignment_recall([set(), SURE], [{(0, 0)}, SURE]) == pytest.approx(3 / 4)
    assert alignment_precision(iter([set(), SURE]), iter([SURE, SURE])) == 1


# The diagonal


@pytest.mark.parametrize(
    ("source_length", "target_length", "sources"),
    [
        (1, 1, [0]),
        (1, 3, [0, 0, 0]),
        (3, 1, [1]),
        (4, 4, [0, 1, 2, 3]),
        (2, 4, [0, 0, 1, 1]),
        (4, 2, [1, 3]),
        (6, 4, [0, 2, 3, 5]),
        (5, 7, [0, 1, 1, 2, 3, 3, 4]),
    ],
)
def test_the_diagonal_by_hand(source_length, target_length, sources):
    links = {(j, i) for i, j in enumerate(sources)}
    assert diagonal_links(source_length, target_length) == links


def test_the_diagonal_is_within_both_sentences_and_never_goes_back():
    for k in range(1, 20):
        for q in range(1, 20):
            links = sorted(diagonal_links(k, q), key=lambda link: link[1])
            assert [target for _, target in links] == list(range(q))
            sources = [source for source, _ in links]
            assert sources == sorted(sources) and sources[0] >= 0 and sources[-1] < k
            # It takes the place nearest to the line that breaks the ties of IBM Model 1.
            assert np.abs(np.array(sources) - diagonal(k, q)).max() <= 0.5


# Weights


def test_entropy_by_hand():
    weights = [[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4, [0.5, 0.25, 0.25, 0], [0, 0, 0, 0]]
    expected = [0, np.log(2), np.log(4), 1.5 * np.log(2), 0]
    np.testing.assert_allclose(attention_entropy(weights), expected, atol=1e-12)
    assert not np.signbit(attention_entropy(weights)).any()  # 0, not -0


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1.01, 0.0], 0),  # as float16 may round them
        ([0.99, 0.0], 0),
        ([0.495, 0.495], np.log(2)),
        ([0.505, 0.505], np.log(2)),
        ([0.505, 0.2525, 0.2525], 1.5 * np.log(2)),
    ],
)
def test_entropy_of_a_row_whose_sum_is_rounded(row, expected):
    assert attention_entropy([row])[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_entropy_is_within_its_bounds(dtype):
    for k in range(1, 200):
        (entropy,) = attention_entropy(np.full((1, k), 1 / k, dtype))
        assert 0 <= entropy <= np.log(k)
        assert entropy == pytest.approx(np.log(k), abs=1e-12)


def test_entropy_has_the_axes_of_the_queries():
    weights = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 3, 4))
    entropy = attention_entropy(weights)
    assert entropy.shape == (2, 3, 4) and entropy.dtype == np.float64
    assert (0 < entropy).all() and (entropy < np.log(5)).all()
    np.testing.assert_allclose(entropy[1, 2], attention_entropy(weights[1, 2]))
    np.testing.assert_allclose(attention_entropy(weights[..., ::-1]), entropy)  # keys permuted


def test_coverage_by_hand():
    weights = [[0.5, 0.5, 0], [1, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(attention_coverage(weights), [1.5, 0.5, 0])
    np.testing.assert_allclose(attention_coverage(weights, [False, True, True]), [1, 0, 0])
    np.testing.assert_allclose(attention_coverage(weights, [False] * 3), [0, 0, 0])


def test_coverage_of_a_batch_leaves_out_what_the_mask_leaves_out():
    weights = np.random.default_rng(1).dirichlet(np.ones(4), size=(2, 3))  # (b, q, k)
    mask = np.array([[True, True, False], [True, True, True]])
    coverage = attention_coverage(weights, mask)
    np.testing.assert_allclose(coverage[0], attention_coverage(weights[0, :2]))
    np.testing.assert_allclose(coverage[1], attention_coverage(weights[1]))
    np.testing.assert_allclose(coverage.sum(axis=-1), mask.sum(axis=-1))
    # One mask for the whole batch broadcasts.
    np.testing.assert_allclose(attention_coverage(weights, mask[0])[1], weights[1, :2].sum(axis=0))


@pytest.mark.parametrize("measure", [attention_entropy, attention_coverage])
def test_measures_of_low_precision_are_computed_in_float64(measure):
    exact = np.random.default_rng(2).dirichlet(np.ones(30), size=8)
    half = exact.astype(np.float16)  # whose rows do not sum to one exactly
    assert measure(half).dtype == np.float64
    np.testing.assert_allclose(measure(half), measure(half.astype(np.float64)), rtol=1e-12)
    np.testing.assert_allclose(measure(half), measure(exact), atol=0.01)


@pytest.mark.parametrize("measure", [attention_entropy, attention_coverage])
def test_measures_leave_their_input_alone(measure):
    weights = np.array([[0.5, 0.5], [1.0, 0.0]])
    measure(weights)
    np.testing.assert_array_equal(weights, [[0.5, 0.5], [1, 0]])


def test_measures_of_no_query():
    assert attention_entropy(np.zeros((0, 3))).shape == (0,)
    np.testing.assert_array_equal(attention_coverage(np.zeros((0, 3))), np.zeros(3))


# Bad input

BAD_INPUT = {
    "weights of a batch": (
        lambda: links_from_weights(np.zeros((1, 2, 3))),
        ValueError,
        r"weights: expected \(target, source\), got shape \(1, 2, 3\)",
    ),
    "weights are nan": (lambda: links_from_weights([[np.nan]]), ValueError, "weights: .*finite"),
    "links from negative weights": (
        lambda: links_from_weights([[0.5, -0.5]]),
        ValueError,
        "weights: expected finite numbers, 0 or more",
    ),
    "links from negative weights above a threshold": (
        lambda: links_from_weights([[0.5, -0.5]], threshold=0.2),
        ValueError,
        "weights: expected finite numbers, 0 or more",
    ),
    "links from times": (
        lambda: links_from_weights(np.zeros((1, 1), "datetime64[s]")),
        ValueError,
        "weights: expected numbers",
    ),
    "a list of links": (
        lambda: alignment_error_rate([(0, 0)], {(0, 0)}, {(0, 0)}),
        TypeError,
        "predicted: expected a set of links .* got tuple in place of set 0",
    ),
    "fewer sentences": (
        lambda: alignment_error_rate([SURE], [SURE, SURE], [SURE, SURE]),
        ValueError,
        "the same number of sentences, got 1, 2, 2",
    ),
    "sure and possible exchanged": (
        lambda: alignment_error_rate(SURE, POSSIBLE, SURE),
        ValueError,
        r"possible: expected every sure link, .*\[\(0, 1\)\] in sentence 0",
    ),
    "precision of nothing": (
        lambda: alignment_precision(set(), POSSIBLE),
        ValueError,
        "predicted: expected at least one link, got none",
    ),
    "recall of nothing": (
        lambda: alignment_recall(SURE, [set()]),
        ValueError,
        "sure: expected at least one link, got none",
    ),
    "precision of a list of links": (
        lambda: alignment_precision(SURE, [(0, 0)]),
        TypeError,
        "possible: expected a set of links .* got tuple in place of set 0",
    ),
    "recall of fewer sentences": (
        lambda: alignment_recall([SURE], [SURE, SURE]),
        ValueError,
        "predicted, sure: expected the same number of sentences, got 1, 2",
    ),
    "one row of weights": (
        lambda: attention_entropy([0.5, 0.5]),
        ValueError,
        r"weights: expected \(..., q, k\), got shape \(2,\)",
    ),
    "words for weights": (lambda: attention_entropy([["a"]]), ValueError, "expected numbers, got"),
    "ragged weights": (
        lambda: attention_coverage([[1.0], [0.5, 0.5]]),
        ValueError,
        "weights: expected numbers, got",
    ),
    "negative weights": (
        lambda: attention_coverage([[1.5, -0.5]]),
        ValueError,
        "weights: expected finite numbers, 0 or more",
    ),
    "infinite weights": (lambda: attention_entropy([[np.inf]]), ValueError, "weights: .*finite"),
    "nan among the weights": (
        lambda: attention_coverage([[np.nan, 1.0]]),
        ValueError,
        "weights: .*finite",
    ),
    "scores in place of weights": (
        lambda: attention_entropy([[0.5, 0.5], [2.0, 1.5]]),
        ValueError,
        "weights: expected rows that sum to one, or to zero, got a row that sums to 3.5",
    ),
    "rows that sum to half": (
        lambda: attention_coverage([[0.5, 0.5], [0.25, 0.25]]),
        ValueError,
        "got a row that sums to 0.5",
    ),
    "a mask of numbers": (
        lambda: attention_coverage([[1.0]], mask=[1]),
        ValueError,
        "mask: expected dtype bool .*, got int",
    ),
    "a mask of the keys": (
        lambda: attention_coverage([[0.5, 0.5]], mask=[True, False]),
        ValueError,
        r"mask: expected a shape that broadcasts to that of the queries, \(1,\), got \(2,\)",
    ),
    "a length of 0": (
        lambda: diagonal_links(3, 0),
        ValueError,
        "target_length: expected a positive integer, got 0",
    ),
    "a sentence for its length": (
        lambda: diagonal_links(["a"], 1),
        TypeError,
        "source_length: expected a positive integer, got",
    ),
    "no link at all": (
        lambda: alignment_error_rate(set(), set(), POSSIBLE),
        ValueError,
        "expected at least one link, got none",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("weights", [[["a"]], [[1, 2], [3]], [[1j]]], ids=str)
def test_weights_that_are_no_numbers_are_named(weights):
    for function in (links_from_weights, attention_entropy, attention_coverage):
        with pytest.raises(ValueError, match="^weights: expected numbers, got"):
            function(weights)


@pytest.mark.parametrize("threshold", [True, "0.5", [0.5]], ids=str)
def test_a_threshold_that_is_no_number_is_named(threshold):
    with pytest.raises(TypeError, match="^threshold: expected a finite number, 0 or more, got"):
        links_from_weights([[0.5, 0.5]], threshold=threshold)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), -0.1], ids=str)
def test_a_threshold_that_no_weight_can_have_is_named(threshold):
    with pytest.raises(ValueError, match="^threshold: expected a finite number, 0 or more, got"):
        links_from_weights([[0.0, 1.0]], threshold=threshold)


@pytest.mark.parametrize(
    ("link", "error"),
    [
        ("0-0", ValueError),  # as other programs write it
        ("00", TypeError),
        ((0, 0, 1), ValueError),
        ((0, -1), ValueError),
        ((0.5, 0), TypeError),
        ((0, None), TypeError),
        (0, TypeError),
    ],
    ids=str,
)
def test_what_is_no_link_is_named(link, error):
    message = r"expected links \(source position, target position\), from 0, got "
    message += re.escape(f"{link!r} in set 1")
    good, bad = [SURE, SURE], [SURE, {(0, 0), link}]
    for call, name in [
        (lambda: alignment_error_rate(bad, good, good), "predicted"),
        (lambda: alignment_error_rate(good, good, bad), "possible"),
        (lambda: alignment_precision(bad, good), "predicted"),
        (lambda: alignment_recall(good, bad), "sure"),
    ]:
        with pytest.raises(error, match=f"^{name}: {message}$"):
            call()


@pytest.mark.parametrize("nothing", [None, 5])
def test_what_is_no_set_is_named(nothing):
    with pytest.raises(TypeError, match=f"^predicted: expected .*got {nothing}"):
        alignment_error_rate(nothing, SURE, SURE)
    with pytest.raises(TypeError, match=f"^sure: expected .*got {nothing}"):
        alignment_error_rate(SURE, nothing, SURE)


def test_no_weights_are_named():
    """`Translation.weights` of a model without attention."""
    with pytest.raises(ValueError, match="weights: expected numbers, got None, as of a model"):
        links_from_weights(None)
