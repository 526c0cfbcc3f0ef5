"""Attention as pure functions of tensors.

The letters of the einsum strings name the axes, in the whole book:
`b` batch, `h` head, `q` query position, `k` key position, `d` depth of queries and keys,
`v` depth of values, `u` hidden units of the additive score. `...` stands for any leading axes.
A mask is boolean, **True = may attend**. Every function works eagerly, in `tf.function` and under
XLA (`jit_compile=True`); arguments are checked on what is known of them without computing.
"""

from ._checks import integers, length, mask_for, tensors
from ._tensorflow import tf

__all__ = [
    "additive_attention",
    "additive_scores",
    "attention",
    "causal_mask",
    "dot_product_scores",
    "masked_softmax",
    "padding_mask",
    "scaled_dot_product_attention",
]


def dot_product_scores(query, key):
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
    query, key = tensors("...qd,...kd", query=query, key=key)
    return tf.einsum("...qd,...kd->...qk", query, key)


def additive_scores(query, key, weight):
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
    query, key, weight = tensors("...qu,...ku,u", query=query, key=key, weight=weight)
    hidden = tf.tanh(query[..., :, None, :] + key[..., None, :, :])
    return tf.einsum("...qku,u->...qk", hidden, weight)


def masked_softmax(scores, mask=None):
    """The softmax over the last axis, among the positions that the mask allows.

    A row in which nothing is allowed gives zeros, and a zero gradient.

    Args:
        scores: floating `(..., q, k)`.
        mask: boolean, broadcastable to the shape of the scores, True = may attend; None allows all.

    Returns:
        The weights `(..., q, k)`: each row sums to one, or to zero if nothing was allowed.

    Raises:
        ValueError: a wrong dtype, or a mask that does not broadcast.

    Example:
        >>> masked_softmax([[0.0, 0.0, 9.0]], [[True, True, False]]).numpy().tolist()
        [[0.5, 0.5, 0.0]]
        >>> masked_softmax([[1.0, 2.0]], [[False, False]]).numpy().tolist()
        [[0.0, 0.0]]
    """
    (scores,) = tensors("...k", scores=scores)
    if mask is None:
        return tf.nn.softmax(scores)  # it subtracts the maximum: exp cannot overflow
    mask = mask_for(mask, scores)
    # The lowest finite number, for with -inf a row with nothing allowed would be 0/0.
    allowed = tf.where(mask, scores, scores.dtype.min)
    return tf.where(mask, tf.nn.softmax(allowed), 0.0)


def attention(scores, value, mask=None):
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
    """
    scores, value = tensors("...qk,...kv", scores=scores, value=value)
    weights = masked_softmax(scores, mask)
    return tf.einsum("...qk,...kv->...qv", weights, value), weights


def additive_attention(query, key, value, weight, mask=None):
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


def scaled_dot_product_attention(query, key, value, mask=None, *, scale=None):
    """softmax(scale · query keyᵀ) value.

    Args:
        query: floating `(..., q, d)`.
        key: of the same dtype, `(..., k, d)`.
        value: of the same dtype, `(..., k, v)`.
        mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.
        scale: the factor of the scores; None means 1/√d.

    Returns:
        The context `(..., q, v)` and the weights `(..., q, k)`.

    Raises:
        ValueError: a wrong dtype or shape, or a mask that does not broadcast.

    Example:
        >>> query, key = [[2.0, 0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
        >>> context, weights = scaled_dot_product_attention(query, key, value=key)
        >>> print(weights.numpy().round(3))
        [[0.731 0.269]]

    Source: Vaswani et al. 2017 (arXiv 1706.03762), scaled dot-product attention.
    """
    query, key = tensors("...qd,...kd", query=query, key=key)
    if scale is None:
        scale = tf.math.rsqrt(tf.cast(tf.shape(query)[-1], query.dtype))
    # The queries are scaled, not the scores: that is less work, and cannot overflow in float16.
    return attention(dot_product_scores(scale * query, key), value, mask)


def padding_mask(tokens, pad_id=0):
    """True where there is a token, False where there is padding.

    Args:
        tokens: integer `(..., k)`.
        pad_id: the id of the padding.

    Returns:
        A boolean mask `(..., 1, k)`: the same for every query.

    Raises:
        ValueError: the tokens are not integers, or a scalar.

    Example:
        >>> padding_mask([[7, 8, 0]]).numpy().tolist()
        [[[True, True, False]]]
    """
    tokens = integers("tokens", tokens, least_rank=1)
    return tf.not_equal(tokens, tf.cast(pad_id, tokens.dtype))[..., None, :]


def causal_mask(query_length, key_length=None):
    """True where the key is not later than the query.

    When the lengths differ, the last query stands at the last key, as it does when the keys of
    earlier steps are kept.

    Args:
        query_length: an integer, or a scalar integer tensor such as `tf.shape(query)[-2]`.
        key_length: the same; None means `query_length`.

    Returns:
        A boolean mask `(q, k)`.

    Raises:
        ValueError: a length is not an integer, not a scalar, or negative.

    Example:
        >>> tf.cast(causal_mask(3), tf.int32).numpy().tolist()
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
        >>> tf.cast(causal_mask(2, 3), tf.int32).numpy().tolist()
        [[1, 1, 0], [1, 1, 1]]
    """
    query_length = length("query_length", query_length)
    key_length = query_length if key_length is None else length("key_length", key_length)
    query_position = tf.range(query_length)[:, None] + key_length - query_length
    return tf.range(key_length)[None, :] <= query_position
