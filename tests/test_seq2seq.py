"""attention_helpers.seq2seq: what must hold of an encoder-decoder, whether trained or not.

The models are tiny, and most are not trained: their weights are drawn large enough for every part
to be felt in the logits.
"""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers.masks import padding_mask
from attention_helpers.seq2seq import GRU, Seq2Seq, sentence_dropout
from attention_helpers.text import END_ID, PAD_ID, START_ID, Vocabulary
from attention_helpers.training import masked_crossentropy, training_step

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
    if one is None and other is None:  # the weights of a model without attention
        return
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
    tokens, weights = model.greedy(SOURCE, 12)
    tokens = tokens.numpy()
    starts = np.full((len(tokens), 1), START_ID, "int32")
    logits, forced = model.teacher_force(SOURCE, np.concatenate([starts, tokens[:, :-1]], axis=1))
    written = tokens != PAD_ID
    assert written.sum() > 8 and len(np.unique(tokens[written])) > 2  # not one word repeated
    likeliest = END_ID + np.argmax(logits[..., END_ID:], axis=-1)  # neither PAD nor START
    np.testing.assert_array_equal(likeliest[written], tokens[written])
    if model.settings["attention"] is None:
        assert weights is forced is None
    else:
        close(weights.numpy()[written], forced.numpy()[written])


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
        if weights is not None:
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
        if weights is not None:
            close(weights[row, :, :length], own_weights[0])


def test_padding_gets_exactly_no_weight_and_words_get_all(attentive):
    weights = attentive.teacher_force(SOURCE, TARGET_IN)[1].numpy()
    assert weights.shape == (3, 5, 5)
    for row, length in enumerate(LENGTHS):
        assert (weights[row, :, :length] > 0).all()
        assert not weights[row, :, length:].any()
    close(weights.sum(axis=-1), np.ones((3, 5)), atol=1e-6)


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
        close(row, None if weights is None else weights[:, position])
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


# XLA


@pytest.mark.parametrize("attention", [None, "bahdanau", "dot", "general", "concat"])
def test_xla_takes_a_last_batch_that_is_smaller(attention):
    results = []
    for jit_compile in (False, True):
        model = Seq2Seq(ENGLISH, FRENCH, attention=attention, **SIZES, seed=0)
        model.compile("sgd", masked_crossentropy, jit_compile=jit_compile)
        data = {"x": (SOURCE, TARGET_IN), "y": np.roll(TARGET_IN, -1, axis=1)}
        model.fit(**data, batch_size=2, shuffle=False, verbose=0)
        loss = model.evaluate(**data, batch_size=2, verbose=0)
        results.append([loss, model.predict(data["x"], batch_size=2, verbose=0)])
    for one, other in zip(*results, strict=True):
        close(one, other)


def test_xla_takes_a_last_batch_that_is_smaller_with_dropout():
    model = Seq2Seq(ENGLISH, FRENCH, dropout=0.5, **SIZES, seed=0)
    model.compile("adam", masked_crossentropy, jit_compile=True)
    history = model.fit((SOURCE, TARGET_IN), TARGET_IN, batch_size=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize("attention", [None, "bahdanau", "concat"])
def test_xla_finds_the_same_translations(attention):
    model = drawn_model(attention)

    @tf.function(jit_compile=True, autograph=False)
    def compiled(source):
        return model.greedy(source, 6), model.beam_search(source, 6, beam_width=3)

    (tokens, weights), found = compiled(tf.constant(SOURCE))
    expected, rows = model.greedy(SOURCE, 6)
    np.testing.assert_array_equal(tokens, expected)
    close(weights, rows)
    for one, other in zip(found, model.beam_search(SOURCE, 6, beam_width=3), strict=True):
        close(one, other)


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


# Bad input

BAD_MODELS = {
    "attention": (dict(attention="luong"), ValueError, "expected one of None, 'bahd.*got 'luong'"),
    "attention, unhashable": (dict(attention=["dot"]), ValueError, "expected one of .*'dot'"),
    "units": (dict(units=0), ValueError, "expected a positive integer, got 0"),
    "units, float": (dict(units=8.0), TypeError, "expected a positive integer, got 8.0"),
    "embedding_dim": (dict(embedding_dim=True), TypeError, "expected a positive .*, got True"),
    "dropout": (dict(dropout=1), ValueError, "expected a finite number, 0 or .* below 1, got 1"),
    "dropout, negative": (dict(dropout=-0.1), ValueError, "0 or more, below 1, got -0.1"),
    "dropout, nan": (dict(dropout=float("nan")), ValueError, "a finite number, .* got nan"),
    "dropout, text": (dict(dropout="0.1"), TypeError, "a finite number, .* got '0.1'"),
    "seed": (dict(seed=-1), ValueError, "expected an integer from 0 to 4294967295, got -1"),
    "seed, float": (dict(seed=0.5), TypeError, "expected an integer from 0 .* got 0.5"),
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


def test_bad_arguments_of_a_step_are_named():
    model = drawn_model("dot")
    memory = model.encode(SOURCE)
    bad = {
        "token: expected an integer dtype, got float32": ([1.0] * 3, memory.state),
        r"token: expected ids of shape \(3,\), got \(2,\)": ([1, 1], memory.state),
        r"token: expected ids of shape \(3,\), got \(3, 1\)": ([[1]] * 3, memory.state),
        r"memory.state: expected .* n = 7 as in state, got": ([1] * 3, draw(3, 7)),
        r"state: expected \(b, n\), got shape \(8,\)": ([1] * 3, draw(8)),
        r"state: expected \(b, n\), got shape \(3, 1, 8\)": ([1] * 3, draw(3, 1, 8)),
        r"memory.state: expected dtype float64": ([1] * 3, draw(3, 8).astype("float64")),
    }
    for message, (token, state) in bad.items():
        with pytest.raises(ValueError, match=f"^{message}"):
            model.next_word(token, state, memory)


BAD_MEMORIES = {
    "one vector": (lambda memory: drawn_model(None).encode(SOURCE), "depths .*8, 8, 8.*8, 24, 8"),
    "annotations": (lambda memory: drawn_model("concat").encode(SOURCE), "memory: .*16, 8, 8"),
    "rank": (lambda memory: memory._replace(value=memory.value[0]), "memory.value: expected "),
    "rows": (lambda memory: memory._replace(key=memory.key[:2]), "memory.key: .*b = 3"),
    "places": (lambda memory: memory._replace(key=memory.key[:, :2]), "memory.key: .*k = 5"),
    "nothing": (lambda memory: memory._replace(key=None), "memory.key: expected an array"),
}


@pytest.mark.parametrize(("change", "message"), BAD_MEMORIES.values(), ids=BAD_MEMORIES)
def test_a_memory_of_another_kind_is_named(change, message):
    model = drawn_model("dot")
    memory = model.encode(SOURCE)
    with pytest.raises(ValueError, match=f"{message}"):
        model.next_word([1] * 3, memory.state, change(memory))


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


# Wrong calls of other kinds


def step(token=(1, 1), memory=lambda memory: memory):
    model = Seq2Seq(ENGLISH, FRENCH, **SIZES, seed=0)
    read = model.encode([[4, 5], [5, 4]])
    return model.next_word(list(token), read.state, memory(read))


WRONG = {
    "no sentences": (lambda: Seq2Seq(ENGLISH, FRENCH).translate(None), TypeError, "sentences: "),
    "a token of no word": (
        lambda: step(token=(99, 1)), ValueError, "token: expected ids of the vocabulary, .* got 99"
    ),
    "a negative token": (lambda: step(token=(1, -1)), ValueError, "token: expected ids .* got -1"),
    "a plain tuple": (lambda: step(memory=tuple), TypeError, "memory: expected .* got tuple"),
    "no memory": (lambda: step(memory=lambda _: None), TypeError, "memory: .* got NoneType"),
    "a mask of lists": (
        lambda: GRU(3)(tf.zeros((1, 2, 4)), mask=[[True, False]]), ValueError, "mask: .* got list"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(call, error, message):
    with pytest.raises(error, match=f"{message}"):
        call()
