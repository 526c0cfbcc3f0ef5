"""AttentionCache: decoding step by step, alone and as the state of a search."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from headed import TOKENS, built, disturb, draw, few
from hypothesis import given
from hypothesis import strategies as st

from attention_helpers.decoding import beam_search, greedy_search
from attention_helpers.layers import AttentionCache, MultiHeadAttention, update_cache


@pytest.fixture
def x():
    return draw(2, 4, 6)


@pytest.fixture
def layer(x):
    made = MultiHeadAttention(num_heads=2, key_dim=3)
    made.build(x.shape, x.shape)
    return disturb(made)


@few
@given(
    groups=st.sampled_from([1, 2]),
    steps=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    spare=st.integers(0, 3),
    padded=st.booleans(),
    window=st.sampled_from([None, 2]),
)
def test_any_division_into_steps_gives_what_the_whole_gives(groups, steps, spare, padded, window):
    total = sum(steps)
    x = draw(2, total, 6)
    layer = built(MultiHeadAttention(2, 3, num_key_value_heads=groups, sliding_window=window), x)
    disturb(layer)
    is_word = np.ones((2, total), bool)
    if padded:
        is_word[1, ::2] = False  # not the end only: a shorter prompt is padded at its start
    whole, weights = layer(
        x, x, value_mask=is_word, use_causal_mask=True, return_attention_scores=True
    )
    cache, start = layer.empty_cache(2, total + spare), 0
    for count in steps:
        now = slice(start, start + count)
        before = [tensor.numpy() for tensor in cache]
        output, of_step, after = layer(
            x[:, now],
            x[:, now],
            value_mask=is_word[:, now],
            use_causal_mask=True,
            return_attention_scores=True,
            cache=cache,
        )
        np.testing.assert_allclose(output, whole[:, now], atol=1e-5)
        np.testing.assert_allclose(of_step[..., :total], weights[:, :, now], atol=1e-5)
        assert not of_step.numpy()[..., total:].any()
        for kept, was in zip(cache, before, strict=True):
            np.testing.assert_array_equal(kept, was)  # it is a value: nothing is written in place
        cache, start = after, start + count
    np.testing.assert_array_equal(cache.length, [total, total])
    np.testing.assert_array_equal(cache.mask[:, :total], is_word)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_decodes_in_a_compiled_loop_with_a_cache_of_fixed_length(layer, x, jit_compile):
    @tf.function(jit_compile=jit_compile, autograph=False)
    def decode(x):
        outputs = tf.TensorArray(x.dtype, size=4, element_shape=(2, 6))

        def step(i, cache, outputs):
            now = tf.gather(x, [i], axis=1)
            output, cache = layer(now, now, cache=cache, use_causal_mask=True)
            return i + 1, AttentionCache(*cache), outputs.write(i, output[:, 0])

        state = tf.constant(0), layer.empty_cache(2, 4), outputs
        _, cache, outputs = tf.while_loop(lambda i, *_: i < 4, step, state, maximum_iterations=4)
        return tf.transpose(outputs.stack(), [1, 0, 2]), cache

    output, cache = decode(tf.constant(x))
    np.testing.assert_allclose(output, layer(x, x, use_causal_mask=True), atol=1e-5)
    np.testing.assert_array_equal(cache.length, [4, 4])


def test_steps_of_unknown_length_and_batch_are_compiled_once(layer, x):
    layer(x, x)
    spec = tf.TensorSpec([None, None, 6])

    @tf.function(input_signature=[spec, tf.TensorSpec([None, None], tf.bool)])
    def two_steps(x, is_word):
        cache = layer.empty_cache(tf.shape(x)[0], 5)
        first, cache = layer(
            x[:, :-1], x[:, :-1], value_mask=is_word[:, :-1], cache=cache, use_causal_mask=True
        )
        last, _ = layer(x[:, -1:], x[:, -1:], cache=cache, use_causal_mask=True)
        return tf.concat([first, last], axis=1)

    for rows in (1, 2):
        whole = layer(x[:rows], x[:rows], use_causal_mask=True)
        output = two_steps(x[:rows], np.ones((rows, 4), bool))
        np.testing.assert_allclose(output, whole, atol=1e-5)


def test_a_cache_of_the_source_is_read_again_and_again(layer, x):
    source, is_word = draw(2, 4, 6, seed=3), TOKENS != 0
    whole = layer(x, source, value_mask=is_word)
    first, cache = layer(x[:, :1], source, value_mask=is_word, cache=layer.empty_cache(2, 4))
    np.testing.assert_allclose(first, whole[:, :1], atol=1e-5)
    for i in range(1, 4):
        output, again = layer(x[:, i : i + 1], None, cache=cache)
        np.testing.assert_allclose(output, whole[:, i : i + 1], atol=1e-5)
        np.testing.assert_array_equal(again.length, [4, 4])


def test_a_window_needs_positions(x):
    layer = built(MultiHeadAttention(2, 3, sliding_window=2), x)
    with pytest.raises(ValueError, match="sliding_window: expected none where value is None"):
        layer(x, None, cache=layer.empty_cache(2, 4))


def test_the_rows_of_a_cache_are_taken_in_a_new_order(layer, x):
    _, cache = layer(x[:, :3], x[:, :3], cache=layer.empty_cache(2, 4), use_causal_mask=True)
    rows = [1, 0, 1]
    taken = tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), cache)
    output, _ = layer(x[rows, 3:], x[rows, 3:], cache=taken, use_causal_mask=True)
    whole = layer(x, x, use_causal_mask=True).numpy()
    np.testing.assert_allclose(output, whole[rows, 3:], atol=1e-5)


def test_a_step_has_the_gradient_of_the_whole(layer, x):
    x = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        whole = tf.reduce_sum(tf.sin(layer(x, x, use_causal_mask=True)[:, 3]))
        _, cache = layer(x[:, :3], x[:, :3], cache=layer.empty_cache(2, 4), use_causal_mask=True)
        last, _ = layer(x[:, 3:], x[:, 3:], cache=cache, use_causal_mask=True)
        step = tf.reduce_sum(tf.sin(last))
    weights = [x, *layer.trainable_variables]
    for of_step, of_whole in zip(
        tape.gradient(step, weights), tape.gradient(whole, weights), strict=True
    ):
        np.testing.assert_allclose(of_step, of_whole, atol=1e-5)


def test_a_cache_without_room_is_refused(layer, x):
    _, cache = layer(x[:, :3], x[:, :3], cache=layer.empty_cache(2, 4))
    message = "cache: expected room for 2 more, got a cache of length 4 with 3 positions written"
    with pytest.raises(ValueError, match=message):
        layer(x[:, :2], x[:, :2], cache=cache)


def test_rows_may_have_different_lengths(layer, x):
    """One row has three positions, the other one: each goes on with its own next one."""
    lengths = [3, 1]
    _, cache = layer(x[:, :3], x[:, :3], cache=layer.empty_cache(2, 5), use_causal_mask=True)
    cut = np.arange(5) < np.array(lengths)[:, None]
    cache = cache._replace(mask=cache.mask & cut, length=tf.constant(lengths))
    now = np.stack([x[row, length : length + 1] for row, length in enumerate(lengths)])
    output, weights, cache = layer(
        now, now, cache=cache, use_causal_mask=True, return_attention_scores=True
    )
    whole, whole_weights = layer(x, x, use_causal_mask=True, return_attention_scores=True)
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(output[row, 0], whole[row, length], atol=1e-5)
        seen = length + 1
        np.testing.assert_allclose(
            weights[row, :, 0, :seen], whole_weights[row, :, length, :seen], atol=1e-5
        )
        assert not weights[row, :, 0, seen:].numpy().any()
    np.testing.assert_array_equal(cache.length, [4, 2])


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("compiled", [False, True])
def test_update_writes_behind_the_last_of_each_row(count, compiled):
    key, value, mask = draw(3, 2, count, 4), draw(3, 2, count, 5), draw(3, count) > 0
    cache = AttentionCache(
        tf.constant(draw(3, 2, 6, 4)),
        tf.constant(draw(3, 2, 6, 5)),
        tf.constant(draw(3, 6) > 0),
        tf.constant([0, 3, 4]),
    )
    run = tf.function(update_cache, jit_compile=True) if compiled else update_cache
    after = run(cache, tf.constant(key), tf.constant(value), tf.constant(mask))
    unmasked = run(cache, tf.constant(key), tf.constant(value))
    for row, length in enumerate([0, 3, 4]):
        expected = [tensor.numpy()[row] for tensor in cache[:3]]
        for old, new in zip(expected, (key, value, mask), strict=True):
            place = (slice(None), slice(length, length + count))
            old[place if old.ndim > 1 else place[1:]] = new[row]
        for got, want in zip(after[:3], expected, strict=True):
            np.testing.assert_array_equal(got[row], want)
        assert unmasked.mask.numpy()[row, length : length + count].all()
    np.testing.assert_array_equal(after.length, [count, 3 + count, 4 + count])


def small_cache(**changed):
    """Two rows of two heads, with room for four positions."""
    key, value = np.zeros((2, 2, 4, 3), "float32"), np.zeros((2, 2, 4, 5), "float32")
    mask, length = np.zeros((2, 4), bool), np.zeros(2, "int32")
    return AttentionCache(key, value, mask, length)._replace(**changed)


BAD_UPDATES = {
    "one head": (dict(key=draw(2, 1, 1, 3)), r"key: expected .* with g = 2 as in cache.key"),
    "one head of values": (dict(value=draw(2, 1, 1, 5)), "value: expected .* with g = 2"),
    "a batch of one": (dict(key=draw(1, 2, 1, 3)), "key: expected .* with b = 2 as in cache.key"),
    "a depth of one": (dict(key=draw(2, 2, 1, 1)), "key: expected .* with d = 3 as in cache.key"),
    "values of depth one": (dict(value=draw(2, 2, 1, 1)), "value: .* v = 5 as in cache.value"),
    "fewer values": (dict(key=draw(2, 2, 2, 3)), "value: expected .* with t = 2 as in key"),
    "another dtype": (
        dict(key=draw(2, 2, 1, 3, dtype="float64")),
        "key: expected dtype float32 as in cache.key, got float64",
    ),
    "no heads": (dict(key=draw(2, 1, 3)), r"key: expected \(b, g, t, d\), got shape \(2, 1, 3\)"),
    "a mask of one row": (
        dict(mask=np.ones((1, 1), bool)),
        r"mask: expected \(b, t\) = \(2, 1\), got shape \(1, 1\)",
    ),
    "a mask of numbers": (dict(mask=np.ones((2, 1))), "mask: expected dtype bool"),
    "a length below 0": (
        dict(cache=small_cache(length=np.array([0, -1], "int32"))),
        r"cache: expected length from 0 to 4, the room of the cache, got \[0, -1\]",
    ),
    "lengths of 64 bits": (
        dict(cache=small_cache(length=np.zeros(2, "int64"))),
        r"cache: expected length \(b,\) = \(2,\) of int32, got \(2,\) of int64",
    ),
    "another number of heads in the cache": (
        dict(cache=small_cache(value=draw(2, 1, 4, 5))),
        "cache.value: expected .* with g = 2 as in cache.key",
    ),
    "no cache": (dict(cache=tuple(small_cache())), "cache: expected an AttentionCache, got tuple"),
    "no room": (
        dict(cache=small_cache(length=np.array([4, 0], "int32"))),
        "cache: expected room for 1 more",
    ),
}


@pytest.mark.parametrize(("changed", "message"), BAD_UPDATES.values(), ids=BAD_UPDATES.keys())
def test_what_does_not_fit_a_cache_is_refused_and_not_broadcast(changed, message):
    fitting = dict(cache=small_cache(), key=draw(2, 2, 1, 3), value=draw(2, 2, 1, 5))
    update_cache(**fitting)
    with pytest.raises(ValueError, match=message):
        update_cache(**{**fitting, **changed})


def test_what_has_no_room_is_not_kept_where_lengths_are_unknown(layer, x):
    layer(x, x)

    @tf.function(input_signature=[tf.TensorSpec([2], tf.int32)])
    def step(length):
        cache = layer.empty_cache(2, 4)._replace(length=length)
        return layer(x[:, :1], x[:, :1], cache=cache)[1]

    cache = step([4, 3])
    np.testing.assert_array_equal(cache.mask, [[False] * 4, [False, False, False, True]])
    with pytest.raises(ValueError, match="expected room for 1 more, .* with 4 positions written"):
        step.python_function(tf.constant([4, 3]))


# The state of a search


WORDS = 7


@pytest.fixture
def decoder():
    """A decoder of one layer, whose only state is its cache; and the same without a cache."""
    layer = built(MultiHeadAttention(2, 3, output_shape=WORDS), np.zeros((1, 1, 6)))
    disturb(layer)
    table = tf.constant(2 * draw(WORDS, 6))

    def next_word(token, cache, memory):
        word = tf.gather(table, token)[:, None]
        logits, weights, cache = layer(
            word, word, cache=cache, use_causal_mask=True, return_attention_scores=True
        )
        return 3 * logits[:, 0] + memory, cache, weights[:, 0, 0]

    def logits_of(ids, bias):
        words = tf.gather(table, ids)[None]
        return (3 * layer(words, words, use_causal_mask=True)[0, -1] + bias).numpy()

    return layer, next_word, logits_of


def exhaustive(logits_of, bias, limit):
    """The best of all sequences that end with END (2), by their mean log-probability."""
    best = (-np.inf, None)
    for length in range(1, limit + 1):
        for ids in itertools.product(range(WORDS), repeat=length):
            if ids[-1] != 2 or 2 in ids[:-1]:
                continue
            score = 0.0
            for i, token in enumerate(ids):
                logits = logits_of([1, *ids[:i]], bias)
                score += logits[token] - np.log(np.exp(logits).sum())
            best = max(best, (score / length, ids))
    return list(best[1])


@pytest.mark.parametrize("in_graph", [False, True])
def test_a_cache_is_the_state_of_greedy_search(decoder, in_graph):
    layer, next_word, logits_of = decoder
    memory, limit = tf.constant(draw(3, WORDS, seed=2)), tf.constant([5, 3, 5])

    def search():
        return greedy_search(next_word, layer.empty_cache(3, 5), memory, limit)

    ids, weights = tf.function(search)() if in_graph else search()
    assert weights.shape[-1] == 5
    for row in range(3):
        expected = [1]
        while len(expected) <= limit[row] and expected[-1] != 2:
            expected.append(int(logits_of(expected, memory[row]).argmax()))
        expected = expected[1:] + [0] * (ids.shape[1] - len(expected) + 1)
        np.testing.assert_array_equal(ids[row], expected)


@pytest.mark.parametrize("in_graph", [False, True])
def test_a_cache_is_the_state_of_beam_search(decoder, in_graph):
    """Its rows go with the hypotheses: a beam with room for all finds the best of all."""
    layer, next_word, logits_of = decoder
    memory, limit = tf.constant(draw(2, WORDS, seed=3)), tf.constant([3, 3])

    def search():
        return beam_search(next_word, layer.empty_cache(2, 4), memory, limit, beam_width=60)

    found = tf.function(search)() if in_graph else search()
    for row in range(2):
        expected = exhaustive(logits_of, memory[row], 3)
        np.testing.assert_array_equal(found.tokens[row, : len(expected)], expected)
        assert found.length[row] == len(expected)


def cache_of(heads, d, batch=2, length=9):
    return MultiHeadAttention(heads, d).empty_cache(batch, length)


BAD_CALLS = {
    "a key without a value": (
        dict(value=None, key=draw(2, 4, 6), cache=cache_of(2, 3)),
        "value: expected a tensor; it may be None with a cache, alone",
    ),
    "causal without positions": (
        dict(value=None, cache=cache_of(2, 3), use_causal_mask=True),
        "use_causal_mask: expected none where value is None",
    ),
    "not a cache": (
        dict(cache=(draw(2, 2, 9, 3), draw(2, 2, 9, 3))),
        "cache: expected an AttentionCache, got tuple",
    ),
    "a cache of another layer": (
        dict(cache=cache_of(3, 3)),
        r"cache: expected key \(b, g, L, d\) = \(2, 2, 9, 3\) of float32, got \(2, 3, 9, 3\)",
    ),
    "lengths below 0": (
        dict(cache=cache_of(2, 3)._replace(length=np.array([0, -1], "int32"))),
        r"cache: expected length from 0 to 9, the room of the cache, got \[0, -1\]",
    ),
    "lengths above the room": (
        dict(cache=cache_of(2, 3)._replace(length=np.array([10, 0], "int32"))),
        r"cache: expected length from 0 to 9, the room of the cache, got \[10, 0\]",
    ),
    "one length": (
        dict(cache=cache_of(2, 3)._replace(length=np.array(0, "int32"))),
        r"cache: expected length \(b,\) = \(2,\) of int32, got \(\) of int32",
    ),
    "lengths of another batch": (
        dict(cache=cache_of(2, 3)._replace(length=np.zeros(3, "int32"))),
        r"cache: expected length \(b,\) = \(2,\) of int32, got \(3,\)",
    ),
    "lengths of another dtype": (
        dict(cache=cache_of(2, 3)._replace(length=np.zeros(2, "int64"))),
        r"cache: expected length \(b,\) = \(2,\) of int32, got \(2,\) of int64",
    ),
    "a cache of another batch": (dict(cache=cache_of(2, 3, batch=5)), "cache: expected key"),
    "a cache of other values": (
        dict(cache=cache_of(2, 3)._replace(value=draw(2, 2, 9, 7))),
        r"cache: expected value \(b, g, L, v\) = .* got \(2, 2, 9, 7\) of float32",
    ),
    "a cache whose mask is of numbers": (
        dict(cache=cache_of(2, 3)._replace(mask=np.ones((2, 9), "int32"))),
        r"cache: expected mask .* of bool, got \(2, 9\) of int32",
    ),
    "a cache of other masks": (
        dict(cache=cache_of(2, 3)._replace(mask=np.ones((5, 9), bool))),
        r"cache: expected mask \(b, L\) = \(2, 9\) of bool, got \(5, 9\)",
    ),
    "a cache too short": (dict(cache=cache_of(2, 3, length=3)), "cache: expected room for 4 more"),
}


@pytest.mark.parametrize(("changed", "message"), BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_input_is_named(layer, x, changed, message):
    arguments = {"query": x, "value": x, **changed}
    query, value = arguments.pop("query"), arguments.pop("value")
    with pytest.raises(ValueError, match=message):
        layer(query, value, **arguments)


@pytest.mark.parametrize("size", [-1, 2.5, "3", None], ids=str)
@pytest.mark.parametrize("name", ["batch_size", "length"])
def test_a_cache_of_no_size_is_refused(name, size):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        MultiHeadAttention(2, 3).empty_cache(**({"batch_size": 2, "length": 3} | {name: size}))
