"""What a model that translates is called with, and what its methods give, checked by name.

What is known before anything is computed is checked then: in a compiled function once, while it is
traced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._tensorflow import tf
from ._tensors import check_ids, integers, show, tensors
from .text import Vocabulary

INPUTS = ("source", "target_in")


def as_inputs(inputs: Any) -> tuple[Any, Any]:
    """Source and target of what a model is called with: a pair, or a dict of the two."""
    if isinstance(inputs, Mapping) and set(inputs) == set(INPUTS):
        return inputs["source"], inputs["target_in"]
    if isinstance(inputs, tuple | list) and len(inputs) == 2:
        return inputs[0], inputs[1]
    got = type(inputs).__name__
    if isinstance(inputs, Mapping | tuple | list):
        got += f" of {list(inputs) if isinstance(inputs, Mapping) else len(inputs)}"
    raise ValueError(f"inputs: expected (source, target_in), or a dict of the two, got {got}")


def as_ids(name: str, ids: Any, vocabulary: Vocabulary, rows: int | None = None) -> tf.Tensor:
    """Ids as a tensor `(b, length)`; their values are checked only where they are known: eagerly."""
    ids = integers(name, ids)
    if ids.shape.rank != 2 or 0 in ids.shape or rows not in (None, ids.shape[0]):
        expected = f"({rows or 'batch'}, length)"
        raise ValueError(f"{name}: expected ids of shape {expected}, got shape {show(ids.shape)}")
    check_ids(name, ids, len(vocabulary))
    return ids


def as_rows(name: str, nest: Any, rows: tf.TensorShape) -> Any:
    """A nest of tensors, each of which has those rows, as far as is known."""

    def as_tensor(each: Any) -> tf.Tensor:
        try:
            tensor = tf.convert_to_tensor(each)
        except (TypeError, ValueError):
            got = type(each).__name__
            raise ValueError(f"{name}: expected tensors or nests of them, got {got}") from None
        if tensor.shape.rank == 0:
            raise ValueError(f"{name}: expected a row for each sentence, got a scalar in it")
        if not tensor.shape[:1].is_compatible_with(rows):
            raise ValueError(
                f"{name}: expected a row for each sentence, {show(rows)}, "
                f"got {show(tensor.shape[:1])}"
            )
        return tensor

    return tf.nest.map_structure(as_tensor, nest)


def as_things(method: str, things: str, given: Any) -> tuple[Any, ...]:
    """What a method gives, if it is as many things as it should be: `"logits, weights"`."""
    if isinstance(given, tuple | list) and len(given) == things.count(",") + 1:
        return tuple(given)
    got = f"{len(given)} things" if isinstance(given, tuple | list) else type(given).__name__
    raise ValueError(f"{method}: expected ({things}), got {got}")


def as_logits(method: str, axes: str, logits: Any, words: int) -> tf.Tensor:
    """The logits that a method gives, `"bqv"` or `"bv"`: one for each word of the vocabulary."""
    name = f"logits of {method}"
    (logits,) = tensors(axes, **{name: logits})
    if logits.shape[-1] not in (None, words):
        expected = f"({', '.join([*axes[:-1], str(words)])}), as many as the target vocabulary"
        raise ValueError(f"{name}: expected {expected}, got {show(logits.shape)}")
    return logits


def as_step(given: Any, state: Any, rows: tf.Tensor) -> tuple[tf.Tensor, Any, list[tf.Tensor]]:
    """What `next_word` gives for a state: logits, the next state, and a list of the weights, if any.

    Args:
        given: what it gave.
        state: the state that it was given, which the next one must be like.
        rows: how many there are, a scalar: a tensor of one row would be broadcast to them.
    """
    logits, after, weights = as_things("next_word", "logits, state, weights", given)
    (logits,) = tensors("bo", logits=logits)
    weights = [] if weights is None else tensors("bk", weights=weights)
    check_rows("logits", logits, rows)
    for each in weights:
        check_rows("weights", each, rows)
    return logits, as_state(state, after), weights


def check_rows(name: str, given: tf.Tensor, rows: tf.Tensor) -> None:
    """Now, if the numbers are known, or else when they are."""
    message = f"{name} of next_word: expected a row for each token"
    known = tf.get_static_value(rows)
    if known is None or given.shape[0] is None:
        tf.debugging.assert_equal(tf.shape(given)[0], rows, f"{message}, got")
    elif given.shape[0] != known:
        raise ValueError(f"{message}, {known}, got shape {show(given.shape)}")


def as_state(before: Any, after: Any) -> Any:
    """The next state, with all that was known of the shapes before it: loops insist on it."""

    def like(old: tf.Tensor, new: Any) -> tf.Tensor:
        new = tf.convert_to_tensor(new)
        if new.dtype != old.dtype or not new.shape.is_compatible_with(old.shape):
            raise ValueError(
                f"state of next_word: expected shape {show(old.shape)} of {old.dtype.name}, as it "
                f"was, got shape {show(new.shape)} of {new.dtype.name}"
            )
        return tf.ensure_shape(new, old.shape)

    try:
        tf.nest.assert_same_structure(before, after)
    except (TypeError, ValueError):
        kinds = (tf.nest.map_structure(lambda _: "...", nest) for nest in (before, after))
        raise ValueError(
            "state of next_word: expected the nest {}, as it was, got {}".format(*kinds)
        ) from None
    return tf.nest.map_structure(like, before, after)
