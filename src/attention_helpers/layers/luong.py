"""Luong's attention: three scores of a query and a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._arguments import choice, integer
from .._tensorflow import keras, serializable, tf
from ..functional import Drop, additive, attend, dot_product, project
from .bahdanau import AXES as ADDITIVE_AXES
from .base import OneHeadAttention, Shape, depth, fresh

AXES: Mapping[str, Mapping[str, str]] = {
    "dot": {"query": "...qd", "key": "...kd", "projected_key": "...kd", "value": "...kv"},
    "general": {
        "kernel": "nm",
        "query": "...qn",
        "key": "...km",
        "projected_key": "...kn",
        "value": "...kv",
    },
    "concat": ADDITIVE_AXES,
}


@serializable
class LuongAttention(OneHeadAttention):
    """Luong's attention: a score of query and key, softmax, weighted mean.

    Args:
        score: how a query s is compared with a key h:
            "dot", sᵀ h, has no weights, and needs keys of the query's depth;
            "general", sᵀ W h, has the `kernel` W (n, m);
            "concat", v_aᵀ tanh(W [s; h]), has W in two parts, `query_kernel` (n, u) and
            `key_kernel` (m, u), for W [s; h] is the sum of what each part gives; and `score_kernel`
            v_a (u,). It is the score of `BahdanauAttention`.
        units: size u of the hidden layer of "concat", a positive integer; None means the depth n
            of the query. The other scores have none.
        kernel_initializer: initialiser of W.
        score_initializer: initialiser of v_a.
        dropout: the share of the weights that training drops, from 0 to below 1.
        seed: of that dropout; None takes Keras' global one.
        **kwargs: those of every Keras layer, such as `name` and `dtype`.

    What Luong changed besides the score is where the decoder asks: with its state after the
    recurrent step. Called with what `BahdanauAttention` is called with, it returns the same: the
    context `(..., q, v)` and the weights `(..., q, k)`.

    Raises:
        ValueError: an unknown score, `units` not a positive integer or given to a score without
            them, `dropout` not in [0, 1), a wrong dtype or shape, a mask that does not broadcast.
        TypeError: `units` or `dropout` is no number.

    Example:
        >>> layer = LuongAttention("general")
        >>> context, weights = layer(tf.zeros((2, 3, 4)), tf.zeros((2, 5, 6)))
        >>> context.shape.as_list(), weights.shape.as_list()
        ([2, 3, 6], [2, 3, 5])
        >>> [tuple(weight.shape) for weight in layer.weights]
        [(4, 6)]

    Source: Luong, Pham and Manning 2015 (arXiv 1508.04025), the scores dot, general and concat.
    """

    def __init__(
        self,
        score: str = "dot",
        units: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        score_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.score = choice("score", score, AXES)
        if units is not None and score != "concat":
            raise ValueError(f'units: expected None, for the score "{score}" has none, got {units}')
        self.units = None if units is None else integer("units", units, least=1)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.score_initializer = keras.initializers.get(score_initializer)

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Makes the weights of the score."""
        key_shape = value_shape if key_shape is None else key_shape
        if self.score == "general":
            n, m = depth("query", query_shape), depth("key", key_shape)
            self.kernel = self._weight("kernel", (n, m))
        elif self.score == "concat":
            n, m = depth("query", query_shape), depth("key", key_shape)
            u = self.units or n
            self.query_kernel = self._weight("query_kernel", (n, u))
            self.key_kernel = self._weight("key_kernel", (m, u))
            self.score_kernel = self.add_weight(
                name="score_kernel", shape=(u,), initializer=self.score_initializer
            )

    @property
    def axes(self) -> Mapping[str, str]:
        """The axes of the kernels and of the inputs, which depend on the score."""
        return AXES[self.score]

    def _project_key(self, key: tf.Tensor) -> tf.Tensor:
        if self.score == "general":
            return project(key, tf.transpose(self.kernel.value))
        if self.score == "concat":
            return project(key, self.key_kernel.value)
        return key

    def _attend(
        self,
        query: tf.Tensor,
        projected_key: tf.Tensor,
        value: tf.Tensor,
        mask: tf.Tensor | None,
        drop: Drop | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        if self.score == "concat":
            projected_query = project(query, self.query_kernel.value)
            scores = additive(projected_query, projected_key, self.score_kernel.value)
        else:
            scores = dot_product(query, projected_key)
        return attend(scores, value, mask, drop)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            **super().get_config(),
            "score": self.score,
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "score_initializer": keras.initializers.serialize(self.score_initializer),
        }

    def _weight(self, name: str, shape: tuple[int, int]) -> Any:
        return self.add_weight(name=name, shape=shape, initializer=fresh(self.kernel_initializer))
