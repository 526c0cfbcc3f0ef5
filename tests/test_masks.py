"""attention_helpers.masks: which query may attend to which key; dtypes; compiled; errors."""

import re

import numpy as np
import pytest
import tensorflow as tf

from attention_helpers.masks import causal_mask, combine_masks, local_mask, padding_mask


def test_causal_mask_is_aligned_at_the_end():
    np.testing.assert_array_equal(causal_mask(2, 5), np.tri(5, dtype=bool)[-2:])
    np.testing.assert_array_equal(causal_mask(3, 2), [[0, 0], [1, 0], [1, 1]])
    assert causal_mask(0).shape == (0, 0)


def test_local_mask_looks_both_ways_from_where_the_query_stands():
    np.testing.assert_array_equal(local_mask(4, window=0), np.eye(4, dtype=bool))
    np.testing.assert_array_equal(local_mask(3, window=1), [[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    np.testing.assert_array_equal(local_mask(2, 5, window=1), [[0, 0, 1, 1, 1], [0, 0, 0, 1, 1]])
    np.testing.assert_array_equal(local_mask(3, window=9), np.ones((3, 3), bool))
    lengths = [tf.constant(n, tf.int64) for n in (2, 3, 1)]
    both = local_mask(*lengths[:2], window=lengths[2]) & causal_mask(*lengths[:2])
    np.testing.assert_array_equal(both, [[1, 1, 0], [0, 1, 1]])


def test_padding_mask_is_true_where_there_is_a_token():
    tokens = np.array([[[3, 1], [2, 1]]], "int64")
    mask = padding_mask(tokens, pad_id=1)
    np.testing.assert_array_equal(mask, [[[[True, False]], [[True, False]]]])
    assert mask.dtype == tf.bool


@pytest.mark.parametrize("jit_compile", [False, True])
def test_causal_mask_compiled_from_the_length_of_a_tensor(jit_compile):
    compiled = tf.function(
        lambda x: causal_mask(tf.shape(x)[0], tf.shape(x)[1]),
        jit_compile=jit_compile,
        input_signature=[tf.TensorSpec([None, None])],
    )
    np.testing.assert_array_equal(compiled(tf.zeros((2, 3))), causal_mask(2, 3))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int64", "uint64"])
def test_lengths_of_every_integer_dtype(dtype):
    number = np.dtype(dtype).type
    np.testing.assert_array_equal(causal_mask(number(3), number(4)), causal_mask(3, 4))
    np.testing.assert_array_equal(local_mask(number(3), window=number(1)), local_mask(3, window=1))


def test_a_window_of_any_size_is_wide():
    assert local_mask(3, window=2**40).numpy().all()


def test_no_token_is_taken_for_a_padding_id_of_another_dtype():
    assert padding_mask(np.array([7, 0], "uint8"), pad_id=256).numpy().all()
    assert padding_mask(np.array([7, 255], "uint8"), pad_id=-1).numpy().all()


def test_start_says_where_the_first_query_stands():
    np.testing.assert_array_equal(causal_mask(2, 4, start=0), np.tri(2, 4, dtype=bool))
    np.testing.assert_array_equal(causal_mask(2, 4, start=2), causal_mask(2, 4))
    np.testing.assert_array_equal(causal_mask(2, 4, start=9), np.ones((2, 4), bool))
    np.testing.assert_array_equal(local_mask(2, 4, window=0, start=1), np.eye(2, 4, 1, dtype=bool))
    np.testing.assert_array_equal(causal_mask(3, start=1), np.tri(3, 3, 1, dtype=bool))


@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_start_of_each_row(shape, dtype):
    start = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    causal, local = causal_mask(2, 5, start=start), local_mask(2, 5, window=1, start=start)
    assert causal.shape == local.shape == (*shape, 2, 5)
    for row in np.ndindex(shape):
        np.testing.assert_array_equal(causal[row], causal_mask(2, 5, start=start[row]))
        np.testing.assert_array_equal(local[row], local_mask(2, 5, window=1, start=start[row]))


@pytest.mark.parametrize("start", [2**31 - 1, 2**31, 2**40])
def test_a_late_start_does_not_overflow(start):
    """In int32 the second query would stand before the first key, and 2⁴⁰ would be 0."""
    assert causal_mask(3, start=start).numpy().all()
    assert not local_mask(3, window=1, start=start).numpy().any()


@pytest.mark.parametrize("jit_compile", [False, True])
def test_start_that_is_known_only_when_it_runs(jit_compile):
    compiled = tf.function(
        lambda start: causal_mask(2, 4, start=start),
        jit_compile=jit_compile,
        input_signature=[tf.TensorSpec([None], tf.int32)],
    )
    np.testing.assert_array_equal(compiled([0, 2]), causal_mask(2, 4, start=[0, 2]))


def test_combined_masks_allow_what_all_allow():
    rows, columns = np.array([[True], [False], [True]]), np.array([True, False])
    both = combine_masks(rows, None, columns, np.array(True))
    np.testing.assert_array_equal(both, rows & columns)
    assert combine_masks() is combine_masks(None) is None


# Bad input

BAD_INPUT = {
    "tokens are words": (lambda: padding_mask([["the", "cat"]]), "tokens: …integer…string"),
    "tokens are floats": (lambda: padding_mask([[1.0]]), "tokens: …integer…float32"),
    "one token": (lambda: padding_mask(3), "tokens: …1 or more axes, got shape ()"),
    "negative length": (lambda: causal_mask(-1), "query_length: expected 0 or more, got -1"),
    "fractional length": (lambda: causal_mask(3, 2.5), "key_length: …integer…float32"),
    "several lengths": (lambda: causal_mask([3, 4]), "query_length: …scalar…(2,)"),
    "no length": (lambda: causal_mask(None), "query_length: …array or a tensor, got NoneType"),
    "several paddings": (lambda: padding_mask([1], [0, 1]), "pad_id: expected a scalar…(2,)"),
    "fractional padding": (lambda: padding_mask([1], 0.5), "pad_id: …integer…float32"),
    "negative window": (lambda: local_mask(3, window=-1), "window: expected 0 or more, got -1"),
    "fractional window": (lambda: local_mask(3, window=1.5), "window: …integer…float32"),
    "negative length, local": (lambda: local_mask(-3, window=1), "query_length: …0 or more"),
    "fractional key length, local": (
        lambda: local_mask(3, 2.5, window=1),
        "key_length: …integer…float32",
    ),
    "negative start": (lambda: causal_mask(3, start=-1), "start: expected 0 or more, got -1"),
    "one negative start": (
        lambda: local_mask(3, window=1, start=[2, -3]),
        "start: expected 0 or more, got -3",
    ),
    "fractional start": (lambda: causal_mask(3, start=0.5), "start: …integer…float32"),
    "a mask of integers": (lambda: combine_masks(None, [1, 0]), "masks[1]: …bool…int32"),
    "masks that do not broadcast": (
        lambda: combine_masks([[True]], [[True]] * 2, [[True]] * 3),
        "masks: expected shapes that broadcast, got (1, 1) and (2, 1) and (3, 1)",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(call, message):
    pattern = ".*".join(map(re.escape, message.split("…")))
    with pytest.raises((ValueError, TypeError), match=pattern):
        call()


def test_masks_in_one_list_are_not_stacked():
    with pytest.raises(TypeError, match=r"masks: expected one .* got a list of them: combine_m"):
        combine_masks([causal_mask(3), local_mask(3, window=0)])
