"""A loop along the words of sentences, whose gradient takes no longer than it must."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._tensorflow import tf


def scan(step: Callable[[Any, Any], Any], elements: Any, start: Any, reverse: bool = False) -> Any:
    """The states `(b, t, ...)` of `state = step(state, element)`, from `start`, for each t.

    It is `tf.scan` along the second axis, and its gradient takes a time linear in t: `tf.scan`
    writes each state to its place in an array, and the gradient of that copies the whole array.
    """
    elements = tf.nest.map_structure(swap_batch_and_time, elements)
    first = tf.nest.flatten(elements)[0]
    length = first.shape[0] or tf.shape(first)[0]
    arrays = tf.nest.map_structure(
        lambda each: tf.TensorArray(each.dtype, length, element_shape=each.shape[1:]).unstack(each),
        elements,
    )

    def push(states: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.TensorListPushBack(input_handle=states, tensor=state)

    def body(done: tf.Tensor, state: Any, states: Any) -> tuple[tf.Tensor, Any, Any]:
        place = length - 1 - done if reverse else done
        state = step(state, tf.nest.map_structure(lambda array: array.read(place), arrays))
        return done + 1, state, tf.nest.map_structure(push, states, state)

    def empty(state: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.EmptyTensorList(
            element_shape=tf.shape(state), max_num_elements=length, element_dtype=state.dtype
        )

    def stack(states: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        stacked = tf.raw_ops.TensorListStack(
            input_handle=states, element_shape=tf.shape(state), element_dtype=state.dtype
        )
        stacked = tf.ensure_shape(stacked, [first.shape[0], *state.shape])
        return swap_batch_and_time(tf.reverse(stacked, [0]) if reverse else stacked)

    loop = 0, start, tf.nest.map_structure(empty, start)
    _, _, states = tf.while_loop(
        lambda done, *_: done < length, body, loop, maximum_iterations=length
    )
    return tf.nest.map_structure(stack, states, start)


def swap_batch_and_time(tensor: tf.Tensor) -> tf.Tensor:
    """`(b, t, ...)` to `(t, b, ...)` and back: loops run along the first axis."""
    order = [1, 0, *range(2, tensor.shape.rank)]
    if tensor.dtype in (tf.bool, tf.int32):
        # As the bits of floats: for other dtypes TensorFlow asks oneDNN, which prints an error on
        # processors without AVX-512, and then does it itself.
        bits = tf.bitcast(tf.cast(tensor, tf.int32), tf.float32)
        return tf.cast(tf.bitcast(tf.transpose(bits, order), tf.int32), tensor.dtype)
    return tf.transpose(tensor, order)
