"""Weights copied from and to Keras' own attention layers."""

from typing import Any

import numpy as np

from ._tensorflow import keras
from ._tensors import show

# Keras' sublayers, and what their weights are called here.
PARTS = {"query": "query", "key": "key", "value": "value", "attention_output": "output"}


def copy_from_keras(layer: Any, keras_layer: Any) -> None:
    """Gives a layer the weights with which it computes what Keras' layer computes.

    - `MultiHeadAttention` from `MultiHeadAttention` or `GroupQueryAttention`: the same weights, one
      for one;
    - `BahdanauAttention` from `AdditiveAttention`: W = U = 1, v = `scale`; n = m = u;
    - `LuongAttention("dot")` from `Attention()`: none;
    - `LuongAttention("general")` from `Attention(use_scale=True)`: W = `scale` · 1; n = m;
    - `LuongAttention("concat")` from `Attention(score_mode="concat")`: W = `scale` · [1; 1], and v is
      `concat_score_weight` for each of its u = n = m units.

    Args:
        layer: one of this package, built (called once).
        keras_layer: one of Keras', built.

    Raises:
        TypeError: there is no such pair.
        ValueError: a layer is not built, or shapes or settings differ.

    Example:
        >>> import tensorflow as tf
        >>> from attention_helpers.layers import MultiHeadAttention
        >>> ours, theirs = (kind(2, key_dim=4) for kind in
        ...                 (MultiHeadAttention, keras.layers.MultiHeadAttention))
        >>> x = tf.random.stateless_normal((3, 5, 8), seed=[0, 1])
        >>> _ = ours(x, x), theirs(x, x)
        >>> copy_from_keras(ours, theirs)
        >>> bool(tf.reduce_max(tf.abs(ours(x, x) - theirs(x, x))) < 1e-5)
        True
    """
    kind = _pair(layer, keras_layer)
    if kind == "MultiHeadAttention":
        _assign((ours, theirs) for ours, theirs in _shared(layer, keras_layer))
    elif kind == "BahdanauAttention":
        identity = np.eye(layer.units)
        scale = keras_layer.scale if keras_layer.use_scale else np.ones(layer.units)
        kernels = [(layer.query_kernel, identity), (layer.key_kernel, identity)]
        _assign([*kernels, (layer.score_kernel, scale)])
    else:
        _assign(_as_luong(layer, keras_layer))


def copy_to_keras(layer: Any, keras_layer: Any) -> None:
    """Gives Keras' layer the weights of ours, where it has a place for them.

    `MultiHeadAttention` goes to `keras.layers.MultiHeadAttention` or `GroupQueryAttention`.
    `BahdanauAttention` goes to `keras.layers.AdditiveAttention`, which has v (`scale`) but neither W
    nor U: it gives the same for `[query @ query_kernel, value, layer.project_key(key)]`.

    Args:
        layer: one of this package, built (called once).
        keras_layer: one of Keras', built.

    Raises:
        TypeError: there is no such pair.
        ValueError: a layer is not built, or shapes or settings differ.

    Example:
        >>> import tensorflow as tf
        >>> from attention_helpers.layers import BahdanauAttention
        >>> ours, theirs = BahdanauAttention(units=4), keras.layers.AdditiveAttention()
        >>> query, value = tf.ones((1, 2, 3)), tf.random.stateless_normal((1, 5, 6), seed=[0, 1])
        >>> context, _ = ours(query, value)
        >>> theirs.build([(1, 2, 4), (1, 5, 6), (1, 5, 4)])
        >>> copy_to_keras(ours, theirs)
        >>> again = theirs([query @ ours.query_kernel, value, ours.project_key(value)])
        >>> bool(tf.reduce_max(tf.abs(again - context)) < 1e-5)
        True
    """
    kind = _pair(layer, keras_layer)
    if kind == "MultiHeadAttention":
        _assign((theirs, ours) for ours, theirs in _shared(layer, keras_layer))
    elif kind == "BahdanauAttention" and keras_layer.use_scale:
        _assign([(keras_layer.scale, layer.score_kernel)])
    elif kind == "BahdanauAttention":
        raise ValueError("keras_layer: expected use_scale=True, for v has no other place")
    else:
        raise TypeError(
            "layer: expected a MultiHeadAttention or a BahdanauAttention; Keras' Attention has no "
            "place for the weights of a LuongAttention"
        )


def _pair(layer: Any, keras_layer: Any) -> str:
    """The kind of our layer, if it and Keras' belong together and have their weights."""
    kind = type(layer).__name__
    pairs: dict[str, tuple[Any, ...]] = {
        "MultiHeadAttention": (
            keras.layers.MultiHeadAttention,
            keras.layers.GroupQueryAttention,
        ),
        "BahdanauAttention": (keras.layers.AdditiveAttention,),
        "LuongAttention": (keras.layers.Attention,),
    }
    if not type(layer).__module__.startswith(__package__) or kind not in pairs:
        raise TypeError(f"layer: expected one of {', '.join(pairs)}, got {_kind(layer)}")
    # Not isinstance: Keras' AdditiveAttention is a subclass of its Attention.
    if type(keras_layer) not in pairs[kind]:
        # Keras exports its GroupedQueryAttention as GroupQueryAttention.
        names = [each.__name__.replace("Grouped", "Group") for each in pairs[kind]]
        expected = " or ".join(f"keras.layers.{name}" for name in names)
        raise TypeError(f"keras_layer: expected {expected}, got {_kind(keras_layer)}")
    for name, each in (("layer", layer), ("keras_layer", keras_layer)):
        if not each.built:
            raise ValueError(f"{name}: expected a layer that has its weights; call it once first")
    return kind


def _kind(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__name__}"


def _shared(layer: Any, keras_layer: Any) -> list[tuple[Any, Any]]:
    """Our weights beside Keras', whose paths end in the sublayer and its weight: query/kernel."""
    pairs = []
    for theirs in keras_layer.weights:
        part, weight = theirs.path.split("/")[-2:]
        ours = getattr(layer, f"{PARTS.get(part)}_{weight}", None)
        if ours is None:
            raise ValueError(f"keras_layer: expected no {part}/{weight}, for layer has none")
        pairs.append((ours, theirs))
    if len(pairs) != len(layer.weights):
        raise ValueError(
            f"keras_layer: expected {len(layer.weights)} weights as in layer, got {len(pairs)}; "
            "is use_bias the same?"
        )
    return pairs


def _as_luong(layer: Any, keras_layer: Any) -> list[tuple[Any, Any]]:
    """The weights with which ours gives the score of Keras' Attention."""
    mode, use_scale = keras_layer.score_mode, keras_layer.use_scale
    wanted = "concat" if mode == "concat" else "general" if use_scale else "dot"
    if layer.score != wanted:
        raise ValueError(
            f'layer: expected the score "{wanted}", for Attention(use_scale={use_scale}, '
            f'score_mode="{mode}"), got "{layer.score}"'
        )
    if wanted == "dot":
        return []
    scale = float(keras_layer.scale) if use_scale else 1.0
    if wanted == "general":
        return [(layer.kernel, scale * np.eye(layer.kernel.shape[0]))]
    units = layer.score_kernel.shape[0]
    kernel = scale * np.eye(units)
    score_kernel = np.full(units, float(keras_layer.concat_score_weight))
    return [
        (layer.query_kernel, kernel),
        (layer.key_kernel, kernel),
        (layer.score_kernel, score_kernel),
    ]


def _assign(pairs: Any) -> None:
    """Writes the second of each pair into the first, once all of them are known to fit."""
    pairs = [(to, np.asarray(of)) for to, of in pairs]
    for to, array in pairs:
        if tuple(to.shape) != array.shape:
            raise ValueError(f"{to.path}: expected shape {show(to.shape)}, got {show(array.shape)}")
    for to, array in pairs:
        to.assign(array)
