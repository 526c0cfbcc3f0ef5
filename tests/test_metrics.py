"""attention_helpers.metrics: BLEU, chrF and their intervals are sacreBLEU's; the rest by hand."""

import json
import logging
from functools import partial

import numpy as np
import pytest
import sacrebleu

from attention_helpers.metrics import (
    BUCKETS,
    Interval,
    alignment_error_rate,
    alignment_precision,
    alignment_recall,
    attention_coverage,
    attention_entropy,
    bleu,
    bleu_interval,
    bleu_signature,
    bucket_name,
    by_length,
    chrf,
    chrf_interval,
    chrf_signature,
    exact_match,
    links_from_weights,
)

HYPOTHESES = [
    "the small cat sees the white house .",
    "we do not eat, the bread; I'm sure.",
    "The old man sleeps in the garden .",
]
REFERENCES = [
    "the little cat sees the white house .",
    "we do not eat the bread; I'm sure.",
    "the old man slept in the garden .",
]


# BLEU


@pytest.mark.parametrize("tokenize", ["none", "13a"])
def test_bleu_is_that_of_sacrebleu(tokenize):
    expected = sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES], tokenize=tokenize, force=True).score
    assert bleu(HYPOTHESES, REFERENCES, tokenize=tokenize) == expected
    assert 20 < expected < 80


def test_bleu_is_of_the_corpus_not_the_mean_of_the_sentences():
    mean = np.mean([bleu([h], [r]) for h, r in zip(HYPOTHESES, REFERENCES, strict=True)])
    assert abs(bleu(HYPOTHESES, REFERENCES) - mean) > 1


def test_bleu_by_hand():
    # 4-gram to 1-gram precision: 2/3, 3/4, 4/5, 5/6; as long as the reference: no brevity penalty.
    expected = 100 * (2 / 3 * 3 / 4 * 4 / 5 * 5 / 6) ** (1 / 4)
    assert bleu(["a b c d e f"], ["a b c d e g"]) == pytest.approx(expected)
    # Two of eight words are missing at the end: all precisions 1, penalty exp(1 - 8/6).
    assert bleu(["a b c d e f"], ["a b c d e f g h"]) == pytest.approx(100 * np.exp(1 - 8 / 6))


def test_references_are_the_second_argument():
    short, long = ["a b c d e"], ["a b c d e f g"]
    assert bleu(short, long) < 99  # the brevity penalty
    assert bleu(long, short) < 99  # the precision
    assert bleu(long, short) != pytest.approx(bleu(short, long))


def test_tokens_are_joined_by_spaces():
    tokens = [tuple(h.split()) for h in HYPOTHESES], [r.split() for r in REFERENCES]
    assert bleu(*tokens) == bleu(HYPOTHESES, REFERENCES)


def test_tokenised_full_stops_warn_of_nothing(caplog):
    with caplog.at_level(logging.WARNING):
        bleu(["it rains ."] * 200, ["it rains ."] * 200)
    assert not caplog.records


@pytest.mark.parametrize("tokenize", ["none", "13a"])
def test_signature_is_that_of_sacrebleu(tokenize):
    metric = sacrebleu.BLEU(tokenize=tokenize)
    metric.corpus_score(HYPOTHESES, [REFERENCES])
    assert bleu_signature(tokenize) == str(metric.get_signature())
    assert f"tok:{tokenize}" in bleu_signature(tokenize)


def test_exact_match():
    assert exact_match(HYPOTHESES, REFERENCES) == 0
    assert exact_match(HYPOTHESES, [*REFERENCES[:2], HYPOTHESES[2]]) == pytest.approx(1 / 3)
    assert exact_match([("a", "b")], ["a b"]) == 1


# chrF


@pytest.mark.parametrize("word_order", [0, 2])
def test_chrf_is_that_of_sacrebleu(word_order):
    expected = sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES], word_order=word_order).score
    assert chrf(HYPOTHESES, REFERENCES, word_order=word_order) == expected
    assert 20 < expected < 95


def test_chrf_by_hand():
    # Character n-grams for n = 1, 2, 3: 3 of 4, 2 of 3, 1 of 2 agree; none of the one for n = 4.
    # Hypothesis and reference are as long, so that precision, recall and F are the same.
    assert chrf(["abcd"], ["abce"]) == pytest.approx(100 * (3 / 4 + 2 / 3 + 1 / 2 + 0) / 4)
    assert chrf(["a b c d"], ["abce"]) == chrf(["abcd"], ["abce"])  # spaces do not count


def test_chrf_weighs_recall_more_than_precision():
    missing, added = chrf(["abc"], ["abcdef"]), chrf(["abcdef"], ["abc"])
    # n = 1, 2, 3 only, for "abc" has no longer ones: (3, 2, 1 of 6, 5, 4), F with beta = 2.
    precision = (1 + 1 + 1) / 3
    recall = (3 / 6 + 2 / 5 + 1 / 4) / 3
    assert missing == pytest.approx(100 * 5 * precision * recall / (4 * precision + recall))
    assert added == pytest.approx(100 * 5 * recall * precision / (4 * recall + precision))


@pytest.mark.parametrize("word_order", [0, 2])
def test_the_signature_of_chrf_is_that_of_sacrebleu(word_order):
    metric = sacrebleu.CHRF(word_order=word_order)
    metric.corpus_score(HYPOTHESES, [REFERENCES])
    assert chrf_signature(word_order) == str(metric.get_signature())
    assert f"nw:{word_order}" in chrf_signature(word_order)


# Confidence intervals

INTERVALS = {
    "bleu": (bleu_interval, bleu, bleu_signature, lambda: sacrebleu.BLEU(tokenize="none")),
    "bleu, 13a": (
        partial(bleu_interval, tokenize="13a"),
        partial(bleu, tokenize="13a"),
        partial(bleu_signature, "13a"),
        lambda: sacrebleu.BLEU(tokenize="13a"),
    ),
    "chrf": (chrf_interval, chrf, chrf_signature, sacrebleu.CHRF),
    "chrf++": (
        partial(chrf_interval, word_order=2),
        partial(chrf, word_order=2),
        partial(chrf_signature, 2),
        lambda: sacrebleu.CHRF(word_order=2),
    ),
}


@pytest.mark.parametrize("functions", INTERVALS.values(), ids=INTERVALS.keys())
def test_the_interval_is_that_of_sacrebleu(functions):
    interval, score, signature, metric = *functions[:3], functions[3]()
    expected = metric.corpus_score(HYPOTHESES, [REFERENCES], n_bootstrap=200)
    got = interval(HYPOTHESES, REFERENCES, resamples=200)
    assert got.score == expected.score == score(HYPOTHESES, REFERENCES)
    # As sacreBLEU prints it, to nine digits.
    assert f" {got.score:.9f} (μ = {got.mean:.9f} ± {got.margin:.9f})" in expected.format(width=9)
    assert got.low == got.mean - got.margin < got.mean < got.high == got.mean + got.margin
    assert signature(resamples=200) == str(metric.get_signature())
    assert "bs:200|" in signature(resamples=200) and "bs:" not in signature()


def test_an_interval_holds_95_percent_of_the_resampled_scores():
    # Sentences that are right or wrong as a whole: the score counts the right ones, so that its
    # resampled values are binomial. 60 of 100: a standard deviation of 4.9, 1.96 of them 9.6.
    hypotheses = ["a b c d e"] * 60 + ["v w x y z"] * 40
    interval = bleu_interval(hypotheses, ["a b c d e"] * 100, resamples=2000)
    assert interval.score == pytest.approx(60)
    assert interval.mean == pytest.approx(60, abs=0.5)
    assert interval.margin == pytest.approx(9.6, abs=0.6)


def test_more_sentences_make_a_narrower_interval():
    few = chrf_interval(HYPOTHESES, REFERENCES, resamples=100)
    many = chrf_interval(HYPOTHESES * 16, REFERENCES * 16, resamples=100)
    assert many.score == pytest.approx(few.score)
    assert many.margin < few.margin / 2


def test_the_interval_of_what_never_varies_is_a_point():
    assert chrf_interval(["abc"] * 3, ["abc"] * 3, resamples=40) == (100, 100, 0)
    assert chrf_interval(["abc"] * 3, ["xyz"] * 3, resamples=40) == (0, 0, 0)


def test_intervals_are_the_same_at_every_call_and_take_tokens():
    tokens = [h.split() for h in HYPOTHESES], [tuple(r.split()) for r in REFERENCES]
    first = bleu_interval(HYPOTHESES, REFERENCES, resamples=40)
    assert first == bleu_interval(HYPOTHESES, REFERENCES, resamples=40)
    assert first == bleu_interval(*tokens, resamples=40)


@pytest.mark.parametrize("interval", [bleu_interval, chrf_interval])
def test_a_thousand_resamples_are_the_default(interval):
    assert interval(HYPOTHESES, REFERENCES) == interval(HYPOTHESES, REFERENCES, resamples=1000)


def test_an_interval_prints_what_a_table_needs():
    assert str(Interval(61.53, 61.48, 2.345)) == "61.5 (61.5 ± 2.3)"
    assert f"{Interval(61.53, 61.48, 2.345)}" == "61.5 (61.5 ± 2.3)"


# By length


def test_buckets_include_both_ends_and_leave_out_the_rest():
    lengths = [4, 5, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51]
    sentences = [str(length) for length in lengths]
    members = by_length(lambda hypotheses, references: hypotheses, sentences, sentences, lengths)
    assert members == {
        "5-10": ["5", "10"],
        "11-20": ["11", "20"],
        "21-30": ["21", "30"],
        "31-40": ["31", "40"],
        "41-50": ["41", "50"],
    }
    assert list(members) == [bucket_name(bucket) for bucket in BUCKETS]


def test_by_length_pairs_each_translation_with_its_reference():
    hypotheses, references = ["a", "b", "c", "d"], ["a", "x", "c", "y"]
    assert by_length(exact_match, hypotheses, references, [20, 5, 12, 6]) == {
        "5-10": 0.0,
        "11-20": 1.0,
    }


def test_buckets_without_a_sentence_are_left_out_of_the_json():
    scores = by_length(bleu, ["a b c d"], ["a b c d"], np.array([45]))
    assert json.loads(json.dumps(scores)) == {"41-50": pytest.approx(100)}


@pytest.mark.parametrize("interval", [bleu_interval, chrf_interval])
def test_intervals_by_length(interval):
    metric = partial(interval, resamples=40)
    by_bucket = by_length(metric, HYPOTHESES, REFERENCES, [8, 12, 8])
    assert by_bucket == {
        "5-10": metric(HYPOTHESES[::2], REFERENCES[::2]),
        "11-20": metric(HYPOTHESES[1:2], REFERENCES[1:2]),
    }
    assert by_bucket["5-10"].margin > 0  # it varies with the sentences drawn
    assert by_bucket["11-20"].margin == 0  # there is only one to draw


def test_buckets_of_ones_own():
    assert by_length(exact_match, ["a"], ["a"], [3], buckets=[(1, 3)]) == {"1-3": 1.0}


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


# Weights


def test_entropy_by_hand():
    weights = [[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4, [0.5, 0.25, 0.25, 0], [0, 0, 0, 0]]
    expected = [0, np.log(2), np.log(4), 1.5 * np.log(2), 0]
    np.testing.assert_allclose(attention_entropy(weights), expected, atol=1e-12)
    assert not np.signbit(attention_entropy(weights)).any()  # 0, not -0


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
    "one string": (lambda: bleu("a b", ["a b"]), TypeError, "hypotheses: expected a list"),
    "references are one string": (
        lambda: exact_match(["a"], "a"),
        TypeError,
        "references: expected a list",
    ),
    "a number": (lambda: bleu([3], ["a"]), TypeError, "hypotheses: .* got 3 at 0"),
    "ids": (lambda: bleu([[1, 2]], [[1, 2]]), TypeError, "hypotheses: expected strings or"),
    "fewer hypotheses": (lambda: bleu(["a"], ["a", "b"]), ValueError, "each of the 2 .* got 1"),
    "nothing": (lambda: exact_match([], []), ValueError, "references: expected at least one"),
    "no such tokeniser": (
        lambda: bleu(["a"], ["a"], tokenize="14b"),
        ValueError,
        "tokenize: expected one of .*13a.*, got '14b'",
    ),
    "fewer lengths": (
        lambda: by_length(bleu, ["a", "b"], ["a", "b"], [5]),
        ValueError,
        "lengths: expected .* got 1 for 2 and 2",
    ),
    "weights of a batch": (
        lambda: links_from_weights(np.zeros((1, 2, 3))),
        ValueError,
        r"weights: expected \(target, source\), got shape \(1, 2, 3\)",
    ),
    "weights are nan": (lambda: links_from_weights([[np.nan]]), ValueError, "weights: .*finite"),
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
    "no such tokeniser, interval": (
        lambda: bleu_interval(["a"], ["a"], tokenize="14b"),
        ValueError,
        "tokenize: expected one of .*13a.*, got '14b'",
    ),
    "chrf of one string": (lambda: chrf("a b", ["a b"]), TypeError, "hypotheses: expected a list"),
    "chrf of nothing": (lambda: chrf([], []), ValueError, "references: expected at least one"),
    "negative word order": (
        lambda: chrf(["a"], ["a"], word_order=-1),
        ValueError,
        "word_order: expected 0 or more, got -1",
    ),
    "word order is a float": (
        lambda: chrf_signature(1.0),
        TypeError,
        r"word_order: expected an integer, got 1.0 \(float\)",
    ),
    "word order is a bool": (
        lambda: chrf(["a"], ["a"], word_order=True),
        TypeError,
        r"word_order: expected an integer, got True \(bool\)",
    ),
    "too few resamples": (
        lambda: bleu_interval(["a"], ["a"], resamples=39),
        ValueError,
        "resamples: expected 40 or more, got 39",
    ),
    "too few resamples, chrf": (
        lambda: chrf_interval(["a"], ["a"], resamples=1),
        ValueError,
        "resamples: expected 40 or more, got 1",
    ),
    "too few resamples in the signature": (
        lambda: bleu_signature(resamples=0),
        ValueError,
        "resamples: expected 40 or more, got 0",
    ),
    "resamples are a float": (
        lambda: chrf_interval(["a"], ["a"], resamples=1e3),
        TypeError,
        r"resamples: expected an integer, got 1000.0 \(float\)",
    ),
    "interval of fewer hypotheses": (
        lambda: chrf_interval(["a"], ["a", "b"]),
        ValueError,
        "each of the 2 .* got 1",
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


def test_an_interval_whose_resamples_may_score_nothing():
    interval = chrf_interval(["it rains", "no"], ["it rains", "zz"])
    assert interval.low <= interval.score <= interval.high


@pytest.mark.parametrize("nothing", [None, 5])
def test_what_is_no_list_is_named(nothing):
    links = {(0, 0)}
    for call, name in [
        (lambda: bleu(nothing, ["a"]), "hypotheses"),
        (lambda: chrf(["a"], nothing), "references"),
        (lambda: alignment_error_rate(nothing, links, links), "predicted"),
        (lambda: alignment_error_rate(links, nothing, links), "sure"),
    ]:
        with pytest.raises(TypeError, match=f"^{name}: expected .*got {nothing}"):
            call()


@pytest.mark.parametrize("weights", [[["a"]], [[1, 2], [3]], [[1j]]], ids=str)
def test_weights_that_are_no_numbers_are_named(weights):
    for function in (links_from_weights, attention_entropy, attention_coverage):
        with pytest.raises(ValueError, match="^weights: expected numbers, got"):
            function(weights)


@pytest.mark.parametrize("threshold", [float("nan"), True, "0.5", [0.5]], ids=str)
def test_a_threshold_that_is_no_number_is_named(threshold):
    with pytest.raises(ValueError, match="^threshold: expected None or a number, got"):
        links_from_weights([[0.5, 0.5]], threshold=threshold)


def test_a_tokenizer_that_is_no_name_is_named():
    with pytest.raises(ValueError, match="^tokenize: expected one of .*got \\['13a'\\]"):
        bleu(["a"], ["a"], tokenize=["13a"])


@pytest.mark.parametrize("bucket", [5, (5,), (10, 5), "a", None], ids=str)
def test_a_bucket_that_is_no_pair_is_named(bucket):
    with pytest.raises(ValueError, match="^bucket: expected a shortest and a longest length, got"):
        bucket_name(bucket)
    with pytest.raises(ValueError, match="^bucket: expected a shortest and a longest length, got"):
        by_length(exact_match, ["a"], ["a"], [1], [bucket])


def test_links_of_mixed_types_are_named():
    with pytest.raises(ValueError, match="^possible: expected every sure link"):
        alignment_error_rate({(0, 0)}, {(0, 0), "a"}, set())
