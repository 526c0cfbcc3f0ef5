"""Attention with several heads, with Keras' argument names, weights and files of weights.

How it is called stands here. Its constructor, its weights and its configuration are those of
`ProjectedHeads` in projections.py.
"""

from __future__ import annotations

from typing import Any

from .._tensorflow import serializable, tf
from .._tensors import axis_size, integers_from, mask_for, show, tensors
from ..functional import Drop, merge_groups, scaled_dot_product, split_groups
from ..masks import causal_mask, combine_masks, local_mask
from .base import carry_mask, position_mask
from .cache import AttentionCache, check_cache, write
from .projections import AXES, ProjectedHeads, check_axes


@serializable
class MultiHeadAttention(ProjectedHeads):
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
        activity_regularizer: of the outputs of all projections.
        seed: of the dropout; None takes Keras' global one.
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
    the next cache. With a cache, k is its length L, and `use_causal_mask` counts the positions of
    each row from its first: any division of a sequence into steps then gives what the whole gives.
    A cache without room is an error where its lengths are known, as they are outside `tf.function`;
    where they are not, what has no room is not kept.

    The projections are Keras' `EinsumDense` under the names of Keras' layer (`query_dense`,
    `key_dense`, `value_dense`, `output_dense`), so that its weights are taken by `set_weights` and
    by `load_weights` of a model. What differs from `keras.layers.MultiHeadAttention`: a position of
    the query with nothing to attend to gets weights of zero (there, in Keras
    3.15, a mean of what it may not see unless the weights are returned too),
    inputs have three axes, and `attention_mask` is not of a floating dtype, which could as well be
    meant to be added. Keras' `attention_axes`, `flash_attention` and `use_gate` are not taken, not even
    with their default values.

    Raises:
        ValueError: an argument is out of its range, heads that do not divide, a wrong dtype or
            shape, a mask that does not broadcast, a cache of another shape or without room.
        TypeError: an argument that is a number is none.

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
        query, key, value = self._checked(query, key, value, cache)
        start = 0 if cache is None else cache.length
        queries = self._placed(self._project_to_heads(self._query_dense, query), start)
        if value is not None:
            keys, values = (
                self._placed(self._project_to_heads(self._key_dense, key), start),
                self._project_to_heads(self._value_dense, value),
            )
            padding = combine_masks(
                position_mask("value_mask", value_mask, value),
                position_mask("key_mask", key_mask, key),
            )
            cache = None if cache is None else write(cache, keys, values, padding)
        elif use_causal_mask or self.sliding_window:
            raise ValueError(
                f"{'use_causal_mask' if use_causal_mask else 'sliding_window'}: expected none where "
                "value is None, for what the cache holds then shares no positions with the query"
            )
        if cache is not None:
            keys, values, padding = cache.key, cache.value, cache.mask
        lengths, window = (axis_size(queries, 2), axis_size(keys, 2)), self.sliding_window
        mask = combine_masks(
            position_mask("query_mask", query_mask, query, axis=-1),
            None if padding is None else tf.expand_dims(padding, 1),
            causal_mask(*lengths, start=start) if use_causal_mask else None,
            local_mask(*lengths, window=window - 1, start=start) if window else None,
        )
        mask = combine_masks(_over_heads(mask), self._mask_of_heads(attention_mask, queries, keys))
        context, weights = self._attend(queries, keys, values, mask, self._drop(training))
        output = self._project_output(context)
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
            integers_from(name, size, least=0, rank=0)
        heads = batch_size, self.num_key_value_heads, length
        return AttentionCache(
            key=tf.zeros((*heads, self.key_dim), self.compute_dtype),
            value=tf.zeros((*heads, self.value_dim), self.compute_dtype),
            mask=tf.zeros((batch_size, length), tf.bool),
            length=tf.zeros((batch_size,), tf.int32),
        )

    def _checked(self, query: Any, key: Any, value: Any, cache: Any) -> list[Any]:
        """The inputs as tensors that fit each other, the projections and the cache."""
        if value is None and (cache is None or key is not None):
            raise ValueError("value: expected a tensor; it may be None with a cache, alone")
        if cache is not None:
            sizes = self.num_key_value_heads, self.key_dim, self.value_dim
            check_cache(cache, query.shape[0], *sizes, self.compute_dtype)
        key_name, key = ("value", value) if key is None else ("key", key)
        inputs = {"query": query, key_name: key, "value": value}
        inputs = {name: each for name, each in inputs.items() if each is not None}
        check_axes({name: each.shape for name, each in inputs.items()})
        pattern, nonempty = ",".join(AXES[name] for name in inputs), "" if cache else "k"
        inputs = dict(zip(inputs, tensors(pattern, nonempty=nonempty, **inputs), strict=True))
        names = "query", key_name, "value"
        for name, size in zip(names, self._depths, strict=True):
            if name in inputs and inputs[name].shape[-1] not in (None, size):
                raise ValueError(
                    f"{name}: expected a last axis of {size} as in the first call, "
                    f"got shape {show(inputs[name].shape)}"
                )
        return [inputs.get(name) for name in names]

    def _mask_of_heads(self, mask: Any, queries: tf.Tensor, keys: tf.Tensor) -> tf.Tensor | None:
        """The explicit mask, with an axis for the heads."""
        if mask is None:
            return None
        mask = tf.convert_to_tensor(mask)
        if mask.dtype.is_integer:  # Keras' examples often have such masks
            mask = mask != 0
        sizes = [queries.shape[0], queries.shape[2], keys.shape[2]]
        if mask.shape.rank == 4:
            sizes.insert(1, self.num_heads)
        return _over_heads(mask_for(mask, tf.TensorShape(sizes), "attention_mask"))

    def _placed(self, heads: tf.Tensor, start: tf.Tensor | int) -> tf.Tensor:
        """Queries or keys `(b, h, t, d)`, the first at `start`, an integer or `(b,)`: as they are.

        A subclass may let them depend on their positions.
        """
        return heads

    def _attend(
        self,
        query: tf.Tensor,
        key: tf.Tensor,
        value: tf.Tensor,
        mask: tf.Tensor | None,
        drop: Drop | None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The context `(b, h, q, v)` and the weights `(b, h, q, k)`."""
        grouped = self.num_key_value_heads < self.num_heads
        if grouped:
            query, key, value, mask, _ = split_groups(query, key, value, mask)
        context, weights = scaled_dot_product(query, key, value, mask, drop=drop)
        if grouped:
            context, weights = merge_groups(context), merge_groups(weights)
        return context, weights


def _over_heads(mask: tf.Tensor | None) -> tf.Tensor | None:
    """A mask of all heads, `(b, q, k)`, with an axis for them."""
    return tf.expand_dims(mask, 1) if mask is not None and mask.shape.rank == 3 else mask
