"""Keras layers that own the weights of attention."""

from ._checks import tensors
from ._tensorflow import keras, tf
from .functional import additive_attention

__all__ = ["BahdanauAttention"]


@keras.saving.register_keras_serializable(package="attention_helpers")
class BahdanauAttention(keras.layers.Layer):
    """Additive attention with its projections: vᵀ tanh(W query + U key), softmax, weighted mean.

    Args:
        units: size u of the hidden layer of the score, a positive integer.
        kernel_initializer: initialiser of `query_kernel` W and `key_kernel` U.
        score_initializer: initialiser of `score_kernel` v.
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
    - `mask`: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all. It is
      always explicit: inputs that carry a mask of Keras' own (`mask_zero=True`) are refused without
      it, rather than have that mask dropped in silence;

    the layer returns the context `(..., q, v)` and the weights `(..., q, k)`, and keeps neither.

    Raises:
        ValueError: `units` is not a positive integer, a wrong dtype or shape, a mask that does not
            broadcast.

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
        units,
        kernel_initializer="glorot_uniform",
        score_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units: expected a positive integer, got {units!r}")
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.score_initializer = keras.initializers.get(score_initializer)

    def build(self, query_shape, value_shape, key_shape=None):
        """Makes the weights W (n, u), U (m, u) and v (u,)."""
        key_shape = value_shape if key_shape is None else key_shape
        self.query_kernel = self._kernel("query_kernel", query_shape[-1])
        self.key_kernel = self._kernel("key_kernel", key_shape[-1])
        self.score_kernel = self.add_weight(
            name="score_kernel", shape=(self.units,), initializer=self.score_initializer
        )

    def call(self, query, value, key=None, mask=None):
        if mask is None:
            _refuse_implicit_mask(value=value, key=key)
        projected_key = self.project_key(value if key is None else key)
        return self.attend(query, projected_key, value, mask)

    def project_key(self, key):
        """U key, `(..., k, m)` → `(..., k, u)`: a decoder computes it once a sentence.

        The layer must have been called or built.
        """
        self._check_built()
        kernel, key = tensors("mu,...km", key_kernel=self.key_kernel, key=key)
        # tensordot, not einsum "...km,mu->...ku": equal, but without XLA the einsum and its gradient
        # take about three times as long on a CPU (benchmarks/projection.py).
        return tf.tensordot(key, kernel, axes=1)

    def attend(self, query, projected_key, value, mask=None):
        """The context and the weights, for keys that `project_key` has projected.

        The layer must have been called or built.
        """
        self._check_built()
        kernel, query = tensors("nu,...qn", query_kernel=self.query_kernel, query=query)
        projected_query = tf.tensordot(query, kernel, axes=1)
        return additive_attention(projected_query, projected_key, value, self.score_kernel, mask)

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        """The shapes of the context and of the weights."""
        query_shape, value_shape = tf.TensorShape(query_shape), tf.TensorShape(value_shape)
        rows = (*tf.broadcast_static_shape(query_shape[:-2], value_shape[:-2]), query_shape[-2])
        return (*rows, value_shape[-1]), (*rows, value_shape[-2])

    def compute_mask(self, query, previous_mask=None):
        """None, for neither the context nor the weights carry a mask on."""

    def get_config(self):
        """The arguments that make this layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "score_initializer": keras.initializers.serialize(self.score_initializer),
        }

    def _kernel(self, name, size):
        if size is None:
            raise ValueError(f"{name}: expected a last axis of known size to project, got None")
        initializer = self.kernel_initializer
        if isinstance(initializer, keras.initializers.Initializer):
            initializer = initializer.clone()  # used twice, it would draw W = U where n = m
        return self.add_weight(name=name, shape=(size, self.units), initializer=initializer)

    def _check_built(self):
        if not self.built:
            raise ValueError(
                f"{self.name}: expected a layer that has its weights; "
                "call it once, or build(query_shape, value_shape), first"
            )


def _refuse_implicit_mask(**arrays):
    for name, array in arrays.items():
        if getattr(array, "_keras_mask", None) is not None:
            raise ValueError(
                f"mask: expected an explicit mask (..., q, k), for {name} carries one of Keras' "
                "own that attention would drop; pass padding_mask(tokens)"
            )
