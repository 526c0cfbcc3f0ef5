"""Leading axes: those that broadcast, and the heads among them that share a key and a value."""

from __future__ import annotations

from ._tensorflow import tf
from ._tensors import TensorLike, bias_for, mask_for, show, tensors


def widen(tensor: tf.Tensor, batch: tf.Tensor, own: int) -> tf.Tensor:
    """Broadcasts the axes before the last `own` to the shape `batch`.

    Example:
        >>> widen(tf.zeros((3, 1, 5, 4)), tf.constant([2, 3, 6]), own=2).shape.as_list()
        [2, 3, 6, 5, 4]
    """
    axes, rank = batch.shape[0], tensor.shape.rank
    shape = tf.shape(tensor)
    own_shape = shape[rank - own :] if rank is not None else shape[tf.size(shape) - own :]
    if axes is None or rank is None or axes < 4:
        return tf.broadcast_to(tensor, tf.concat([batch, own_shape], axis=0))
    # One axis after the other, for TensorFlow refuses many that alternate between 1 and more.
    tensor = tf.reshape(tensor, tf.concat([[1] * (axes + own - rank), shape], axis=0))
    for axis in range(axes):
        shape = tf.shape(tensor)
        shape = tf.concat([shape[:axis], batch[axis : axis + 1], shape[axis + 1 :]], axis=0)
        tensor = tf.broadcast_to(tensor, shape)
    return tensor


def by_groups(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    mask: TensorLike | None,
    bias: TensorLike | None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | None, tf.Tensor | None]:
    """Splits the axis h of heads into (g, h/g), so that (g, 1) heads of key and value broadcast.

    Args:
        query: floating `(..., h, q, d)`.
        key: of the same dtype, `(..., g, k, d)`.
        value: of the same dtype, `(..., g, k, v)`.
        mask: boolean, broadcastable to `(..., h, q, k)`, or None.
        bias: of the dtype of the query, broadcastable to `(..., h, q, k)`, or None.

    Returns:
        The query `(..., g, h/g, q, d)`, key `(..., g, 1, k, d)`, value `(..., g, 1, k, v)`, and
        the mask and the bias so that they broadcast to `(..., g, h/g, q, k)`.

    Raises:
        ValueError: a wrong dtype or shape, or heads that do not divide.

    Example:
        >>> query, key = tf.zeros((2, 6, 5, 4)), tf.zeros((2, 3, 7, 4))
        >>> query, key, value, mask, bias = by_groups(query, key, key, None, None)
        >>> query.shape.as_list(), key.shape.as_list()
        ([2, 3, 2, 5, 4], [2, 3, 1, 7, 4])
    """
    query, key, value = tensors(
        "...hqd,...gkd,...gkv", nonempty="dkhg", query=query, key=key, value=value
    )
    for name, tensor in {"query": query, "key": key, "value": value}.items():
        if tensor.shape.rank is None:
            raise ValueError(f"{name}: expected a known number of axes, as grouped=True splits one")
    heads, groups = query.shape[-3], key.shape[-3]
    if None not in (heads, groups) and heads % groups:
        raise ValueError(
            f"query: expected heads h that are a multiple of the {groups} of key, "
            f"got h = {heads} in shape {show(query.shape)}"
        )
    batch = tf.broadcast_static_shape(query.shape[:-3], key.shape[:-3])
    scores = batch + (heads, query.shape[-2], key.shape[-2])
    split = (_size(key, -3), _size(query, -3) // _size(key, -3))
    if mask is not None:
        mask = _split_heads(mask_for(mask, scores), split, "mask")
    if bias is not None:
        bias = _split_heads(bias_for(bias, query.dtype, scores), split, "bias")
    query = _split_heads(query, split, "query")
    return query, key[..., None, :, :], value[..., None, :, :], mask, bias


def merge_groups(result: tf.Tensor) -> tf.Tensor:
    """Joins the axes of `(..., g, h/g, q, x)` into `(..., h, q, x)`."""
    sizes = [_size(result, axis) for axis in range(result.shape.rank)]
    return tf.reshape(result, [*sizes[:-4], sizes[-4] * sizes[-3], *sizes[-2:]])


def _split_heads(
    tensor: tf.Tensor, split: tuple[tf.Tensor | int, tf.Tensor | int], name: str
) -> tf.Tensor:
    """Splits the axis -3, of the size h or 1, if there is one."""
    if tensor.shape.rank is None:
        raise ValueError(f"{name}: expected a known number of axes, as grouped=True splits one")
    if tensor.shape.rank < 3:
        return tensor  # the same for every head
    sizes = [_size(tensor, axis) for axis in range(tensor.shape.rank)]
    if tensor.shape[-3] is None and name != "query":  # whether it is 1 or h shows only when run
        pair = tf.where(sizes[-3] == 1, [1, 1], tf.stack(split))
        split = (pair[0], pair[1])
    elif tensor.shape[-3] == 1 and name != "query":
        split = (1, 1)
    return tf.reshape(tensor, [*sizes[:-3], *split, *sizes[-2:]])


def _size(tensor: tf.Tensor, axis: int) -> tf.Tensor | int:
    """The size of an axis: a Python integer where it is known."""
    known = tensor.shape[axis]
    return tf.shape(tensor)[axis] if known is None else known
