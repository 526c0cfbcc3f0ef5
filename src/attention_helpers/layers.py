"""Keras layers that own the weights of attention."""

import keras

from ._checks import tensors
from ._tensorflow import tf
from .functional import additive_attention

__all__ = ["BahdanauAttention"]


@keras.saving.register_keras_serializable(package="attention_helpers")
class BahdanauAttention(keras.layers.Layer):
    """Additive attention with its projections: e = vᵀ tanh(W query + U key)."""

    def __init__(
        self,
        units,
        kernel_initializer="glorot_uniform",
        score_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.score_initializer = keras.initializers.get(score_initializer)

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        self.query_kernel = self.add_weight(
            name="query_kernel",
            shape=(query_shape[-1], self.units),
            initializer=self.kernel_initializer,
        )
        self.key_kernel = self.add_weight(
            name="key_kernel",
            shape=(key_shape[-1], self.units),
            initializer=self.kernel_initializer,
        )
        self.score_kernel = self.add_weight(
            name="score_kernel", shape=(self.units,), initializer=self.score_initializer
        )

    def call(self, query, value, key=None, mask=None):
        projected_key = self.project_key(value if key is None else key)
        return self.attend(query, projected_key, value, mask)

    def project_key(self, key):
        """U key, which depends on no query: a decoder computes it once a sentence."""
        key, kernel = tensors("...km,mu", key=key, key_kernel=self.key_kernel)
        return tf.einsum("...km,mu->...ku", key, kernel)

    def attend(self, query, projected_key, value, mask=None):
        """The context and the weights, for keys that `project_key` has projected."""
        query, kernel = tensors("...qn,nu", query=query, query_kernel=self.query_kernel)
        projected_query = tf.einsum("...qn,nu->...qu", query, kernel)
        return additive_attention(projected_query, projected_key, value, self.score_kernel, mask)

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        batch = tf.broadcast_static_shape(
            tf.TensorShape(query_shape[:-2]), tf.TensorShape(value_shape[:-2])
        )
        rows = (*batch, query_shape[-2])
        return (*rows, value_shape[-1]), (*rows, value_shape[-2])

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "score_initializer": keras.initializers.serialize(self.score_initializer),
        }
