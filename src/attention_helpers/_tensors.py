"""Checks of arguments, on what is known before anything is computed: dtypes, ranks, static sizes.

In a compiled function they run once, while it is traced, and leave no operation behind.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ._tensorflow import tf

TensorLike: TypeAlias = "tf.Tensor | npt.NDArray[Any] | Sequence[Any] | float"


def tensors(axes: str, *, nonempty: str = "", **arrays: TensorLike) -> list[tf.Tensor]:
    """Converts the arrays to tensors of one floating dtype, and checks their static shapes.

    Args:
        axes: the axes of each array, written as `tf.einsum` writes them: `"...qd,...kd"`.
        nonempty: the letters of the axes that must not have the size 0.
        **arrays: the arrays under the names that the error message shall use.

    Returns:
        A list of tensors, in the order given.

    Raises:
        ValueError: an array is not floating, its dtype is not that of the first one, it has too
            few axes, a size disagrees with that of an earlier array, or is 0 where it must not be.

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
    sizes: dict[str, tuple[int | None, str]] = {}
    batches: dict[str, tf.TensorShape] = {}
    for (name, tensor), letters in zip(converted.items(), axes.split(","), strict=True):
        if tensor.shape.rank is not None:
            _check_axes(name, tensor.shape, letters, nonempty, sizes)
            if letters.startswith("..."):
                _check_batch(name, tensor.shape[: 3 - len(letters)], batches)
    return list(converted.values())


def mask_for(mask: TensorLike, shape: tf.TensorShape, name: str = "mask") -> tf.Tensor:
    """Converts a mask to a boolean tensor that broadcasts to the shape of the scores.

    Raises:
        ValueError: the mask is not boolean, or does not broadcast.

    Example:
        >>> mask_for([True, False], tf.TensorShape((3, 2))).shape.as_list()
        [2]
        >>> mask_for([1, 0], tf.TensorShape((3, 2)))
        Traceback (most recent call last):
        ValueError: mask: expected dtype bool (True = may attend), got int32
    """
    mask = boolean(name, mask)
    if not fits(mask.shape, shape):
        raise ValueError(
            f"{name}: expected a shape that broadcasts to that of the scores (..., q, k) = "
            f"{show(shape)}, got {show(mask.shape)}; a mask of the keys (..., k) needs an "
            f"axis for the queries: {name}[..., None, :]"
        )
    return mask


def boolean(name: str, mask: TensorLike) -> tf.Tensor:
    """Converts a mask to a boolean tensor.

    Raises:
        ValueError: it is not boolean.
    """
    mask = _tensor(name, mask)
    if mask.dtype != tf.bool:
        raise ValueError(f"{name}: expected dtype bool (True = may attend), got {mask.dtype.name}")
    return mask


def bias_for(bias: TensorLike, dtype: tf.DType, shape: tf.TensorShape) -> tf.Tensor:
    """Converts a bias to a tensor of the dtype of the query that broadcasts to the scores' shape.

    Raises:
        ValueError: it is of another dtype, or does not broadcast.

    Example:
        >>> bias_for([0.5, 0.0], tf.float32, tf.TensorShape((3, 2))).shape.as_list()
        [2]
        >>> bias_for([0.5], tf.float64, tf.TensorShape((3, 2)))
        Traceback (most recent call last):
        ValueError: bias: expected dtype float64 as in query, got float32
    """
    bias = _tensor("bias", bias)
    if bias.dtype != dtype:
        hint = "; a boolean goes into mask" if bias.dtype == tf.bool else ""
        raise ValueError(
            f"bias: expected dtype {dtype.name} as in query, got {bias.dtype.name}{hint}"
        )
    if not fits(bias.shape, shape):
        raise ValueError(
            f"bias: expected a shape that broadcasts to that of the scores (..., q, k) = "
            f"{show(shape)}, got {show(bias.shape)}"
        )
    return bias


def scores_shape(query: tf.Tensor, key: tf.Tensor) -> tf.TensorShape:
    """What is known of the shape `(..., q, k)` of the scores.

    Example:
        >>> scores_shape(tf.zeros((2, 3, 5)), tf.zeros((4, 5))).as_list()
        [2, 3, 4]
    """
    if query.shape.rank is None or key.shape.rank is None:
        return tf.TensorShape(None)
    batch = tf.broadcast_static_shape(query.shape[:-2], key.shape[:-2])
    return batch + (query.shape[-2], key.shape[-2])


def finite_scalar(name: str, value: TensorLike, dtype: tf.DType) -> tf.Tensor:
    """Converts a number, or a scalar floating tensor, to a scalar of the dtype.

    Raises:
        TypeError: it is no number.
        ValueError: it is no scalar, or known to be infinite or NaN.

    Example:
        >>> finite_scalar("scale", float("nan"), tf.float32)
        Traceback (most recent call last):
        ValueError: scale: expected a finite number, got nan
    """
    if isinstance(value, bool | np.bool_):  # a number to Python
        raise TypeError(f"{name}: expected a number, got {type(value).__name__}")
    if isinstance(value, numbers.Real):
        tensor = tf.constant(float(value), tf.float64)
    elif hasattr(value, "dtype"):
        tensor = _tensor(name, value)
    else:
        raise TypeError(f"{name}: expected a number, got {type(value).__name__}")
    if not tensor.dtype.is_floating:
        raise TypeError(f"{name}: expected a floating dtype, got {tensor.dtype.name}")
    if tensor.shape.rank not in (0, None):
        raise ValueError(f"{name}: expected a scalar, got shape {show(tensor.shape)}")
    tensor = tf.cast(tensor, dtype)
    known = tf.get_static_value(tensor)
    if known is not None and not math.isfinite(float(known)):
        raise ValueError(f"{name}: expected a finite number, got {value}")
    return tensor


def integers(
    name: str, array: TensorLike, least_rank: int = 0, most_rank: int | None = None
) -> tf.Tensor:
    """Converts an array to an integer tensor.

    Raises:
        ValueError: it is not of an integer dtype, or has fewer than `least_rank` axes, or more than
            `most_rank`.

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
    if None not in (tensor.shape.rank, most_rank) and tensor.shape.rank > most_rank:
        what = f"{most_rank} or fewer axes" if most_rank else "a scalar"
        raise ValueError(f"{name}: expected {what}, got shape {show(tensor.shape)}")
    return tensor


def check_ids(name: str, ids: tf.Tensor, vocabulary_size: int | None) -> None:
    """Raises a ValueError if an id is known to be none of the vocabulary."""
    if vocabulary_size is None or not tf.executing_eagerly():
        return
    values = ids.numpy()
    outside = values[(values < 0) | (values >= vocabulary_size)]
    if outside.size:
        raise ValueError(
            f"{name}: expected ids of the vocabulary, from 0 to {vocabulary_size - 1}, "
            f"got {outside[0]}"
        )


def whole_numbers(name: str, ids: TensorLike) -> tf.Tensor:
    """Ids as integers, also from floats that can hold them all, such as Keras makes of them."""
    try:
        tensor = tf.convert_to_tensor(ids)
    except (TypeError, ValueError):
        return integers(name, ids)  # which says what is wrong
    if tensor.dtype not in (tf.float32, tf.float64):
        return integers(name, tensor)
    if tf.executing_eagerly():
        values = tensor.numpy()
        broken = values[values % 1 != 0]
        if broken.size:
            raise ValueError(
                f"{name}: expected an integer dtype, or whole numbers, got {broken[0]}"
            )
    return tf.cast(tensor, tf.int32)


def length(name: str, value: TensorLike, most_rank: int | None = 0) -> tf.Tensor:
    """Checks a length: an integer, or a scalar integer tensor. Returns it as a tensor.

    Raises:
        ValueError: it is not an integer, of more axes than `most_rank`, or known to be negative.

    Example:
        >>> length("query_length", -1)
        Traceback (most recent call last):
        ValueError: query_length: expected 0 or more, got -1
    """
    tensor = integers(name, value, most_rank=most_rank)
    known = tf.get_static_value(tensor)
    if known is not None and (known < 0).any():
        raise ValueError(f"{name}: expected 0 or more, got {known.min()}")
    # tf.range counts in no other dtypes.
    return tensor if tensor.dtype == tf.int32 else tf.cast(tensor, tf.int64)


def show(shape: tf.TensorShape) -> str:
    """A static shape as text.

    Example:
        >>> show(tf.TensorShape([None, 3]))
        '(None, 3)'
    """
    return str(tuple(shape))


def _tensor(name: str, array: TensorLike) -> tf.Tensor:
    try:
        return tf.convert_to_tensor(array)
    except (ValueError, TypeError) as error:
        kind = type(array).__name__
        raise ValueError(f"{name}: expected an array or a tensor, got {kind}: {error}") from error


def fits(small: tf.TensorShape, large: tf.TensorShape) -> bool:
    """Whether, as far as is known, the one broadcasts to the other without widening it."""
    if small.rank is None or large.rank is None:
        return True
    return small.rank <= large.rank and all(
        s is None or size is None or s in (1, size)
        for s, size in zip(reversed(small), reversed(large), strict=False)
    )


def _check_dtypes(named: dict[str, tf.Tensor]) -> None:
    """All are floating, and of one dtype."""
    first, dtype = next((name, tensor.dtype) for name, tensor in named.items())
    for name, tensor in named.items():
        if not tensor.dtype.is_floating or tensor.dtype.size < 2:  # float8 cannot be computed with
            raise ValueError(f"{name}: expected a floating dtype, got {tensor.dtype.name}")
        if tensor.dtype != dtype:
            raise ValueError(
                f"{name}: expected dtype {dtype.name} as in {first}, got {tensor.dtype.name}"
            )


def _check_axes(
    name: str,
    shape: tf.TensorShape,
    letters: str,
    nonempty: str,
    sizes: dict[str, tuple[int | None, str]],
) -> None:
    """The last axes have the sizes under which `sizes` knows their letters; new ones are added."""
    own = letters.removeprefix("...")
    leading = shape.rank - len(own)
    expected = f"({', '.join(own)})" if own == letters else f"(..., {', '.join(own)})"
    if leading < 0 or (leading > 0 and own == letters):
        raise ValueError(f"{name}: expected {expected}, got shape {show(shape)}")
    if shape.rank > 8:  # more than TensorFlow can broadcast
        raise ValueError(f"{name}: expected 8 or fewer axes, got shape {show(shape)}")
    for letter, size in zip(own, shape[leading:], strict=True):
        if size == 0 and letter in nonempty:
            raise ValueError(
                f"{name}: expected {expected} with {letter} = 1 or more, got shape {show(shape)}"
            )
        known, first = sizes.setdefault(letter, (size, name))
        if None not in (known, size) and known != size:
            raise ValueError(
                f"{name}: expected {expected} with {letter} = {known} as in {first}, "
                f"got shape {show(shape)}"
            )
        if known is None:
            sizes[letter] = (size, name)


def _check_batch(name: str, batch: tf.TensorShape, batches: dict[str, tf.TensorShape]) -> None:
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
