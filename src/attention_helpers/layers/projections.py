"""The projections to heads and back: Keras' `EinsumDense`, under the names of Keras' layer."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from typing import Any

from .._arguments import integer
from .._tensorflow import keras, tf
from .._tensors import axis_size, show
from .base import AttentionLayer, Shape, check_ranks, depth, fresh

AXES = {"query": "bqn", "key": "bkm", "value": "bkw"}


class ProjectedHeads(AttentionLayer):
    """What `MultiHeadAttention` has in common with Keras' layer: its settings and its weights.

    Its arguments are described there.
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | tuple[int, ...] | None = None,
        *,
        num_key_value_heads: int | None = None,
        sliding_window: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dropout=dropout, **kwargs)
        self.num_heads = integer("num_heads", num_heads, least=1)
        self.key_dim = integer("key_dim", key_dim, least=1)
        self.value_dim = _positive_or(self.key_dim, "value_dim", value_dim)
        self.num_key_value_heads = _positive_or(
            self.num_heads, "num_key_value_heads", num_key_value_heads
        )
        if self.num_heads % self.num_key_value_heads:
            raise ValueError(
                f"num_key_value_heads: expected a divisor of num_heads = {self.num_heads}, "
                f"got {num_key_value_heads}"
            )
        self.use_bias = bool(use_bias)
        self.sliding_window = _positive_or(None, "sliding_window", sliding_window)
        self._output_shape = _sizes("output_shape", output_shape)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        # With an underscore, or Keras would regularise the output, the weights and the cache too.
        self._activity_regularizer = keras.regularizers.get(activity_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)

    def build(self, query_shape: Shape, value_shape: Shape = (), key_shape: Any = None) -> None:
        """Makes the four projections."""
        if not value_shape:
            raise ValueError("value: expected one in the first call, which makes the weights")
        key_name, key_shape = ("value", value_shape) if key_shape is None else ("key", key_shape)
        shapes = {"query": query_shape, key_name: key_shape, "value": value_shape}
        check_axes({name: tf.TensorShape(shape) for name, shape in shapes.items()})
        n, m, w = (depth(name, shapes[name]) for name in ("query", key_name, "value"))
        self._depths = n, m, w
        h, g, d, v = self.num_heads, self.num_key_value_heads, self.key_dim, self.value_dim
        self._query_dense = self._projection("query", query_shape, (h, d))
        self._key_dense = self._projection("key", key_shape, (g, d))
        self._value_dense = self._projection("value", value_shape, (g, v))
        heads, output = (*query_shape[:-1], h, v), self._output_shape or (n,)
        self._output_dense = self._projection("attention_output", heads, output)

    query_dense = property(lambda self: self._query_dense, doc="The projection of the query.")
    key_dense = property(lambda self: self._key_dense, doc="The projection of the key.")
    value_dense = property(lambda self: self._value_dense, doc="The projection of the value.")
    output_dense = property(lambda self: self._output_dense, doc="The projection of the output.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "use_bias": self.use_bias,
            "output_shape": self._output_shape,
            "num_key_value_heads": self.num_key_value_heads,
            "sliding_window": self.sliding_window,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": keras.regularizers.serialize(self._activity_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }

    def _projection(self, name: str, input_shape: Shape, sizes: tuple[int, ...]) -> Any:
        return head_projection(
            name,
            input_shape,
            sizes,
            use_bias=self.use_bias,
            kernel_initializer=fresh(self.kernel_initializer),
            bias_initializer=fresh(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self._activity_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype_policy,
        )

    def _project_to_heads(self, projection: Any, inputs: tf.Tensor) -> tf.Tensor:
        """The inputs `(b, t, n)` projected for each head: `(b, h, t, d)`."""
        heads = tf.cast(projection(inputs), self.compute_dtype)  # a projection may have its own
        return tf.transpose(heads, [0, 2, 1, 3])

    def _project_output(self, context: tf.Tensor) -> tf.Tensor:
        """The contexts `(b, h, q, v)` of all heads projected together: `(b, q, output)`."""
        return self._output_dense(tf.transpose(context, [0, 2, 1, 3]))


class HeadProjection(keras.layers.EinsumDense):
    """Projects the last axes of `(b, t, ...)` to others, with the kernel and bias of `EinsumDense`.

    Keras multiplies sentence by sentence, and the gradient of the kernel then has a copy for each of
    them: on a CPU a training step of `MultiHeadAttention` takes a fifth longer.

    Example:
        >>> x = tf.random.stateless_normal((2, 5, 6), seed=[0, 1])
        >>> ours = HeadProjection("btn,nhd->bthd", (None, 3, 4), bias_axes="hd")
        >>> theirs = keras.layers.EinsumDense("btn,nhd->bthd", (None, 3, 4), bias_axes="hd")
        >>> ours.build(x.shape), theirs.build(x.shape), theirs.set_weights(ours.get_weights())
        (None, None, None)
        >>> bool(tf.reduce_max(tf.abs(ours(x) - theirs(x))) < 1e-5)
        True
    """

    def quantize(self, *args: Any, **kwargs: Any) -> None:
        """As in `EinsumDense`, which without `type_check=False` refuses what inherits from it."""
        super().quantize(*args, **{**kwargs, "type_check": False})

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """einsum "btn,nhd->bthd" to heads, or "bqhv,hvo->bqo" of them, plus the bias."""
        kernel = tf.convert_to_tensor(self.kernel)
        axes = inputs.shape.rank - 2
        depth, outputs = math.prod(kernel.shape[:axes]), kernel.shape[axes:]
        product = tf.reshape(inputs, [-1, depth]) @ tf.reshape(kernel, [depth, -1])
        product = tf.reshape(product, [axis_size(inputs, 0), axis_size(inputs, 1), *outputs])
        return product if self.bias is None else product + self.bias


def head_projection(
    name: str, input_shape: Shape, sizes: Sequence[int], use_bias: bool, **kwargs: Any
) -> HeadProjection:
    """A built projection of the last axes of `(b, t, ...)` to axes of the sizes.

    Its equation is that of Keras' layer, which names the axes a, b, c, …, and so are the shapes of
    its weights.
    """
    letters = string.ascii_lowercase
    inputs = letters[2 : len(input_shape)]
    outputs = letters[len(input_shape) : len(input_shape) + len(sizes)]
    layer = HeadProjection(
        f"ab{inputs},{inputs}{outputs}->ab{outputs}",
        output_shape=(None, *sizes),
        bias_axes=outputs if use_bias else None,
        name=name,
        **kwargs,
    )
    layer.supports_masking = True  # or Keras would warn that it drops the mask of its input
    layer.build(input_shape)
    return layer


def check_axes(shapes: Mapping[str, tf.TensorShape]) -> None:
    """Raises a ValueError unless each has three axes."""
    if shapes["query"].rank == 2:
        check_ranks(shapes)
    for name, shape in shapes.items():
        if shape.rank not in (3, None):
            axes = ", ".join(AXES[name])
            raise ValueError(f"{name}: expected ({axes}), got shape {show(shape)}")


def _positive_or(default: int | None, name: str, value: int | None) -> Any:
    return default if value is None else integer(name, value, least=1)


def _sizes(name: str, sizes: Any) -> tuple[int, ...] | None:
    if sizes is None:
        return None
    sizes = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
    if not sizes:
        raise ValueError(f"{name}: expected one size or more, got none")
    return tuple(integer(name, size, least=1) for size in sizes)
