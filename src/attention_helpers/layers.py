"""Keras layers that own the weights of attention.

All of them are called as `layer(query, value, key=None, ...)`, and each position of the query gets
the mean of the values that it attends to. What may be attended to is what **every** mask allows:

- the explicit one, `mask` (in `MultiHeadAttention`, as in Keras, `attention_mask`): boolean,
  broadcastable to `(..., q, k)`, True = may attend;
- `value_mask` and `key_mask`, boolean `(..., k)`, and `query_mask`, boolean `(..., q)`: True where
  there is a word. Where one of them is not given, Keras fills in the mask that its tensor carries
  (from `Embedding(mask_zero=True)`, say), eagerly and in a functional model alike;
- with `use_causal_mask=True`, no key later than the query, both counted from the first position.

A position of the query with nothing to attend to gets weights of zero and so a context of zero; that
holds for every position which `query_mask` masks. The context carries the mask of the query on.
"""

from typing import Any

from ._arguments import integer
from ._copying import copy_from_keras, copy_to_keras
from ._heads import AttentionCache, MultiHeadAttention
from ._layer import ContextAndWeights, depth, fresh
from ._tensorflow import keras, tf
from ._tensors import tensors
from .functional import additive_attention, additive_scores, attention, dot_product_scores

__all__ = [
    "AttentionCache",
    "BahdanauAttention",
    "LuongAttention",
    "MultiHeadAttention",
    "copy_from_keras",
    "copy_to_keras",
]


@keras.saving.register_keras_serializable(package="attention_helpers")
class BahdanauAttention(ContextAndWeights):
    """Additive attention with its projections: vᵀ tanh(W query + U key), softmax, weighted mean.

    Args:
        units: size u of the hidden layer of the score, a positive integer.
        kernel_initializer: initialiser of `query_kernel` W and `key_kernel` U.
        score_initializer: initialiser of `score_kernel` v.
        dropout: the share of the weights that training drops, from 0 to below 1.
        seed: of that dropout; None takes Keras' global one.
        **kwargs: those of every Keras layer, such as `name` and `dtype`.

    The paper starts with W, U ~ N(0, 0.001²) and v = 0, so that attention is uniform at first:
    `kernel_initializer=keras.initializers.RandomNormal(stddev=0.001), score_initializer="zeros"`.
    From there the gradients of W and U are zero at first, and it takes more steps than a small
    budget has; hence the default, `"glorot_uniform"` for all three. Seed them with
    `keras.utils.set_random_seed`: an initialiser with a seed of its own would draw W = U if n = m.

    Called with

    - `query`: floating `(..., q, n)`;
    - `value`: floating `(..., k, v)`;
    - `key`: floating `(..., k, m)`, the values if None;
    - `mask`: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all;
    - `query_mask` `(..., q)`, `value_mask` `(..., k)`, `key_mask` `(..., k)`: boolean, True where
      there is a word; None takes the mask that Keras lets the tensor carry, if any. All masks hold
      at once;
    - `return_attention_scores`: whether to return the weights too, which is the default here;
    - `training`: whether to drop weights; Keras fills it in;
    - `use_causal_mask`: whether position i of the query sees the keys up to i only;

    the layer returns the context `(..., q, v)` and the weights `(..., q, k)`, before dropout, and
    keeps neither. A position of the query with nothing to attend to gets zeros.

    Raises:
        ValueError: `units` is not a positive integer, `dropout` not in [0, 1), a wrong dtype or
            shape, a mask that does not broadcast.

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

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Makes the weights W (n, u), U (m, u) and v (u,)."""
        key_shape = value_shape if key_shape is None else key_shape
        self.query_kernel = self._kernel("query_kernel", query_shape)
        self.key_kernel = self._kernel("key_kernel", key_shape)
        self.score_kernel = self.add_weight(
            name="score_kernel", shape=(self.units,), initializer=self.score_initializer
        )

    def project_key(self, key: tf.Tensor) -> tf.Tensor:
        """U key, `(..., k, m)` → `(..., k, u)`: a decoder computes it once a sentence.

        The layer must have been called or built. Outside `call` nothing is cast: the dtype is that of
        the weights.
        """
        self._check_built()
        kernel, key = tensors("mu,...km", key_kernel=self.key_kernel, key=key)
        # tensordot, not einsum "...km,mu->...ku": equal, but without XLA the einsum and its gradient
        # take about three times as long on a CPU (benchmarks/projection.py).
        return tf.tensordot(key, kernel, axes=1)

    def attend(
        self,
        query: tf.Tensor,
        projected_key: tf.Tensor,
        value: tf.Tensor,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The context and the weights, for keys that `project_key` has projected.

        The layer must have been called or built. Outside `call` nothing is cast: the dtype is that of
        the weights.
        """
        self._check_built()
        kernel, query = tensors("nu,...qn", query_kernel=self.query_kernel, query=query)
        projected_query = tf.tensordot(query, kernel, axes=1)
        return additive_attention(projected_query, projected_key, value, self.score_kernel, mask)

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


@keras.saving.register_keras_serializable(package="attention_helpers")
class LuongAttention(ContextAndWeights):
    """Luong's attention: a score of query and key, softmax, weighted mean.

    Args:
        score: how a query s is compared with a key h:
            "dot", sᵀ h, has no weights, and needs keys of the query's depth;
            "general", sᵀ W h, has the `kernel` W (n, m);
            "concat", vᵀ tanh(W [s; h]), has W in two parts, `query_kernel` (n, u) and
            `key_kernel` (m, u), for W [s; h] is the sum of what each part gives; and `score_kernel`
            v (u,). It is the score of `BahdanauAttention`.
        units: size u of the hidden layer of "concat", a positive integer; None means the depth n
            of the query. The other scores have none.
        kernel_initializer: initialiser of W.
        score_initializer: initialiser of v.
        dropout: the share of the weights that training drops, from 0 to below 1.
        seed: of that dropout; None takes Keras' global one.
        **kwargs: those of every Keras layer, such as `name` and `dtype`.

    What Luong changed besides the score is where the decoder asks: with its state after the
    recurrent step. Called with what `BahdanauAttention` is called with, it returns the same: the
    context `(..., q, v)` and the weights `(..., q, k)`.

    Raises:
        ValueError: an unknown score, `units` not a positive integer or given to a score without
            them, `dropout` not in [0, 1), a wrong dtype or shape, a mask that does not broadcast.

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
        if score not in ("dot", "general", "concat"):
            raise ValueError(f'score: expected "dot", "general" or "concat", got {score!r}')
        if units is not None and score != "concat":
            raise ValueError(f'units: expected None, for the score "{score}" has none, got {units}')
        self.score = score
        self.units = None if units is None else integer("units", units, least=1)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.score_initializer = keras.initializers.get(score_initializer)

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
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

    def project_key(self, key: tf.Tensor) -> tf.Tensor:
        """The share of the keys in the score: a decoder computes it once a sentence.

        `(..., k, m)` → `(..., k, m)` as it is for "dot", W h `(..., k, n)` for "general", and for
        "concat" its half of W [s; h], `(..., k, u)`. The layer must have been called or built. Outside
        `call` nothing is cast: the dtype is that of the weights.
        """
        self._check_built()
        if self.score == "general":
            kernel, key = tensors("nm,...km", kernel=self.kernel, key=key)
            return tf.tensordot(key, kernel, axes=[[-1], [1]])
        if self.score == "concat":
            kernel, key = tensors("mu,...km", key_kernel=self.key_kernel, key=key)
            return tf.tensordot(key, kernel, axes=1)
        return key

    def attend(
        self,
        query: tf.Tensor,
        projected_key: tf.Tensor,
        value: tf.Tensor,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The context and the weights, for keys that `project_key` has projected.

        The layer must have been called or built. Outside `call` nothing is cast: the dtype is that of
        the weights.
        """
        self._check_built()
        if self.score == "concat":
            kernel, query = tensors("nu,...qn", query_kernel=self.query_kernel, query=query)
            query = tf.tensordot(query, kernel, axes=1)
            scores = additive_scores(query, projected_key, self.score_kernel)
        else:
            scores = dot_product_scores(query, projected_key)
        return attention(scores, value, mask)

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
