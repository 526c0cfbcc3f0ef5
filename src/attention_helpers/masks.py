"""Masks: which query may attend to which key. True = may attend, everywhere.

A mask is boolean and broadcastable to the shape `(..., q, k)` of the scores. Functions and layers
alike take theirs from here.
"""

from __future__ import annotations

import functools

from ._tensorflow import tf
from ._tensors import TensorLike, boolean, integers, integers_from, show

__all__ = ["causal_mask", "combine_masks", "local_mask", "padding_mask"]


def padding_mask(tokens: TensorLike, pad_id: int = 0) -> tf.Tensor:
    """True where there is a token, False where there is padding.

    Args:
        tokens: integer `(..., k)`.
        pad_id: the id of the padding.

    Returns:
        A boolean mask `(..., 1, k)`: the same for every query.

    Raises:
        ValueError: the tokens are not integers, or a scalar; the id is not one integer.

    Example:
        >>> padding_mask([[7, 8, 0]]).numpy().tolist()
        [[[True, True, False]]]
    """
    tokens = integers("tokens", tokens, least_rank=1)
    pad = integers("pad_id", pad_id, most_rank=0)
    # In int64 no id is taken for another: uint8 would have 256 for 0.
    return tf.not_equal(tf.cast(tokens, tf.int64), tf.cast(pad, tf.int64))[..., None, :]


def causal_mask(
    query_length: TensorLike,
    key_length: TensorLike | None = None,
    *,
    start: TensorLike | None = None,
) -> tf.Tensor:
    """True where the key is not later than the query.

    Args:
        query_length: an integer, or a scalar integer tensor such as `tf.shape(query)[-2]`.
        key_length: the same; None means `query_length`.
        start: the position of the first query among the keys, counted from 0: an integer, or an
            integer tensor `(...)`, such as one `(b,)` for each row of a batch, or `(b, 1)` where
            there are heads. None lets the last query stand at the last key, as it does when the
            keys of earlier steps are kept; 0 lets the first stand at the first, as Keras' layers
            count.

    Returns:
        A boolean mask `(q, k)`; `(..., q, k)` where `start` has axes.

    Raises:
        ValueError: a length or `start` is not an integer, or negative; a length is not a scalar.

    Example:
        >>> tf.cast(causal_mask(3), tf.int32).numpy().tolist()
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
        >>> tf.cast(causal_mask(2, 3), tf.int32).numpy().tolist()
        [[1, 1, 0], [1, 1, 1]]
        >>> tf.cast(causal_mask(2, 3, start=0), tf.int32).numpy().tolist()
        [[1, 0, 0], [1, 1, 0]]
        >>> tf.cast(causal_mask(1, 3, start=[0, 2]), tf.int32).numpy().tolist()
        [[[1, 0, 0]], [[1, 1, 1]]]

    Source: Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.3.
    """
    query_position, key_position = _positions(query_length, key_length, start)
    return key_position <= query_position


def local_mask(
    query_length: TensorLike,
    key_length: TensorLike | None = None,
    *,
    window: TensorLike,
    start: TensorLike | None = None,
) -> tf.Tensor:
    """True where the key is at most `window` positions before or after the query.

    For a window that looks only back, combine the two:
    `combine_masks(local_mask(n, window=w), causal_mask(n))`.

    Args:
        query_length, key_length, start: as in `causal_mask`.
        window: an integer, 0 or more, or a scalar integer tensor; 0 leaves only the query's own
            position.

    Returns:
        A boolean mask `(q, k)`; `(..., q, k)` where `start` has axes.

    Raises:
        ValueError: a length, `start` or the window is not an integer, or negative; a length or the
            window is not a scalar.

    Example:
        >>> tf.cast(local_mask(4, window=1), tf.int32).numpy().tolist()
        [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]

    Source: Beltagy, Peters and Cohan 2020 (arXiv 2004.05150), the sliding window; what they call
    its size is both sides together.
    """
    window = _whole("window", window)
    query_position, key_position = _positions(query_length, key_length, start)
    return tf.abs(key_position - query_position) <= window


def combine_masks(*masks: TensorLike | None) -> tf.Tensor | None:
    """True where every one of the masks allows it.

    Args:
        *masks: boolean tensors that broadcast with each other; None allows all.

    Returns:
        A boolean tensor of the shape that they broadcast to; None if all are None.

    Raises:
        TypeError: the masks come as one list.
        ValueError: a mask is not boolean, or the shapes do not broadcast.

    Example:
        >>> combine_masks([[True], [False]], None, [True, False]).numpy().tolist()
        [[True, False], [False, False]]
        >>> combine_masks(None, None) is None
        True
    """
    for mask in masks:
        if isinstance(mask, list | tuple) and any(map(tf.is_tensor, mask)):
            raise TypeError(
                "masks: expected one argument a mask, got a list of them: combine_masks(*masks)"
            )
    given = [boolean(f"masks[{i}]", mask) for i, mask in enumerate(masks) if mask is not None]
    try:
        functools.reduce(
            tf.broadcast_static_shape, [mask.shape for mask in given], tf.TensorShape([])
        )
    except ValueError:
        shapes = " and ".join(show(mask.shape) for mask in given)
        raise ValueError(f"masks: expected shapes that broadcast, got {shapes}") from None
    return functools.reduce(tf.logical_and, given) if given else None


def _positions(
    query_length: TensorLike, key_length: TensorLike | None, start: TensorLike | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The positions of the queries `(..., q, 1)` and of the keys `(1, k)`, in int64."""
    queries = _whole("query_length", query_length)
    keys = queries if key_length is None else _whole("key_length", key_length)
    first = keys - queries if start is None else _whole("start", start, rank=None)
    return first[..., None, None] + tf.range(queries)[:, None], tf.range(keys)[None, :]


def _whole(name: str, value: TensorLike, rank: int | None = 0) -> tf.Tensor:
    """Integers from 0, in int64."""
    return tf.cast(integers_from(name, value, least=0, rank=rank), tf.int64)
