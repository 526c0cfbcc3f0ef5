"""attention_helpers.seq2seq: `Seq2Seq(attention="mean")` is Bahdanau's model with equal weights."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers.masks import padding_mask
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import PAD_ID, START_ID, SentencePair, Vocabulary
from attention_helpers.training import masked_crossentropy, train

ENGLISH = Vocabulary(["a", "black", "cat", "dog", "sees", "the"])
FRENCH = Vocabulary(["chat", "chien", "le", "noir", "un", "voit", "."])
SIZES = {"units": 8, "embedding_dim": 6}

SOURCE = np.array([[4, 5, 6, 8, 7], [9, 6, 8, 0, 0], [7, 0, 0, 0, 0]], "int32")
TARGET_IN = np.array([[1, 8, 4, 7, 9], [1, 6, 4, 9, 0], [1, 5, 0, 0, 0]], "int32")
IS_WORD = SOURCE != PAD_ID
SENTENCES = [["the", "cat", "sees"], ["dog"], ["a", "black", "cat", "sees", "dog"]]


@functools.cache
def drawn_model():
    """A model whose weights, biases included, are far from zero."""
    model = Seq2Seq(ENGLISH, FRENCH, attention="mean", **SIZES, seed=0)
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.7, weight.shape) for weight in model.weights])
    return model


def close(one, other, atol=2e-5):
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=atol)


def bahdanau_of(model, score_kernel):
    """Bahdanau's model with the weights of the one with the mean, and W and U of its own."""
    other = Seq2Seq(ENGLISH, FRENCH, attention="bahdanau", **SIZES, seed=5)
    own = other.decoder.attention.weights
    shared = iter(model.weights)
    for weight in other.weights:
        if not any(weight is each for each in own):
            weight.assign(next(shared).numpy())
    assert next(shared, None) is None  # all of them have found their place
    other.decoder.attention.score_kernel.assign(np.full(8, score_kernel))
    return other


def test_it_is_the_model_of_bahdanau_whose_scores_are_all_zero():
    """So padding, the two directions, s_0, and the context in the step are the same."""
    mean, equal = drawn_model(), bahdanau_of(drawn_model(), 0.0)
    for ours, theirs in zip(
        mean.teacher_force(SOURCE, TARGET_IN), equal.teacher_force(SOURCE, TARGET_IN), strict=True
    ):
        close(ours, theirs)
    scored, _ = bahdanau_of(drawn_model(), 2.0).teacher_force(SOURCE, TARGET_IN)
    assert np.abs(scored - mean((SOURCE, TARGET_IN))).max() > 0.01  # the scores are the difference


def test_every_word_has_the_same_weight_and_padding_has_none():
    _, weights = drawn_model().teacher_force(SOURCE, TARGET_IN)
    expected = IS_WORD / IS_WORD.sum(axis=1, keepdims=True)
    close(weights, np.broadcast_to(expected[:, None], (3, 5, 5)), atol=1e-7)


def test_the_context_is_the_mean_of_the_annotations_of_the_words():
    model = drawn_model()
    memory = model.encode(SOURCE)
    annotations, _ = model.encoder(tf.constant(SOURCE))
    annotations = annotations.numpy()
    close(memory.value, annotations, atol=0)
    projected = model.decoder.gru.project(model.decoder.embedding(TARGET_IN[:, 0]))
    _, context, _ = model.decoder.step(projected, memory.state, memory)
    close(
        context, [row[words].mean(axis=0) for row, words in zip(annotations, IS_WORD, strict=True)]
    )


def test_the_seed_draws_the_same_weights_as_for_bahdanau():
    """What the two models share starts from the same numbers: only the alignment model is more."""
    mean = Seq2Seq(ENGLISH, FRENCH, attention="mean", **SIZES, seed=3)
    scored = Seq2Seq(ENGLISH, FRENCH, attention="bahdanau", **SIZES, seed=3)
    own = {weight.path for weight in scored.decoder.attention.weights}
    shared = [weight for weight in scored.weights if weight.path not in own]
    assert len(own) == 3
    for one, other in zip(mean.weights, shared, strict=True):
        np.testing.assert_array_equal(one, other)


def test_step_by_step_is_one_teacher_forced_pass_and_so_is_greedy_search():
    model = drawn_model()
    logits, weights = model.teacher_force(SOURCE, TARGET_IN)
    memory = model.encode(SOURCE)
    state = model.start_state(memory)
    for position in range(TARGET_IN.shape[1]):
        one, state, row = model.next_word(TARGET_IN[:, position], state, memory)
        close(one, logits[:, position])
        close(row, weights[:, position])
    tokens, rows = model.greedy(SOURCE, 6)
    starts = np.full((3, 1), START_ID, "int32")
    _, forced = model.teacher_force(SOURCE, np.concatenate([starts, tokens[:, :-1]], axis=1))
    written = tokens.numpy() != PAD_ID
    close(rows.numpy()[written], forced.numpy()[written])


def test_a_sentence_alone_equals_itself_in_a_padded_batch():
    logits, _ = drawn_model().teacher_force(SOURCE, TARGET_IN)
    for row, words in enumerate(IS_WORD):
        alone, _ = drawn_model().teacher_force(
            SOURCE[row : row + 1, words], TARGET_IN[row : row + 1]
        )
        close(logits[row], alone[0])


def test_a_sentence_of_padding_alone_gives_no_nan():
    logits, weights = drawn_model().teacher_force(np.zeros((1, 3), "int32"), TARGET_IN[:1])
    assert np.isfinite(logits).all() and not weights.numpy().any()


def test_nothing_is_compared_so_the_key_is_the_weight():
    model = drawn_model()
    memory = model.encode(SOURCE)
    assert memory.key.shape == (3, 5, 1) and memory.value.shape == (3, 5, 16)
    with pytest.raises(ValueError, match=r"memory: expected .*\(16, 1, 8\), got \(16, 8, 8\)"):
        other = Seq2Seq(ENGLISH, FRENCH, attention="bahdanau", **SIZES, seed=0)
        model.next_word([1] * 3, memory.state, other.encode(SOURCE))
    mask = padding_mask(SOURCE)
    np.testing.assert_array_equal(memory.mask, mask)


def test_xla_computes_and_trains_the_same():
    results = []
    for jit_compile in (False, True):
        model = Seq2Seq(ENGLISH, FRENCH, attention="mean", **SIZES, seed=0)
        model.compile("sgd", masked_crossentropy, jit_compile=jit_compile)
        data = {"x": (SOURCE, TARGET_IN), "y": np.roll(TARGET_IN, -1, axis=1)}
        model.fit(**data, batch_size=2, shuffle=False, verbose=0)
        results.append(model.predict(data["x"], batch_size=2, verbose=0))
    close(*results)


def test_it_learns():
    model = Seq2Seq(["a", "b"], ["c", "d"], attention="mean", **SIZES, seed=0)
    pairs = [SentencePair(("a",), ("c",)), SentencePair(("b",), ("d",))]
    loss = train(model, pairs, steps=40, learning_rate=0.03, verbose=False)["loss"]
    assert loss[-1] < 0.3 < loss[0]
    assert [t.tokens for t in model.translate([("a",), ("b",)])] == [("c",), ("d",)]


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "bfloat16", "float64"])
def test_it_is_saved_and_loaded_like_the_others(tmp_path, policy):
    model = Seq2Seq(ENGLISH, FRENCH, attention="mean", dtype=policy, **SIZES, seed=0)
    model.save(tmp_path / "model.keras")
    loaded = Seq2Seq.load(tmp_path / "model.keras", source_vocabulary=ENGLISH)
    assert loaded.settings == model.settings and loaded.settings["attention"] == "mean"
    logits = model((SOURCE, TARGET_IN))
    np.testing.assert_array_equal(loaded((SOURCE, TARGET_IN)), logits)
    assert logits.dtype == policy.removeprefix("mixed_")
    clone = keras.models.clone_model(model)
    assert clone.settings == model.settings
    for width in (1, 2):
        assert len(model.translate(SENTENCES, beam_width=width, max_length=3)) == 3
