"""Attention as pure functions of tensors.

The letters of the einsum strings name the axes, in the whole book:
`b` batch, `h` head, `q` query position, `k` key position, `d` depth of queries and keys,
`v` depth of values, `u` hidden units of the additive score. `...` stands for any leading axes; those
of the arguments broadcast.
A mask is boolean, **True = may attend**. Every function works eagerly, in `tf.function` and under
XLA (`jit_compile=True`), in float16, bfloat16, float32 and float64; arguments are checked on what is
known of them without computing.
"""

from __future__ import annotations

from ._leading import by_groups, merge_groups, widen
from ._tensorflow import tf
from ._tensors import (
    TensorLike,
    bias_for,
    finite_scalar,
    mask_for,
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


def dot_product_scores(query: TensorLike, key: TensorLike) -> tf.Tensor:
    """The dot product of every query with every key.

    Args:
        query: floating `(..., q, d)`.
        key: of the same dtype, `(..., k, d)`.

    Returns:
        The scores `(..., q, k)`.

    Raises:
        ValueError: a wrong dtype or shape.

    Example:
        >>> dot_product_scores([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]).numpy().tolist()
        [[11.0, 17.0]]

    Source: Luong, Pham and Manning 2015 (arXiv 1508.04025), the score "dot".
    """
    query, key = tensors("...qd,...kd", nonempty="d", query=query, key=key)
    return tf.einsum("...qd,...kd->...qk", query, key)


def general_scores(query: TensorLike, key: TensorLike, kernel: TensorLike) -> tf.Tensor:
    """The bilinear score queryᵀ kernel key of every query with every key.

    Args:
        query: floating `(..., q, d)`.
        key: of the same dtype, `(..., k, e)`.
        kernel: the matrix W, of the same dtype, `(d, e)`.

    Returns:
        The scores `(..., q, k)`.

    Raises:
        ValueError: a wrong dtype or shape.

    Example:
        >>> general_scores([[1.0, 2.0]], [[3.0], [4.0]], kernel=[[1.0], [0.5]]).numpy().tolist()
        [[6.0, 8.0]]

    Source: Luong, Pham and Manning 2015 (arXiv 1508.04025), the score "general".
    """
    query, key, kernel = tensors(
        "...qd,...ke,de", nonempty="de", query=query, key=key, kernel=kernel
    )
    # The queries are projected, not the keys, as in decoding there is one query and many keys.
    return dot_product_scores(tf.tensordot(query, kernel, axes=1), key)


def additive_scores(query: TensorLike, key: TensorLike, weight: TensorLike) -> tf.Tensor:
    """The additive score vᵀ tanh(query + key) of every query with every key.

    Args:
        query: projected queries W s, floating `(..., q, u)`.
        key: projected keys U h, of the same dtype, `(..., k, u)`.
        weight: the vector v, of the same dtype, `(u,)`.

    Returns:
        The scores `(..., q, k)`.

    Raises:
        ValueError: a wrong dtype or shape.

    Example:
        >>> scores = additive_scores([[0.0, 1.0]], [[0.0, -1.0], [2.0, 1.0]], [1.0, 0.5])
        >>> print(scores.numpy().round(3))
        [[0.    1.446]]

    Source: Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), the alignment model e_ij.
    """
    query, key, weight = tensors("...qu,...ku,u", nonempty="u", query=query, key=key, weight=weight)
    hidden = tf.tanh(_sum(query[..., :, None, :], key[..., None, :, :], own=3))
    return tf.einsum("...qku,u->...qk", hidden, weight)


def masked_softmax(scores: TensorLike, mask: TensorLike | None = None) -> tf.Tensor:
    """The softmax over the last axis, among the positions that the mask allows.

    A row in which nothing is allowed gives zeros, and a zero gradient. Scores of 16 bits are
    exponentiated and summed in float32.

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
    dtype = scores.dtype
    if dtype.size < 4:
        scores = tf.cast(scores, tf.float32)
    if mask is None:
        return tf.cast(tf.nn.softmax(scores), dtype)  # it subtracts the maximum: no overflow
    mask = mask_for(mask, scores.shape)
    # The lowest finite number, for with -inf a row with nothing allowed would be 0/0.
    allowed = tf.where(mask, scores, scores.dtype.min)
    return tf.cast(tf.where(mask, tf.nn.softmax(allowed), 0.0), dtype)


def attention(
    scores: TensorLike, value: TensorLike, mask: TensorLike | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The mean of the values, weighted by the softmax of the scores.

    Args:
        scores: floating `(..., q, k)`.
        value: of the same dtype, `(..., k, v)`.
        mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.

    Returns:
        The context `(..., q, v)` and the weights `(..., q, k)`; zeros where nothing is allowed.

    Raises:
        ValueError: a wrong dtype or shape, or a mask that does not broadcast.

    Example:
        >>> context, weights = attention([[0.0, 0.0]], [[1.0], [3.0]])
        >>> context.numpy().tolist(), weights.numpy().tolist()
        ([[2.0]], [[0.5, 0.5]])

    Source: Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), α_ij and c_i.
    """
    scores, value = tensors("...qk,...kv", nonempty="k", scores=scores, value=value)
    weights = masked_softmax(scores, mask)
    return tf.einsum("...qk,...kv->...qv", weights, value), weights


def additive_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    weight: TensorLike,
    mask: TensorLike | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Bahdanau's attention, on queries and keys that are already projected.

    Args:
        query: projected queries W s, floating `(..., q, u)`.
        key: projected keys U h, of the same dtype, `(..., k, u)`.
        value: of the same dtype, `(..., k, v)`; Bahdanau's values are the h themselves.
        weight: the vector v of the score, of the same dtype, `(u,)`.
        mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.

    Returns:
        The context `(..., q, v)` and the weights `(..., q, k)`.

    Raises:
        ValueError: a wrong dtype or shape, or a mask that does not broadcast.

    Example:
        >>> query, key = [[0.0]], [[5.0], [-5.0]]
        >>> context, weights = additive_attention(query, key, [[1.0], [0.0]], weight=[1.0])
        >>> print(weights.numpy().round(3))
        [[0.881 0.119]]

    Source: Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), e_ij, α_ij and c_i.
    """
    return attention(additive_scores(query, key, weight), value, mask)


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
        bias: what is added to the scores, such as relative positions: of the same dtype, finite,
            broadcastable to `(..., q, k)`; None adds nothing.
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
    if grouped:
        query, key, value, mask, bias = by_groups(query, key, value, mask, bias)
        results = scaled_dot_product_attention(query, key, value, mask, bias=bias, scale=scale)
        return merge_groups(results[0]), merge_groups(results[1])
    query, key, value = tensors(
        "...qd,...kd,...kv", nonempty="dk", query=query, key=key, value=value
    )
    # The queries are scaled, not the scores: that is less work, and in float16 overflows later.
    scores = dot_product_scores(query * _scale(scale, query), key)
    if bias is None:
        return attention(scores, value, mask)
    bias = bias_for(bias, query.dtype, scores.shape)
    if query.dtype.size < 4:  # or the sum would be rounded to 16 bits
        scores, bias = tf.cast(scores, tf.float32), tf.cast(bias, tf.float32)
    weights = tf.cast(masked_softmax(_sum(scores, bias, own=2), mask), query.dtype)
    return tf.einsum("...qk,...kv->...qv", weights, value), weights


def _sum(one: tf.Tensor, other: tf.Tensor, own: int) -> tf.Tensor:
    """one + other, where the axes before the last `own` may broadcast one way and the other.

    TensorFlow adds arrays that broadcast against each other along five axes and no more: with more,
    the leading ones are widened first.
    """
    ranks = one.shape.rank, other.shape.rank
    if None not in ranks and max(ranks) > 5:
        batch = tf.broadcast_dynamic_shape(tf.shape(one)[:-own], tf.shape(other)[:-own])
        one, other = widen(one, batch, own), widen(other, batch, own)
    return one + other


def _scale(scale: TensorLike | None, query: tf.Tensor) -> tf.Tensor:
    """The factor of the scores; 1/√d if it is None."""
    if scale is not None:
        return finite_scalar("scale", scale, query.dtype)
    return tf.math.rsqrt(tf.cast(tf.shape(query)[-1], query.dtype))
