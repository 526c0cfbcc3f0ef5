"""The doors of attention, dense and in chunks: what its functions take is checked here, once."""

from __future__ import annotations

from ._tensorflow import tf
from ._tensors import (
    TensorLike,
    bias_for,
    dtype_of_scores,
    finite_scalar,
    mask_for,
    scores_shape,
    show,
    tensors,
)


def dot_product_arguments(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    mask: TensorLike | None,
    bias: TensorLike | None,
    scale: TensorLike | None,
    grouped: bool,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | None, tf.Tensor | None, tf.Tensor | None]:
    """The arguments of `scaled_dot_product_attention` as tensors that fit each other.

    Raises:
        ValueError: a wrong dtype or shape, a mask or a bias that does not broadcast, a scale that
            is not finite, heads that do not divide.
        TypeError: a scale that is no number.

    Example:
        >>> query, key = tf.zeros((2, 6, 5, 4)), tf.zeros((2, 4, 7, 4))
        >>> dot_product_arguments(query, key, key, None, None, None, grouped=True)
        Traceback (most recent call last):
        ValueError: query: expected heads h that are a multiple of the 4 of key, got h = 6 in \
shape (2, 6, 5, 4)
    """
    axes, nonempty = ("...hqd,...gkd,...gkv", "dkhg") if grouped else ("...qd,...kd,...kv", "dk")
    query, key, value = tensors(axes, nonempty=nonempty, query=query, key=key, value=value)
    if grouped:
        _check_ranks(query=query, key=key, value=value)
        shape = _scores_of_heads(query.shape, key.shape)
    else:
        shape = scores_shape(query.shape, key.shape)
    if mask is not None:
        mask = mask_for(mask, shape)
    if bias is not None:
        bias = bias_for(bias, query.dtype, shape)
    if grouped:
        _check_ranks(mask=mask, bias=bias)
    if scale is not None:
        scale = finite_scalar("scale", scale, dtype_of_scores(query.dtype))
    return query, key, value, mask, bias, scale


def additive_arguments(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    score_kernel: TensorLike,
    mask: TensorLike | None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | None]:
    """The arguments of `additive_attention` as tensors that fit each other.

    Raises:
        ValueError: a wrong dtype or shape, or a mask that does not broadcast.
    """
    query, key, value, score_kernel = tensors(
        "...qu,...ku,...kv,u",
        nonempty="uk",
        query=query,
        key=key,
        value=value,
        score_kernel=score_kernel,
    )
    if mask is not None:
        mask = mask_for(mask, scores_shape(query.shape, key.shape))
    return query, key, value, score_kernel, mask


def _scores_of_heads(query: tf.TensorShape, key: tf.TensorShape) -> tf.TensorShape:
    """The shape `(..., h, q, k)` of the scores, whose heads h are a multiple of those of the key."""
    heads, groups = query[-3], key[-3]
    if None not in (heads, groups) and heads % groups:
        raise ValueError(
            f"query: expected heads h that are a multiple of the {groups} of key, "
            f"got h = {heads} in shape {show(query)}"
        )
    return tf.broadcast_static_shape(query[:-3], key[:-3]) + (heads, query[-2], key[-2])


def _check_ranks(**tensors: tf.Tensor | None) -> None:
    for name, tensor in tensors.items():
        if tensor is not None and tensor.shape.rank is None:
            raise ValueError(f"{name}: expected a known number of axes, as grouped=True splits one")
