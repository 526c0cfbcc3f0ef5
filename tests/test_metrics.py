"""attention_helpers.metrics: BLEU is sacreBLEU's; AER on cases worked out by hand."""

import json
import logging

import numpy as np
import pytest
import sacrebleu

from attention_helpers.metrics import (
    BUCKETS,
    alignment_error_rate,
    bleu,
    bleu_signature,
    bucket_name,
    by_length,
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
