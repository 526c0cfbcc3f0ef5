"""Attention with several heads, with Keras' argument names, and the cache that decoding needs."""

import math
from typing import Any, NamedTuple

from ._arguments import integer
from ._layer import (
    AttentionLayer,
    Shape,
    as_matrix,
    boolean_mask,
    carry_mask,
    causal_band,
    columns,
    depth,
    every,
    fresh,
    position_mask,
    rows,
)
from ._tensorflow import keras, tf
from ._tensors import integers, show, tensors
from ._tensors import length as check_length
from .functional import scaled_dot_product_attention

# Keras' arguments that this layer takes only to say that it has no other way, with the values that
# mean the one it has.
ONLY = {
    "attention_axes": ((None, 1, (1,), [1]), "axis 1 is attended; reshape the others into it"),
    "flash_attention": ((None, False), "there is no such kernel for TensorFlow"),
    "use_gate": ((False,), "the heads have no gate"),
}


class AttentionCache(NamedTuple):
    """The keys and values of the positions so far: the state of decoding, as a value.

    `key` is `(b, g, L, d)` and `value` `(b, g, L, v)`, with room for L positions; `mask`, boolean
    `(b, L)`, is True where there is a position that may be attended to; `length`, a scalar int32,
    counts the positions that were written. `MultiHeadAttention.empty_cache` makes one, and each
    call returns the next; none is changed in place.
    """

    key: tf.Tensor
    value: tf.Tensor
    mask: tf.Tensor
    length: tf.Tensor

    def take(self, indices: tf.Tensor) -> "AttentionCache":
        """The cache of these rows of the batch, in this order: what beam search goes on with.

        Example:
            >>> cache = MultiHeadAttention(2, key_dim=4).empty_cache(batch_size=3, length=5)
            >>> cache.take([0, 0, 2, 1]).key.shape.as_list()
            [4, 2, 5, 4]
        """
        indices, rows = integers("indices", indices), self.key.shape[0]
        known = tf.get_static_value(indices)
        if known is not None and rows is not None and ((known < 0) | (known >= rows)).any():
            raise ValueError(f"indices: expected rows from 0 to {rows - 1}, got {known.tolist()}")
        key, value, mask = (tf.gather(tensor, indices) for tensor in self[:3])
        return AttentionCache(key, value, mask, self.length)


@keras.saving.register_keras_serializable(package="attention_helpers")
class MultiHeadAttention(AttentionLayer):
    """Scaled dot-product attention with several heads, to be called as Keras' layer of that name.

    Args:
        num_heads: h, the number of heads.
        key_dim: d, the size of a head's queries and keys.
        value_dim: v, the size of a head's values; None means `key_dim`.
        dropout: the share of the weights that training drops, from 0 to below 1.
        use_bias: whether the four projections have biases.
        output_shape: the size or sizes of the last axes of the output; None means that of the
            query's last axis.
        num_key_value_heads: g, how many heads of keys and values the heads of the query share, of
            which h is a multiple; None means h. Head i of the query reads head i // (h / g).
        sliding_window: how near a key must be: less than this many positions from the query, before
            it or after it; None means any.
        kernel_initializer, bias_initializer: of all projections.
        kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint: likewise.
        seed: of the dropout; None takes Keras' global one.
        attention_axes, flash_attention, use_gate: Keras'; only their default values are taken.
        **kwargs: those of every Keras layer, such as `name` and `dtype`.

    Called with

    - `query`: floating `(b, q, n)`;
    - `value`: floating `(b, k, w)`, or None to attend only to what the cache holds;
    - `key`: floating `(b, k, m)`, the values if None;
    - `query_mask` `(b, q)`, `value_mask` `(b, k)`, `key_mask` `(b, k)`: boolean, True where there
      is a word; None takes the mask that Keras lets the tensor carry, if any;
    - `attention_mask`: boolean, or integer with 0 for False, broadcastable to `(b, q, k)` or with
      four axes to `(b, h, q, k)`; True = may attend. All masks hold at once;
    - `return_attention_scores`: whether to return the weights `(b, h, q, k)` too, before dropout;
    - `training`: whether to drop weights; Keras fills it in;
    - `use_causal_mask`: whether position i of the query sees the keys up to i only, both counted
      from the first, as Keras counts (`masks.causal_mask` aligns the last ones);
    - `cache`: an `AttentionCache`, to which the keys and values are added;

    the layer returns the output `(b, q, output)`, then the weights if asked for, then with a cache
    the next cache. With a cache, k is its length L, and `use_causal_mask` counts positions from its
    first: any division of a sequence into steps then gives what the whole gives. A cache without
    room is an error where its length is known, as it is outside `tf.function`; where it is not,
    what has no room is not kept.

    What differs from `keras.layers.MultiHeadAttention`: a position of the query with nothing to
    attend to gets weights of zero (there a mean of what it may not see), inputs have three axes,
    and `attention_mask` is not of a floating dtype, which could as well be meant to be added. The
    weights have Keras' shapes and order, so `set_weights` takes Keras' (`copy_from_keras`).

    Raises:
        ValueError: an argument is out of its range, heads that do not divide, a wrong dtype or
            shape, a mask that does not broadcast, a cache of another shape or without room.

    Example:
        >>> layer = MultiHeadAttention(num_heads=2, key_dim=4)
        >>> x = tf.random.stateless_normal((3, 5, 8), seed=[0, 1])
        >>> whole = layer(x, x, use_causal_mask=True)
        >>> cache, steps = layer.empty_cache(batch_size=3, length=5), []
        >>> for i in range(5):
        ...     now = x[:, i : i + 1]
        ...     step, cache = layer(now, now, cache=cache, use_causal_mask=True)
        ...     steps.append(step)
        >>> bool(tf.reduce_max(tf.abs(tf.concat(steps, axis=1) - whole)) < 1e-5)
        True

    Source: Vaswani et al. 2017 (arXiv 1706.03762), multi-head attention.
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
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        attention_axes: Any = None,
        flash_attention: bool | None = None,
        use_gate: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(dropout=dropout, **kwargs)
        _check_only(
            attention_axes=attention_axes, flash_attention=flash_attention, use_gate=use_gate
        )
        self.num_heads = integer("num_heads", num_heads, least=1)
        self.key_dim = integer("key_dim", key_dim, least=1)
        self.value_dim = _positive_or("value_dim", value_dim, self.key_dim)
        self.num_key_value_heads = _positive_or(
            "num_key_value_heads", num_key_value_heads, self.num_heads
        )
        if self.num_heads % self.num_key_value_heads:
            raise ValueError(
                f"num_key_value_heads: expected a divisor of num_heads = {self.num_heads}, "
                f"got {num_key_value_heads}"
            )
        self.use_bias = bool(use_bias)
        self.sliding_window = _positive_or("sliding_window", sliding_window, None)
        self._output_shape = _sizes("output_shape", output_shape)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)

    def build(self, query_shape: Shape, value_shape: Shape = (), key_shape: Any = None) -> None:
        """Makes the kernel and the bias of each projection, in Keras' shapes and order."""
        if not value_shape:
            raise ValueError("value: expected one in the first call, which makes the weights")
        shapes = {"query": query_shape, "key": key_shape or value_shape, "value": value_shape}
        for name, shape in shapes.items():
            if len(shape) != 3:
                axes = "(b, q, n)" if name == "query" else "(b, k, m)"
                raise ValueError(f"{name}: expected {axes}, got shape {show(shape)}")
        h, g, d, v = self.num_heads, self.num_key_value_heads, self.key_dim, self.value_dim
        n, m, w = (depth(name, shape) for name, shape in shapes.items())
        out = self._output_shape or (n,)
        self.query_kernel, self.query_bias = self._projection("query", (n, h, d), (h, d))
        self.key_kernel, self.key_bias = self._projection("key", (m, g, d), (g, d))
        self.value_kernel, self.value_bias = self._projection("value", (w, g, v), (g, v))
        self.output_kernel, self.output_bias = self._projection("output", (h, v, *out), out)

    def call(
        self,
        query: tf.Tensor,
        value: tf.Tensor | None,
        key: tf.Tensor | None = None,
        query_mask: tf.Tensor | None = None,
        value_mask: tf.Tensor | None = None,
        key_mask: tf.Tensor | None = None,
        attention_mask: tf.Tensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
        cache: AttentionCache | None = None,
    ) -> Any:
        """The output, then the weights if asked for, then the next cache; the class says more."""
        if cache is not None:
            self._check_cache(cache, query)
        start = 0 if cache is None else cache.length
        keys, values, padding, cache = self._look_at(query, value, key, value_mask, key_mask, cache)
        if value is None and (use_causal_mask or self.sliding_window):
            raise ValueError(
                f"{'use_causal_mask' if use_causal_mask else 'sliding_window'}: expected none where "
                "value is None, for what the cache holds then shares no positions with the query"
            )
        queries = self._heads("query", query)
        mask = every(
            self._mask_of_heads(attention_mask, queries, keys),
            _of_each_head(rows(position_mask("query_mask", query_mask, query))),
            _of_each_head(columns(padding)),
            causal_band(queries, keys, start, self.sliding_window, use_causal_mask),
        )
        grouped = {"grouped": True} if self.num_key_value_heads < self.num_heads else {}
        context, weights = scaled_dot_product_attention(queries, keys, values, mask, **grouped)
        if training and self.dropout:
            context = self._dropped(weights, context, _repeated(values, self.num_heads))
        output = self._join(context)
        carry_mask(output, query_mask)
        extra = [*([weights] if return_attention_scores else []), *([cache] if cache else [])]
        return (output, *extra) if extra else output

    def empty_cache(self, batch_size: int | tf.Tensor, length: int | tf.Tensor) -> AttentionCache:
        """A cache with room for `length` positions, none of them written.

        Args:
            batch_size: b, an integer or a scalar integer tensor.
            length: L, likewise; an integer keeps the shapes static, which XLA needs.

        Returns:
            An `AttentionCache`, in the dtype that the layer computes in.

        Raises:
            ValueError: a size is not an integer, not a scalar, or negative.
        """
        for name, size in (("batch_size", batch_size), ("length", length)):
            check_length(name, size)
        heads = batch_size, self.num_key_value_heads, length
        return AttentionCache(
            key=tf.zeros((*heads, self.key_dim), self.compute_dtype),
            value=tf.zeros((*heads, self.value_dim), self.compute_dtype),
            mask=tf.zeros((batch_size, length), tf.bool),
            length=tf.zeros((), tf.int32),
        )

    def compute_output_shape(
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> tuple[int | None, ...]:
        """The shape of the output, without weights and cache."""
        query_shape = tuple(query_shape)
        return (*query_shape[:-1], *(self._output_shape or query_shape[-1:]))

    def compute_output_spec(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
        cache: AttentionCache | None = None,
    ) -> Any:
        """What a call on symbolic tensors returns."""

        def spec(shape: Shape, dtype: Any = self.compute_dtype) -> Any:
            return keras.KerasTensor(shape, dtype)

        output = spec(self.compute_output_shape(query.shape, ()))
        extra: list[Any] = []
        if return_attention_scores:
            length = value.shape[1] if cache is None else cache.key.shape[2]
            extra.append(spec((query.shape[0], self.num_heads, query.shape[1], length)))
        if cache is not None:
            extra.append(AttentionCache(*(spec(each.shape, each.dtype) for each in cache)))
        return (output, *extra) if extra else output

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
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }

    def _projection(
        self, name: str, kernel_shape: tuple[int, ...], bias_shape: tuple[int, ...]
    ) -> tuple[Any, Any]:
        sizes = math.prod(kernel_shape[: -len(bias_shape)]), math.prod(bias_shape)
        kernel = self.add_weight(
            name=f"{name}_kernel",
            shape=kernel_shape,
            initializer=as_matrix(fresh(self.kernel_initializer), *sizes),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if not self.use_bias:
            return kernel, None
        bias = self.add_weight(
            name=f"{name}_bias",
            shape=bias_shape,
            initializer=fresh(self.bias_initializer),
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )
        return kernel, bias

    def _look_at(
        self, query: Any, value: Any, key: Any, value_mask: Any, key_mask: Any, cache: Any
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor | None, AttentionCache | None]:
        """The keys, the values and which of them are words, from the cache too; and that cache."""
        if value is None:
            if cache is None or key is not None:
                raise ValueError("value: expected a tensor; it may be None with a cache, alone")
            return (*cache[:3], cache)
        key = value if key is None else key
        tensors("bqn,bkm,bkw", query=query, key=key, value=value)
        padding = every(
            position_mask("value_mask", value_mask, value), position_mask("key_mask", key_mask, key)
        )
        keys, values = self._heads("key", key), self._heads("value", value)
        if cache is None:
            return keys, values, padding, None
        cache = extend(cache, keys, values, padding)
        return (*cache[:3], cache)

    def _heads(self, name: str, inputs: tf.Tensor) -> tf.Tensor:
        """The inputs `(b, t, n)` projected for each head: `(b, h, t, d)`."""
        kernel_name, bias = f"{name}_kernel", getattr(self, f"{name}_bias")
        kernel, inputs = tensors(
            "nhd,bqn" if name == "query" else "mgd,bkm",
            **{kernel_name: getattr(self, kernel_name), name: inputs},
        )
        heads = tf.einsum("btn,nhd->bhtd", inputs, kernel)
        return heads if bias is None else heads + tf.convert_to_tensor(bias)[:, None, :]

    def _join(self, context: tf.Tensor) -> tf.Tensor:
        """The contexts `(b, h, q, v)` of all heads projected together: `(b, q, output)`."""
        kernel = tf.reshape(self.output_kernel, (self.num_heads, self.value_dim, -1))
        output = tf.einsum("bhqv,hvo->bqo", context, kernel)
        if self.use_bias:
            output += tf.reshape(self.output_bias, [-1])
        sizes = self.output_kernel.shape[2:]
        if len(sizes) == 1:
            return output
        return tf.reshape(output, tf.concat([tf.shape(output)[:2], sizes], axis=0))

    def _mask_of_heads(self, mask: Any, queries: tf.Tensor, keys: tf.Tensor) -> tf.Tensor | None:
        """The explicit mask, with an axis for the heads."""
        if mask is None:
            return None
        mask = tf.convert_to_tensor(mask)
        if mask.dtype.is_integer:  # Keras' examples often have such masks
            mask = mask != 0
        sizes = [queries.shape[0], queries.shape[-2], keys.shape[-2]]
        if mask.shape.rank == 4:
            sizes.insert(1, self.num_heads)
        mask = boolean_mask("attention_mask", mask, tf.TensorShape(sizes))
        return _of_each_head(mask) if mask.shape.rank == 3 else mask

    def _check_cache(self, cache: AttentionCache, query: tf.Tensor) -> None:
        """The cache is one of this layer, and of this batch."""
        if not isinstance(cache, AttentionCache):
            raise ValueError(f"cache: expected an AttentionCache, got {type(cache).__name__}")
        b, g, room = query.shape[0], self.num_key_value_heads, cache.mask.shape[-1]
        for name, axes, sizes, dtype in (
            ("key", "(b, g, L, d)", (b, g, room, self.key_dim), self.compute_dtype),
            ("value", "(b, g, L, v)", (b, g, room, self.value_dim), self.compute_dtype),
            ("mask", "(b, L)", (b, room), "bool"),
        ):
            tensor, expected = getattr(cache, name), tf.TensorShape(sizes)
            if tensor.dtype != dtype or not tensor.shape.is_compatible_with(expected):
                raise ValueError(
                    f"cache: expected {name} {axes} = {show(expected)} of {dtype}, "
                    f"got {show(tensor.shape)} of {tf.as_dtype(tensor.dtype).name}"
                )


def extend(
    cache: AttentionCache, key: tf.Tensor, value: tf.Tensor, mask: tf.Tensor | None
) -> AttentionCache:
    """The cache with keys `(b, g, t, d)`, values and their mask `(b, t)` written after its last.

    Raises:
        ValueError: the cache is known to have no room.
    """
    count, room = key.shape[-2], cache.mask.shape[-1]
    filled = tf.get_static_value(cache.length)
    if None not in (count, room, filled) and filled + count > room:
        raise ValueError(
            f"cache: expected room for {count} more, got a cache of length {room} with {filled} "
            f"positions written"
        )
    if count == 0:
        return cache
    # Chosen with tf.where, and not written in place: so it has a gradient, and compiles under XLA.
    count = tf.shape(key)[-2] if count is None else count
    place = tf.range(tf.shape(cache.mask)[-1] if room is None else room) - cache.length
    is_new = (place >= 0) & (place < count)

    def write(old: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
        if new.shape[-2] != 1:  # one position is the same for every place
            new = tf.gather(new, tf.clip_by_value(place, 0, count - 1), axis=-2)
        return tf.where(is_new[:, None], new, old)

    words = tf.ones_like(key[:, 0, :, :1], tf.bool) if mask is None else mask[..., None]
    words = tf.broadcast_to(words, tf.shape(key[:, 0, :, :1]))
    mask = write(cache.mask[..., None], words)[..., 0]  # written as if it were (b, t, 1)
    return AttentionCache(
        write(cache.key, key), write(cache.value, value), mask, cache.length + count
    )


def _of_each_head(mask: tf.Tensor | None) -> tf.Tensor | None:
    """A mask `(b, q, k)` with an axis of size one for the heads."""
    return None if mask is None else mask[:, None]


def _repeated(value: tf.Tensor, num_heads: int) -> tf.Tensor:
    """The values `(b, g, k, v)` for each head of the query: `(b, h, k, v)`."""
    groups = value.shape[1]
    return value if groups == num_heads else tf.repeat(value, num_heads // groups, axis=1)


def _positive_or(name: str, value: int | None, default: int | None) -> Any:
    return default if value is None else integer(name, value, least=1)


def _sizes(name: str, sizes: Any) -> tuple[int, ...] | None:
    if sizes is None:
        return None
    sizes = tuple(sizes) if isinstance(sizes, (tuple, list)) else (sizes,)
    if not sizes:
        raise ValueError(f"{name}: expected one size or more, got none")
    return tuple(integer(name, size, least=1) for size in sizes)


def _check_only(**given: Any) -> None:
    for name, value in given.items():
        allowed, reason = ONLY[name]
        if value not in allowed:
            raise ValueError(f"{name}: expected {allowed[0]}, for {reason}; got {value!r}")
