"""attention_helpers.seq2seq: what must hold of an encoder-decoder, whether trained or not.

The models are tiny, and most are not trained: their weights are drawn large enough for every part
to be felt in the logits.
"""

import ast
import contextlib
import functools
import inspect
import io
import re
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers import seq2seq
from attention_helpers._decoding import swap_batch_and_time
from attention_helpers.masks import padding_mask
from attention_helpers.seq2seq import (
    GRU,
    Progress,
    Seq2Seq,
    masked_crossentropy,
    scan,
    sentence_dropout,
    train,
    training_step,
)
from attention_helpers.text import (
    END_ID,
    PAD_ID,
    START_ID,
    SentencePair,
    Vocabulary,
    batches_by_length,
)

ENGLISH = Vocabulary(["a", "black", "cat", "dog", "sees", "the"])
FRENCH = Vocabulary(["chat", "chien", "le", "noir", "un", "voit", "."])
SIZES = {"units": 8, "embedding_dim": 6}

SOURCE = np.array([[4, 5, 6, 8, 7], [9, 6, 8, 0, 0], [7, 0, 0, 0, 0]], "int32")
TARGET_IN = np.array([[1, 8, 4, 7, 9], [1, 6, 4, 9, 0], [1, 5, 0, 0, 0]], "int32")
LENGTHS = (5, 3, 1)
SENTENCES = [["the", "cat", "sees"], ["dog"], ["a", "black", "cat", "sees", "dog"], ["a", "dog"]]


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


@functools.cache
def drawn_model(attention):
    """A model whose weights, biases included, are far from zero."""
    model = Seq2Seq(ENGLISH, FRENCH, attention=attention, **SIZES, seed=0)
    # With the weights that 0 draws, a model writes one word again and again.
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.7, weight.shape) for weight in model.weights])
    return model


@pytest.fixture(params=[None, "bahdanau", "dot", "general", "concat"], ids=str)
def model(request):
    return drawn_model(request.param)


@pytest.fixture(params=["bahdanau", "dot", "general", "concat"])
def attentive(request):
    return drawn_model(request.param)


def close(one, other, atol=2e-5):
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=atol)


def differ(one, other, axis=None):
    return np.abs(np.asarray(one) - np.asarray(other)).max(axis=axis) > 1e-3


# The recurrent unit


def gru_and_keras_gru(depth=5, units=4):
    """Ours and Keras' with the same weights; Keras' z is 1 - z, and sigmoid(-x) = 1 - sigmoid(x)."""
    ours, theirs = GRU(units), keras.layers.GRU(units, reset_after=False, return_sequences=True)
    ours.build((None, None, depth))
    theirs.build((None, None, depth))
    ours.set_weights([draw(*weight.shape, seed=1) for weight in ours.weights])
    sign_of_z = np.repeat([-1, 1, 1], units).astype("float32")
    recurrent = np.concatenate([ours.gate_kernel, ours.state_kernel], axis=1)
    theirs.set_weights([ours.kernel * sign_of_z, recurrent * sign_of_z, ours.bias * sign_of_z])
    return ours, theirs


MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], bool)


@pytest.mark.parametrize("mask", [np.ones_like(MASK), MASK], ids=["whole", "padded"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "in reverse"])
def test_gru_equals_that_of_keras_and_so_does_its_gradient(mask, reverse):
    ours, theirs = gru_and_keras_gru()
    theirs.go_backwards = reverse
    inputs, is_word = tf.constant(draw(2, 5, 5)), mask[..., None]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        states = ours(inputs, tf.constant(mask), reverse=reverse)
        expected = theirs(inputs, mask=mask)
        expected = expected[:, ::-1] if reverse else expected
        # Keras repeats an earlier output at padding; what counts are the words.
        losses = [tf.reduce_sum(tf.sin(2 * x) * is_word) for x in (states, expected)]
    close(states * is_word, expected * is_word)
    gradient, expected_gradient = (tape.gradient(loss, inputs) for loss in losses)
    close(gradient, expected_gradient)
    assert not gradient.numpy()[~mask].any()
    assert np.abs(gradient).max() > 0.01


def test_gru_with_z_at_one_takes_the_candidate_and_with_z_at_zero_keeps_the_state():
    gru, _ = gru_and_keras_gru()
    state, candidate = draw(2, 4), draw(2, 4, seed=2)
    gru.state_kernel.assign(np.zeros((4, 4)))
    for z, expected in ((50.0, np.tanh(candidate)), (-50.0, state)):
        projected = np.concatenate([np.full((2, 4), z), np.zeros((2, 4)), candidate], axis=1)
        close(gru.step(tf.constant(projected, tf.float32), state), expected)


def test_padding_leaves_the_state_of_a_gru_alone():
    gru, _ = gru_and_keras_gru()
    inputs, mask = tf.constant(draw(2, 5, 5)), tf.constant(MASK)
    forward = gru(inputs, mask).numpy()
    np.testing.assert_array_equal(forward[1, 3:], forward[1, [2, 2]])
    assert not gru(inputs, mask, reverse=True).numpy()[1, 3:].any()


@pytest.mark.filterwarnings("error::UserWarning")
def test_gru_takes_a_mask_by_name_without_a_warning():
    gru, _ = gru_and_keras_gru()
    assert gru(draw(2, 5, 5), mask=tf.constant(MASK)).shape == (2, 5, 4)


# One sentence, step by step and all at once


def test_greedy_step_by_step_equals_one_teacher_forced_pass(model):
    tokens, weights = (x.numpy() for x in model.greedy(SOURCE, 12))
    starts = np.full((len(tokens), 1), START_ID, "int32")
    logits, forced = model.teacher_force(SOURCE, np.concatenate([starts, tokens[:, :-1]], axis=1))
    written = tokens != PAD_ID
    assert written.sum() > 8 and len(np.unique(tokens[written])) > 2  # not one word repeated
    np.testing.assert_array_equal(np.argmax(logits, axis=-1)[written], tokens[written])
    close(weights[written], forced.numpy()[written])


def test_the_state_of_the_decoder_is_carried_over(model):
    """The word before last can reach the logits through the state alone."""
    changed = TARGET_IN.copy()
    changed[0, 1] = 5
    logits, _ = model.teacher_force(SOURCE, TARGET_IN)
    others, _ = model.teacher_force(SOURCE, changed)
    assert differ(logits[0], others[0], axis=-1)[1:].all()


def test_no_future_token_changes_the_past(model):
    logits, weights = model.teacher_force(SOURCE, TARGET_IN)
    for position in range(1, TARGET_IN.shape[1]):
        changed = TARGET_IN.copy()
        changed[:, position:] = 10
        others, other_weights = model.teacher_force(SOURCE, changed)
        close(logits[:, :position], others[:, :position], atol=1e-6)
        close(weights[:, :position], other_weights[:, :position], atol=1e-6)
        assert differ(logits[:, position], others[:, position])


def test_the_whole_source_reaches_the_logits(model):
    logits, _ = model.teacher_force(SOURCE[:1], TARGET_IN[:1])
    for position in range(SOURCE.shape[1]):
        changed = SOURCE[:1].copy()
        changed[0, position] = 9
        assert differ(logits, model.teacher_force(changed, TARGET_IN[:1])[0])


# Padding


def test_a_sentence_alone_equals_itself_in_a_padded_batch(model):
    logits, weights = model.teacher_force(SOURCE, TARGET_IN)
    for row, length in enumerate(LENGTHS):
        alone, own_weights = model.teacher_force(
            SOURCE[row : row + 1, :length], TARGET_IN[row : row + 1]
        )
        close(logits[row], alone[0])
        close(weights[row, :, :length], own_weights[0])


def test_padding_gets_exactly_no_weight_and_words_get_all(attentive):
    weights = attentive.teacher_force(SOURCE, TARGET_IN)[1].numpy()
    assert weights.shape == (3, 5, 5)
    for row, length in enumerate(LENGTHS):
        assert (weights[row, :, :length] > 0).all()
        assert not weights[row, :, length:].any()
    close(weights.sum(axis=-1), np.ones((3, 5)), atol=1e-6)


def test_the_loss_is_the_mean_over_tokens_and_ignores_padding():
    logits, target = draw(2, 3, 5), np.array([[3, 4, 2], [2, 0, 0]])
    by_hand = [
        -np.log(np.exp(logits[b, q, target[b, q]]) / np.exp(logits[b, q]).sum())
        for b, q in [(0, 0), (0, 1), (0, 2), (1, 0)]
    ]
    close(masked_crossentropy(target, logits), np.mean(by_hand), atol=1e-6)
    changed = logits.copy()
    changed[1, 1:] = draw(2, 5, seed=9) * 100
    close(masked_crossentropy(target, changed), np.mean(by_hand), atol=1e-6)


# The decoders


def decode(model, annotations, summary, mask=None):
    mask = padding_mask(SOURCE) if mask is None else mask
    memory = model.decoder.remember(annotations, summary, mask)
    return model.decoder(tf.constant(TARGET_IN), memory)


def test_permuting_the_source_states_permutes_the_weights(attentive):
    order = [3, 0, 4, 2, 1]
    annotations, summary = attentive.encoder(tf.constant(SOURCE))
    mask = padding_mask(SOURCE)
    logits, weights = decode(attentive, annotations, summary)
    again, permuted = decode(
        attentive,
        tf.gather(annotations, order, axis=1),
        summary,
        tf.gather(mask, order, axis=2),
    )
    close(weights.numpy()[..., order], permuted)
    close(logits, again)
    assert weights[0].numpy().std(axis=-1).max() > 0.05  # far from uniform


def test_the_context_is_the_mean_of_the_annotations_under_the_weights(attentive):
    memory = attentive.encode(SOURCE)
    projected = attentive.decoder.gru.project(attentive.decoder.embedding(TARGET_IN[:, 0]))
    _, context, weights = attentive.decoder.step(projected, memory.state, memory)
    close(context, np.einsum("bk,bkm->bm", weights, memory.value))


AFTER_THE_STEP = {"bahdanau": False, "dot": True, "general": True, "concat": True}


def test_bahdanau_asks_before_the_step_and_luong_after_it():
    """So what was written last is in the query of the one, and not of the others."""
    for attention, is_in_query in AFTER_THE_STEP.items():
        model = drawn_model(attention)
        memory = model.encode(SOURCE)
        weights = [
            model.decoder.next_word(np.full(3, token, "int32"), memory.state, memory)[2]
            for token in (START_ID, 7)
        ]
        assert differ(*weights) == is_in_query


def test_the_context_of_bahdanau_enters_the_step_and_that_of_luong_does_not():
    for attention, is_after in AFTER_THE_STEP.items():
        decoder = drawn_model(attention).decoder
        memory = drawn_model(attention).encode(SOURCE)
        projected = decoder.gru.project(decoder.embedding(TARGET_IN[:, 0]))
        states = [
            decoder.step(projected, memory.state, memory._replace(value=value))[0]
            for value in (memory.value, memory.value + 1)
        ]
        assert differ(*states) == (not is_after)


def score_of(attention, decoder):
    """Luong's scores of a state and an annotation, as the paper writes them."""
    if attention == "dot":
        return lambda s, h: s @ (h[:8] + h[8:])  # a query is as deep as one direction
    if attention == "general":
        kernel = decoder.attention.kernel.numpy()
        return lambda s, h: s @ kernel @ h
    layer = decoder.attention
    kernel, vector = np.concatenate([layer.query_kernel, layer.key_kernel]), layer.score_kernel
    return lambda s, h: np.tanh(np.concatenate([s, h]) @ kernel) @ vector


@pytest.mark.parametrize("attention", ["dot", "general", "concat"])
def test_the_scores_of_luong_are_those_of_the_paper(attention):
    model = drawn_model(attention)
    decoder, memory = model.decoder, model.encode(SOURCE[:1])
    annotations = model.encoder(tf.constant(SOURCE[:1]))[0].numpy()[0]
    projected = decoder.gru.project(decoder.embedding(TARGET_IN[:1, 0]))
    state, context, weights = decoder.step(projected, memory.state, memory)
    score = score_of(attention, decoder)
    powers = np.exp([score(state.numpy()[0], annotation) for annotation in annotations])
    expected = powers / powers.sum()
    assert expected.max() - expected.min() > 0.05
    close(weights[0], expected)
    summed = annotations[:, :8] + annotations[:, 8:]
    close(context[0], expected @ (summed if attention == "dot" else annotations))
    close(state, decoder.gru.step(projected, memory.state), atol=0)


def test_one_step_after_the_other_is_one_teacher_forced_pass(model):
    """The state is a value: it goes out of one call and into the next, and nothing else does."""
    logits, weights = model.teacher_force(SOURCE, TARGET_IN)
    memory = model.encode(SOURCE)
    state = memory.state
    for position in range(TARGET_IN.shape[1]):
        one, after, row = model.next_word(TARGET_IN[:, position], state, memory)
        close(one, logits[:, position])
        close(row, weights[:, position])
        model.next_word(TARGET_IN[:, 0], memory.state, memory)  # another branch disturbs nothing
        close(model.next_word(TARGET_IN[:, position], state, memory)[1], after, atol=0)
        state = after


def test_keys_are_projected_once_a_sentence(monkeypatch):
    model = drawn_model("bahdanau")
    attention, calls = model.decoder.attention, []
    project_key = attention.project_key
    monkeypatch.setattr(attention, "project_key", lambda key: calls.append(1) or project_key(key))
    memory = model.encode(SOURCE)
    assert len(calls) == 1
    state = memory.state
    for position in range(3):
        _, state, _ = model.decoder.next_word(TARGET_IN[:, position], state, memory)
    model.decoder(tf.constant(TARGET_IN), memory)
    assert len(calls) == 1


def test_the_fixed_decoder_is_given_the_last_state_and_nothing_else():
    model = drawn_model(None)
    annotations, summary = model.encoder(tf.constant(SOURCE))
    for row, length in enumerate(LENGTHS):
        close(summary[row], annotations[row, length - 1], atol=0)
    memory = model.encode(SOURCE)
    assert memory.value.shape == (3, 1, 8) and memory.key.shape == (3, 1, 24)
    close(memory.value[:, 0], summary, atol=0)
    logits, weights = decode(model, annotations, summary)
    assert weights.shape == (3, 5, 1) and (weights.numpy() == 1).all()
    others, _ = decode(model, draw(*annotations.shape), summary)
    close(logits, others, atol=0)
    assert differ(logits, decode(model, annotations, summary + 1)[0])


def test_the_fixed_vector_is_the_context_of_every_word():
    model = drawn_model(None)
    decoder, memory = model.decoder, model.encode(SOURCE)
    other = decoder.remember(None, memory.value[:, 0] + 1, memory.mask)
    for state in (memory.state, draw(3, 8)):
        projected = decoder.gru.project(decoder.embedding(TARGET_IN[:, 0]))
        state_then, context, _ = decoder.step(projected, state, memory)
        close(context, memory.value[:, 0], atol=0)
        assert differ(state_then, decoder.step(projected, state, other)[0])


def test_the_first_state_is_made_of_the_encoder_state_that_has_read_everything():
    for attention, row in ((None, -1), ("bahdanau", 0), ("dot", 0)):
        model = drawn_model(attention)
        annotations, summary = model.encoder(tf.constant(SOURCE[:1]))
        close(summary, annotations[:, row, -8:], atol=0)
        dense = model.decoder.initial_state
        close(model.encode(SOURCE[:1]).state, np.tanh(summary @ dense.kernel + dense.bias))


def test_dropout_is_for_training_only():
    model = Seq2Seq(ENGLISH, FRENCH, attention="dot", dropout=0.5, **SIZES, seed=0)
    inputs = SOURCE, TARGET_IN
    close(model(inputs), model(inputs), atol=0)
    assert differ(model(inputs, training=True), model(inputs, training=True))
    assert differ(model(inputs, training=True), model(inputs))


def test_dropout_drops_the_same_entries_of_all_words_of_a_sentence():
    dropped = sentence_dropout(0.5)(tf.ones([4, 6, 32]), training=True).numpy()
    close(dropped, np.broadcast_to(dropped[:, :1], dropped.shape), atol=0)
    assert set(np.unique(dropped)) == {0, 2}
    assert all(differ(dropped[0], other) for other in dropped[1:])


def test_each_training_step_drops_other_entries():
    model = Seq2Seq(ENGLISH, FRENCH, attention="bahdanau", dropout=0.5, **SIZES, seed=0)
    step = training_step(model, keras.optimizers.Adam(0.0))
    losses = {float(step(SOURCE, TARGET_IN, np.roll(TARGET_IN, -1, axis=1))) for _ in range(4)}
    assert len(losses) == 4


# The loop


@pytest.mark.parametrize("compiled", ["eager", "graph", "XLA", "graph of unknown shape"])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_is_that_of_tensorflow_and_so_is_its_gradient(compiled, reverse):
    inputs, factors, start = draw(2, 5, 3), draw(2, 5, 1), draw(2, 3)
    kernel = draw(3, 3)

    def step(state, element):
        one, factor = element
        total, _ = state
        return tf.tanh(total @ kernel + one) * factor, one - total

    def tensorflows(step, elements, start, reverse):
        turned = tuple(swap_batch_and_time(each) for each in elements)
        return tuple(swap_batch_and_time(s) for s in tf.scan(step, turned, start, reverse=reverse))

    def values_and_gradients(scan, inputs, factors, start):
        with tf.GradientTape() as tape:
            tape.watch((inputs, factors, start))
            states = scan(step, (inputs, factors), (start, 2 * start), reverse)
            total = tf.add_n([tf.reduce_sum(state * draw(2, 5, 3, seed=1)) for state in states])
        return [*states, *tape.gradient(total, (inputs, factors, start))]

    ours = functools.partial(values_and_gradients, scan)
    if compiled != "eager":
        unknown = [
            tf.TensorSpec([None] * 2 + [3]),
            tf.TensorSpec([None] * 3),
            tf.TensorSpec([2, 3]),
        ]
        signature = unknown if "unknown" in compiled else None
        ours = tf.function(ours, jit_compile=compiled == "XLA", input_signature=signature)
    arguments = [tf.constant(each) for each in (inputs, factors, start)]
    expected = values_and_gradients(tensorflows, *arguments)
    for got, wanted in zip(ours(*arguments), expected, strict=True):
        close(got, wanted)


# Translation


def test_translations_come_in_the_order_of_the_sentences(model):
    together = model.translate(SENTENCES, max_length=9, batch_size=3)
    assert len({translation.tokens for translation in together}) > 1
    for words, translation in zip(SENTENCES, together, strict=True):
        (alone,) = model.translate([words], max_length=9)
        assert translation.tokens == alone.tokens
        if model.settings["attention"] is None:
            assert translation.weights is None
        else:
            close(translation.weights, alone.weights)


@contextlib.contextmanager
def end_made_likelier(model, by):
    """END's logit raised by so much; the bias is put back afterwards."""
    bias = model.decoder.logits.bias
    before = bias.numpy()
    bias.assign(before + by * (np.arange(len(before)) == END_ID))
    yield
    bias.assign(before)


def test_a_translation_stops_at_end_or_at_the_limit(attentive):
    with end_made_likelier(attentive, by=1e6):
        for words, (tokens, weights) in zip(SENTENCES, attentive.translate(SENTENCES), strict=True):
            assert tokens == () and weights.shape == (1, len(words))  # the row of END
    with end_made_likelier(attentive, by=-1e6):
        for limit in (1, 6, np.int64(3)):
            for words, (tokens, weights) in zip(
                SENTENCES, attentive.translate(SENTENCES, max_length=limit), strict=True
            ):
                assert len(tokens) == limit and weights.shape == (limit, len(words))
        for beam in (1, 2):
            for words, translation in zip(
                SENTENCES, attentive.translate(SENTENCES, beam=beam), strict=True
            ):  # the limit is that of each sentence, whatever else is in the batch
                assert len(translation.tokens) == 2 * len(words) + 10
                assert translation.weights.shape == (2 * len(words) + 10, len(words))


def test_no_sentences_give_no_translations(model):
    assert model.translate([]) == []


# Training

LETTERS = Vocabulary(list("abcdef"))


def copies(number, seed):
    random = np.random.default_rng(seed)
    sentences = [tuple(random.choice(list("abcdef"), 5)) for _ in range(number)]
    return [SentencePair(words, words, frozenset(), frozenset()) for words in sentences]


@pytest.fixture(scope="module")
def copier():
    """A model that has learned to copy five words, its history, and what was shown meanwhile."""
    model = Seq2Seq(LETTERS, LETTERS, units=16, embedding_dim=16, seed=0)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        history = train(model, copies(600, seed=0), steps=250, batch_size=32, learning_rate=0.02)
    return model, history, shown.getvalue()


def test_training_learns_to_copy_and_where_to_look(copier):
    model, history, _ = copier
    unseen = copies(100, seed=1)
    translations = model.translate([pair.source for pair in unseen])
    right = [t.tokens == p.target for t, p in zip(translations, unseen, strict=True)]
    assert np.mean(right) > 0.9
    looks = [
        t.weights[:5].argmax(axis=1) for t, good in zip(translations, right, strict=True) if good
    ]
    assert np.mean(np.array(looks) == np.arange(5)) > 0.9
    assert len(history["loss"]) == 250
    assert np.mean(history["loss"][-20:]) < 0.3 < 1.5 < history["loss"][0]


def test_history_counts_target_tokens_and_end_by_the_second(copier):
    _, history, _ = copier
    assert history["tokens_per_second"] * history["seconds"] == pytest.approx(250 * 32 * 6)


def test_progress_is_seen_and_wiped_out(copier):
    _, _, shown = copier
    assert "\n" not in shown
    lines = shown.split("\r")
    assert any(re.match(r"step \d+/250, loss \d\.\d{3}, \d+ s left", line) for line in lines)
    assert lines[-1] == "" and lines[-2].strip() == ""
    assert len(lines[-2]) >= max(map(len, lines))


def test_progress_is_rewritten_at_most_twice_a_second(capsys):
    progress, losses = Progress(10**6), []
    for _ in range(1000):
        losses.append(1.0)
        progress.update(losses)
    seconds = time.perf_counter() - progress.start
    assert 1 <= capsys.readouterr().out.count("step") <= 2 + 2 * seconds


def test_a_seed_gives_the_same_training_and_the_first_loss_is_that_of_eager_code(capsys):
    pairs, histories = copies(40, seed=0), []
    for _ in range(2):
        model = Seq2Seq(LETTERS, LETTERS, attention="dot", **SIZES, seed=3)
        before = model.get_weights()
        histories.append(train(model, pairs, steps=6, batch_size=8, seed=1, verbose=False)["loss"])
    assert histories[0] == histories[1]
    assert np.isfinite(histories).all()  # fewer steps than a warm-up takes
    assert all(differ(a, b) for a, b in zip(before, model.get_weights(), strict=True) if a.any())
    assert capsys.readouterr().out == ""
    sources = [LETTERS.encode(pair.source) for pair in pairs]
    targets = [LETTERS.encode(pair.target, start=True, end=True) for pair in pairs]
    source, target_in, target_out = next(batches_by_length(sources, targets, 8, steps=1, seed=1))
    model.set_weights(before)
    close(histories[0][0], masked_crossentropy(target_out, model((source, target_in))), 1e-5)


# What the book shows

SHOWN = {
    "GRU.step",
    "FixedDecoder.remember",
    "FixedDecoder.step",
    "BahdanauDecoder.remember",
    "BahdanauDecoder.step",
}


def test_only_what_the_book_shows_has_no_annotations():
    def functions(node, prefix=""):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                if isinstance(child, ast.FunctionDef):
                    yield prefix + child.name, child
                yield from functions(child, f"{prefix}{child.name}.")

    bare = set()
    for name, function in functions(ast.parse(inspect.getsource(seq2seq))):
        arguments = [each for each in function.args.args if each.arg not in ("self", "cls")]
        annotations = [each.annotation for each in arguments + function.args.kwonlyargs]
        if None in [*annotations, function.returns]:
            bare.add(name)
    assert bare == SHOWN


# Seeds and files


def test_the_seed_decides_the_weights():
    one, same, other = (
        Seq2Seq(ENGLISH, FRENCH, **SIZES, seed=seed).get_weights() for seed in (3, 3, 4)
    )
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(differ(a, b) for a, b in zip(one, other, strict=True))


def test_no_seed_leaves_the_global_state_alone():
    keras.utils.set_random_seed(5)
    before = np.random.get_state()[1].copy()
    one = Seq2Seq(ENGLISH, FRENCH, **SIZES).get_weights()
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    two = Seq2Seq(ENGLISH, FRENCH, **SIZES).get_weights()
    assert any(differ(a, b) for a, b in zip(one, two, strict=True))
    keras.utils.set_random_seed(5)
    again = Seq2Seq(ENGLISH, FRENCH, **SIZES).get_weights()
    assert not any(differ(a, b) for a, b in zip(one, again, strict=True))


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_saved_model_is_the_same_model(tmp_path, model):
    model.save(tmp_path / "model.keras")
    loaded = Seq2Seq.load(tmp_path / "model.keras", source_vocabulary=ENGLISH)
    close(model((SOURCE, TARGET_IN)), loaded((SOURCE, TARGET_IN)), atol=0)
    assert loaded.settings == model.settings
    assert (loaded.source_vocabulary, loaded.target_vocabulary) == (ENGLISH, FRENCH)


def test_a_saved_model_translates_in_another_process(tmp_path):
    model = drawn_model("bahdanau")
    model.save(tmp_path / "model.keras")
    code = (
        "import sys; from attention_helpers.seq2seq import Seq2Seq; "
        "model = Seq2Seq.load(sys.argv[1]); "
        "print(model.translate([sys.argv[2:]], max_length=7)[0].tokens)"
    )
    path, words = tmp_path / "model.keras", SENTENCES[2]
    done = subprocess.run(
        [sys.executable, "-c", code, path, *words], capture_output=True, text=True
    )
    assert done.stdout.strip() == str(model.translate([words], max_length=7)[0].tokens), done.stderr


def test_another_vocabulary_is_refused_on_loading(tmp_path):
    drawn_model("dot").save(tmp_path / "model.keras")
    other = Vocabulary(["a", "black", "cow", "dog", "sees", "the"])
    message = "source_vocabulary: .* 10 tokens .* number 6: 'cat' saved, 'cow' given"
    with pytest.raises(ValueError, match=message):
        Seq2Seq.load(tmp_path / "model.keras", source_vocabulary=other)
    with pytest.raises(ValueError, match="target_vocabulary: .*11 tokens.*, got 10 tokens"):
        Seq2Seq.load(tmp_path / "model.keras", target_vocabulary=ENGLISH)


def test_a_file_that_holds_no_seq2seq_is_refused(tmp_path):
    (tmp_path / "text.keras").write_text("no archive")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    for name, got in {
        "text": "text.keras: ",
        "missing": "missing",
        "other": "a Sequential",
    }.items():
        with pytest.raises(ValueError, match=f"path: expected a saved Seq2Seq, got .*{got}"):
            Seq2Seq.load(tmp_path / f"{name}.keras")


# Bad input

BAD_MODELS = {
    "attention": (dict(attention="luong"), ValueError, "expected one of None, 'bahd.*got 'luong'"),
    "attention, unhashable": (dict(attention=["dot"]), ValueError, "expected one of .*'dot'"),
    "units": (dict(units=0), ValueError, "expected a positive integer, got 0"),
    "units, float": (dict(units=8.0), ValueError, "expected a positive integer, got 8.0"),
    "embedding_dim": (
        dict(embedding_dim=True),
        ValueError,
        "expected a positive integer, got True",
    ),
    "dropout": (dict(dropout=1), ValueError, "expected a number from 0 to below 1, got 1"),
    "dropout, negative": (dict(dropout=-0.1), ValueError, "from 0 to below 1, got -0.1"),
    "dropout, nan": (dict(dropout=float("nan")), ValueError, "from 0 to below 1, got nan"),
    "dropout, text": (dict(dropout="0.1"), ValueError, "from 0 to below 1, got '0.1'"),
    "seed": (dict(seed=-1), ValueError, "expected None or a whole number from 0 .* got -1"),
    "seed, float": (dict(seed=0.5), ValueError, "expected None or a whole number .* got 0.5"),
    "source_vocabulary": (dict(source_vocabulary="a cat"), TypeError, "a Vocabulary or a list"),
    "target_vocabulary": (dict(target_vocabulary=7), TypeError, "a Vocabulary or a list .* got 7"),
}


@pytest.mark.parametrize("case", BAD_MODELS)
def test_bad_arguments_of_a_model_are_named(case):
    changed, error, message = BAD_MODELS[case]
    arguments = {"source_vocabulary": ENGLISH, "target_vocabulary": FRENCH, **SIZES, **changed}
    with pytest.raises(error, match=f"^{case.split(',')[0]}: .*{message}"):
        Seq2Seq(**arguments)


BAD_IDS = {
    "float": (
        SOURCE.astype("float32"),
        TARGET_IN,
        "source: expected an integer dtype, got float32",
    ),
    "one row": (SOURCE[0], TARGET_IN, r"source: expected ids of shape \(batch, length\).*\(5,\)"),
    "three axes": (SOURCE, TARGET_IN[None], r"target_in: .* \(3, length\), got shape \(1, 3, 5\)"),
    "no column": (SOURCE[:, :0], TARGET_IN, r"source: .* got shape \(3, 0\)"),
    "rows": (SOURCE, TARGET_IN[:2], r"target_in: .* \(3, length\), got shape \(2, 5\)"),
    "id too high": (SOURCE + 2, TARGET_IN, "source: expected ids .* from 0 to 9, got 10"),
    "id below 0": (SOURCE, TARGET_IN - 1, "target_in: expected ids .* from 0 to 10, got -1"),
}


@pytest.mark.parametrize(("source", "target_in", "message"), BAD_IDS.values(), ids=BAD_IDS.keys())
def test_bad_ids_are_named(source, target_in, message):
    model = drawn_model("bahdanau")
    with pytest.raises(ValueError, match=message):
        model.teacher_force(source, target_in)
    with pytest.raises(ValueError, match=message):
        model((source, target_in))


BAD_CALLS = {
    "empty": (dict(sentences=[["a"], []]), ValueError, r"sentences\[1\]: .*empty sentence"),
    "text": (dict(sentences=["a cat"]), TypeError, r"sentences\[0\]: .*the string 'a cat'"),
    "unknown": (dict(sentences=[["a", "cow"]]), ValueError, r"sentences\[0\]: .*'cow'.* unknown"),
    "max_length": (
        dict(max_length=0),
        ValueError,
        "max_length: expected a positive integer, got 0",
    ),
    "batch_size": (
        dict(batch_size=0),
        ValueError,
        "batch_size: expected a positive integer, got 0",
    ),
}


BAD_CALLS |= {
    "beam": (dict(beam=0), ValueError, "beam: expected a positive integer, got 0"),
    "beam, float": (dict(beam=2.0), ValueError, "beam: expected a positive integer, got 2.0"),
    "beam, True": (dict(beam=True), ValueError, "beam: expected a positive integer, got True"),
    "penalty": (dict(length_penalty=-1), ValueError, "length_penalty: .* from 0, got -1"),
    "penalty, nan": (dict(length_penalty=float("nan")), ValueError, "length_penalty: .* got nan"),
    "penalty, inf": (dict(length_penalty=float("inf")), ValueError, "length_penalty: .* got inf"),
    "penalty, text": (dict(length_penalty="1"), ValueError, "length_penalty: .* got '1'"),
}


@pytest.mark.parametrize(("changed", "error", "message"), BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_arguments_of_translate_are_named(changed, error, message):
    with pytest.raises(error, match=message):
        drawn_model("dot").translate(**{"sentences": [["a"]], **changed})


BAD_SEARCHES = {
    "float": (SOURCE * 1.0, 4, "source: expected an integer dtype, got float64"),
    "one row": (SOURCE[0], 4, r"source: expected ids of shape \(batch, length\)"),
    "id": (SOURCE + 2, 4, "source: expected ids .* from 0 to 9, got 10"),
    "max_length": (SOURCE, 0, "max_length: expected 1 or more, got 0"),
    "one of them": (SOURCE, [4, -1, 4], "max_length: expected 1 or more, got -1"),
    "two of three": (SOURCE, [4, 4], r"max_length: .* an integer or \(3,\) of them, .* \(2,\)"),
    "float limit": (SOURCE, 4.0, "max_length: expected an integer dtype, got float32"),
}


@pytest.mark.parametrize(
    ("source", "max_length", "message"), BAD_SEARCHES.values(), ids=BAD_SEARCHES
)
def test_bad_arguments_of_a_search_are_named(source, max_length, message):
    model = drawn_model("dot")
    for search in (model.greedy, model.beam_search):
        with pytest.raises(ValueError, match=message):
            search(source, max_length)


def test_bad_arguments_of_a_step_are_named():
    model = drawn_model("dot")
    memory = model.encode(SOURCE)
    bad = {
        "token: expected an integer dtype, got float32": ([1.0] * 3, memory.state),
        r"token: expected ids of shape \(3,\), got \(2,\)": ([1, 1], memory.state),
        r"token: expected ids of shape \(3,\), got \(3, 1\)": ([[1]] * 3, memory.state),
        r"state: expected shape \(3, 8\), got \(3, 7\)": ([1] * 3, draw(3, 7)),
        r"state: expected \(b, n\), got shape \(8,\)": ([1] * 3, draw(8)),
    }
    for message, (token, state) in bad.items():
        with pytest.raises(ValueError, match=message):
            model.next_word(token, state, memory)


PAIR = SentencePair(("a", "cat"), ("un", "chat"), frozenset(), frozenset())
BAD_TRAININGS = {
    "model": (dict(model=keras.Sequential()), TypeError, "model: .* Seq2Seq, got Sequential"),
    "no pairs": (dict(pairs=[]), ValueError, "pairs: expected at least one .* got none"),
    "text": (
        dict(pairs=[PAIR._replace(source="a cat")]),
        TypeError,
        r"pairs.source\[0\]: .*'a cat'",
    ),
    "empty": (
        dict(pairs=[PAIR, PAIR._replace(target=())]),
        ValueError,
        r"pairs.target\[1\]: .*empty",
    ),
    "unknown": (dict(pairs=[PAIR._replace(target=("ours",))]), ValueError, "target.*'ours'"),
    "steps": (dict(steps=0), ValueError, "steps: expected a positive integer, got 0"),
    "batch_size": (
        dict(batch_size=1.5),
        ValueError,
        "batch_size: expected a positive integer, got 1.5",
    ),
    "bins": (dict(bins=0), ValueError, "bins: expected a positive integer, got 0"),
    "learning_rate": (dict(learning_rate=0), ValueError, "learning_rate: .* above 0, got 0"),
    "nan": (dict(learning_rate=float("nan")), ValueError, "learning_rate: .* above 0, got nan"),
    "seed": (dict(seed=-1), ValueError, "seed must be .* 0 or more, got -1"),
}


@pytest.mark.parametrize(
    ("changed", "error", "message"), BAD_TRAININGS.values(), ids=BAD_TRAININGS.keys()
)
def test_bad_arguments_of_train_are_named(changed, error, message):
    with pytest.raises(error, match=message):
        train(**{"model": drawn_model("dot"), "pairs": [PAIR], "steps": 1, **changed})


BAD_LOSSES = {
    "shape": ([[1, 2, 3]], draw(1, 2, 5), r"target_out: .* \(1, 2, 5\), got shape \(1, 3\)"),
    "broken": (
        [[1.0, 2.5]],
        draw(1, 2, 5),
        "target_out: .*integer dtype, or whole numbers, got 2.5",
    ),
    "nan": ([[1.0, np.nan]], draw(1, 2, 5), "target_out: .*or whole numbers, got nan"),
    "half": (
        np.array([[1, 2]], "float16"),
        draw(1, 2, 5),
        "target_out: expected an integer dtype, got float16",
    ),
    "no array": (
        [[1, 2], [3]],
        draw(1, 2, 5),
        "target_out: expected an array or a tensor, got list",
    ),
    "logits": ([[1, 2]], draw(2, 5), r"logits: expected \(b, q, v\), got shape \(2, 5\)"),
}


@pytest.mark.parametrize(("target_out", "logits", "message"), BAD_LOSSES.values(), ids=BAD_LOSSES)
def test_bad_arguments_of_the_loss_are_named(target_out, logits, message):
    with pytest.raises(ValueError, match=message):
        masked_crossentropy(target_out, logits)


BAD_GRUS = {
    "no mask": (draw(2, 5, 5), None, r"mask: expected a boolean \(b, k\).*, got None"),
    "integer mask": (draw(2, 5, 5), MASK.astype(int), "mask: .*got int64 of shape"),
    "mask of another shape": (draw(2, 5, 5), MASK[:, :4], r"mask: .*\(2, 5, 5\), got .*\(2, 4\)"),
    "integer inputs": (SOURCE[..., None], MASK, "inputs: expected a floating dtype, got int32"),
}


@pytest.mark.parametrize(("inputs", "mask", "message"), BAD_GRUS.values(), ids=BAD_GRUS.keys())
def test_bad_arguments_of_a_gru_are_named(inputs, mask, message):
    with pytest.raises(ValueError, match=message):
        gru_and_keras_gru()[0](inputs, mask=mask)
    with pytest.raises(ValueError, match="units: expected a positive integer, got -1"):
        GRU(-1)


# Dtypes


def test_sums_over_many_tokens_of_16_bits():
    """64 sentences of 50 words at 32 nats: more than float16 can hold."""
    logits = np.zeros((64, 50, 4))
    logits[..., 0] = 32
    loss = masked_crossentropy(np.ones((64, 50), int), tf.constant(logits, tf.float16))
    np.testing.assert_allclose(loss, 32, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_mixed_policy_is_refused(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        with pytest.raises(ValueError, match=f"^dtype: expected one dtype .* the policy {policy}"):
            Seq2Seq(ENGLISH, FRENCH)
    finally:
        keras.config.set_dtype_policy(before)


def test_a_dtype_of_its_own_is_refused():
    with pytest.raises(ValueError, match="^dtype: expected the global policy float32, .*float64"):
        Seq2Seq(ENGLISH, FRENCH, dtype="float64")


def test_a_compiled_model_is_saved_with_its_loss_and_its_name(tmp_path):
    model = Seq2Seq(ENGLISH, FRENCH, **SIZES, name="mine")
    model.compile("adam", masked_crossentropy)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert (loaded.name, loaded.loss) == ("mine", masked_crossentropy)


# Wrong calls of other kinds


def step(token=(1, 1), memory=lambda memory: memory):
    model = Seq2Seq(ENGLISH, FRENCH, **SIZES, seed=0)
    read = model.encode([[4, 5], [5, 4]])
    return model.next_word(list(token), read.state, memory(read))


WRONG = {
    "no sentences": (lambda: Seq2Seq(ENGLISH, FRENCH).translate(None), TypeError, "sentences: "),
    "no pairs": (lambda: train(Seq2Seq(ENGLISH, FRENCH), None, steps=1), TypeError, "pairs: "),
    "plain tuples": (
        lambda: train(Seq2Seq(ENGLISH, FRENCH), [(("a",), ("b",))], steps=1),
        TypeError,
        r"pairs\[0\]: expected source and target, .* got tuple",
    ),
    "a token of no word": (
        lambda: step(token=(99, 1)), ValueError, "token: expected ids of the vocabulary, .* got 99"
    ),
    "a negative token": (lambda: step(token=(1, -1)), ValueError, "token: expected ids .* got -1"),
    "a plain tuple": (lambda: step(memory=tuple), TypeError, "memory: expected .* got tuple"),
    "no memory": (lambda: step(memory=lambda _: None), TypeError, "memory: .* got NoneType"),
    "a target of no word": (
        lambda: masked_crossentropy([[7, 0]], np.zeros((1, 2, 3), "float32")),
        ValueError,
        "target_out: expected ids of the vocabulary, from 0 to 2, got 7",
    ),
    "a mask of lists": (
        lambda: GRU(3)(tf.zeros((1, 2, 4)), mask=[[True, False]]), ValueError, "mask: .* got list"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(call, error, message):
    with pytest.raises(error, match=f"{message}"):
        call()
