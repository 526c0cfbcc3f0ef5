"""Attention as pure functions of tensors.

The letters of the einsum strings name the axes, in the whole book (book/notation.md has them all):
`b` batch, `h` head, `q` query position, `k` key position, `d` depth of queries and keys,
`v` depth of values, `u` hidden units of the additive score, `n` and `m` depth of what asks and of
what is looked at, before a kernel. `...` stands for any leading axes; those of the arguments
broadcast.
A mask is boolean, **True = may attend**. Every function works eagerly, in `tf.function` and under
XLA (`jit_compile=True`), in float16, bfloat16, float32 and float64. What has 16 bits is computed in
float32 from the scores to the context, and rounded once: dot products of float16 overflow above
65,504, and sums of 16 bits lose what comes late.

First come the formulas, which check nothing: layers call them. The public functions check their
arguments, on what is known of them without computing, and call a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from ._doors import additive_arguments, dot_product_arguments
from ._tensorflow import tf
from ._tensors import (
    TensorLike,
    add,
    at_least_float32,
    axis_size,
    limits,
    mask_for,
    rounded,
    tensors,
)

__all__ = [
    "additive_attention",
    "additive_scores",
    "attention",
    "dot_product_scores",
    "general_scores",
    "masked_softmax",
    "scaled_dot_product_attention",
]


# What may be done to the weights before the values are weighted with them, such as dropout.
Drop: TypeAlias = Callable[[tf.Tensor], tf.Tensor]


# The formulas


def softmax_of_allowed(scores: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """exp(scores) / Σ exp(scores) over what the mask allows; zeros where it allows nothing."""
    if mask is None:
        return softmax(scores)  # it subtracts the maximum: no overflow
    # The lowest finite number, for with -inf a row with nothing allowed would be 0/0.
    weights = softmax(tf.where(mask, scores, limits(scores.dtype)[0]))
    return tf.where(mask, weights, 0.0)


def softmax(scores: tf.Tensor) -> tf.Tensor:
    """`tf.nn.softmax`, of which oneDNN refuses more than five axes."""
    if scores.shape.rank is not None and scores.shape.rank <= 5:
        return tf.nn.softmax(scores)
    rows = tf.reshape(scores, [-1, axis_size(scores, -1)])
    weights = tf.reshape(tf.nn.softmax(rows), tf.shape(scores))
    weights.set_shape(scores.shape)
    return weights


def attend(
    scores: tf.Tensor, value: tf.Tensor, mask: tf.Tensor | None, drop: Drop | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The mean of the values, weighted by the softmax of the scores; and the weights.

    `drop` makes of the weights those that the values are weighted with, such as dropout in
    training. It gets them before they are rounded, and they are returned undropped.
    """
    weights = softmax_of_allowed(scores, mask)
    kept = weights if drop is None else drop(weights)
    context = tf.einsum("...qk,...kv->...qv", kept, at_least_float32(value))
    return rounded(context, value.dtype), rounded(weights, value.dtype)


def dot_product(query: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """The scores query keyᵀ."""
    return tf.einsum("...qd,...kd->...qk", at_least_float32(query), at_least_float32(key))


def scaled_dot_product(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    mask: tf.Tensor | None = None,
    bias: tf.Tensor | None = None,
    scale: tf.Tensor | float | None = None,
    drop: Drop | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """softmax(scale · query keyᵀ + bias) value; and the weights. The scale is 1/√d if it is None."""
    # The queries are scaled, not the scores, which are more.
    scores = dot_product(scaled(query, scale), key)
    if bias is not None:
        scores, mask = forbid_infinite(add(scores, at_least_float32(bias), own=2), mask)
    return attend(scores, value, mask, drop)


def scaled(query: tf.Tensor, scale: tf.Tensor | float | None) -> tf.Tensor:
    """scale · query, where a scale of None is 1/√d."""
    query, depth = at_least_float32(query), query.shape[-1:]
    if scale is None and depth.is_fully_defined():
        scale = depth[0] ** -0.5
    elif scale is None:
        scale = tf.math.rsqrt(tf.cast(tf.shape(query)[-1], query.dtype))
    return query * scale


def additive(query: tf.Tensor, key: tf.Tensor, score_kernel: tf.Tensor) -> tf.Tensor:
    """The scores v_aᵀ tanh(query + key), where v_a is the score kernel."""
    query, key, v_a = (at_least_float32(x) for x in (query, key, score_kernel))
    # query[..., :, None, :] + key[..., None, :, :]
    hidden = tf.tanh(add(tf.expand_dims(query, -2), tf.expand_dims(key, -3), own=3))
    # tf.einsum("...qku,u->...qk", hidden, v_a), which under oneDNN (TensorFlow 2.21) writes past its
    # memory where `...` are two axes: the process dies.
    return tf.squeeze(project(hidden, tf.expand_dims(v_a, -1)), -1)


def project(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """einsum "...qn,nu->...qu" or "...km,mu->...ku", as the product of two matrices.

    Without XLA the einsum and its gradient take three times as long on a CPU
    (benchmarks/projection.py). `tf.tensordot` makes the same product, but in a loop XLA cannot
    compile it where the size of a batch is unknown.
    """
    if inputs.shape.rank == 2:
        return tf.matmul(inputs, kernel)
    shape = inputs.shape[:-1] + kernel.shape[1:]
    if not shape.is_fully_defined():
        shape = tf.concat([tf.shape(inputs)[:-1], tf.shape(kernel)[1:]], axis=0)
    rows = tf.reshape(inputs, [-1, axis_size(kernel, 0)])
    return tf.reshape(tf.matmul(rows, kernel), shape)


def forbid_infinite(scores: tf.Tensor, mask: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
    """Finite scores, and a mask that forbids also what had the score −∞; +∞ becomes the largest."""
    allowed = tf.not_equal(scores, -np.inf)
    # All are more than the lowest number, which `softmax_of_allowed` puts where nothing is allowed.
    lowest, highest = limits(scores.dtype)
    scores = tf.raw_ops.ClipByValue(t=scores, clip_value_min=lowest / 2, clip_value_max=highest)
    return scores, allowed if mask is None else tf.where(mask, allowed, False)


# The same, checked


def dot_product_scores(query: TensorLike, key: TensorLike) -> tf.Tensor:
    """The dot product of every query with every key.

    Args:
        query: floating `(..., q, d)`.
        key: of the same dtype, `(..., k, d)`.

    Returns:
        The scores `(..., q, k)`, of the same dtype; float32 where that has 16 bits.

    Raises:
        ValueError: a wrong dtype or shape.

    Example:
        >>> dot_product_scores([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]).numpy().tolist()
        [[11.0, 17.0]]

    Source: Luong, Pham and Manning 2015 (arXiv 1508.04025), the score "dot".
    """
    query, key = tensors("...qd,...kd", nonempty="d", query=query, key=key)
    return dot_product(query, key)


def general_scores(query: TensorLike, key: TensorLike, kernel: TensorLike) -> tf.Tensor:
    """The bilinear score queryᵀ kernel key of every query with every key.

    Args:
        query: floating `(..., q, n)`.
        key: of the same dtype, `(..., k, m)`.
        kernel: the matrix W_g, of the same dtype, `(n, m)`.

    Returns:
        The scores `(..., q, k)`, of the same dtype; float32 where that has 16 bits.

    Raises:
        ValueError: a wrong dtype or shape.

    Example:
        >>> general_scores([[1.0, 2.0]], [[3.0], [4.0]], kernel=[[1.0], [0.5]]).numpy().tolist()
        [[6.0, 8.0]]

    Source: Luong, Pham and Manning 2015 (arXiv 1508.04025), the score "general".
    """
    query, key, kernel = tensors(
        "...qn,...km,nm", nonempty="nm", query=query, key=key, kernel=kernel
    )
    # The queries are projected, not the keys, as in decoding there is one query and many keys.
    return dot_product(project(at_least_float32(query), at_least_float32(kernel)), key)


def additive_scores(query: TensorLike, key: TensorLike, score_kernel: TensorLike) -> tf.Tensor:
    """The additive score v_aᵀ tanh(query + key) of every query with every key.

    Args:
        query: projected queries W s, floating `(..., q, u)`.
        key: projected keys U h, of the same dtype, `(..., k, u)`.
        score_kernel: the vector v_a, of the same dtype, `(u,)`.

    Returns:
        The scores `(..., q, k)`, of the same dtype; float32 where that has 16 bits.

    Raises:
        ValueError: a wrong dtype or shape.

    Example:
        >>> scores = additive_scores([[0.0, 1.0]], [[0.0, -1.0], [2.0, 1.0]], [1.0, 0.5])
        >>> print(scores.numpy().round(3))
        [[0.    1.446]]

    Source: Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), the alignment model e_ij.
    """
    query, key, score_kernel = tensors(
        "...qu,...ku,u", nonempty="u", query=query, key=key, score_kernel=score_kernel
    )
    return additive(query, key, score_kernel)


def masked_softmax(scores: TensorLike, mask: TensorLike | None = None) -> tf.Tensor:
    """The softmax over the last axis, among the positions that the mask allows.

    A row in which nothing is allowed gives zeros, and a zero gradient. A score of −∞ forbids as the
    mask does; one of +∞ takes all the weight, and shares it with others of +∞; NaN where it is
    allowed is seen: at least one weight of its row is NaN.

    Args:
        scores: floating `(..., q, k)`.
        mask: boolean, broadcastable to the shape of the scores, True = may attend; None allows all.

    Returns:
        The weights `(..., q, k)`: each row sums to one, or to zero if nothing was allowed.

    Raises:
        ValueError: a wrong dtype, no key at all, or a mask that does not broadcast.

    Example:
        >>> masked_softmax([[0.0, 0.0, 9.0]], [[True, True, False]]).numpy().tolist()
        [[0.5, 0.5, 0.0]]
        >>> masked_softmax([[1.0, 2.0]], [[False, False]]).numpy().tolist()
        [[0.0, 0.0]]

    Source: Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.3, where what is not allowed is set
    to -∞ before the softmax; a row with nothing allowed is not defined there.
    """
    (scores,) = tensors("...k", nonempty="k", scores=scores)
    if mask is not None:
        mask = mask_for(mask, scores.shape)
    finite, mask = forbid_infinite(at_least_float32(scores), mask)
    return rounded(softmax_of_allowed(finite, mask), scores.dtype)


def attention(
    scores: TensorLike, value: TensorLike, mask: TensorLike | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The mean of the values, weighted by the softmax of the scores.

    Args:
        scores: floating `(..., q, k)`; those of −∞ and +∞ count as in `masked_softmax`.
        value: of the same dtype, `(..., k, v)`; it may have 16 bits where the scores are float32.
        mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.

    Returns:
        The context `(..., q, v)` and the weights `(..., q, k)`, of the dtype of the value; zeros
        where nothing is allowed.

    Raises:
        ValueError: a wrong dtype or shape, or a mask that does not broadcast.

    Example:
        >>> context, weights = attention([[0.0, 0.0]], [[1.0], [3.0]])
        >>> context.numpy().tolist(), weights.numpy().tolist()
        ([[2.0]], [[0.5, 0.5]])

    Source: Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), α_ij and c_i.
    """
    scores, value = tensors("...qk,...kv", nonempty="k", wide="scores", scores=scores, value=value)
    if mask is not None:
        mask = mask_for(mask, scores.shape)
    scores, mask = forbid_infinite(at_least_float32(scores), mask)
    return attend(scores, value, mask)


def additive_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    score_kernel: TensorLike,
    mask: TensorLike | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Bahdanau's attention, on queries and keys that are already projected.

    Args:
        query: projected queries W s, floating `(..., q, u)`.
        key: projected keys U h, of the same dtype, `(..., k, u)`.
        value: of the same dtype, `(..., k, v)`; Bahdanau's values are the h themselves.
        score_kernel: the vector v_a of the score, of the same dtype, `(u,)`.
        mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.

    Returns:
        The context `(..., q, v)` and the weights `(..., q, k)`.

    Raises:
        ValueError: a wrong dtype or shape, or a mask that does not broadcast.

    Example:
        >>> query, key = [[0.0]], [[5.0], [-5.0]]
        >>> context, weights = additive_attention(query, key, [[1.0], [0.0]], score_kernel=[1.0])
        >>> print(weights.numpy().round(3))
        [[0.881 0.119]]

    Source: Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), e_ij, α_ij and c_i.
    """
    query, key, value, score_kernel, mask = additive_arguments(
        query, key, value, score_kernel, mask
    )
    return attend(additive(query, key, score_kernel), value, mask)


def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    mask: TensorLike | None = None,
    *,
    bias: TensorLike | None = None,
    scale: TensorLike | None = None,
    grouped: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """softmax(scale · query keyᵀ + bias) value.

    Args:
        query: floating `(..., q, d)`.
        key: of the same dtype, `(..., k, d)`.
        value: of the same dtype, `(..., k, v)`.
        mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.
        bias: what is added to the scores, such as relative positions: of the same dtype,
            broadcastable to `(..., q, k)`; −∞ forbids as a mask does; None adds nothing.
        scale: the factor of the scores, a finite scalar; None means 1/√d.
        grouped: whether several heads of the query share one of key and value. Then the shapes are
            query `(..., h, q, d)`, key `(..., g, k, d)` and value `(..., g, k, v)`, h a multiple of
            g, and the head i looks at the key and value i // (h/g). Nothing is copied.

    Returns:
        The context `(..., q, v)` and the weights `(..., q, k)`; zeros where nothing is allowed.

    Raises:
        ValueError: a wrong dtype or shape, a mask or a bias that does not broadcast, a scale that
            is not finite, heads that do not divide.
        TypeError: a scale that is no number.

    Example:
        >>> query, key = [[2.0, 0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
        >>> context, weights = scaled_dot_product_attention(query, key, value=key)
        >>> print(weights.numpy().round(3))
        [[0.731 0.269]]
        >>> query, key = tf.zeros((2, 8, 5, 4)), tf.zeros((2, 2, 7, 4))  # 8 heads on 2
        >>> scaled_dot_product_attention(query, key, key, grouped=True)[0].shape.as_list()
        [2, 8, 5, 4]

    Source: Vaswani et al. 2017 (arXiv 1706.03762), scaled dot-product attention.
    """
    query, key, value, mask, bias, scale = dot_product_arguments(
        query, key, value, mask, bias, scale, grouped
    )
    if grouped:
        query, key, value, mask, bias = split_groups(query, key, value, mask, bias)
    context, weights = scaled_dot_product(query, key, value, mask, bias, scale)
    return (merge_groups(context), merge_groups(weights)) if grouped else (context, weights)


# Heads of the query that share those of key and value


def split_groups(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    mask: tf.Tensor | None = None,
    bias: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | None, tf.Tensor | None]:
    """Splits the axis h of heads into (g, h/g), so that (g, 1) heads of key and value broadcast.

    Returns:
        The query `(..., g, h/g, q, d)`, key `(..., g, 1, k, d)`, value `(..., g, 1, k, v)`, and
        the mask and the bias so that they broadcast to `(..., g, h/g, q, k)`.

    Example:
        >>> query, key = tf.zeros((2, 6, 5, 4)), tf.zeros((2, 3, 7, 4))
        >>> query, key, value, mask, bias = split_groups(query, key, key)
        >>> query.shape.as_list(), key.shape.as_list()
        ([2, 3, 2, 5, 4], [2, 3, 1, 7, 4])
    """
    groups = axis_size(key, -3)
    split = [groups, axis_size(query, -3) // groups]
    return (
        _split_axis_of_heads(query, split),
        tf.expand_dims(key, -3),
        tf.expand_dims(value, -3),
        None if mask is None else _split_if_there(mask, split),
        None if bias is None else _split_if_there(bias, split),
    )


def merge_groups(result: tf.Tensor) -> tf.Tensor:
    """Joins the axes of `(..., g, h/g, q, x)` into `(..., h, q, x)`."""
    sizes = [axis_size(result, axis) for axis in range(result.shape.rank)]
    return tf.reshape(result, [*sizes[:-4], sizes[-4] * sizes[-3], *sizes[-2:]])


def _split_axis_of_heads(tensor: tf.Tensor, split: Sequence[tf.Tensor | int]) -> tf.Tensor:
    sizes = [axis_size(tensor, axis) for axis in range(tensor.shape.rank)]
    return tf.reshape(tensor, [*sizes[:-3], *split, *sizes[-2:]])


def _split_if_there(mask: tf.Tensor, split: Sequence[tf.Tensor | int]) -> tf.Tensor:
    """Splits the axis of heads of a mask or a bias: it has the size h or 1, or is not there."""
    if mask.shape.rank < 3:
        return mask  # the same for every head
    if mask.shape[-3] is None:  # whether it is 1 or h shows only when run
        pair = tf.where(tf.shape(mask)[-3] == 1, [1, 1], tf.stack(split))
        split = pair[0], pair[1]
    elif mask.shape[-3] == 1:
        split = 1, 1
    return _split_axis_of_heads(mask, split)
