"""The weights of MultiHeadAttention: those of Keras' layer, in its files, with its settings."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from headed import TOKENS, assert_close, built, disturb, draw

from attention_helpers.layers import BahdanauAttention, LuongAttention, MultiHeadAttention


@pytest.fixture
def x():
    return draw(2, 4, 6)


def program(kind):
    """A model with Keras' layer or ours, which is the one word that differs."""
    tokens = keras.Input((None,), dtype="int32")
    words = keras.layers.Embedding(10, 6, mask_zero=True)(tokens)
    attention = kind(
        num_heads=2,
        key_dim=3,
        value_dim=4,
        dropout=0.0,
        use_bias=True,
        output_shape=(5,),
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=keras.regularizers.L2(0.01),
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        seed=1,
    )
    output, weights = attention(
        words, words, attention_mask=None, return_attention_scores=True, use_causal_mask=True
    )
    model = keras.Model(tokens, [keras.layers.GlobalAveragePooling1D()(output), weights])
    disturb(model)
    pooled, weights = model(TOKENS, training=False)
    is_word = np.tile((TOKENS != 0)[:, None], (1, 2, 1))
    return pooled, weights.numpy()[is_word], sum(model.losses)


def test_swapping_it_for_keras_is_one_word():
    assert_close(program(MultiHeadAttention), program(keras.layers.MultiHeadAttention))


SAVED = """
import sys, json, numpy as np, keras
import attention_helpers.layers
folder = sys.argv[1]
model = keras.models.load_model(folder + "/model.keras")
outputs = model([np.load(folder + "/tokens.npy")])
names = [layer.name for layer in model.layers]
np.savez(folder + "/outputs.npz", *[np.asarray(output) for output in outputs])
configurations = {name: str(model.get_layer(name).get_config()) for name in names}
json.dump(configurations, open(folder + "/configurations.json", "w"))
"""


def test_every_layer_is_saved_and_loaded_in_a_second_process(tmp_path):
    tokens = keras.Input((None,), dtype="int32")
    words = keras.layers.Embedding(10, 6, mask_zero=True)(tokens)
    options = {"dropout": 0.2, "kernel_initializer": "he_normal"}
    regularizer = keras.regularizers.L2(0.1)
    heads = MultiHeadAttention(
        4,
        3,
        value_dim=2,
        num_key_value_heads=2,
        sliding_window=3,
        output_shape=(2, 3),
        kernel_regularizer=regularizer,
        bias_constraint="non_neg",
        **options,
    )
    outputs = [
        *BahdanauAttention(4, **options)(words, words, use_causal_mask=True),
        *LuongAttention("general", **options)(words, words),
        LuongAttention("concat", units=5)(words, words, return_attention_scores=False),
        *LuongAttention("dot", seed=1, dropout=0.5)(words, words),
        *heads(words, words, return_attention_scores=True, use_causal_mask=True),
    ]
    model = disturb(keras.Model(tokens, outputs))
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "tokens.npy", TOKENS)
    source = Path(inspect.getfile(MultiHeadAttention)).parents[1]
    path = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")]))
    subprocess.run(
        [sys.executable, "-c", SAVED, str(tmp_path)],
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    loaded = np.load(tmp_path / "outputs.npz")
    assert len(loaded.files) == len(outputs) == 9
    for name, output in zip(loaded.files, model([TOKENS]), strict=True):
        np.testing.assert_allclose(loaded[name], output, atol=1e-6)
    configurations = json.loads((tmp_path / "configurations.json").read_text())
    assert configurations == {each.name: str(each.get_config()) for each in model.layers}


def test_regularizers_and_constraints_reach_the_weights(x):
    layer = MultiHeadAttention(
        2,
        3,
        kernel_regularizer=keras.regularizers.L2(0.1),
        bias_regularizer=keras.regularizers.L1(0.2),
        kernel_constraint="non_neg",
        bias_constraint=keras.constraints.MaxNorm(1),
        bias_initializer="ones",
    )
    built(layer, x)
    kernels = [w for w in layer.weights if w.name.endswith("kernel")]
    biases = [w for w in layer.weights if w.name.endswith("bias")]
    assert (len(kernels), len(biases)) == (4, 4)
    expected = sum(0.1 * np.sum(np.square(k)) for k in kernels)
    expected += sum(0.2 * np.sum(np.abs(b)) for b in biases)
    np.testing.assert_allclose(sum(layer.losses), expected, rtol=1e-5)
    assert {type(w.constraint) for w in kernels} == {keras.constraints.NonNeg}
    assert {type(w.constraint) for w in biases} == {keras.constraints.MaxNorm}


BAD_ARGUMENTS = {
    "no head": (dict(num_heads=0), "num_heads: expected a positive integer, got 0"),
    "key_dim": (dict(key_dim=2.0), "key_dim: expected a positive integer, got 2.0"),
    "value_dim": (dict(value_dim=0), "value_dim: expected a positive integer, got 0"),
    "dropout": (
        dict(dropout=1.5),
        "dropout: expected a finite number, 0 or more, below 1, got 1.5",
    ),
    "heads that do not divide": (
        dict(num_heads=6, num_key_value_heads=4),
        "num_key_value_heads: expected a divisor of num_heads = 6, got 4",
    ),
    "more heads of keys": (dict(num_key_value_heads=4), "num_key_value_heads: expected a divisor"),
    "window": (dict(sliding_window=-1), "sliding_window: expected a positive integer, got -1"),
    "output": (dict(output_shape=(2, 0)), "output_shape: expected a positive integer, got 0"),
    "no output": (dict(output_shape=()), "output_shape: expected one size or more"),
}


@pytest.mark.parametrize(("changed", "message"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_bad_arguments_are_named(changed, message):
    with pytest.raises((TypeError, ValueError), match=message):
        MultiHeadAttention(**{"num_heads": 2, "key_dim": 3, **changed})


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 4), (2, 4, 6)), r"query: expected as many axes as value, .*: state\[:, None\]"),
        (((2, 4), (4, 6)), r"query: expected \(b, q, n\), got shape \(2, 4\)"),
        (((2, 4, 6), (4, 6)), r"value: expected \(b, k, w\), got shape \(4, 6\)"),
        (((2, 4, None), (2, 4, 6)), "query: expected a last axis of known size"),
        (((2, 4, 6),), "value: expected one in the first call"),
    ],
)
def test_a_bad_build_is_named(shapes, message):
    with pytest.raises(ValueError, match=message):
        MultiHeadAttention(2, 3).build(*shapes)


# Weights and their files


KINDS = [MultiHeadAttention, keras.layers.MultiHeadAttention]
SETTINGS = {
    "plain": {},
    "dropout": {"dropout": 0.3, "seed": 3},
    "no bias": {"use_bias": False, "value_dim": 2},
    "two axes of output": {"output_shape": (2, 3)},
}


def model_of(kind, **settings):
    """A model in which the layer is not the only one with weights."""
    inputs = keras.Input((None, 6))
    hidden = keras.layers.Dense(6)(inputs)
    return keras.Model(inputs, kind(2, 3, **settings)(hidden, hidden))


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("to_keras", [False, True], ids=["from Keras", "to Keras"])
def test_a_file_of_weights_is_read_by_the_other_layer(x, tmp_path, settings, to_keras):
    ours, theirs = (disturb(model_of(kind, **settings), seed=i) for i, kind in enumerate(KINDS))
    source, target = (ours, theirs) if to_keras else (theirs, ours)
    source.save_weights(tmp_path / "model.weights.h5")
    target.load_weights(tmp_path / "model.weights.h5")
    assert len(target.weights) == (6 if settings.get("use_bias") is False else 10)
    for read, saved in zip(target.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(read, saved)
    np.testing.assert_allclose(target(x), source(x), atol=1e-5)


@pytest.mark.parametrize("seed", [None, 7], ids=["no seed", "a seed"])
@pytest.mark.parametrize("kind", ["GlorotUniform", "HeNormal", "RandomNormal"])
def test_weights_start_as_those_of_keras(kind, seed):
    starts = []
    for layer in KINDS:
        keras.utils.set_random_seed(0)
        initializer = getattr(keras.initializers, kind)(seed=seed)
        made = layer(2, 3, kernel_initializer=initializer, bias_initializer="random_normal")
        starts.append(built(made, np.zeros((1, 2, 6))).get_weights())
    for our, their in zip(*starts, strict=True):
        np.testing.assert_array_equal(our, their)


def test_kernels_without_a_seed_are_drawn_apart(x):
    layer = built(MultiHeadAttention(2, 3), x)
    assert np.abs(layer.query_dense.kernel - layer.key_dense.kernel).max() > 1e-3


@pytest.mark.parametrize("part", ["query", "key", "value", "output"])
def test_lora_reaches_each_projection(x, part):
    ours, theirs = (built(kind(2, 3), x) for kind in KINDS)
    for layer in (ours, theirs):
        getattr(layer, f"_{part}_dense").enable_lora(2)
        disturb(layer)
    assert len(ours.trainable_weights) == 9  # the kernel is frozen, and two are new
    np.testing.assert_allclose(ours(x, x), theirs(x, x), atol=1e-5)


@pytest.mark.parametrize("part", ["query", "key", "value", "attention_output"])
def test_a_map_of_policies_reaches_each_projection(x, part):
    dtypes = []
    for kind in KINDS:
        policies = keras.dtype_policies.DTypePolicyMap(default_policy="float32")
        policies[f"mine/{part}"] = keras.dtype_policies.DTypePolicy("mixed_bfloat16")
        layer = kind(2, 3, dtype=policies, name="mine")
        layer(x, x)
        denses = [getattr(layer, f"_{name}_dense") for name in ("query", "key", "value", "output")]
        dtypes.append([each.compute_dtype for each in denses])
    assert dtypes[0] == dtypes[1]
    assert dtypes[0].count("bfloat16") == 1


def test_a_cache_has_one_dtype_whatever_the_policies_of_the_projections(x):
    policies = keras.dtype_policies.DTypePolicyMap(default_policy="float32")
    policies["mine/key"] = keras.dtype_policies.DTypePolicy("mixed_bfloat16")
    layer = MultiHeadAttention(2, 3, dtype=policies, name="mine")
    output, cache = layer(x, x, cache=layer.empty_cache(2, 4))
    assert {output.dtype, cache.key.dtype, cache.value.dtype} == {tf.float32}
    np.testing.assert_allclose(output, layer(x, x), atol=1e-5)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_activity_is_regularised_as_in_keras(x, dropout):
    """One loss for each projection, none for weights and cache."""
    ours, theirs = (
        built(kind(2, 3, dropout=dropout, activity_regularizer="l2"), x) for kind in KINDS
    )
    ours.set_weights(disturb(theirs).get_weights())
    theirs(x, x)
    ours(x, x, cache=ours.empty_cache(2, 4), return_attention_scores=True)
    assert len(ours.losses) == len(theirs.losses) == 4
    np.testing.assert_allclose(sorted(ours.losses), sorted(theirs.losses), rtol=1e-5)
    again = MultiHeadAttention.from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    again(x, x)
    assert len(again.losses) == 4


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_quantising_a_model_reaches_each_projection(x):
    model = model_of(MultiHeadAttention)
    before = model(x)
    model.quantize("int8")
    dtypes = [weight.dtype for weight in model.layers[-1].weights]
    assert dtypes.count("int8") == 4
    np.testing.assert_allclose(model(x), before, atol=0.1)
    assert np.any(model(x) != before)
