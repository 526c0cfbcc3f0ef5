"""What the attention layers share: masks as Keras passes them on, dropout, checks of arguments."""

import functools
from collections.abc import Sequence
from numbers import Real
from typing import Any

from ._tensorflow import keras, tf
from ._tensors import boolean, fits, mask_for, show

Shape = Sequence[int | None]


class AttentionLayer(keras.layers.Layer):  # type: ignore[misc]  # Keras has no annotations
    """A layer that attends: it may drop weights, and its context carries the mask of the query on.

    Args:
        dropout: the share of the attention weights that training drops.
        seed: of that dropout; None takes Keras' global one.
        activity_regularizer: of the outputs, as for every Keras layer, and saved with this one.
        **kwargs: those of every Keras layer, such as `name` and `dtype`.
    """

    def __init__(
        self,
        *,
        dropout: float = 0.0,
        seed: int | None = None,
        activity_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        check_share("dropout", dropout)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.dropout = float(dropout)
        self.seed = seed
        # Only where something is dropped, for its random state is a variable of the layer.
        self._dropout = (
            keras.layers.Dropout(dropout, seed=seed, dtype=self.dtype_policy) if dropout else None
        )

    def compute_mask(self, query: Any, previous_mask: Any = None) -> Any:
        """The mask of the query, for the context has a position for each of the query's."""
        return getattr(query, "_keras_mask", None)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            **super().get_config(),
            "dropout": self.dropout,
            "seed": self.seed,
            "activity_regularizer": keras.regularizers.serialize(self.activity_regularizer),
        }

    def _check_built(self) -> None:
        if not self.built:
            raise ValueError(
                f"{self.name}: expected a layer that has its weights; "
                "call it once, or build(query_shape, value_shape), first"
            )

    def _dropped(self, weights: tf.Tensor, context: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        """The context, from weights of which training has dropped a share."""
        return context if self._dropout is None else self._dropout(weights, training=True) @ value


class ContextAndWeights(AttentionLayer):
    """A layer whose `call` gives `(context, weights)`: what those of one head have in common.

    Its subclasses say how keys are projected (`project_key`) and compared (`attend`).
    """

    def project_key(self, key: tf.Tensor) -> tf.Tensor:
        """What the layer compares a query with, for keys `(..., k, m)`."""
        raise NotImplementedError

    def attend(
        self,
        query: tf.Tensor,
        projected_key: tf.Tensor,
        value: tf.Tensor,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The context and the weights, for keys that `project_key` has projected."""
        raise NotImplementedError

    def call(
        self,
        query: tf.Tensor,
        value: tf.Tensor,
        key: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
        query_mask: tf.Tensor | None = None,
        value_mask: tf.Tensor | None = None,
        key_mask: tf.Tensor | None = None,
        return_attention_scores: bool = True,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The context, and the weights unless told otherwise; the class says more."""
        if key is not None and not key.shape[-2:-1].is_compatible_with(value.shape[-2:-1]):
            raise ValueError(
                f"key: expected a position for each of the value's, {show(value.shape[-2:-1])}, "
                f"got {show(key.shape[-2:-1])}"
            )
        allowed = every(
            boolean_mask("mask", mask, scores_shape(query.shape, value.shape)),
            rows(position_mask("query_mask", query_mask, query)),
            columns(position_mask("value_mask", value_mask, value)),
            columns(position_mask("key_mask", key_mask, value if key is None else key)),
            causal_band(query, value) if use_causal_mask else None,
        )
        projected_key = self.project_key(value if key is None else key)
        context, weights = self.attend(query, projected_key, value, allowed)
        if training:
            context = self._dropped(weights, context, value)
        carry_mask(context, query_mask)
        return (context, weights) if return_attention_scores else context

    def compute_output_shape(
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
        """The shapes of the context and of the weights."""
        weights_shape = tuple(scores_shape(query_shape, value_shape))
        return (*weights_shape[:-1], tuple(value_shape)[-1]), weights_shape

    def compute_output_spec(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        mask: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        return_attention_scores: bool = True,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """What a call on symbolic tensors returns."""
        shapes = self.compute_output_shape(query.shape, value.shape)
        context, weights = (keras.KerasTensor(shape, self.compute_dtype) for shape in shapes)
        carry_mask(context, query_mask)
        return (context, weights) if return_attention_scores else context


def every(*masks: tf.Tensor | None) -> tf.Tensor | None:
    """True where each of the masks allows it; None if there is none.

    Example:
        >>> every(tf.constant([[True], [False]]), None, tf.constant([True, False])).numpy().tolist()
        [[True, False], [False, False]]
        >>> every(None, None) is None
        True
    """
    given = [mask for mask in masks if mask is not None]
    return functools.reduce(tf.logical_and, given) if given else None


def rows(mask: tf.Tensor | None) -> tf.Tensor | None:
    """A mask of the queries `(..., q)` as one of the scores `(..., q, 1)`."""
    return None if mask is None else mask[..., :, None]


def columns(mask: tf.Tensor | None) -> tf.Tensor | None:
    """A mask of the keys `(..., k)` as one of the scores `(..., 1, k)`."""
    return None if mask is None else mask[..., None, :]


def causal_band(
    query: tf.Tensor, key: tf.Tensor, start: Any = 0, window: int | None = None, causal: bool = True
) -> tf.Tensor | None:
    """True where the key is not later than the query, and less than a window away; None if all is.

    The first query stands at the first key, or `start` keys after it. That is how Keras' layers
    count; `masks.causal_mask` lets the two end together.

    Example:
        >>> tf.cast(causal_band(tf.zeros((2, 1)), tf.zeros((3, 1))), tf.int32).numpy().tolist()
        [[1, 0, 0], [1, 1, 0]]
    """
    if window is None and not causal:
        return None
    query_length, key_length = (x.shape[-2] or tf.shape(x)[-2] for x in (query, key))
    distance = start + tf.range(query_length)[:, None] - tf.range(key_length)[None, :]
    return every(
        distance >= 0 if causal else None, None if window is None else tf.abs(distance) < window
    )


def scores_shape(query_shape: Shape, value_shape: Shape) -> tf.TensorShape:
    """The static shape `(..., q, k)` of the scores, for `(..., q, n)` and `(..., k, v)`.

    Raises:
        ValueError: leading axes that do not broadcast, or too few axes.

    Example:
        >>> scores_shape((2, 1, 3, 5), (7, 4, 6)).as_list()
        [2, 7, 3, 4]
    """
    query, value = tf.TensorShape(query_shape), tf.TensorShape(value_shape)
    if None in (query.rank, value.rank):
        return tf.TensorShape(None)
    for name, shape in (("query", query), ("value", value)):
        if shape.rank < 2:
            raise ValueError(f"{name}: expected two or more axes, got shape {show(shape)}")
    try:
        batch = tf.broadcast_static_shape(query[:-2], value[:-2])
    except ValueError:
        raise ValueError(
            f"value: expected leading axes that broadcast with those of query, "
            f"{show(query[:-2])}, got {show(value[:-2])}"
        ) from None
    return batch.concatenate([query[-2], value[-2]])


def boolean_mask(name: str, mask: Any, shape: tf.TensorShape) -> tf.Tensor | None:
    """Converts a mask to a boolean tensor that broadcasts to a shape; None stays None.

    Raises:
        ValueError: the mask is not boolean, or does not broadcast.

    Example:
        >>> boolean_mask("mask", [True, False, True], tf.TensorShape([2, 3])).shape.as_list()
        [3]
        >>> boolean_mask("mask", [True, False], tf.TensorShape([2, 3]))
        Traceback (most recent call last):
        ValueError: mask: expected a shape that broadcasts to that of the scores (..., q, k) = \
(2, 3), got (2,); a mask of the keys (..., k) needs an axis for the queries: mask[..., None, :]
    """
    return None if mask is None else mask_for(mask, shape, name)


def position_mask(name: str, mask: Any, of: tf.Tensor) -> tf.Tensor | None:
    """Converts a mask of the positions of a tensor, as Keras passes it on; None stays None.

    Raises:
        ValueError: the mask is not boolean, or not of the shape of the tensor less its last axis.

    Example:
        >>> position_mask("value_mask", [[True, False]], tf.zeros((1, 2, 3))).shape.as_list()
        [1, 2]
        >>> position_mask("value_mask", [True, False], tf.zeros((1, 2, 3)))
        Traceback (most recent call last):
        ValueError: value_mask: expected (1, 2), the shape of value less its last axis, got (2,)
    """
    if mask is None:
        return None
    mask = boolean(name, mask)
    positions = of.shape[:-1]
    ranks_differ = mask.shape.rank != positions.rank and None not in (
        mask.shape.rank,
        of.shape.rank,
    )
    if ranks_differ or not fits(mask.shape, positions):
        raise ValueError(
            f"{name}: expected {show(positions)}, the shape of {name.removesuffix('_mask')} less "
            f"its last axis, got {show(mask.shape)}"
        )
    return mask


def carry_mask(tensor: Any, mask: Any) -> None:
    """Lets a tensor carry a mask on, for the layers that Keras calls with it."""
    if mask is not None:
        tensor._keras_mask = mask


def fresh(initializer: Any) -> Any:
    """An initialiser for one more weight: used twice, one with a seed would draw the same."""
    return (
        initializer.clone()
        if isinstance(initializer, keras.initializers.Initializer)
        else initializer
    )


def as_matrix(initializer: Any, rows: int, columns: int) -> Any:
    """An initialiser that draws a weight of any number of axes as the matrix it stands for.

    Initialisers take the leading axes of a weight for those of a convolution, and would draw the
    kernels of heads too small. Keras' own layer has the same remedy since it gave initialisers
    `input_axes`.

    Example:
        >>> ones = as_matrix(keras.initializers.Identity(), 4, 4)((4, 2, 2), dtype="float32")
        >>> ones.shape.as_list(), float(tf.reduce_sum(ones))
        ([4, 2, 2], 4.0)
    """

    def draw(shape: Shape, dtype: Any = None) -> tf.Tensor:
        return tf.reshape(initializer((rows, columns), dtype=dtype), shape)

    return draw


def check_share(name: str, value: Any) -> None:
    """Raises a ValueError unless the value is a number from 0 to below 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < 1:
        raise ValueError(f"{name}: expected a number from 0 to below 1, got {value!r}")


def depth(name: str, shape: Shape) -> int:
    """The size of the last axis, which a weight needs to know.

    Raises:
        ValueError: it is unknown, or there is no axis.
    """
    size = tuple(shape)[-1] if len(shape) else None
    if size is None:
        raise ValueError(
            f"{name}: expected a last axis of known size to project, got {show(shape)}"
        )
    return size
