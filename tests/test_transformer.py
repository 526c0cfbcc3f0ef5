"""attention_helpers.transformer: what must hold of a Transformer, whether trained or not.

The models are tiny, and most are not trained: their weights are drawn large enough for every part
to be felt in the logits.
"""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers.layers import AttentionCache, MultiHeadAttention
from attention_helpers.metrics import forced
from attention_helpers.text import END_ID, PAD_ID, START_ID, SentencePair, Vocabulary
from attention_helpers.training import train
from attention_helpers.transformer import (
    DecoderBlock,
    EncoderBlock,
    RotaryAttention,
    Transformer,
    rotate,
    sinusoids,
)

ENGLISH = Vocabulary(["a", "black", "cat", "dog", "sees", "the"])
FRENCH = Vocabulary(["chat", "chien", "le", "noir", "un", "voit", "."])
SIZES = {"layers": 2, "units": 8, "heads": 2, "inner": 12}

SOURCE = np.array([[4, 5, 6, 8, 7], [9, 6, 8, 0, 0], [7, 0, 0, 0, 0]], "int32")
TARGET_IN = np.array([[1, 8, 4, 7, 9], [1, 6, 4, 9, 0], [1, 5, 0, 0, 0]], "int32")
LENGTHS = (5, 3, 1)
SENTENCES = [["the", "cat", "sees"], ["dog"], ["a", "black", "cat", "sees", "dog"], ["a", "dog"]]
POSITIONS = [None, "sinusoidal", "learned", "rotary", "both"]


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def disturb(layer, scale=0.5, seed=1):
    """Weights that no part of a layer can mistake for one another; biases and gains are no 0 or 1."""
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(0, scale, weight.shape) for weight in layer.weights])
    return layer


@functools.cache
def drawn_model(positions):
    """A model that writes different words: its last bias, alike for all of them, is smaller."""
    model = Transformer(ENGLISH, FRENCH, positions=positions, **SIZES)
    disturb(model, *((0.4, 9) if positions == "learned" else (0.6, 6)))
    model.decoder_norm.set_weights([2 * model.decoder_norm.gamma, 0.2 * model.decoder_norm.beta])
    return model


@pytest.fixture(params=POSITIONS, ids=str)
def model(request):
    return drawn_model(request.param)


def close(one, other, atol=2e-5):
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=atol)


def differ(one, other, axis=None):
    return np.abs(np.asarray(one) - np.asarray(other)).max(axis=axis) > 1e-3


# Positions


def test_sinusoids_are_those_of_the_paper():
    rows = sinusoids(tf.range(60), 6).numpy()
    for position in range(60):
        for i in range(3):
            angle = position / 10_000 ** (2 * i / 6)
            close(rows[position, 2 * i], np.sin(angle), 1e-5)
            close(rows[position, 2 * i + 1], np.cos(angle), 1e-5)


def test_sinusoids_take_positions_of_any_shape():
    rows = sinusoids([[3, 0], [1, 1]], 4)
    assert rows.shape == (2, 2, 4) and rows.dtype == tf.float32
    close(rows[0, 0], sinusoids(3, 4), 0)
    close(rows[0, 1], [0, 1, 0, 1], 0)


def test_rotation_is_that_of_complex_numbers():
    x, position = draw(2, 3, 5, 6), np.arange(5) + 40
    pairs = x[..., ::2] + 1j * x[..., 1::2]
    turned = pairs * np.exp(1j * position[:, None] / 10_000 ** (np.arange(3) / 3))
    ours = rotate(x, position).numpy()
    close(ours[..., ::2], turned.real)
    close(ours[..., 1::2], turned.imag)
    close(np.linalg.norm(ours, axis=-1), np.linalg.norm(x, axis=-1))


def test_rotated_scores_depend_on_the_distance_only():
    query, key = draw(1, 8), draw(1, 8, seed=1)
    score = lambda i, j: float(tf.reduce_sum(rotate(query, [i]) * rotate(key, [j])))  # noqa: E731
    close(score(0, 0), np.sum(query * key))
    for distance in (-3, 2, 9):
        close(
            [score(10 + distance, 10), score(50 + distance, 50)], score(100 + distance, 100), 1e-4
        )
    assert differ(score(12, 10), score(11, 10)) and differ(score(12, 10), score(8, 10))


def test_positions_of_a_rotation_broadcast():
    x = draw(2, 3, 4, 6)
    own = rotate(x, np.array([[0, 1, 2, 3], [7, 8, 9, 10]])[:, None])
    close(own[0], rotate(x[0], range(4)))
    close(own[1], rotate(x[1], range(7, 11)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_a_rotation_keeps_the_dtype_and_is_rounded_once(dtype):
    x = tf.cast(draw(5, 6), dtype)
    exact = rotate(tf.cast(x, tf.float32), range(90, 95))
    ours = rotate(x, range(90, 95))
    assert ours.dtype == dtype
    close(tf.cast(ours, tf.float32), tf.cast(tf.cast(exact, dtype), tf.float32), 1e-6)


def rotary_layer():
    layer = RotaryAttention(num_heads=2, key_dim=4)
    layer.build((None, None, 8), (None, None, 8))
    return disturb(layer)


def test_rotary_attention_sees_the_order_and_not_where_it_begins():
    layer, x = rotary_layer(), draw(2, 4, 8)
    whole = layer(x, x, use_causal_mask=True)
    plain = MultiHeadAttention(num_heads=2, key_dim=4)
    plain.build(x.shape, x.shape)
    plain.set_weights(layer.get_weights())
    assert differ(whole, plain(x, x, use_causal_mask=True))
    before = draw(2, 3, 8, seed=2)  # three positions that nobody may attend to
    cache = layer.empty_cache(2, 7)
    _, cache = layer(before, before, value_mask=np.zeros((2, 3), bool), cache=cache)
    close(layer(x, x, use_causal_mask=True, cache=cache)[0], whole)


def test_steps_of_rotary_attention_are_the_whole():
    layer, x = rotary_layer(), draw(2, 5, 8)
    whole, weights = layer(x, x, use_causal_mask=True, return_attention_scores=True)
    cache, start = layer.empty_cache(2, 6), 0
    for count in (2, 1, 2):
        now = x[:, start : start + count]
        output, row, cache = layer(
            now, now, use_causal_mask=True, return_attention_scores=True, cache=cache
        )
        close(output, whole[:, start : start + count])
        close(row[..., :5], weights[:, :, start : start + count])
        start += count


# The whole model, in NumPy


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def by_hand(model, source, target_in):
    """The logits `(q, vocabulary)` and weights `(l, h, q, k)` of one sentence without padding."""
    positions, units = model.settings["positions"], model.settings["units"]

    def values(*variables):
        return [np.float64(variable.numpy()) for variable in variables]

    def norm(layer, x):
        gain, bias = values(layer.gamma, layer.beta)
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(
            x.var(-1, keepdims=True) + 1e-5
        ) * gain + bias

    def turned(x):
        if positions not in ("rotary", "both"):
            return x
        speeds = 10_000.0 ** (-np.arange(0, x.shape[-1], 2) / x.shape[-1])
        pairs = (x[:, ::2] + 1j * x[:, 1::2]) * np.exp(1j * np.arange(len(x))[:, None] * speeds)
        return np.stack([pairs.real, pairs.imag], -1).reshape(x.shape)

    def attend(layer, x, y, mask=True, turn=lambda x: x):
        output, rows = 0.0, []
        for head in range(model.settings["heads"]):
            query, key, value = (
                z @ kernel[:, head] + bias[head]
                for z, dense in (
                    (x, layer.query_dense),
                    (y, layer.key_dense),
                    (y, layer.value_dense),
                )
                for kernel, bias in [values(dense.kernel, dense.bias)]
            )
            scores = turn(query) @ turn(key).T / np.sqrt(query.shape[-1])
            rows.append(softmax(np.where(mask, scores, -np.inf)))
            output += rows[-1] @ value @ values(layer.output_dense.kernel)[0][head]
        return output + values(layer.output_dense.bias)[0], np.stack(rows)

    def feed(block, x):
        w1, b1, w2, b2 = values(*block.widen.weights, *block.narrow.weights)
        return x + np.maximum(norm(block.feed_norm, x) @ w1 + b1, 0) @ w2 + b2

    def vectors(words, ids):
        x = values(words.words)[0][ids] * np.sqrt(units)
        if positions == "learned":
            x += values(words.places)[0][: len(ids)] * np.sqrt(units)
        if positions in ("sinusoidal", "both"):
            x += sinusoids(np.arange(len(ids)), units).numpy()
        return x

    x = vectors(model.source_words, source)
    for block in model.encoder_blocks:
        y = norm(block.self_norm, x)
        x = feed(block, x + attend(block.self_attention, y, y, turn=turned)[0])
    read, x, weights = norm(model.encoder_norm, x), vectors(model.target_words, target_in), []
    causal = np.tri(len(target_in), dtype=bool)
    for block in model.decoder_blocks:
        y = norm(block.self_norm, x)
        x = x + attend(block.self_attention, y, y, causal, turned)[0]
        found, rows = attend(block.cross_attention, norm(block.cross_norm, x), read)
        x = feed(block, x + found)
        weights.append(rows)
    return norm(model.decoder_norm, x) @ values(model.target_words.words)[0].T, np.stack(weights)


def test_a_model_is_what_numpy_makes_of_the_formulas(model):
    logits, weights = model.teacher_force(SOURCE[:1], TARGET_IN[:1])
    expected, rows = by_hand(model, SOURCE[0], TARGET_IN[0])
    assert np.std(expected) > 0.3 and np.std(rows) > 0.03
    close(logits[0], expected, 1e-4)
    close(weights[0], rows[-1].mean(axis=0), 1e-4)
    close(model.cross_attention(SOURCE[:1], TARGET_IN[:1])[0], rows, 1e-4)


# What a translator must be


def test_one_step_after_the_other_is_one_teacher_forced_pass(model):
    """The state is a value: it goes out of one call and into the next, and nothing else does."""
    logits, weights = model.teacher_force(SOURCE, TARGET_IN)
    memory = model.encode(SOURCE)
    state = model.start_state(memory)
    for position in range(TARGET_IN.shape[1]):
        one, after, row = model.next_word(TARGET_IN[:, position], state, memory)
        close(one, logits[:, position])
        close(row, weights[:, position])
        model.next_word(TARGET_IN[:, 0], state, memory)  # another branch disturbs nothing
        close(model.next_word(TARGET_IN[:, position], state, memory)[0], one, atol=0)
        state = after
    assert [cache.length.numpy().tolist() for cache in state] == [[5, 5, 5]] * 2


def test_sentences_may_be_at_different_words(model):
    """Each row goes on from its own place, as the rows of a state do that were put together."""
    logits, _ = model.teacher_force(SOURCE, TARGET_IN)
    memory = model.encode(SOURCE)
    state = model.start_state(memory, length=5)
    for position in range(2):
        _, state, _ = model.next_word(TARGET_IN[:, position], state, memory)
    _, further, _ = model.next_word(TARGET_IN[:, 2], state, memory)
    mixed = tf.nest.map_structure(lambda a, b: tf.concat([a[:1], b[1:]], axis=0), further, state)
    tokens = np.array([TARGET_IN[0, 3], TARGET_IN[1, 2], TARGET_IN[2, 2]])
    one, _, _ = model.next_word(tokens, mixed, memory)
    close(one, [logits[0, 3], logits[1, 2], logits[2, 2]])


def test_greedy_step_by_step_equals_one_teacher_forced_pass(model):
    for limit in (12, 30):  # 20 is what a state has room for if nobody says more
        tokens, weights = model.greedy(SOURCE, limit)
        tokens = tokens.numpy()
        starts = np.full((len(tokens), 1), START_ID, "int32")
        target_in = np.concatenate([starts, tokens[:, :-1]], axis=1)
        logits, rows = model.teacher_force(SOURCE, target_in)
        written = tokens != PAD_ID
        assert written.sum() > 8 and len(np.unique(tokens[written])) > 2  # not one word repeated
        likeliest = END_ID + np.argmax(logits[..., END_ID:], axis=-1)  # neither PAD nor START
        np.testing.assert_array_equal(likeliest[written], tokens[written])
        close(weights.numpy()[written], rows.numpy()[written])


def test_a_beam_takes_the_caches_of_its_hypotheses_along(model):
    greedy, _ = model.greedy(SOURCE, 8)
    for width in (1, 4):
        found = model.beam_search(SOURCE, 8, beam_width=width, length_penalty=0.0)
        tokens = found.tokens.numpy()
        if width == 1:
            np.testing.assert_array_equal(tokens, greedy)
        starts = np.full((len(tokens), 1), START_ID, "int32")
        target_in = np.concatenate([starts, tokens[:, :-1]], axis=1)
        logits, rows = model.teacher_force(SOURCE, target_in)
        of_word = tf.gather(tf.nn.log_softmax(logits), tokens, batch_dims=2).numpy()
        close(found.score, (of_word * (tokens != PAD_ID)).sum(axis=1), 1e-4)
        close(found.weights.numpy()[tokens != PAD_ID], rows.numpy()[tokens != PAD_ID])
    assert tokens.shape != greedy.shape or (tokens != greedy.numpy()).any()


def test_translations_come_in_the_order_of_the_sentences(model):
    for width in (1, 3):
        together = model.translate(SENTENCES, max_length=9, batch_size=3, beam_width=width)
        for words, translation in zip(SENTENCES, together, strict=True):
            (alone,) = model.translate([words], max_length=9, beam_width=width)
            assert translation.tokens == alone.tokens
            assert translation.weights.shape[1] == len(words)
            close(translation.weights, alone.weights)


def test_a_sentence_alone_equals_itself_in_a_padded_batch(model):
    logits, weights = model.teacher_force(SOURCE, TARGET_IN)
    assert weights.shape == (3, 5, 5)
    for row, length in enumerate(LENGTHS):
        alone, own_weights = model.teacher_force(
            SOURCE[row : row + 1, :length], TARGET_IN[row : row + 1]
        )
        close(logits[row], alone[0])
        close(weights[row, :, :length], own_weights[0])
        assert not weights[row, :, length:].numpy().any()
    close(tf.reduce_sum(weights, axis=-1), np.ones((3, 5)), atol=1e-6)


def test_no_future_token_changes_the_past(model):
    logits, weights = model.teacher_force(SOURCE, TARGET_IN)
    for position in range(1, TARGET_IN.shape[1]):
        changed = TARGET_IN.copy()
        changed[:, position:] = 10
        others, other_weights = model.teacher_force(SOURCE, changed)
        close(logits[:, :position], others[:, :position], atol=1e-6)
        close(weights[:, :position], other_weights[:, :position], atol=1e-6)
        assert differ(logits[:, position], others[:, position])


def test_the_whole_source_and_all_words_so_far_reach_the_logits(model):
    logits, _ = model.teacher_force(SOURCE[:1], TARGET_IN[:1])
    for position in range(SOURCE.shape[1]):
        changed = SOURCE[:1].copy()
        changed[0, position] = 9
        assert differ(logits, model.teacher_force(changed, TARGET_IN[:1])[0], axis=-1).all()
        changed = TARGET_IN[:1].copy()
        changed[0, position] = 10
        others = model.teacher_force(SOURCE[:1], changed)[0]
        assert differ(logits, others, axis=-1)[0, position:].all()


def test_only_positions_tell_one_order_of_the_source_from_another(model):
    order = [3, 0, 4, 2, 1]
    logits, weights = model.teacher_force(SOURCE[:1], TARGET_IN[:1])
    others, permuted = model.teacher_force(SOURCE[:1, order], TARGET_IN[:1])
    if model.settings["positions"] is None:
        close(logits, others)
        close(weights.numpy()[..., order], permuted)
    else:
        assert differ(logits, others, axis=-1).all()


def test_the_order_of_the_words_so_far_is_told_too(model):
    """Without positions by where the causal mask ends, which the second layer can tell."""
    swapped = TARGET_IN[:1, [0, 2, 1, 3, 4]]
    one, other = (
        model.teacher_force(SOURCE[:1], ids)[0][0, -1] for ids in (TARGET_IN[:1], swapped)
    )
    assert differ(one, other)


def test_to_one_layer_without_positions_the_words_so_far_are_a_set():
    model = disturb(Transformer(ENGLISH, FRENCH, positions=None, **{**SIZES, "layers": 1}))
    one = model.teacher_force(SOURCE[:1], TARGET_IN[:1])[0]
    other = model.teacher_force(SOURCE[:1], TARGET_IN[:1, [0, 2, 1, 3, 4]])[0]
    close(one[:, 3:], other[:, 3:])
    assert differ(one[:, 1:3], other[:, 1:3], axis=-1).all()


def test_later_places_than_were_learned_are_taken_for_the_last():
    model = disturb(Transformer(ENGLISH, FRENCH, positions="learned", max_length=3, **SIZES))
    logits, _ = model.teacher_force(SOURCE[:1], TARGET_IN[:1])
    swapped = SOURCE[:1, [0, 1, 2, 4, 3]]  # two words at places that are one
    close(logits, model.teacher_force(swapped, TARGET_IN[:1])[0])
    swapped = SOURCE[:1, [0, 2, 1, 3, 4]]
    assert differ(logits, model.teacher_force(swapped, TARGET_IN[:1])[0])
    assert model.target_words.places.shape == (3, 8)


# The weights over the source


def test_the_weights_are_the_mean_of_the_heads_of_the_last_layer(model):
    looks = model.cross_attention(SOURCE, TARGET_IN).numpy()
    assert looks.shape == (3, 2, 2, 5, 5)  # sentence, layer, head, target word, source word
    close(looks.sum(axis=-1), np.ones((3, 2, 2, 5)), 1e-6)
    assert differ(looks[:, 0], looks[:, 1]) and differ(looks[:, :, 0], looks[:, :, 1])
    close(model.teacher_force(SOURCE, TARGET_IN)[1], looks[:, -1].mean(axis=1), 1e-6)


def test_metrics_take_a_transformer():
    model = drawn_model("both")
    pairs = [SentencePair(("a", "cat"), ("un", "chat", ".")), SentencePair(("dog",), ("chien",))]
    said = forced(model, pairs)
    assert [each.weights.shape for each in said] == [(4, 2), (2, 1)]
    logits, weights = model.teacher_force(
        [ENGLISH.encode(("a", "cat"))], [[START_ID, *FRENCH.encode(("un", "chat", "."))]]
    )
    close(said[0].weights, weights[0])
    right = [*FRENCH.encode(("un", "chat", ".")), END_ID]
    expected = tf.gather(tf.nn.log_softmax(logits[0]), right, batch_dims=1)
    close(said[0].log_probabilities, expected)


# Training, sizes, seeds


def copies(number, seed):
    random = np.random.default_rng(seed)
    for _ in range(number):
        words = tuple(random.choice(list("abcd"), random.integers(2, 5)))
        yield SentencePair(words, tuple(word.upper() for word in words))


@pytest.mark.parametrize("positions", ["sinusoidal", "both"])
def test_training_lowers_the_loss(positions):
    sizes = {"layers": 1, "units": 32, "heads": 2, "inner": 64}
    model = Transformer(list("abcd"), list("ABCD"), positions=positions, **sizes, seed=0)
    how = {"steps": 120, "learning_rate": 1e-2, "jit_compile": False, "verbose": False}
    losses = train(model, list(copies(300, seed=0)), **how)["loss"]
    assert 1.2 < losses[0] < 4 and np.mean(losses[-10:]) < 0.3
    assert all(np.isfinite(losses))


def test_xla_takes_the_same_steps():
    weights = []
    for jit_compile in (False, True):
        model = Transformer(list("abcd"), list("ABCD"), positions="both", **SIZES, seed=0)
        how = {"steps": 3, "bins": 1, "jit_compile": jit_compile, "verbose": False}
        train(model, list(copies(40, seed=0)), learning_rate=1e-2, **how)
        weights.append(np.concatenate([weight.ravel() for weight in model.get_weights()]))
    close(*weights, atol=1e-4)


def test_every_weight_has_a_gradient():
    model = drawn_model("learned")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(model((SOURCE, TARGET_IN))))
    for variable, gradient in zip(
        model.trainable_variables,
        tape.gradient(loss, [v.value for v in model.trainable_variables]),
        strict=True,
    ):
        gradient = tf.convert_to_tensor(gradient).numpy()
        # A bias of the keys moves all scores of a query alike, which the softmax does not see.
        if variable.path.endswith("key/bias"):
            assert np.abs(gradient).max() < 1e-4
        else:
            assert np.abs(gradient).max() > 1e-4, variable.path


def test_the_parameters_are_those_that_one_counts():
    d, inner, layers, places = 8, 12, 2, 128
    attention = 4 * (d * d + d)  # query, key, value, output
    feed_forward = d * inner + inner + inner * d + d
    norm = 2 * d
    encoder = attention + feed_forward + 2 * norm
    decoder = 2 * attention + feed_forward + 3 * norm
    words = (len(ENGLISH) + len(FRENCH)) * d  # no more for the logits
    count = words + layers * (encoder + decoder) + 2 * norm
    for positions in POSITIONS:
        learned = 2 * places * d if positions == "learned" else 0
        assert drawn_model(positions).count_params() == count + learned


def test_the_model_of_the_book_has_so_many_parameters():
    from attention_helpers import corpus

    model = Transformer(corpus.source_vocabulary(), corpus.target_vocabulary())
    assert model.count_params() == 271_424


def test_tied_languages_share_one_matrix_also_when_saved(tmp_path):
    model = Transformer(FRENCH, FRENCH, tied=True, **SIZES, seed=0)
    apart = Transformer(FRENCH, FRENCH, **SIZES)
    assert model.source_words is model.target_words
    assert apart.count_params() - model.count_params() == len(FRENCH) * SIZES["units"]
    assert "tied" not in apart.get_config()  # so that what was saved before is read as before
    source, target_in = np.array([[4, 5, 6]]), np.array([[1, 5]])
    before = model((source, target_in))
    model.save(tmp_path / "tied.keras")
    read = Transformer.load(tmp_path / "tied.keras")
    close(read((source, target_in)), before)
    assert read.source_words is read.target_words
    train(model, [SentencePair(("chat", "un"), ("le",))], steps=2, verbose=False)
    assert differ(model((source, target_in)), before).any()
    with pytest.raises(ValueError, match="^tied: expected one vocabulary .* of 10 and 11 tokens"):
        Transformer(ENGLISH, FRENCH, tied=True, **SIZES)


def test_words_are_as_large_as_the_sinusoids_and_logits_vary_by_one():
    model = Transformer([str(n) for n in range(500)], list("ab"), units=64, seed=0)
    ids = tf.range(4, 504)[None]
    plain = model.source_words(ids) - sinusoids(tf.range(500), 64)
    assert 0.95 < np.std(plain) < 1.05 and 0.6 < np.std(sinusoids(tf.range(500), 64)) < 0.75
    logits = model.source_words.logits(tf.constant(draw(1, 200, 64)))
    assert 0.9 < np.std(logits) < 1.1
    assert differ(model.source_words.words[:6], model.target_words.words)


def test_the_seed_decides_the_weights():
    one, same, other = (
        Transformer(ENGLISH, FRENCH, **SIZES, seed=seed).get_weights() for seed in (3, 3, 4)
    )
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(differ(a, b) for a, b in zip(one, other, strict=True))


def test_dropout_is_for_training_only():
    model = Transformer(ENGLISH, FRENCH, dropout=0.5, **SIZES, seed=0)
    inputs = SOURCE, TARGET_IN
    close(model(inputs), model(inputs), atol=0)
    assert differ(model(inputs, training=True), model(inputs, training=True))
    assert differ(model(inputs, training=True), model(inputs))


def test_what_is_asked_to_train_drops_in_each_block():
    model = Transformer(ENGLISH, FRENCH, dropout=0.5, **SIZES, seed=0)
    model.dropout.rate = 0  # of the words
    read = [model.encode(SOURCE, training=True)[0].key for _ in range(2)]
    assert differ(*read)
    memory = model.encode(SOURCE)
    close(memory[0].key, model.encode(SOURCE)[0].key, atol=0)
    ids = tf.constant(TARGET_IN)
    assert differ(*(model.decode(ids, memory, training=True)[0] for _ in range(2)))
    close(model.decode(ids, memory)[0], model.decode(ids, memory)[0], atol=0)


@pytest.mark.parametrize("block", [EncoderBlock, DecoderBlock])
def test_a_block_drops_what_each_part_finds_and_never_x(block):
    """With nearly all dropped, x comes out as it went in, but for the few that are left."""
    made = block(8, 2, 12, 0.999, False)
    x, others = tf.constant(draw(3, 5, 8)), ()
    if block is DecoderBlock:
        others = (made.remember(x, tf.ones((3, 5), tf.bool)),)
    kept = np.mean(np.asarray(tf.nest.flatten(made(x, *others, training=True))[0]) == x)
    assert kept > 0.95
    assert np.mean(np.asarray(tf.nest.flatten(made(x, *others))[0]) == x) < 0.05


# Files, dtypes, XLA


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_saved_model_is_the_same_model(tmp_path, model):
    model.save(tmp_path / "model.keras")
    loaded = Transformer.load(tmp_path / "model.keras", source_vocabulary=ENGLISH)
    close(model((SOURCE, TARGET_IN)), loaded((SOURCE, TARGET_IN)), atol=0)
    assert loaded.settings == model.settings
    assert loaded.translate(SENTENCES, max_length=5)[2].tokens == (
        model.translate(SENTENCES, max_length=5)[2].tokens
    )


def test_an_exported_model_gives_the_same_logits(tmp_path):
    model = drawn_model("both")
    model.export(tmp_path / "exported")
    exported = tf.saved_model.load(tmp_path / "exported")
    for rows in (1, 3):
        source, target_in = tf.constant(SOURCE[:rows]), tf.constant(TARGET_IN[:rows, :4])
        close(exported.serve(source, target_in), model((source, target_in)))


POLICIES = ["float16", "bfloat16", "float64", "mixed_bfloat16", "mixed_float16"]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_model_computes_and_translates_in_its_policy(policy):
    model = Transformer(ENGLISH, FRENCH, positions="both", dtype=policy, **SIZES, seed=0)
    logits, weights = model.teacher_force(SOURCE, TARGET_IN)
    assert logits.dtype == weights.dtype == policy.removeprefix("mixed_")
    wide = Transformer(ENGLISH, FRENCH, positions="both", **SIZES, seed=0)
    wide.set_weights([tf.cast(weight, "float32").numpy() for weight in model.weights])
    close(tf.cast(logits, "float32"), wide((SOURCE, TARGET_IN)), atol=0.1)
    memory = model.encode(SOURCE)
    one, _, _ = model.next_word(TARGET_IN[:, 0], model.start_state(memory), memory)
    close(tf.cast(one, "float32"), tf.cast(logits[:, 0], "float32"), atol=0.05)
    assert len(model.translate(SENTENCES, beam_width=2, max_length=3)) == 4


def test_xla_finds_the_same_translations():
    model = drawn_model("both")

    @tf.function(jit_compile=True, autograph=False)
    def compiled(source):
        return model.greedy(source, 6), model.beam_search(source, 6, beam_width=3)

    (tokens, weights), found = compiled(tf.constant(SOURCE))
    expected, rows = model.greedy(SOURCE, 6)
    np.testing.assert_array_equal(tokens, expected)
    close(weights, rows)
    for one, other in zip(found, model.beam_search(SOURCE, 6, beam_width=3), strict=True):
        close(one, other)


def test_what_else_is_done_with_models(capsys):
    model = drawn_model("rotary")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    close(clone((SOURCE, TARGET_IN)), model((SOURCE, TARGET_IN)), atol=0)
    model.summary()
    assert "encoder_block" in capsys.readouterr().out
    symbolic = model((keras.Input((5,), dtype="int32"), keras.Input((4,), dtype="int32")))
    assert symbolic.shape == (None, 4, len(FRENCH))


# What is wrong is named

BAD_MODELS = {
    "positions": (dict(positions="sine"), ValueError, "one of 'sinusoidal', .*None, got 'sine'"),
    "layers": (dict(layers=0), ValueError, "expected a positive integer, got 0"),
    "units": (dict(units=6), ValueError, r"expected a multiple of 2 · heads = 4, got 6"),
    "units, float": (dict(units=8.0), TypeError, "expected a positive integer, got 8.0"),
    "heads": (dict(heads=-1), ValueError, "expected a positive integer, got -1"),
    "inner": (dict(inner=True), TypeError, "expected a positive integer, got True"),
    "dropout": (dict(dropout=1), ValueError, "expected a finite number, 0 or .* below 1, got 1"),
    "dropout, text": (dict(dropout="0.1"), TypeError, "a finite number, .* got '0.1'"),
    "max_length": (dict(max_length=0), ValueError, "expected a positive integer, got 0"),
    "seed": (dict(seed=-1), ValueError, "expected an integer from 0 to 4294967295, got -1"),
    "source_vocabulary": (dict(source_vocabulary="a cat"), TypeError, "a Vocabulary or a list"),
}


@pytest.mark.parametrize("case", BAD_MODELS)
def test_bad_arguments_of_a_model_are_named(case):
    changed, error, message = BAD_MODELS[case]
    arguments = {"source_vocabulary": ENGLISH, "target_vocabulary": FRENCH, **SIZES, **changed}
    with pytest.raises(error, match=f"^{case.split(',')[0]}: .*{message}"):
        Transformer(**arguments)


BAD_IDS = {
    "float": (SOURCE * 1.0, TARGET_IN, "source: expected an integer dtype, got float"),
    "one row": (SOURCE[0], TARGET_IN, r"source: expected ids of shape \(batch, length\).*\(5,\)"),
    "rows": (SOURCE, TARGET_IN[:2], r"target_in: .* \(3, length\), got shape \(2, 5\)"),
    "id too high": (SOURCE + 2, TARGET_IN, "source: expected ids .* from 0 to 9, got 10"),
    "id below 0": (SOURCE, TARGET_IN - 1, "target_in: expected ids .* from 0 to 10, got -1"),
}


@pytest.mark.parametrize(("source", "target_in", "message"), BAD_IDS.values(), ids=BAD_IDS.keys())
def test_bad_ids_are_named(source, target_in, message):
    model = drawn_model("both")
    for method in (model.teacher_force, model.cross_attention, lambda *ids: model(ids)):
        with pytest.raises(ValueError, match=message):
            method(source, target_in)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint16", "int64", "uint64"])
def test_ids_may_be_of_any_integer_dtype(dtype):
    model, ids = drawn_model("both"), (SOURCE.astype(dtype), TARGET_IN.astype(dtype))
    close(model(ids), model((SOURCE, TARGET_IN)), atol=0)
    memory = model.encode(ids[0])
    one, _, _ = model.next_word(ids[1][:, 0], model.start_state(memory), memory)
    close(one, model((SOURCE, TARGET_IN))[:, 0])


def step(token=(1, 1, 1), state=lambda state: state, memory=lambda memory: memory):
    model = drawn_model("both")
    read = model.encode(SOURCE)
    return model.next_word(list(token), state(model.start_state(read, 4)), memory(read))


FIRST = "expected a tuple of 2 AttentionCache, got"
BAD_STEPS = {
    "token": (lambda: step([1.0] * 3), ValueError, "token: expected an integer dtype"),
    "token rows": (lambda: step([1]), ValueError, r"token: expected ids of shape \(3,\), got \(1,\)"),
    "token id": (lambda: step([1, 1, 99]), ValueError, "token: expected ids .* got 99"),
    "one cache": (lambda: step(memory=lambda m: m[:1]), TypeError, f"memory: {FIRST} "),
    "a cache": (lambda: step(memory=lambda m: m[0]), TypeError, f"memory: {FIRST} "),
    "no memory": (lambda: step(memory=lambda m: None), TypeError, f"memory: {FIRST} None"),
    "no state": (lambda: step(state=lambda s: None), TypeError, f"state: {FIRST} None"),
    "a list": (lambda: step(state=list), TypeError, f"state: {FIRST}"),
    "rows of a state": (
        lambda: step(state=lambda s: tf.nest.map_structure(lambda each: each[:2], s)),
        ValueError,
        r"state: expected a row for each sentence, \(3,\), got \(2,\)",
    ),
    "a state of other sizes": (
        lambda: step(state=lambda s: tuple(c._replace(key=c.key[..., :1]) for c in s)),
        ValueError,
        r"[\s\S]*cache: expected key \(b, g, L, d\) = \(3, 2, 4, 4\) of float32, got \(3, 2, 4, 1\)",
    ),
    "a start without memory": (
        lambda: drawn_model("both").start_state(None), TypeError, f"memory: {FIRST} None"
    ),
    "room": (
        lambda: drawn_model("both").start_state(drawn_model("both").encode(SOURCE), -1),
        ValueError,
        "length: expected 0 or more, got -1",
    ),
    "odd depth": (lambda: sinusoids([1], 5), ValueError, "depth: expected an even number, got 5"),
    "no depth": (lambda: sinusoids([1], 0), ValueError, "depth: expected an integer, 2 or more"),
    "float depth": (lambda: sinusoids([1], 4.0), TypeError, "depth: .* got 4.0"),
    "float position": (lambda: sinusoids([1.0], 4), ValueError, "position: expected an integer"),
    "odd x": (lambda: rotate(draw(2, 5), [0, 1]), ValueError, "depth: expected an even .* got 5"),
    "integer x": (lambda: rotate([[1, 2]], [0]), ValueError, "x: expected a floating dtype"),
    "few positions": (
        lambda: rotate(draw(2, 5, 4), range(4)),
        ValueError,
        r"position: expected \(2, 5\), the shape of x less its last axis, got \(4,\)",
    ),
    "positions of more rows": (
        lambda: rotate(draw(5, 4), np.zeros((2, 5), int)),
        ValueError,
        r"position: expected \(5,\), .* got \(2, 5\)",
    ),
    "one axis": (lambda: rotate(draw(4), [0]), ValueError, r"x: expected \(..., t, d\)"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), BAD_STEPS.values(), ids=BAD_STEPS)
def test_what_is_wrong_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()


def test_a_state_without_room_is_refused():
    model = drawn_model("both")
    memory = model.encode(SOURCE)
    assert model.start_state(memory)[0].mask.shape == (3, 2 * 5 + 10)
    state = model.start_state(memory, length=1)
    _, state, _ = model.next_word([1, 1, 1], state, memory)
    assert isinstance(state[0], AttentionCache)
    with pytest.raises(
        ValueError, match="cache: expected room for 1 more, got a cache of length 1"
    ):
        model.next_word([4, 4, 4], state, memory)
