"""Checks of tensors, on what is known before anything is computed: dtypes, ranks, static sizes.

In a compiled function they run once, while it is traced, and leave no operation behind. Eagerly they
run once for each combination of dtypes and shapes, whose verdict is kept. Beside them stands the
small arithmetic of shapes and dtypes, which does compute: `add`, `widen`, `axis_size`, `rounded`,
`at_least_float32`.
"""

from __future__ import annotations

import functools
import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ._tensorflow import tf

TensorLike: TypeAlias = "tf.Tensor | npt.NDArray[Any] | Sequence[Any] | float"

_VERDICTS = 1024  # how many are kept; a shape is compared with them in less than a microsecond


def tensors(
    axes: str, *, nonempty: str = "", wide: str = "", **arrays: TensorLike
) -> list[tf.Tensor]:
    """Converts the arrays to tensors of one floating dtype, and checks their static shapes.

    Args:
        axes: the axes of each array, written as `tf.einsum` writes them: `"...qd,...kd"`.
        nonempty: the letters of the axes that must not have the size 0.
        wide: the name of the first array, if it may be float32 where the others have 16 bits, as
            scores are.
        **arrays: the arrays under the names that the error message is to use.

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
    converted = [_tensor(name, array) for name, array in arrays.items()]
    dtypes, shapes = tuple([x.dtype for x in converted]), tuple([x.shape for x in converted])
    _check_pattern(axes, nonempty, wide, tuple(arrays), dtypes, shapes)
    return converted


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


def dtype_of_scores(dtype: tf.DType) -> tf.DType:
    """The dtype in which the scores of such queries and keys are computed."""
    return tf.float32 if dtype.size == 2 else dtype


def at_least_float32(tensor: tf.Tensor) -> tf.Tensor:
    """A tensor of 16 bits in float32; any other as it is.

    Example:
        >>> at_least_float32(tf.constant(1.0, tf.bfloat16)).dtype.name
        'float32'
    """
    return tf.cast(tensor, tf.float32) if tensor.dtype.size == 2 else tensor


def rounded(tensor: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """A tensor in that dtype; itself if it has it, for `tf.cast` takes its time to see that."""
    return tensor if tensor.dtype == dtype else tf.cast(tensor, dtype)


@functools.lru_cache
def limits(dtype: tf.DType) -> tuple[float, float]:
    """The lowest and the highest finite number."""
    return float(dtype.min), float(dtype.max)


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


@functools.lru_cache(maxsize=_VERDICTS)
def scores_shape(query: tf.TensorShape, key: tf.TensorShape) -> tf.TensorShape:
    """What is known of the shape `(..., q, k)` of the scores, from those of query and key.

    Example:
        >>> scores_shape(tf.TensorShape((2, 3, 5)), tf.TensorShape((4, 5))).as_list()
        [2, 3, 4]
    """
    if query.rank is None or key.rank is None:
        return tf.TensorShape(None)
    return tf.broadcast_static_shape(query[:-2], key[:-2]) + (query[-2], key[-2])


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


def integers_from(name: str, value: TensorLike, least: int, rank: int | None = None) -> tf.Tensor:
    """Converts integers to a tensor, in the dtype they come in, and checks that none is too small.

    Args:
        name: of the argument.
        value: an integer, or an integer tensor.
        least: the smallest that it may be, which is checked where the numbers are known.
        rank: how many axes; None takes any.

    Raises:
        ValueError: it is not an integer, has another number of axes, or is known to be too small.

    Example:
        >>> integers_from("query_length", -1, least=0, rank=0)
        Traceback (most recent call last):
        ValueError: query_length: expected 0 or more, got -1
    """
    tensor = integers(name, value)
    if rank is not None and tensor.shape.rank not in (rank, None):
        expected = {0: "a scalar", 1: "one axis"}.get(rank, f"{rank} axes")
        raise ValueError(f"{name}: expected {expected}, got shape {show(tensor.shape)}")
    known = tf.get_static_value(tensor)
    if known is not None and (known < least).any():
        raise ValueError(f"{name}: expected {least} or more, got {known.min()}")
    return tensor


def show(shape: tf.TensorShape) -> str:
    """A static shape as text.

    Example:
        >>> show(tf.TensorShape([None, 3]))
        '(None, 3)'
    """
    return str(tuple(shape))


def axis_size(tensor: tf.Tensor, axis: int) -> tf.Tensor | int:
    """The size of an axis: a Python integer where it is known."""
    known = None if tensor.shape.rank is None else tensor.shape[axis]
    return tf.shape(tensor)[axis] if known is None else known


def add(one: tf.Tensor, other: tf.Tensor, own: int) -> tf.Tensor:
    """one + other, where the axes before the last `own` may broadcast one way and the other.

    TensorFlow adds arrays that broadcast against each other along five axes and no more: with more,
    the leading ones are widened first.
    """
    ranks = one.shape.rank, other.shape.rank
    if None not in ranks and max(ranks) > 5:
        batch = tf.broadcast_dynamic_shape(tf.shape(one)[:-own], tf.shape(other)[:-own])
        one, other = widen(one, batch, own), widen(other, batch, own)
    return one + other


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
        return _broadcast_to(tensor, tf.concat([batch, own_shape], axis=0))
    # One axis after the other, for TensorFlow refuses many that alternate between 1 and more.
    tensor = tf.reshape(tensor, tf.concat([[1] * (axes + own - rank), shape], axis=0))
    for axis in range(axes):
        shape = tf.shape(tensor)
        shape = tf.concat([shape[:axis], batch[axis : axis + 1], shape[axis + 1 :]], axis=0)
        tensor = _broadcast_to(tensor, shape)
    return tensor


def _broadcast_to(tensor: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """`tf.broadcast_to`, whose own gradient XLA cannot compile in a loop with an unknown size."""

    def broadcast(tensor: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            small = tf.shape(tensor)
            axes, _ = tf.raw_ops.BroadcastGradientArgs(s0=small, s1=tf.shape(upstream))
            return tf.reshape(tf.reduce_sum(upstream, axes), small)

        return tf.broadcast_to(tensor, shape), gradient

    return tf.custom_gradient(broadcast)(tensor)


def _tensor(name: str, array: TensorLike) -> tf.Tensor:
    if isinstance(array, tf.Tensor):
        return array
    try:
        return tf.convert_to_tensor(array)
    except (ValueError, TypeError) as error:
        kind = type(array).__name__
        raise ValueError(f"{name}: expected an array or a tensor, got {kind}: {error}") from error


@functools.lru_cache(maxsize=_VERDICTS)
def fits(small: tf.TensorShape, large: tf.TensorShape) -> bool:
    """Whether, as far as is known, the one broadcasts to the other without widening it."""
    if small.rank is None or large.rank is None:
        return True
    return small.rank <= large.rank and all(
        s is None or size is None or s in (1, size)
        for s, size in zip(reversed(small), reversed(large), strict=False)
    )


@functools.lru_cache(maxsize=_VERDICTS)
def _check_pattern(
    axes: str,
    nonempty: str,
    wide: str,
    names: tuple[str, ...],
    dtypes: tuple[tf.DType, ...],
    shapes: tuple[tf.TensorShape, ...],
) -> None:
    """What `tensors` checks; only what passes is remembered."""
    for name, dtype in zip(names, dtypes, strict=True):
        if not dtype.is_floating or dtype.size < 2:  # float8 cannot be computed with
            raise ValueError(f"{name}: expected a floating dtype, got {dtype.name}")
        if wide == names[0] and dtypes[0] == tf.float32 and dtype.size == 2:
            continue
        if dtype != dtypes[0]:
            raise ValueError(
                f"{name}: expected dtype {dtypes[0].name} as in {names[0]}, got {dtype.name}"
            )
    sizes: dict[str, tuple[int | None, str]] = {}
    batches: dict[str, tf.TensorShape] = {}
    for name, shape, letters in zip(names, shapes, axes.split(","), strict=True):
        if shape.rank is not None:
            _check_axes(name, shape, letters, nonempty, sizes)
            if letters.startswith("..."):
                _check_batch(name, shape[: 3 - len(letters)], batches)


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
