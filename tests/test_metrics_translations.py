"""attention_helpers.metrics: BLEU, chrF and their intervals are sacreBLEU's."""

import json
import logging
import re
from functools import partial

import numpy as np
import pytest
import sacrebleu

from attention_helpers.metrics import (
    BUCKETS,
    Interval,
    bleu,
    bleu_interval,
    bleu_signature,
    bucket_name,
    by_length,
    chrf,
    chrf_interval,
    chrf_signature,
    exact_match,
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


# Bad input

BAD_INPUT = {
    "one string": (lambda: bleu("a b", ["a b"]), TypeError, "hypotheses: expected a list"),
    "references are one string": (
        lambda: exact_match(["a"], "a"),
        TypeError,
        "references: expected a list",
    ),
    "a number": (lambda: bleu([3], ["a"]), TypeError, "hypotheses: .* got 3 at 0"),
    "ids": (
        lambda: bleu([[1, 2]], [[1, 2]]),
        TypeError,
        "hypotheses: expected strings as tokens, got 1 in sentence 0",
    ),
    "fewer hypotheses": (lambda: bleu(["a"], ["a", "b"]), ValueError, "each of the 2 .* got 1"),
    "nothing": (lambda: exact_match([], []), ValueError, "references: expected at least one"),
    "no such tokeniser": (
        lambda: bleu(["a"], ["a"], tokenize="14b"),
        ValueError,
        "tokenize: expected one of .*'13a'.*, got '14b'",
    ),
    "fewer lengths": (
        lambda: by_length(bleu, ["a", "b"], ["a", "b"], [5]),
        ValueError,
        "lengths: expected .* got 1 for 2 and 2",
    ),
    "no such tokeniser, interval": (
        lambda: bleu_interval(["a"], ["a"], tokenize="14b"),
        ValueError,
        "tokenize: expected one of .*'13a'.*, got '14b'",
    ),
    "negative word order": (
        lambda: chrf(["a"], ["a"], word_order=-1),
        ValueError,
        "word_order: expected an integer, 0 or more, got -1",
    ),
    "word order is a float": (
        lambda: chrf_signature(1.0),
        TypeError,
        r"word_order: expected an integer, .* or more, got 1.0 \(float\)",
    ),
    "word order is a bool": (
        lambda: chrf(["a"], ["a"], word_order=True),
        TypeError,
        r"word_order: expected an integer, .* or more, got True \(bool\)",
    ),
    "too few resamples": (
        lambda: bleu_interval(["a"], ["a"], resamples=39),
        ValueError,
        "resamples: expected an integer, 40 or more, got 39",
    ),
    "too few resamples, chrf": (
        lambda: chrf_interval(["a"], ["a"], resamples=1),
        ValueError,
        "resamples: expected an integer, 40 or more, got 1",
    ),
    "too few resamples in the signature": (
        lambda: bleu_signature(resamples=0),
        ValueError,
        "resamples: expected an integer, 40 or more, got 0",
    ),
    "resamples are a float": (
        lambda: chrf_interval(["a"], ["a"], resamples=1e3),
        TypeError,
        r"resamples: expected an integer, .* or more, got 1000.0 \(float\)",
    ),
    "interval of fewer hypotheses": (
        lambda: chrf_interval(["a"], ["a", "b"]),
        ValueError,
        "each of the 2 .* got 1",
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
    with pytest.raises(TypeError, match=f"^hypotheses: expected .*got {nothing}"):
        bleu(nothing, ["a"])
    with pytest.raises(TypeError, match=f"^references: expected .*got {nothing}"):
        chrf(["a"], nothing)


def test_a_tokenizer_that_is_no_name_is_named():
    with pytest.raises(ValueError, match="^tokenize: expected one of .*got \\['13a'\\]"):
        bleu(["a"], ["a"], tokenize=["13a"])


NO_PAIRS = [5, None, "ab", (5.0, 10.0), (5, True)]
NO_BOUNDS = ["a", (5,), (10, 5), (-5, 5)]


@pytest.mark.parametrize(
    ("bucket", "error"),
    [(b, TypeError) for b in NO_PAIRS] + [(b, ValueError) for b in NO_BOUNDS],
    ids=str,
)
def test_a_bucket_that_is_no_pair_is_named(bucket, error):
    message = r"^bucket: expected \(shortest, longest\), got " + re.escape(repr(bucket))
    with pytest.raises(error, match=message):
        bucket_name(bucket)
    with pytest.raises(error, match=message):
        by_length(exact_match, ["a"], ["a"], [1], [bucket])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, ["a"], ["a"], [5]), "^metric: expected a function, got None"),
        ((exact_match, "a", ["a"], [5]), "^hypotheses: expected a list .*, got one string"),
        ((exact_match, ["a"], {"a"}, [5]), "^references: expected a list .*, got {'a'}"),
        ((exact_match, ["a"], ["a"], 5), "^lengths: expected a list of integers, got 5"),
        ((exact_match, ["a"], ["a"], [5.5]), r"^lengths: expected an integer.* got 5.5 \(float\)"),
        ((exact_match, ["a"], ["a"], ["5"]), r"^lengths: expected an integer.* got '5' \(str\)"),
        ((exact_match, ["a"], ["a"], [5], 5), "^buckets: expected a list of buckets, got 5"),
    ],
)
def test_what_by_length_cannot_use_is_named(arguments, message):
    with pytest.raises(TypeError, match=message):
        by_length(*arguments)


def test_by_length_takes_what_is_read_once():
    assert by_length(exact_match, iter("ab"), iter("ac"), iter([6, 7]), iter([(5, 7)])) == {
        "5-7": 0.5
    }


# One reference to each translation, no score beyond 100

SCORES = {
    "bleu": bleu,
    "chrf": chrf,
    "exact_match": exact_match,
    "bleu_interval": partial(bleu_interval, resamples=40),
    "chrf_interval": partial(chrf_interval, resamples=40),
    "by_length": lambda *sentences: by_length(bleu, *sentences, [7]),
}


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES.keys())
@pytest.mark.parametrize("token", ["the cat sat .", " the", "cat\n", "10\u00a0000", ""], ids=repr)
def test_a_token_that_is_not_one_word_is_named(score, token):
    message = "expected tokens without white space, got " + re.escape(repr(token))
    with pytest.raises(ValueError, match=f"^references: {message} in sentence 0 "):
        score(["the cat sat ."], [["the", token]])
    with pytest.raises(ValueError, match=f"^hypotheses: {message} in sentence 0 "):
        score([["the", token]], ["the cat sat ."])


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES.keys())
@pytest.mark.parametrize("token", [None, 5, float("nan"), b"cat", ["cat"]], ids=str)
def test_a_token_that_is_no_string_is_named(score, token):
    message = re.escape(f"expected strings as tokens, got {token!r} in sentence 0")
    with pytest.raises(TypeError, match=f"^references: {message}"):
        score(["the cat"], [["the", token]])


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES.keys())
@pytest.mark.parametrize("sentence", [None, float("nan"), {"the"}, {"the": 1}], ids=str)
def test_a_sentence_without_an_order_is_named(score, sentence):
    with pytest.raises(
        TypeError, match="^references: expected strings or lists of tokens, got .*0$"
    ):
        score(["the cat"], [sentence])


@pytest.mark.parametrize("sentences", [{"a b": 1}, {"a b"}, frozenset({"a b"})], ids=str)
def test_sentences_without_an_order_are_named(sentences):
    with pytest.raises(TypeError, match="^hypotheses: expected a list of sentences, got"):
        chrf(sentences, ["a b"])


def test_tokens_that_are_read_once_or_those_of_an_array():
    assert exact_match([iter(["a", "b"]), np.array(["a", "b"])], ["a b", ["a", "b"]]) == 1


@pytest.mark.parametrize("words", [4, 5, 6, 20])
@pytest.mark.parametrize("sentences", [1, 3])
def test_a_perfect_score_is_100(words, sentences):
    perfect = [" ".join(f"w{i}" for i in range(words))] * sentences
    assert bleu(perfect, perfect) == chrf(perfect, perfect) == chrf(perfect, perfect, 2) == 100
    assert bleu_interval(perfect, perfect, resamples=40) == (100, 100, 0)
    assert chrf_interval(perfect, perfect, 2, resamples=40) == (100, 100, 0)


def test_an_interval_ends_where_scores_do():
    # Nine of ten are right: the interval around their mean would reach 109.
    sentences = ["a b c d e"] * 9
    interval = bleu_interval([*sentences, "x"], [*sentences, "a b c d e"], resamples=200)
    assert interval.mean + interval.margin > 100 == interval.high
    sentences = ["x"] * 9
    interval = chrf_interval([*sentences, "a"], ["a"] * 10, resamples=200)
    assert interval.mean - interval.margin < 0 == interval.low
    assert 0 < interval.mean < interval.high < 100
