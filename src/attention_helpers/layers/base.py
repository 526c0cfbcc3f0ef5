"""What the attention layers share: the door at which a call is checked, masks, dropout."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from .._arguments import number
from .._arguments import seed as check_seed
from .._tensorflow import keras, tf
from .._tensors import (
    axis_size,
    boolean,
    dtype_of_scores,
    fits,
    mask_for,
    scores_shape,
    show,
    tensors,
)
from ..functional import Drop
from ..masks import causal_mask, combine_masks

Shape = Sequence[int | None]


class AttentionLayer(keras.layers.Layer):
    """A layer that attends: it may drop weights, and its context carries the mask of the query on.

    Args:
        dropout: the share of the attention weights that training drops, from 0 to below 1.
        seed: of that dropout; None takes Keras' global one.
        **kwargs: those of every Keras layer, such as `name` and `dtype`.
    """

    def __init__(self, *, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.dropout = number("dropout", dropout, least=0, below=1)
        self.seed = check_seed("seed", seed)
        # Only where something is dropped, for its random state is a variable of the layer.
        # Its dtype is that of the weights before they are rounded.
        dtype = dtype_of_scores(tf.as_dtype(self.compute_dtype)).name
        self._dropout_layer = (
            keras.layers.Dropout(dropout, seed=seed, dtype=dtype) if dropout else None
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Keras' call, which does not take a list where Keras' own `Attention` does."""
        query = args[0] if args else kwargs.get("query")
        if isinstance(query, list | tuple):
            raise ValueError(
                f"query: expected a tensor, got a {type(query).__name__}; "
                "call the layer as layer(query, value, key=None), without a list around them"
            )
        return super().__call__(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {**super().get_config(), "dropout": self.dropout, "seed": self.seed}

    def _drop(self, training: bool | None) -> Drop | None:
        """What drops a share of the weights, in training; else None."""
        if not training or self._dropout_layer is None:
            return None
        return functools.partial(self._dropout_layer, training=True)


class OneHeadAttention(AttentionLayer):
    """What the layers of one head share: they are called alike, and give `(context, weights)`.

    A subclass says which axes its kernels and inputs have (`axes`), and writes down its formulas:
    what a key is projected to (`_project_key`), and how a query attends to it (`_attend`).
    """

    # The formulas get `kernel.value`, TensorFlow's own variable in the dtype of the call: that of
    # Keras has a string for its dtype, and for its shape a tuple, which knows no rank.

    @property
    def axes(self) -> Mapping[str, str]:
        """The axes of the kernels and of the inputs, as `tf.einsum` writes them."""
        raise NotImplementedError

    def _project_key(self, key: tf.Tensor) -> tf.Tensor:
        raise NotImplementedError

    def _attend(
        self,
        query: tf.Tensor,
        projected_key: tf.Tensor,
        value: tf.Tensor,
        mask: tf.Tensor | None,
        drop: Drop | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        raise NotImplementedError

    def project_key(self, key: tf.Tensor) -> tf.Tensor:
        """The share of the keys in the score, which a decoder computes once a sentence.

        Outside `call` nothing is cast: the dtype is that of the weights.

        Args:
            key: floating `(..., k, m)`.

        Returns:
            What `attend` takes as `projected_key`.

        Raises:
            ValueError: the layer has not been called or built; a wrong dtype or shape.
        """
        (key,) = self._checked(key=key)
        return self._project_key(key)

    def attend(
        self,
        query: tf.Tensor,
        projected_key: tf.Tensor,
        value: tf.Tensor,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The context and the weights, for keys that `project_key` has projected.

        Outside `call` nothing is cast: the dtype is that of the weights.

        Args:
            query: floating `(..., q, n)`.
            projected_key: what `project_key` gives.
            value: floating `(..., k, v)`.
            mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.

        Returns:
            The context `(..., q, v)` and the weights `(..., q, k)`.

        Raises:
            ValueError: the layer has not been called or built; a wrong dtype or shape.
        """
        query, projected_key, value = self._checked(
            query=query, projected_key=projected_key, value=value
        )
        if mask is not None:
            mask = mask_for(mask, scores_shape(query.shape, value.shape))
        return self._attend(query, projected_key, value, mask)

    def call(
        self,
        query: tf.Tensor,
        value: tf.Tensor,
        key: tf.Tensor | None = None,
        query_mask: tf.Tensor | None = None,
        value_mask: tf.Tensor | None = None,
        key_mask: tf.Tensor | None = None,
        attention_mask: tf.Tensor | None = None,
        return_attention_scores: bool = True,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The context, and the weights unless told otherwise; the class says more."""
        if key is None:
            query, value = self._checked(query=query, value=value)
            key = value
        else:
            query, key, value = self._checked(query=query, key=key, value=value)
        scores = scores_shape(query.shape, value.shape)
        mask = combine_masks(
            None if attention_mask is None else mask_for(attention_mask, scores, "attention_mask"),
            position_mask("query_mask", query_mask, query, axis=-1),
            position_mask("value_mask", value_mask, value, axis=-2),
            position_mask("key_mask", key_mask, key, axis=-2),
            causal_mask(axis_size(query, -2), axis_size(key, -2), start=0)
            if use_causal_mask
            else None,
        )
        context, weights = self._attend(
            query, self._project_key(key), value, mask, self._drop(training)
        )
        carry_mask(context, query_mask)
        return (context, weights) if return_attention_scores else context

    def _checked(self, **inputs: Any) -> list[tf.Tensor]:
        """The inputs as tensors, whose axes agree with each other and with the kernels."""
        if not self.built:
            raise ValueError(
                f"{self.name}: expected a layer that has its weights; "
                "call it once, or build(query_shape, value_shape), first"
            )
        kernels = {name: getattr(self, name) for name in self.axes if name.endswith("kernel")}
        axes = {**self.axes}
        if inputs.keys() == {"query", "value"}:  # the values are the keys too
            axes["value"] = axes["key"]
        pattern = ",".join(axes[name] for name in (*kernels, *inputs))
        checked = tensors(pattern, nonempty="dk", **kernels, **inputs)[len(kernels) :]
        check_ranks({name: each.shape for name, each in zip(inputs, checked, strict=True)})
        return checked


def check_ranks(shapes: Mapping[str, tf.TensorShape]) -> None:
    """Checks that all have the same number of axes.

    Without it a state `(b, n)` would be broadcast, as if every sentence had b queries.

    Raises:
        ValueError: one has fewer axes than another.

    Example:
        >>> check_ranks({"query": tf.TensorShape((4, 8)), "value": tf.TensorShape((4, 7, 8))})
        Traceback (most recent call last):
        ValueError: query: expected as many axes as value, got shape (4, 8) beside (4, 7, 8); \
a state (b, n) is one query a sentence: state[:, None]
    """
    known = {name: shape for name, shape in shapes.items() if shape.rank is not None}
    for name, shape in known.items():
        other = max(known, key=lambda each: known[each].rank)
        if shape.rank < known[other].rank:
            hint = "; a state (b, n) is one query a sentence: state[:, None]"
            raise ValueError(
                f"{name}: expected as many axes as {other}, got shape {show(shape)} beside "
                f"{show(known[other])}{hint if name == 'query' else ''}"
            )


def position_mask(name: str, mask: Any, of: tf.Tensor, axis: int | None = None) -> tf.Tensor | None:
    """Converts a mask of the positions of a tensor, as Keras passes it on; None stays None.

    Args:
        name: of the argument, `query_mask` for the mask of `query`.
        mask: boolean, of the shape of the tensor less its last axis.
        of: the tensor.
        axis: where the mask gets an axis to be one of the scores `(..., q, k)`: -1 for a mask of
            queries, -2 for one of keys.

    Raises:
        ValueError: the mask is not boolean, or not of that shape.

    Example:
        >>> position_mask("value_mask", [[True, False]], tf.zeros((1, 2, 3)), axis=-2).shape.as_list()
        [1, 1, 2]
        >>> position_mask("value_mask", [True, False], tf.zeros((1, 2, 3)))
        Traceback (most recent call last):
        ValueError: value_mask: expected (1, 2), the shape of value less its last axis, got (2,)
    """
    if mask is None:
        return None
    mask, positions = boolean(name, mask), of.shape[:-1]
    ranks = {mask.shape.rank, positions.rank} - {None}
    if len(ranks) > 1 or not fits(mask.shape, positions):
        raise ValueError(
            f"{name}: expected {show(positions)}, the shape of {name.removesuffix('_mask')} less "
            f"its last axis, got {show(mask.shape)}"
        )
    return mask if axis is None else tf.expand_dims(mask, axis)


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
