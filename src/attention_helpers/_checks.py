"""Checks of arguments, on what is known before anything is computed: dtypes, ranks, static sizes.

In a compiled function they run once, while it is traced, and leave no operation behind.
"""

from ._tensorflow import tf


def tensors(axes, **arrays):
    """Converts the arrays to tensors of one floating dtype, and checks their static shapes.

    Args:
        axes: the axes of each array, written as `tf.einsum` writes them: `"...qd,...kd"`.
        **arrays: the arrays under the names that the error message shall use.

    Returns:
        A list of tensors, in the order given.

    Raises:
        ValueError: an array is not floating, its dtype is not that of the first one, it has too
            few axes, or a size disagrees with that of an earlier array.

    Example:
        >>> query, key = tensors("...qd,...kd", query=[[1.0, 2.0]], key=[[3.0, 4.0], [5.0, 6.0]])
        >>> key.shape.as_list()
        [2, 2]
        >>> tensors("...qd,...kd", query=[[1.0, 2.0]], key=[[3.0]])
        Traceback (most recent call last):
        ValueError: key: expected (..., k, d) with d = 2 as in query, got shape (1, 1)
    """
    converted = {name: _tensor(name, array) for name, array in arrays.items()}
    _check_dtypes(converted)
    sizes, batches = {}, {}
    for (name, tensor), letters in zip(converted.items(), axes.split(","), strict=True):
        if tensor.shape.rank is not None:
            _check_axes(name, tensor.shape, letters, sizes)
            if letters.startswith("..."):
                _check_batch(name, tensor.shape[: 3 - len(letters)], batches)
    return list(converted.values())


def mask_for(mask, scores):
    """Converts a mask to a boolean tensor that broadcasts to the shape of the scores.

    Raises:
        ValueError: the mask is not boolean, or does not broadcast.

    Example:
        >>> mask_for([True, False], tf.zeros((3, 2))).shape.as_list()
        [2]
        >>> mask_for([1, 0], tf.zeros((3, 2)))
        Traceback (most recent call last):
        ValueError: mask: expected dtype bool (True = may attend), got int32
    """
    mask = _tensor("mask", mask)
    if mask.dtype != tf.bool:
        raise ValueError(f"mask: expected dtype bool (True = may attend), got {mask.dtype.name}")
    if mask.shape.rank is None or scores.shape.rank is None:
        return mask
    fits = mask.shape.rank <= scores.shape.rank and all(
        m is None or s is None or m in (1, s)
        for m, s in zip(reversed(mask.shape), reversed(scores.shape), strict=False)
    )
    if not fits:
        raise ValueError(
            f"mask: expected a shape that broadcasts to that of the scores (..., q, k) = "
            f"{show(scores.shape)}, got {show(mask.shape)}; a mask of the keys (..., k) needs an "
            f"axis for the queries: mask[..., None, :]"
        )
    return mask


def integers(name, array, least_rank=0):
    """Converts an array to an integer tensor.

    Raises:
        ValueError: it is not of an integer dtype, or has fewer than `least_rank` axes.

    Example:
        >>> integers("tokens", [1.5])
        Traceback (most recent call last):
        ValueError: tokens: expected an integer dtype, got float32
    """
    tensor = _tensor(name, array)
    if not tensor.dtype.is_integer:
        raise ValueError(f"{name}: expected an integer dtype, got {tensor.dtype.name}")
    if tensor.shape.rank is not None and tensor.shape.rank < least_rank:
        raise ValueError(
            f"{name}: expected {least_rank} or more axes, got shape {show(tensor.shape)}"
        )
    return tensor


def length(name, value):
    """Checks a length: an integer, or a scalar integer tensor. Returns it as a tensor.

    Raises:
        ValueError: it is not an integer, not a scalar, or known to be negative.

    Example:
        >>> length("query_length", -1)
        Traceback (most recent call last):
        ValueError: query_length: expected 0 or more, got -1
    """
    tensor = integers(name, value)
    if tensor.shape.rank not in (0, None):
        raise ValueError(f"{name}: expected a scalar, got shape {show(tensor.shape)}")
    known = tf.get_static_value(tensor)
    if known is not None and known < 0:
        raise ValueError(f"{name}: expected 0 or more, got {known}")
    return tensor


def show(shape):
    """A static shape as text.

    Example:
        >>> show(tf.TensorShape([None, 3]))
        '(None, 3)'
    """
    return str(tuple(shape))


def _tensor(name, array):
    try:
        return tf.convert_to_tensor(array)
    except (ValueError, TypeError) as error:
        kind = type(array).__name__
        raise ValueError(f"{name}: expected an array or a tensor, got {kind}: {error}") from error


def _check_dtypes(named):
    """All are floating, and of one dtype."""
    first, dtype = next((name, tensor.dtype) for name, tensor in named.items())
    for name, tensor in named.items():
        if not tensor.dtype.is_floating:
            raise ValueError(f"{name}: expected a floating dtype, got {tensor.dtype.name}")
        if tensor.dtype != dtype:
            raise ValueError(
                f"{name}: expected dtype {dtype.name} as in {first}, got {tensor.dtype.name}"
            )


def _check_axes(name, shape, letters, sizes):
    """The last axes have the sizes under which `sizes` knows their letters; new ones are added."""
    own = letters.removeprefix("...")
    leading = shape.rank - len(own)
    expected = f"({', '.join(own)})" if own == letters else f"(..., {', '.join(own)})"
    if leading < 0 or (leading > 0 and own == letters):
        raise ValueError(f"{name}: expected {expected}, got shape {show(shape)}")
    for letter, size in zip(own, shape[leading:], strict=True):
        known, first = sizes.setdefault(letter, (size, name))
        if None not in (known, size) and known != size:
            raise ValueError(
                f"{name}: expected {expected} with {letter} = {known} as in {first}, "
                f"got shape {show(shape)}"
            )
        if known is None:
            sizes[letter] = (size, name)


def _check_batch(name, batch, batches):
    """The leading axes broadcast with those of every earlier array."""
    for first, other in batches.items():
        try:
            tf.broadcast_static_shape(batch, other)
        except ValueError:
            raise ValueError(
                f"{name}: expected leading axes that broadcast with those of {first}, "
                f"{show(other)}, got {show(batch)}"
            ) from None
    batches[name] = batch
