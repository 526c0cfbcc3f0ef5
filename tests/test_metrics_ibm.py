"""attention_helpers.metrics: IBM Model 1, against the loops of a textbook, and on the corpus."""

import math
from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from attention_helpers.corpus import generate_pairs
from attention_helpers.metrics import (
    IBMModel1,
    alignment_error_rate,
    attention_entropy,
    diagonal_links,
    ibm,
)
from attention_helpers.text import SentencePair


def pairs_of(*lines):
    sides = [[tuple(side.split()) for side in line.split("|")] for line in lines]
    return [SentencePair(*both) for both in sides]


# Of several lengths; words that stand twice in a sentence, on either side.
TINY = pairs_of(
    "the cat sees the dog . | le chat voit le chien .",
    "the dog sleeps . | le chien dort .",
    "a cat | un chat",
    "a dog sees a cat . | un chien voit un chat .",
    "he does not sleep . | il ne dort pas .",
    "sleep | dors dors donc",
)


def textbook(pairs, iterations, null):
    """Brown et al. 1993, in loops: t[e, f], and ln of the chance of all target words."""
    targets = {word for pair in pairs for word in pair.target}
    t = defaultdict(lambda: 1 / len(targets))
    log_likelihoods = []
    for _ in range(iterations):
        count, total, log_likelihood = defaultdict(float), defaultdict(float), 0.0
        for pair in pairs:
            source = ["NULL", *pair.source] if null else pair.source
            for f in pair.target:
                norm = sum(t[e, f] for e in source)
                log_likelihood += math.log(norm / len(source))
                for e in source:
                    count[e, f] += t[e, f] / norm
                    total[e] += t[e, f] / norm
        t = defaultdict(float, {(e, f): count[e, f] / total[e] for e, f in count})
        log_likelihoods.append(log_likelihood)
    return t, log_likelihoods


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize("iterations", [1, 2, 7])
def test_the_table_is_that_of_the_textbook(iterations, null):
    model = IBMModel1.train(TINY, iterations, null=null)
    expected, log_likelihoods = textbook(TINY, iterations, null)
    found = {
        (e, f): chance
        for e in model.source_vocabulary.tokens[4:]
        for f, chance in model.translations(e, most=1000)
    }
    assert found.keys() == {(e, f) for e, f in expected if e != "NULL" and expected[e, f]}
    for pair, chance in found.items():
        assert chance == pytest.approx(expected[pair], abs=1e-12)
    assert model.log_likelihoods == pytest.approx(log_likelihoods, abs=1e-10)


@pytest.mark.parametrize("null", [False, True])
def test_weights_are_those_of_the_textbook(null):
    model = IBMModel1.train(TINY, 3, null=null)
    t, _ = textbook(TINY, 3, null)
    source, target = TINY[0].source, TINY[0].target
    weights = model.weights(source, target)
    assert weights.shape == (len(target), len(source))
    for i, f in enumerate(target):
        norm = sum(t[e, f] for e in source) + null * t["NULL", f]
        np.testing.assert_allclose(weights[i], [t[e, f] / norm for e in source], atol=1e-12)
    if not null:
        assert (attention_entropy(weights) > 0).all()  # they are rows of weights


def test_five_iterations_unless_told_otherwise():
    assert IBMModel1.train(TINY).log_likelihoods == IBMModel1.train(TINY, 5).log_likelihoods
    assert len(IBMModel1.train(TINY).log_likelihoods) == 5


def test_one_iteration_by_hand():
    # "un" is shared by "a" and "cat", "chat" too, half each; so with "a dog".
    model = IBMModel1.train(pairs_of("a cat | un chat", "a dog | un chien"), 1)
    assert model.translations("a") == [("un", 0.5), ("chat", 0.25), ("chien", 0.25)]
    assert dict(model.translations("dog")) == {"un": 0.5, "chien": 0.5}
    # Three target words, equally likely at first: four words, each of chance 1 / 3.
    assert model.log_likelihoods == pytest.approx((4 * math.log(1 / 3),))


@pytest.mark.parametrize("null", [False, True])
def test_the_likelihood_never_falls(null):
    gains = np.diff(IBMModel1.train(generate_pairs(200, seed=3), 12, null=null).log_likelihoods)
    assert len(gains) == 11 and (gains > 0).all()


def test_chances_of_a_word_sum_to_one():
    model = IBMModel1.train(TINY)
    for word in model.source_vocabulary.tokens[4:]:
        chances = [chance for _, chance in model.translations(word, most=1000)]
        assert sum(chances) == pytest.approx(1)
        assert chances == sorted(chances, reverse=True)
        assert model.translations(word, most=1) == model.translations(word, most=1000)[:1]
    assert len(model.translations("the")) == 5 < len(model.translations("the", most=1000))


def test_neither_the_order_nor_the_links_of_the_pairs_matter(monkeypatch):
    pairs = generate_pairs(40, seed=5)
    model = IBMModel1.train(pairs)
    without_links = [SentencePair(pair.source, pair.target) for pair in pairs]
    monkeypatch.setattr(ibm, "WORDS_A_BLOCK", 7)
    other = IBMModel1.train(reversed(without_links))
    for pair in pairs[:5]:
        np.testing.assert_allclose(
            model.weights(pair.source, pair.target),
            other.weights(pair.source, pair.target),
            atol=1e-12,
        )
    assert model.log_likelihoods == pytest.approx(other.log_likelihoods)


# Alignments


def links(text):
    return {tuple(map(int, link.split("-"))) for link in text.split()}


def test_ties_go_to_the_diagonal_or_to_the_first():
    model = IBMModel1.train(TINY, 10)
    source, target = "the cat sees the dog .".split(), "le chat voit le chien .".split()
    assert model.align(source, target) == links("0-0 1-1 2-2 3-3 4-4 5-5")
    assert model.align(source, target, ties="first") == links("0-0 1-1 2-2 0-3 4-4 5-5")
    # "chien", in the middle, is as far from both dogs: the first of them.
    assert model.align(["dog", "cat", "dog"], ["chat", "chien", "chat"]) == links("1-0 0-1 1-2")
    # The diagonal is that of these lengths: the third word of six is in the first half.
    found = model.align("the . . the".split(), ["le"] * 6)
    assert found == links("0-0 0-1 0-2 3-3 3-4 3-5")


def test_links_are_source_then_target():
    model = IBMModel1.train(TINY, 10)
    assert model.align(["dog", "cat", "a"], ["un", "chien"]) == links("2-0 0-1")


def test_words_that_never_met_are_not_linked():
    model = IBMModel1.train(TINY)
    assert model.align(["a", "cat"], ["dors", "chat"]) == links("1-1")
    assert model.align(["zebra", "cat"], ["chat", "zèbre"]) == links("1-0")
    np.testing.assert_array_equal(model.weights(["zebra", "cat"], ["zèbre"]), [[0, 0]])
    assert model.align(["zebra"], ["zèbre"]) == frozenset()


def test_null_takes_what_translates_no_word():
    # "donc" stands in every translation, and so does NULL in every source.
    pairs = pairs_of("a | un donc", "b | deux donc", "c | trois donc", "d e | quatre donc cinq")
    model = IBMModel1.train(pairs, 10, null=True)
    assert model.align(["a"], ["un", "donc"]) == links("0-0")
    assert model.weights(["a"], ["un", "donc"])[1, 0] < 0.1
    assert IBMModel1.train(pairs, 10).align(["a"], ["un", "donc"]) == links("0-0 0-1")


def test_a_word_comes_before_a_null_that_is_as_likely():
    # The full stop, once in each sentence, cannot be told from NULL.
    pairs = pairs_of(*(f"{a} {b} . | {a.upper()} {b.upper()} ." for a in "abc" for b in "defg"))
    model = IBMModel1.train(pairs, 8, null=True)
    assert model.align(["a", "g", "."], ["A", "G", "."]) == links("0-0 1-1 2-2")


def test_chances_that_differ_by_a_rounding_are_equal():
    # "p" and "q" always stand together, and so does NULL.
    model = IBMModel1.train(pairs_of("p q a | P A", "q b p | B P"), null=True)
    for larger in range(3):
        chances = np.ones(len(model._chances))
        chances[model._cells // len(model.target_vocabulary) == [0, 6, 7][larger]] += 1e-12
        model._chances = chances
        assert model.align(["p", "q"], ["P", "P"]) == links("0-0 1-1")
        assert model.align(["p", "q"], ["P", "P"], ties="first") == links("0-0 0-1")


@cache
def gold():
    tests = generate_pairs(200, seed=1, split="test")
    return tests, [pair.sure for pair in tests], [pair.possible for pair in tests]


def error_rate(align):
    tests, sure, possible = gold()
    return alignment_error_rate([align(p.source, p.target) for p in tests], sure, possible)


@pytest.mark.parametrize("null", [False, True])
def test_on_the_corpus_of_the_book(null):
    model = IBMModel1.train(generate_pairs(3000), null=null)
    diagonal = error_rate(model.align)
    first = error_rate(lambda source, target: model.align(source, target, ties="first"))
    assert 0.03 < diagonal < 0.08 < 0.11 < first < 0.2
    of_no_word = error_rate(lambda source, target: diagonal_links(len(source), len(target)))
    assert 0.4 < of_no_word < 0.6


# Bad input


def test_it_says_what_it_is():
    assert repr(IBMModel1.train(TINY[2:3])) == "IBMModel1 of 2 source words and 4 pairs of words"
    with_null = IBMModel1.train(TINY[2:3], null=True)
    assert repr(with_null) == "IBMModel1 of 2 source words and 6 pairs of words"


A_STRING = [SentencePair("a cat", ("un", "chat"))]
NO_WORD = [SentencePair(("a",), (5,))]
EMPTY = [*TINY, SentencePair(("a",), ())]
BAD_INPUT = {
    "no list": (lambda: IBMModel1.train(5), TypeError, "pairs: expected a list of sentence pairs"),
    "no pair": (lambda: IBMModel1.train([]), ValueError, "pairs: expected at least one pair"),
    "tuples": (
        lambda: IBMModel1.train([("a", "b")]),
        TypeError,
        r"pairs\[0\]: expected source and target, .* got tuple",
    ),
    "a string": (
        lambda: IBMModel1.train(A_STRING),
        TypeError,
        r"pairs\[0\].source: expected a sequence of words, got 'a cat'",
    ),
    "no word": (
        lambda: IBMModel1.train(NO_WORD),
        TypeError,
        r"pairs\[0\].target: expected a sequence of words",
    ),
    "an empty sentence": (
        lambda: IBMModel1.train(EMPTY),
        ValueError,
        r"pairs\[6\].target: expected at least one word, got an empty sentence",
    ),
    "no iteration": (
        lambda: IBMModel1.train(TINY, 0),
        ValueError,
        "iterations: expected a positive integer, got 0",
    ),
    "ties": (
        lambda: IBMModel1.train(TINY).align(["a"], ["un"], ties="last"),
        ValueError,
        "ties: expected one of 'diagonal', 'first', got 'last'",
    ),
    "a sentence as a string": (
        lambda: IBMModel1.train(TINY).align(["a"], "un chat"),
        TypeError,
        "target: expected a sequence of words, got the string 'un chat'",
    ),
    "nothing": (
        lambda: IBMModel1.train(TINY).weights([], ["un"]),
        ValueError,
        "source: expected at least one word",
    ),
    "an unknown word": (
        lambda: IBMModel1.train(TINY).translations("zebra"),
        ValueError,
        r"word\[0\]: expected a word of the vocabulary, got 'zebra'",
    ),
    "no translation": (
        lambda: IBMModel1.train(TINY).translations("a", most=0),
        ValueError,
        "most: expected a positive integer, got 0",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()
