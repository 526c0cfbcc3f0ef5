"""The keys and values of the positions so far, which decoding step by step needs."""

from __future__ import annotations

from typing import NamedTuple

from .._tensorflow import tf
from .._tensors import axis_size, boolean, show, tensors


class AttentionCache(NamedTuple):
    """The keys and values of the positions so far: the state of decoding, as a value.

    Each of its tensors has a row for each of the b sentences, as the state of `greedy_search` and
    `beam_search` must. `MultiHeadAttention.empty_cache` makes one, and each call returns the next;
    none is changed in place.

    Args:
        key: floating `(b, g, L, d)`, with room for L positions.
        value: of the same dtype, `(b, g, L, v)`.
        mask: boolean `(b, L)`, True where there is a position that may be attended to.
        length: int32 `(b,)`, how many positions of each row were written.
    """

    key: tf.Tensor
    value: tf.Tensor
    mask: tf.Tensor
    length: tf.Tensor


def update_cache(
    cache: AttentionCache, key: tf.Tensor, value: tf.Tensor, mask: tf.Tensor | None = None
) -> AttentionCache:
    """The cache with more positions, written after the last of each row.

    `MultiHeadAttention` does so with its projected keys and values.

    Args:
        cache: an `AttentionCache`.
        key: of the dtype of the cache's, `(b, g, t, d)`.
        value: of the same dtype, `(b, g, t, v)`.
        mask: boolean `(b, t)`, True where there is a position that may be attended to; None means
            all of them.

    Returns:
        The next `AttentionCache`. What has no room in it is not kept.

    Raises:
        ValueError: no cache, a wrong dtype or shape, or a row is known to have no room.

    Example:
        >>> cache = AttentionCache(
        ...     key=tf.zeros((2, 1, 4, 1)), value=tf.zeros((2, 1, 4, 1)),
        ...     mask=tf.zeros((2, 4), tf.bool), length=tf.constant([0, 2]),
        ... )
        >>> new = tf.constant([[[[1.0], [2.0]]]] * 2)  # two positions
        >>> update_cache(cache, new, new).key[:, 0, :, 0].numpy().tolist()
        [[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 2.0]]
        >>> update_cache(cache, new[:1], new)
        Traceback (most recent call last):
        ValueError: key: expected (b, g, t, d) with b = 2 as in cache.key, got shape (1, 1, 2, 1)
    """
    check_is_cache(cache)
    cache = AttentionCache(*map(tf.convert_to_tensor, cache))
    kept = {"cache.key": cache.key, "cache.value": cache.value}
    written = {"key": key, "value": value}
    kept_key, kept_value, key, value = tensors("bgLd,bgLv,bgtd,bgtv", **kept, **written)
    sizes = kept_key.shape[0], kept_key.shape[1], kept_key.shape[3], kept_value.shape[3]
    check_cache(cache, *sizes, kept_key.dtype.name)
    if mask is not None:
        mask, expected = boolean("mask", mask), tf.TensorShape([key.shape[0], key.shape[2]])
        if not expected.is_compatible_with(mask.shape):
            raise ValueError(
                f"mask: expected (b, t) = {show(expected)}, got shape {show(mask.shape)}"
            )
    return write(cache, key, value, mask)


def write(
    cache: AttentionCache, key: tf.Tensor, value: tf.Tensor, mask: tf.Tensor | None
) -> AttentionCache:
    """What `update_cache` does, of which only the room is checked."""
    count, room = key.shape[-2], cache.mask.shape[-1]
    filled = tf.get_static_value(cache.length)
    if None not in (count, room) and filled is not None and (filled + count > room).any():
        raise ValueError(
            f"cache: expected room for {count} more, got a cache of length {room} with "
            f"{filled.max()} positions written"
        )
    if count == 0:
        return cache
    # Chosen with tf.where, and not written in place: so it has a gradient, and compiles under XLA.
    count = axis_size(key, -2)
    place = tf.range(axis_size(cache.key, -2)) - tf.expand_dims(cache.length, 1)  # among the new
    is_new = (place >= 0) & (place < count)  # (b, L)
    of_heads = tf.expand_dims(tf.expand_dims(is_new, 1), 3)  # (b, 1, L, 1)

    def spread(new: tf.Tensor, axis: int) -> tf.Tensor:
        """Each of the new positions at its place; one alone fits every place as it is."""
        if new.shape[axis] == 1:
            return new
        return tf.gather(new, tf.clip_by_value(place, 0, count - 1), axis=axis, batch_dims=1)

    return AttentionCache(
        tf.where(of_heads, spread(key, 2), cache.key),
        tf.where(of_heads, spread(value, 2), cache.value),
        is_new | cache.mask if mask is None else tf.where(is_new, spread(mask, 1), cache.mask),
        cache.length + count,
    )


def check_is_cache(cache: AttentionCache) -> None:
    """Raises a ValueError if it is something else."""
    if not isinstance(cache, AttentionCache):
        raise ValueError(f"cache: expected an AttentionCache, got {type(cache).__name__}")


def check_cache(
    cache: AttentionCache, batch: int | None, heads: int, key_dim: int, value_dim: int, dtype: str
) -> None:
    """Raises a ValueError if it is no cache of these sizes, or its lengths are none."""
    check_is_cache(cache)
    room = cache.mask.shape[-1]
    for name, axes, sizes, expected_dtype in (
        ("key", "(b, g, L, d)", (batch, heads, room, key_dim), dtype),
        ("value", "(b, g, L, v)", (batch, heads, room, value_dim), dtype),
        ("mask", "(b, L)", (batch, room), "bool"),
        ("length", "(b,)", (batch,), "int32"),
    ):
        tensor, expected = getattr(cache, name), tf.TensorShape(sizes)
        if tensor.dtype != expected_dtype or not expected.is_compatible_with(tensor.shape):
            raise ValueError(
                f"cache: expected {name} {axes} = {show(expected)} of {expected_dtype}, "
                f"got {show(tensor.shape)} of {tf.as_dtype(tensor.dtype).name}"
            )
    known = tf.get_static_value(cache.length)
    if known is not None and room is not None and ((known < 0) | (known > room)).any():
        raise ValueError(
            f"cache: expected length from 0 to {room}, the room of the cache, got {known.tolist()}"
        )
