"""Bahdanau's attention: the score of a state s_i and an annotation h_j is a small network.

The states are the queries; the annotations are the keys and, unless others are given, the values.
"""

from __future__ import annotations

from typing import Any

from .._arguments import integer
from .._tensorflow import keras, serializable, tf
from ..functional import Drop, additive, attend, project
from .base import OneHeadAttention, Shape, depth, fresh

# As `tf.einsum` writes them: n, m and v are the depths of query, key and value.
AXES = {
    "query_kernel": "nu",
    "key_kernel": "mu",
    "query": "...qn",
    "key": "...km",
    "projected_key": "...ku",
    "value": "...kv",
}


@serializable
class BahdanauAttention(OneHeadAttention):
    """Additive attention with its projections: v_aᵀ tanh(W_a query + U_a key), softmax, mean.

    Args:
        units: size u of the hidden layer of the score, a positive integer.
        kernel_initializer: initialiser of `query_kernel` W_a and `key_kernel` U_a.
        score_initializer: initialiser of `score_kernel` v_a.
        dropout: the share of the weights that training drops, from 0 to below 1.
        seed: of that dropout; None takes Keras' global one.
        **kwargs: those of every Keras layer, such as `name` and `dtype`.

    The paper starts with W_a, U_a ~ N(0, 0.001²), v_a = 0, so that attention is uniform at first:
    `kernel_initializer=keras.initializers.RandomNormal(stddev=0.001), score_initializer="zeros"`.
    From there the gradients of W_a and U_a are zero at first, and it takes more steps than a small
    budget has; so the default is `"glorot_uniform"` for all three. Seed them with
    `keras.utils.set_random_seed`: with a seed of its own an initialiser draws W_a = U_a if n = m.

    Called with

    - `query`: floating `(..., q, n)`;
    - `value`: floating `(..., k, v)`, with as many axes, of which the leading ones broadcast;
    - `key`: floating `(..., k, m)`, likewise, the values if None;
    - `query_mask` `(..., q)`, `value_mask` `(..., k)`, `key_mask` `(..., k)`: boolean, True where
      there is a word; None takes the mask that Keras lets the tensor carry, if any;
    - `attention_mask`: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.
      All masks hold at once;
    - `return_attention_scores`: whether to return the weights too, which is the default here;
    - `training`: whether to drop weights; Keras fills it in;
    - `use_causal_mask`: whether position i of the query sees the keys up to i only;

    the layer returns the context `(..., q, v)` and the weights `(..., q, k)`, before dropout, and
    keeps neither. A position of the query with nothing to attend to gets zeros.

    Raises:
        ValueError: `units` is not a positive integer, `dropout` not in [0, 1), a wrong dtype or
            shape, a mask that does not broadcast.
        TypeError: `units` or `dropout` is no number.

    Example:
        >>> layer = BahdanauAttention(units=8)
        >>> query, value = tf.zeros((2, 3, 4)), tf.zeros((2, 5, 6))
        >>> context, weights = layer(query, value)
        >>> context.shape.as_list(), weights.shape.as_list()
        ([2, 3, 6], [2, 3, 5])
        >>> [tuple(weight.shape) for weight in layer.weights]
        [(4, 8), (6, 8), (8,)]

    Source: Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), the alignment model.
    """

    axes = AXES

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        score_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = integer("units", units, least=1)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.score_initializer = keras.initializers.get(score_initializer)

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Makes the weights W_a (n, u), U_a (m, u) and v_a (u,)."""
        key_shape = value_shape if key_shape is None else key_shape
        self.query_kernel = self._kernel("query_kernel", query_shape)
        self.key_kernel = self._kernel("key_kernel", key_shape)
        self.score_kernel = self.add_weight(
            name="score_kernel", shape=(self.units,), initializer=self.score_initializer
        )

    def _project_key(self, key: tf.Tensor) -> tf.Tensor:
        """U h_j."""
        return project(key, self.key_kernel.value)

    def _attend(
        self,
        query: tf.Tensor,
        projected_key: tf.Tensor,
        value: tf.Tensor,
        mask: tf.Tensor | None,
        drop: Drop | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """e_ij = v_aᵀ tanh(W_a s_i + U_a h_j); α_i = softmax(e_i); c_i = Σ_j α_ij h_j."""
        projected_query = project(query, self.query_kernel.value)
        scores = additive(projected_query, projected_key, self.score_kernel.value)
        return attend(scores, value, mask, drop)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "score_initializer": keras.initializers.serialize(self.score_initializer),
        }

    def _kernel(self, name: str, shape: Any) -> Any:
        shape = (depth(name.removesuffix("_kernel"), shape), self.units)
        return self.add_weight(name=name, shape=shape, initializer=fresh(self.kernel_initializer))
