"""attention_helpers.decoding: greedy and beam search, against every translation there is.

The decoders are tiny recurrent networks whose vocabulary is so small that all their translations
can be listed, by a program that shares nothing with the search.
"""

import functools
import itertools
import re

import numpy as np
import pytest
import tensorflow as tf

from attention_helpers import decoding
from attention_helpers.decoding import beam_search, extend_beam, greedy_search, start_beam
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import END_ID, PAD_ID, START_ID, Vocabulary

SIZE = 7  # words: the four special ones, of which PAD and START are never written, and three
ALL = 341  # places for all that a limit of 4 allows: 1 + 4 + 16 + 64 ended, 256 cut off


def close(one, other, atol=2e-5):
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=atol)


class Network:
    """A recurrent decoder of 7 words, and a memory of three positions that it attends to."""

    def __init__(self, seed, sentences=3):
        random = np.random.default_rng(seed)
        draw = lambda *shape: random.normal(0, 1.5, shape).astype("float32")  # noqa: E731
        self.embedding, self.recurrent, self.output = draw(SIZE, 6), draw(6, 6), draw(6, SIZE)
        self.state, self.memory = draw(sentences, 6), draw(sentences, 3, 6)

    def next_word(self, token, state, memory):
        state = tf.tanh(state @ self.recurrent + tf.gather(self.embedding, token))
        weights = tf.nn.softmax(tf.einsum("rd,rkd->rk", state, memory))
        context = tf.einsum("rk,rkd->rd", weights, memory)
        return (state + context) @ self.output, state, weights

    def score(self, row, words):
        """The log-probability of words, one after the other, in NumPy; and their weights."""
        state, memory, total, rows = self.state[row], self.memory[row], 0.0, []
        for before, word in zip([START_ID, *words], words, strict=False):
            state = np.tanh(state @ self.recurrent + self.embedding[before])
            powers = np.exp(memory @ state)
            rows.append(powers / powers.sum())
            logits = (state + rows[-1] @ memory) @ self.output
            total += logits[word] - np.log(np.exp(logits).sum())
        return total, rows


def translations(limit, size=SIZE):
    """Every sequence of at most so many words that ends with END, and has no other."""
    others = [word for word in range(size) if word not in (END_ID, PAD_ID, START_ID)]
    for length in range(limit):
        for words in itertools.product(others, repeat=length):
            yield (*words, END_ID)


def found_words(found):
    return [
        tuple(ids[:length])
        for ids, length in zip(found.tokens.numpy().tolist(), found.length.numpy(), strict=True)
    ]


# Against everything there is


@pytest.mark.parametrize(("seed", "length_penalty"), [(0, 0.0), (0, 1.0), (1, 0.6), (1, 2.0)])
def test_a_beam_with_room_for_everything_is_exhaustive(length_penalty, seed):
    network, limits = Network(seed), [4, 2, 3]
    found = beam_search(
        network.next_word,
        network.state,
        network.memory,
        tf.constant(limits),
        beam_width=ALL,
        length_penalty=length_penalty,
    )
    for row, (limit, words) in enumerate(zip(limits, found_words(found), strict=True)):
        best = max(
            translations(limit),
            key=lambda words: network.score(row, words)[0] / len(words) ** length_penalty,
        )
        assert words == best
        score, weights = network.score(row, best)
        close(found.score[row], score)
        close(found.weights[row, : len(best)], weights)
        assert not found.weights[row, len(best) :].numpy().any()
        assert (found.tokens[row, len(best) :].numpy() == PAD_ID).all()


def test_the_cases_of_exhaustive_search_are_not_all_alike():
    """Their best translations differ in length, and from what greedy search finds."""
    lengths, surprises = set(), 0
    for seed in (0, 1):
        network = Network(seed)
        for row, length_penalty in itertools.product(range(3), (0.0, 1.0)):
            best = max(
                translations(3),
                key=lambda words: network.score(row, words)[0] / len(words) ** length_penalty,
            )
            lengths.add(len(best))
            limit = tf.constant([3] * 3)
            greedy, _ = greedy_search(network.next_word, network.state, network.memory, limit)
            surprises += tuple(greedy[row].numpy()[: len(best)]) != best
    assert len(lengths) > 1 and surprises > 2


@pytest.mark.parametrize("attention", [None, "bahdanau"])
def test_a_model_finds_the_best_of_all_translations(attention):
    model = drawn_model(attention, ("mot", "mots", "un"))
    candidates = list(translations(4))
    found = model.beam_search(SOURCE, 4, beam_width=ALL)
    for row in range(len(SOURCE)):
        scores, weights = score_by_teacher(model, SOURCE[row], candidates)
        values = [score / len(words) for score, words in zip(scores, candidates, strict=True)]
        best = int(np.argmax(values))
        words = candidates[best]
        assert found_words(found)[row] == words
        close(found.score[row], scores[best])
        if attention is None:
            assert found.weights is weights is None
        else:
            close(found.weights[row, : len(words)], weights[best, : len(words)])


# Against greedy search


@pytest.mark.parametrize("attention", [None, "bahdanau", "dot", "general", "concat"])
def test_a_beam_of_one_is_greedy(attention):
    model = drawn_model(attention)
    tokens, weights = model.greedy(SOURCE, [9, 3, 12])
    found = model.beam_search(SOURCE, [9, 3, 12], beam_width=1, length_penalty=0.7)
    np.testing.assert_array_equal(tokens, found.tokens)
    written = np.arange(tokens.shape[1]) < found.length.numpy()[:, None]
    if attention is None:
        assert weights is found.weights is None
    else:
        close(weights.numpy()[written], found.weights.numpy()[written])
    for one, other in zip(
        model.translate(SENTENCES), model.translate(SENTENCES, beam_width=1), strict=True
    ):
        assert one.tokens == other.tokens


def test_a_beam_finds_what_greedy_search_misses():
    table = np.full((6, 6), 1e-9)
    table[START_ID, [4, 5]] = 0.6, 0.4
    table[4, [END_ID, 3]] = 0.5, 0.5
    table[5, [END_ID, 3]] = 0.9, 0.1
    assert search(table, beam_width=1, limit=2) == [4, END_ID]
    assert search(table, beam_width=2, limit=2) == [5, END_ID]


# How hypotheses compete


def search(table, *, beam_width, limit, length_penalty=1.0, steps=None):
    """What is found where the next word depends on the last one by a table of probabilities."""
    logits = tf.math.log(tf.constant(table, tf.float32))

    def next_word(token, state, memory):
        if steps is not None:
            steps.append(token)
        return tf.gather(logits, token), state, memory

    nothing = tf.zeros([1, 1])
    found = beam_search(
        next_word,
        nothing,
        nothing,
        tf.constant([limit]),
        beam_width=beam_width,
        length_penalty=length_penalty,
    )
    return list(found_words(found)[0])


def test_the_length_penalty_decides_between_a_short_and_a_likely_translation():
    table = np.full((6, 6), 1e-9)
    table[START_ID, [END_ID, 4]] = 0.5, 0.5
    table[4, [5, 3]] = 0.9, 0.1
    table[5, [END_ID, 3]] = 0.9, 0.1
    assert search(table, beam_width=3, limit=5, length_penalty=0.0) == [END_ID]
    assert search(table, beam_width=3, limit=5, length_penalty=1.0) == [4, 5, END_ID]


def test_a_hypothesis_that_ended_keeps_its_place():
    """Two likelier beginnings come to nothing; the short one must not have been forgotten."""
    table = np.full((6, 6), 1e-9)
    table[START_ID, [END_ID, 3]] = 0.3, 0.7
    table[3, [4, 5]] = 0.5, 0.5  # 0.35 each, above 0.3
    table[4, :] = table[5, :] = 0.01
    assert search(table, beam_width=2, limit=4, length_penalty=0.0) == [END_ID]


def test_what_the_limit_cuts_off_does_not_win_against_what_ended():
    table = np.full((5, 5), 1e-9)
    table[[START_ID, 4], 4] = 0.9
    table[[START_ID, 4], END_ID] = 0.1
    assert search(table, beam_width=1, limit=3) == [4, 4, 4]
    assert search(table, beam_width=2, limit=3) == [END_ID]


def test_a_search_stops_when_nothing_can_become_the_best():
    table = np.full((5, 5), 1e-9)
    table[START_ID, [END_ID, 4]] = 0.6, 0.4
    table[4, [END_ID, 4]] = 0.1, 0.9
    steps = []
    assert search(table, beam_width=2, limit=9, length_penalty=0.0, steps=steps) == [END_ID]
    assert len(steps) == 1  # 0.4 can only become less
    steps.clear()
    search(table, beam_width=2, limit=9, length_penalty=1.0, steps=steps)
    assert len(steps) > 1  # the mean of (0.4, 0.9, ...) can become more than 0.6


def test_stopping_early_changes_nothing(monkeypatch):
    def all_results():
        for seed, length_penalty in itertools.product(range(4), (0.0, 0.5, 1.0)):
            network = Network(seed)
            limit = tf.constant([7, 4, 9])
            yield beam_search(
                network.next_word,
                network.state,
                network.memory,
                limit,
                beam_width=3,
                length_penalty=length_penalty,
            )

    early = list(all_results())
    monkeypatch.setattr(
        decoding,
        "can_improve",
        lambda beam, *_: tf.reduce_any(~beam.ended & (beam.score > -np.inf), axis=1),
    )
    for one, other in zip(early, all_results(), strict=True):
        assert found_words(one) == found_words(other)
        close(one.score, other.score, atol=1e-6)


# The beam is a value


def test_a_search_by_hand_is_the_search():
    """`extend_beam` takes a beam and gives the next one; the first one stays what it was."""
    network, limit, beam_width = Network(3), tf.constant([5, 5, 5]), 4
    memory = tf.repeat(network.memory, beam_width, axis=0)
    beam, words = start_beam(network.state, 3, beam_width), np.zeros((3, beam_width, 0), int)
    for _ in range(5):
        token = tf.reshape(beam.token, [-1])
        logits, state, _ = network.next_word(token, beam.state, memory)
        after, parent = extend_beam(beam, logits, state, limit)
        again, _ = extend_beam(beam, logits, state, limit)
        for one, other in zip(after, again, strict=True):
            np.testing.assert_array_equal(one, other)
        history = np.take_along_axis(words, parent.numpy()[..., None], axis=1)
        words = np.concatenate([history, after.token.numpy()[..., None]], axis=2)
        beam = after
    assert beam.ended.numpy().all()
    for row, place in itertools.product(range(3), range(beam_width)):
        own = tuple(words[row, place, : beam.length[row, place].numpy()])
        close(beam.score[row, place], network.score(row, own)[0], atol=1e-4)
        assert END_ID not in own[:-1] and (own[-1] == END_ID or len(own) == 5)
    assert all(len({tuple(each) for each in row}) == beam_width for row in words.tolist())
    found = beam_search(
        network.next_word, network.state, network.memory, limit, beam_width=beam_width
    )
    whole = beam.token.numpy() == END_ID
    means = np.where(whole, beam.score / tf.cast(beam.length, tf.float32), -np.inf)
    for row, place in enumerate(means.argmax(axis=1)):
        assert whole[row].any()
        length = beam.length[row, place].numpy()
        assert found_words(found)[row] == tuple(words[row, place, :length])


def test_empty_places_are_filled_as_soon_as_there_are_hypotheses():
    """An empty place must not come to an end of its own, and stay."""
    network, limit, beam_width = Network(4, sentences=1), tf.constant([9]), 8
    beam, memory = (
        start_beam(network.state, 1, beam_width),
        tf.repeat(network.memory, beam_width, axis=0),
    )
    for filled in (5, 8):
        token = tf.reshape(beam.token, [-1])
        logits, state, _ = network.next_word(token, beam.state, memory)
        beam, _ = extend_beam(beam, logits, state, limit)
        assert np.isfinite(beam.score).sum() == filled


@pytest.mark.parametrize("beam_width", [1, 3])
def test_a_state_may_be_any_nest_and_is_carried_with_its_hypothesis(beam_width):
    """The decoder's state is the words themselves: what is found must be what it has seen."""

    def next_word(token, state, memory):
        seen = tf.concat([state["seen"][:, 1:], token[:, None]], axis=1)
        noise = tf.sin(tf.cast(tf.reduce_sum(seen * [[1, 7, 3, 9]], axis=1), tf.float32))
        logits = 3 * tf.sin(noise[:, None] * [[5.0, 9.0, 2.0, 7.0, 4.0, 8.0, 3.0]])
        return logits, {"seen": seen}, tf.cast(seen, tf.float32)

    state, memory = {"seen": tf.zeros([2, 4], tf.int32)}, (tf.zeros([2, 1]),)
    found = beam_search(next_word, state, memory, tf.constant([4, 4]), beam_width=beam_width)
    for row, words in enumerate(found_words(found)):
        for position in range(len(words)):
            seen = [0, 0, 0, 0, START_ID, *words[:position]][-4:]
            close(found.weights[row, position], seen, atol=0)


def test_neither_padding_nor_start_is_ever_written():
    """However likely they are; and what is written keeps its log-probability."""
    table = np.full((6, 6), 1e-9)
    table[START_ID, [PAD_ID, START_ID, 4]] = 0.5, 0.4, 0.1
    table[4, [PAD_ID, END_ID]] = 0.9, 0.1
    assert search(table, beam_width=1, limit=4) == search(table, beam_width=3, limit=4) == [4, 2]
    logits = tf.math.log(tf.constant(table, tf.float32))
    arguments = (
        lambda token, state, memory: (tf.gather(logits, token), state, None),
        tf.zeros([1, 1]),
        tf.zeros([1, 1]),
        tf.constant([4]),
    )
    np.testing.assert_array_equal(greedy_search(*arguments)[0], [[4, 2]])
    close(tf.exp(beam_search(*arguments, beam_width=2).score), [0.01])


def test_greedy_search_gives_no_weights_to_padding():
    network, limit = Network(5), tf.constant([6, 2, 5])
    tokens, weights = greedy_search(network.next_word, network.state, network.memory, limit)
    written = tokens.numpy() != PAD_ID
    assert not written.all()
    close(weights.numpy().sum(axis=-1), written)


# Ways to call


@pytest.mark.parametrize("jit_compile", [None, True], ids=["graph", "XLA"])
@pytest.mark.parametrize("static", [True, False], ids=["static", "unknown"])
@pytest.mark.parametrize("beam_width", [1, 3])
def test_compiled_code_finds_the_same(beam_width, static, jit_compile):
    network, limit = Network(5), tf.constant([6, 2, 5])
    arguments = [tf.constant(network.state), tf.constant(network.memory), limit]
    signature = [tf.TensorSpec([None] * each.shape.rank, each.dtype) for each in arguments]

    @tf.function(input_signature=None if static else signature, jit_compile=jit_compile)
    def compiled(state, memory, limit):
        found = beam_search(network.next_word, state, memory, limit, beam_width=beam_width)
        return found, greedy_search(network.next_word, state, memory, limit)

    found, (tokens, weights) = compiled(*arguments)
    expected = beam_search(network.next_word, *arguments, beam_width=beam_width)
    for one, other in zip(found, expected, strict=True):
        close(one, other)
    greedy, rows = greedy_search(network.next_word, *arguments)
    np.testing.assert_array_equal(tokens, greedy)
    close(weights, rows)


def test_xla_gives_no_more_words_than_were_written():
    """The limit is known while it compiles; the length of the translation is not."""
    logits = tf.constant([[0.0, 0.0, 1.0, 0.0, 2.0]])

    def next_word(token, state, memory):
        return logits + 3 * tf.one_hot([2], 5) * state, state + 1, None

    @tf.function(jit_compile=True)
    def compiled():
        arguments = next_word, tf.zeros([1, 1]), tf.ones([1, 1]), tf.constant([9])
        return greedy_search(*arguments)[0], beam_search(*arguments, beam_width=1).tokens

    for tokens in compiled():
        np.testing.assert_array_equal(tokens, [[4, 2]])


def test_xla_takes_a_beam_one_word_on():
    network, limit = Network(3), tf.constant([5, 1, 5])

    def two_words(state, memory):
        beam = start_beam(state, 3, 2)
        for _ in range(2):
            token = tf.reshape(beam.token, [-1])
            logits, state, _ = network.next_word(token, beam.state, tf.repeat(memory, 2, axis=0))
            beam, place = extend_beam(beam, logits, state, limit)
        return beam, place

    arguments = tf.constant(network.state), tf.constant(network.memory)
    compiled = tf.function(two_words, jit_compile=True, autograph=False)
    for one, other in zip(
        tf.nest.flatten(compiled(*arguments)), tf.nest.flatten(two_words(*arguments)), strict=True
    ):
        close(one, other)


def test_log_probabilities_of_half_precision_logits_are_float32():
    table = np.round(np.random.default_rng(6).normal(0, 2, (7, 7)) * 8) / 8  # exact in float16
    logits = tf.constant(table, tf.float16)
    found = beam_search(
        lambda token, state, memory: (tf.gather(logits, token), state, memory),
        tf.zeros([1, 1]),
        tf.zeros([1, 1]),
        tf.constant([6]),
        beam_width=3,
    )
    log_p = table - np.log(np.exp(table).sum(axis=1, keepdims=True))
    (words,) = found_words(found)
    expected = sum(
        log_p[before, word] for before, word in zip((START_ID, *words), words, strict=False)
    )
    assert found.score.dtype == tf.float32
    close(found.score, [expected], atol=2e-6)


ENGLISH = Vocabulary(["a", "black", "cat", "dog", "sees", "the"])
SOURCE = np.array([[4, 5, 6, 8, 7], [9, 6, 8, 0, 0], [7, 0, 0, 0, 0]], "int32")
SENTENCES = [["the", "cat", "sees"], ["dog"], ["a", "black", "cat", "sees", "dog"], ["a", "dog"]]


@functools.cache
def drawn_model(attention, words=("chat", "chien", "le", "noir", "un", "voit", ".")):
    """A model whose weights, biases included, are far from zero."""
    model = Seq2Seq(
        ENGLISH, Vocabulary(words), attention=attention, units=8, embedding_dim=6, seed=0
    )
    # With the weights that 0 draws, "concat" writes one word again and again.
    random = np.random.default_rng(1 if attention == "concat" else 0)
    model.set_weights([random.normal(0, 0.7, weight.shape) for weight in model.weights])
    return model


def score_by_teacher(model, source, candidates):
    """The log-probability and the weights of translations `(n, q, k)`, in one forced pass."""
    longest = max(map(len, candidates))
    target = np.array([[*words, *[PAD_ID] * (longest - len(words))] for words in candidates])
    target_in = np.concatenate([np.full((len(target), 1), START_ID), target[:, :-1]], axis=1)
    logits, weights = model.teacher_force(np.repeat(source[None], len(target), axis=0), target_in)
    log_p = tf.nn.log_softmax(logits).numpy()
    chosen = np.take_along_axis(log_p, target[..., None], axis=2)[..., 0]
    counted = np.arange(longest) < np.array([[len(words)] for words in candidates])
    return (chosen * counted).sum(axis=1), weights


@pytest.mark.parametrize("attention", [None, "bahdanau", "dot", "general", "concat"])
def test_score_and_weights_are_those_of_the_translation_under_teacher_forcing(attention):
    model = drawn_model(attention)
    found = model.beam_search(SOURCE, 8, beam_width=4)
    for row, words in enumerate(found_words(found)):
        (score,), weights = score_by_teacher(model, SOURCE[row], [words])
        close(found.score[row], score, atol=1e-4)
        if attention is not None:
            close(found.weights[row, : len(words)], weights[0])


@pytest.mark.parametrize("attention", [None, "general"])
def test_a_sentence_is_translated_as_if_it_were_alone(attention):
    model = drawn_model(attention)
    together = model.translate(SENTENCES, beam_width=3, batch_size=3)
    assert len({translation.tokens for translation in together}) > 1
    for words, translation in zip(SENTENCES, together, strict=True):
        (alone,) = model.translate([words], beam_width=3)
        assert translation.tokens == alone.tokens
        if attention is None:
            assert translation.weights is None
        else:
            close(translation.weights, alone.weights)
            assert translation.weights.shape[1] == len(words)


def test_the_length_penalty_of_translate_reaches_the_search():
    model = drawn_model("dot")
    lengths = [
        sum(len(t.tokens) for t in model.translate(SENTENCES, beam_width=6, length_penalty=power))
        for power in (0, 3.0)
    ]
    assert lengths[0] < lengths[1]


# Bad input

BAD_SEARCHES = {
    "limit": (dict(limit=[3, 0, 3]), "limit: expected 1 or more, got 0"),
    "limit, float": (dict(limit=[3.0] * 3), "limit: expected an integer dtype, got float32"),
    "limit, scalar": (dict(limit=3), r"limit: expected one axis, got .*\(\)"),
    "beam_width": (dict(beam_width=0), "beam_width: expected 1 or more, got 0"),
    "beam_width, two": (
        dict(beam_width=[1, 2]),
        r"beam_width: expected a scalar, got shape \(2,\)",
    ),
    "beam_width, float": (
        dict(beam_width=1.5),
        "beam_width: expected an integer dtype, got float32",
    ),
    "limit of others": (
        dict(limit=[3, 3]),
        r"state: expected a row for each sentence, \(2,\), got \(3,\)",
    ),
    "penalty": (dict(length_penalty=-0.5), "length_penalty: expected a finite .* 0, got -0.5"),
    "penalty, nan": (dict(length_penalty=float("nan")), "length_penalty: expected a .* got nan"),
}


@pytest.mark.parametrize(("changed", "message"), BAD_SEARCHES.values(), ids=BAD_SEARCHES)
def test_bad_arguments_are_named(changed, message):
    network = Network(0)
    arguments = {"limit": [3, 3, 3], "beam_width": 2, **changed}
    with pytest.raises(ValueError, match=f"^{message}"):
        beam_search(network.next_word, network.state, network.memory, **arguments)
    if "limit" in changed:
        with pytest.raises(ValueError, match=f"^{message}"):
            greedy_search(network.next_word, network.state, network.memory, changed["limit"])


def extend(**changed):
    beam = start_beam(tf.zeros([2, 4]), 2, 3)
    arguments = {"logits": tf.zeros([6, 5]), "state": beam.state, "limit": tf.constant([9, 9])}
    return extend_beam(beam, **(arguments | changed))


BAD_STEPS = {
    "no sentence": (
        lambda: start_beam(tf.zeros([2, 4]), 0, 3),
        "sentences: expected 1 or more, got 0",
    ),
    "no place": (
        lambda: start_beam(tf.zeros([2, 4]), 2, 0),
        "beam_width: expected 1 or more, got 0",
    ),
    "half a place": (lambda: start_beam(tf.zeros([2, 4]), 2, 1.5), "beam_width: expected "),
    "logits of a word each": (lambda: extend(logits=tf.zeros([6])), "logits: expected "),
    "integer logits": (lambda: extend(logits=tf.zeros([6, 5], tf.int32)), "logits: expected "),
    "logits of one place": (
        lambda: extend(logits=tf.zeros([2, 5])),
        "logits: expected (b * w, vocabulary) for a beam of shape (2, 3), got shape (2, 5)",
    ),
    "one limit": (
        lambda: extend(limit=tf.constant(9)),
        "limit: expected one axis, got shape ()",
    ),
    "a limit too many": (
        lambda: extend(limit=[9, 9, 9]),
        "limit: expected one for each sentence, (2,), ",
    ),
    "a limit too few": (lambda: extend(limit=[9]), "limit: expected one for each sentence, (2,), "),
    "a limit too high": (lambda: extend(limit=[2**40, 9]), "limit: expected at most 2147483647"),
    "a state of the sentences": (
        lambda: extend(state=tf.zeros([2, 4])),
        "state: expected a row for each sentence, (6,), got (2,)",
    ),
    "a state of other sentences": (
        lambda: start_beam(tf.zeros([3, 4]), 2, 3),
        "state: expected a row for each sentence, (2,), got (3,)",
    ),
    "a limit of 0": (lambda: extend(limit=tf.constant([9, 0])), "limit: expected 1 or more, got 0"),
}


@pytest.mark.parametrize(("call", "message"), BAD_STEPS.values(), ids=BAD_STEPS)
def test_bad_steps_name_the_argument(call, message):
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}"):
        call()


BAD_NESTS = {
    "a length for all": (dict(state=(tf.zeros([3, 6]), 0)), "state: .* a row .*, got a scalar"),
    "a row too few": (
        dict(state=[tf.zeros([3, 6]), tf.zeros([2])]),
        r"state: .*\(3,\), got \(2,\)",
    ),
    "memory of others": (dict(memory=tf.zeros([2, 3, 6])), r"memory: .*\(3,\), got \(2,\)"),
    "no memory": (dict(memory=None), "memory: expected tensors or nests of them, got NoneType"),
}


@pytest.mark.parametrize(("changed", "message"), BAD_NESTS.values(), ids=BAD_NESTS)
def test_a_state_or_a_memory_without_a_row_for_each_sentence_is_named(changed, message):
    network = Network(0)
    arguments = {"state": network.state, "memory": network.memory, "limit": [3, 3, 3], **changed}
    with pytest.raises(ValueError, match=f"^{message}"):
        greedy_search(network.next_word, **arguments)
    with pytest.raises(ValueError, match=f"^{message}"):
        beam_search(network.next_word, **arguments, beam_width=2)


BAD_WORDS = {
    "logits": (lambda network, *a: (tf.zeros([3]), a[1], None), r"logits: expected \(b, o\)"),
    "weights": (
        lambda network, *a: (*network.next_word(*a)[:2], tf.zeros([3])),
        r"weights: expected \(b, k\)",
    ),
    "logits of one row": (
        lambda network, *a: (network.next_word(*a)[0][:1], a[1], None),
        r"logits of next_word: expected a row for each token, 3, got shape \(1, 7\)",
    ),
    "weights of one row": (
        lambda network, *a: (*network.next_word(*a)[:2], tf.ones([1, 3])),
        r"weights of next_word: expected a row for each token, 3, got shape \(1, 3\)",
    ),
    "two things": (
        lambda network, *a: network.next_word(*a)[:2],
        r"next_word: expected \(logits, state, weights\), got 2 things",
    ),
    "logits alone": (
        lambda network, *a: network.next_word(*a)[0],
        r"next_word: expected \(logits, state, weights\), got EagerTensor",
    ),
    "a state of one row": (
        lambda network, *a: (network.next_word(*a)[0], a[1][:1], None),
        r"state of next_word: expected shape \(3, 6\) of float32, .* got shape \(1, 6\)",
    ),
    "a state of integers": (
        lambda network, *a: (network.next_word(*a)[0], tf.zeros([3, 6], tf.int32), None),
        r"state of next_word: expected shape .* of float32, as it was, got .* of int32",
    ),
    "another nest": (
        lambda network, *a: (network.next_word(*a)[0], {"state": a[1]}, None),
        r"state of next_word: expected the nest \.\.\., as it was, got {'state': '...'}",
    ),
}


@pytest.mark.parametrize(("next_word", "message"), BAD_WORDS.values(), ids=BAD_WORDS)
def test_what_a_decoder_gives_wrongly_is_named(next_word, message):
    network = Network(0)
    arguments = functools.partial(next_word, network), network.state, network.memory, [3, 3, 3]
    with pytest.raises(ValueError, match=f"^{message}"):
        greedy_search(*arguments)
    with pytest.raises(ValueError, match=f"^{message}"):
        beam_search(*arguments, beam_width=1)


@pytest.mark.parametrize("what", ["logits", "weights"])
def test_a_row_for_all_is_refused_where_their_number_is_not_known_before(what):
    network, rows = Network(0), {"logits": 3, "weights": 3} | {what: 1}

    def next_word(token, state, memory):
        logits, state, weights = network.next_word(token, state, memory)
        return logits[: rows["logits"]], state, weights[: rows["weights"]]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def search(limit):
        return greedy_search(next_word, network.state, network.memory, limit)

    with pytest.raises(
        tf.errors.InvalidArgumentError, match=f"{what} of next_word: expected a row"
    ):
        search(tf.constant([3, 3, 3]))


def test_a_step_takes_what_the_table_of_bad_ones_changes():
    beam, place = extend()
    assert beam.token.shape == place.shape == (2, 3)


def test_a_search_checks_its_arguments_once_and_not_with_each_word(monkeypatch):
    network, calls = Network(0), []
    for name in ("counts", "as_rows"):
        check = getattr(decoding, name)
        monkeypatch.setattr(
            decoding, name, lambda *a, check=check, **named: calls.append(1) or check(*a, **named)
        )
    counted = []
    for limit in (1, 6):
        calls.clear()
        beam_search(
            network.next_word, network.state, network.memory, tf.fill([3], limit), beam_width=2
        )
        counted.append(len(calls))
    assert counted[0] == counted[1]
