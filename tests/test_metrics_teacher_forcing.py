"""attention_helpers.metrics: what a model says under teacher forcing.

`Table` is a model in NumPy whose answers are known; the others are untrained networks.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attention_helpers.corpus import generate_pairs, source_vocabulary, target_vocabulary
from attention_helpers.metrics import (
    Forced,
    alignment_error_rate,
    by_length,
    forced,
    forced_accuracy,
    forced_alignment_error_rate,
    links_from_weights,
)
from attention_helpers.text import SentencePair, Vocabulary

ENGLISH, FRENCH = Vocabulary(["a", "b", "c"]), Vocabulary(["x", "y"])  # ids from 4
END, X, Y = 2, 4, 5


class Table:
    """After START or x it says x, after y END; it looks at the last word of the source.

    Every batch is noted down.
    """

    source_vocabulary, target_vocabulary = ENGLISH, FRENCH

    def __init__(self, attention=True):
        self.attention, self.batches = attention, []

    def teacher_force(self, source, target_in):
        self.batches.append((source, target_in))
        logits = np.zeros((*target_in.shape, len(FRENCH)))
        logits[target_in != Y, X] = np.log(10)  # x: 10 of 15, each other word 1 of 15
        logits[target_in == Y, END] = np.log(5)  # END: 5 of 10, each other word 1 of 10
        if not self.attention:
            return logits, None
        last = (source != 0).sum(axis=1) - 1
        one_hot = np.eye(source.shape[1])[last]
        return logits, np.repeat(one_hot[:, None], target_in.shape[1], axis=1)


def pair(source, target, sure="", possible=None):
    links = [
        frozenset(tuple(map(int, link.split("-"))) for link in text.split())
        for text in (sure, sure if possible is None else possible)
    ]
    return SentencePair(tuple(source), tuple(target), *links)


def test_each_place_by_hand():
    (said,) = forced(Table(), [pair("abc", "xyx")])
    # Given START, x, y, x: it says x, x, END, x; right are x, y, x, END.
    np.testing.assert_array_equal(said.right, [True, False, False, False])
    np.testing.assert_allclose(
        np.exp(said.log_probabilities), [10 / 15, 1 / 15, 1 / 10, 1 / 15], atol=1e-12
    )
    np.testing.assert_array_equal(said.weights, [[0, 0, 1]] * 4)
    assert said.right.dtype == bool and said.log_probabilities.dtype == np.float64


def test_the_model_reads_the_right_words():
    model = Table()
    forced(model, [pair("ab", "yx"), pair("c", "x")])
    ((source, target_in),) = model.batches
    assert source.tolist() == [[6, 0], [4, 5]]  # the shorter first
    assert target_in.tolist() == [[1, X, 0], [1, Y, X]]


def test_padding_is_no_part_of_an_answer():
    pairs = [pair("a", "x"), pair("abcabc", "xxyxxyxx"), pair("ab", "y")]
    alone = [forced(Table(), [each])[0] for each in pairs]
    model = Table()
    for said, expected in zip(forced(model, pairs), alone, strict=True):
        for one, other in zip(said, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(model.batches) == 1


def test_batches_are_of_similar_length():
    model = Table()
    lengths = [5, 1, 4, 2, 3]
    said = forced(model, [pair("a", "x" * length) for length in lengths], batch_size=2)
    assert [len(each.right) - 1 for each in said] == lengths  # in their order
    assert [target_in.shape for _, target_in in model.batches] == [(2, 3), (2, 5), (1, 6)]


def test_accuracy_is_of_all_words_and_end_counts():
    # x, END: given START it says x; given x it says x. y, END: it says x, END.
    pairs = [pair("a", "x"), pair("a", "y"), pair("a", "xxxx")]
    said = forced(Table(), pairs)
    assert forced_accuracy(said[:1]) == 1 / 2
    assert forced_accuracy(said) == (1 + 1 + 4) / (2 + 2 + 5)
    assert forced_accuracy(said, pairs) == forced_accuracy(said)
    assert by_length(forced_accuracy, said, pairs, [5, 5, 12]) == {"5-10": 0.5, "11-20": 0.8}


def test_error_rate_is_of_the_words_without_end():
    # It links every word with the last one of the source, and END too.
    pairs = [
        pair("abc", "xy", "2-0 1-1"),
        pair("ab", "x", "1-0"),
        pair("ab", "y", "0-0", "0-0 1-0"),
    ]
    said = forced(Table(), pairs)
    assert forced_alignment_error_rate(said[:1], pairs[:1]) == 1 - (1 + 1) / (2 + 2)
    assert forced_alignment_error_rate(said, pairs) == pytest.approx(1 - (2 + 3) / (4 + 4))
    rates = by_length(forced_alignment_error_rate, said, pairs, [5, 12, 12])
    assert rates == {"5-10": 0.5, "11-20": 1 - (1 + 2) / (2 + 2)}


def test_a_row_belongs_to_its_own_word():
    weights = np.eye(4)[[2, 0, 1, 3]]  # c, a, b, and d at END
    said = Forced(np.ones(4, bool), np.zeros(4), weights)
    right = pair("abcd", "xyx", "2-0 0-1 1-2")
    assert forced_alignment_error_rate([said], [right]) == 0
    assert forced_alignment_error_rate([said], [pair("abcd", "xyx", "0-0 1-1 3-2")]) == 1


def test_unknown_words_are_read_as_unknown_where_that_is_asked_for():
    with pytest.raises(ValueError, match=r"^pairs\[1\].source\[0\]: .*got 'q'"):
        forced(Table(), [pair("a", "x"), pair("q", "x")])
    model = Table()
    (said,) = forced(model, [pair("q", "xz")], unknown="replace")
    assert model.batches[0][0].tolist() == [[3]] and model.batches[0][1].tolist() == [[1, X, 3]]
    np.testing.assert_allclose(np.exp(said.log_probabilities[1]), 1 / 15)


def test_logits_that_forbid_a_word_and_large_ones():
    class Sure(Table):
        def teacher_force(self, source, target_in):
            logits, weights = super().teacher_force(source, target_in)
            logits = np.full_like(logits, 1e4)
            logits[..., :2] = -np.inf
            return logits, weights

    (said,) = forced(Sure(), [pair("a", "x")])
    np.testing.assert_allclose(said.log_probabilities, -np.log(len(FRENCH) - 2))


# Networks

PAIRS = generate_pairs(8, seed=4, max_length=10)


def network(attention, **options):
    from attention_helpers.seq2seq import Seq2Seq

    vocabularies = source_vocabulary(), target_vocabulary()
    return Seq2Seq(*vocabularies, units=8, attention=attention, seed=1, **options)


@pytest.mark.parametrize("attention", [None, "bahdanau"])
def test_of_a_network(attention):
    model = network(attention)
    said = forced(model, PAIRS, batch_size=5)
    for each, one in zip(said, PAIRS, strict=True):
        target = model.target_vocabulary.encode(one.target, start=True, end=True)
        source = np.array([model.source_vocabulary.encode(one.source)])
        logits, weights = model.teacher_force(source, np.array([target[:-1]]))
        logits = np.asarray(logits)[0].astype(np.float64)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        of_right = chances[range(len(target) - 1), target[1:]]
        np.testing.assert_allclose(np.exp(each.log_probabilities), of_right, rtol=1e-4)
        np.testing.assert_array_equal(each.right, chances.argmax(axis=1) == target[1:])
        assert (each.weights is None) == (attention is None)
        if attention:
            np.testing.assert_allclose(each.weights, np.asarray(weights)[0], atol=1e-5)


def test_the_mean_is_the_loss_of_training():
    from attention_helpers.text import pad
    from attention_helpers.training import masked_crossentropy

    model = network("bahdanau")
    sources = [model.source_vocabulary.encode(one.source) for one in PAIRS]
    targets = [model.target_vocabulary.encode(one.target, start=True, end=True) for one in PAIRS]
    target_in, target_out = pad([ids[:-1] for ids in targets]), pad([ids[1:] for ids in targets])
    loss = masked_crossentropy(target_out, model((pad(sources), target_in)))
    said = np.concatenate([each.log_probabilities for each in forced(model, PAIRS)])
    assert -said.mean() == pytest.approx(float(loss), rel=1e-5)


def test_error_rate_of_a_network_is_that_of_its_links():
    said = forced(network("dot"), PAIRS)
    links = [links_from_weights(each.weights[:-1]) for each in said]
    expected = alignment_error_rate(links, [p.sure for p in PAIRS], [p.possible for p in PAIRS])
    assert forced_alignment_error_rate(said, PAIRS) == expected
    assert all(
        max(i for _, i in own) == len(p.target) - 1 for own, p in zip(links, PAIRS, strict=True)
    )


def test_of_a_network_in_half_precision():
    said = forced(network("bahdanau", dtype="mixed_bfloat16"), PAIRS)
    exact = forced(network("bahdanau"), PAIRS)
    for each, other in zip(said, exact, strict=True):
        np.testing.assert_allclose(each.log_probabilities, other.log_probabilities, atol=0.1)
    assert 0 <= forced_alignment_error_rate(said, PAIRS) <= 1


def test_a_model_without_tensorflow_needs_none():
    code = "import sys, test_metrics_teacher_forcing as t; t.test_each_place_by_hand(); "
    code += (
        "t.test_accuracy_is_of_all_words_and_end_counts(); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


# Bad input

SAID = forced(Table(), [pair("ab", "xy", "0-0")])


def shaped(logits, weights):
    class Wrong(Table):
        def teacher_force(self, source, target_in):
            return np.zeros(logits), np.zeros(weights)

    return Wrong()


BAD_INPUT = {
    "no model": (lambda: forced("model", PAIRS), TypeError, "model: expected a Translator, got"),
    "no pairs": (lambda: forced(Table(), []), ValueError, "pairs: expected at least one pair"),
    "no batch": (
        lambda: forced(Table(), [pair("a", "x")], 0),
        ValueError,
        "batch_size: expected a positive integer, got 0",
    ),
    "a special token": (
        lambda: forced(Table(), [SentencePair(("a",), ("<end>",))]),
        ValueError,
        r"pairs\[0\].target\[0\]: expected a word, got the special token '<end>'",
    ),
    "unknown": (
        lambda: forced(Table(), [pair("a", "x")], unknown="skip"),
        ValueError,
        "unknown: expected one of 'error', 'replace', got 'skip'",
    ),
    "logits of another vocabulary": (
        lambda: forced(shaped((1, 2, 5), (1, 2, 1)), [pair("a", "x")]),
        ValueError,
        r"logits of teacher_force: expected shape \(1, 2, 6\), got \(1, 2, 5\)",
    ),
    "weights that are turned": (
        lambda: forced(shaped((1, 2, 6), (1, 1, 2)), [pair("a", "x")]),
        ValueError,
        r"weights of teacher_force: expected shape \(1, 2, 1\), got \(1, 1, 2\)",
    ),
    "a model in place of what it said": (
        lambda: forced_accuracy(Table()),
        TypeError,
        "said: expected a list of Forced",
    ),
    "one Forced": (
        lambda: forced_accuracy(SAID[0]),
        TypeError,
        r"said\[0\]: expected Forced, as of `forced`, got ndarray",
    ),
    "nothing said": (lambda: forced_accuracy([]), ValueError, "said: expected at least one"),
    "fewer pairs": (
        lambda: forced_accuracy(SAID * 2, [pair("ab", "xy")]),
        ValueError,
        "pairs: expected one for each of the 2 in said, got 1",
    ),
    "other pairs": (
        lambda: forced_accuracy(SAID, [pair("ab", "xyx")]),
        ValueError,
        r"pairs\[0\]: expected a target of 2 words, as in said, got 3",
    ),
    "no attention": (
        lambda: forced_alignment_error_rate(
            forced(Table(attention=False), [pair("a", "x", "0-0")]), [pair("a", "x", "0-0")]
        ),
        ValueError,
        r"said\[0\]: expected weights, got None, as of a model without attention",
    ),
    "no gold links": (
        lambda: forced_alignment_error_rate(SAID, [pair("ab", "xy")]),
        ValueError,
        r"pairs\[0\]: expected gold links, got none",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()
