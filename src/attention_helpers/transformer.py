"""A Transformer that translates: attention in place of recurrence.

To be read from the top: what tells a word its place (`sinusoids`, `rotate`), the two blocks, and
`Transformer`, which stacks them. Each part of a block reads the normalised x, and what it finds is
added: x = x + part(norm(x)). (The paper normalises the sum.)

Axes: `b` batch, `l` layer, `h` head, `q` target and `k` source position, `t` either, `d` depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ._arguments import choice, integer, number
from ._calls import as_rows
from ._tensorflow import keras, serializable, tf
from ._tensors import TensorLike, at_least_float32, axis_size, fits, integers, rounded, tensors
from .functional import project
from .layers import AttentionCache, MultiHeadAttention
from .text import PAD_ID, Vocabulary
from .translator import ArrayLike, Translator

__all__ = ["Transformer", "rotate", "sinusoids"]
Caches: TypeAlias = tuple[AttentionCache, ...]  # one a layer


def places(start: tf.Tensor | int, length: tf.Tensor | int) -> tf.Tensor:
    """The positions from `start` on: `(t,)`, or `(b, t)` where each sentence has its own start."""
    return tf.convert_to_tensor(start)[..., None] + tf.range(length)


def angles(position: TensorLike, depth: int) -> tf.Tensor:
    """position / 10000^(2i / d) for i = 0, 1, ..., d / 2 - 1: float32 `(..., d / 2)`."""
    if integer("depth", depth, least=2) % 2:
        raise ValueError(f"depth: expected an even number, got {depth}")
    speeds = (10_000.0 ** (-np.arange(0, depth, 2) / depth)).astype(np.float32)
    return tf.cast(integers("position", position), tf.float32)[..., None] * speeds


def sinusoids(position: TensorLike, depth: int) -> tf.Tensor:
    """A vector for each position: sines and cosines, from fast to slow.

    Args:
        position: integer `(...)`.
        depth: d, an even number.

    Returns:
        float32 `(..., d)`: at 2i and 2i + 1 the sine and cosine of position / 10000^(2i / d).

    Raises:
        TypeError, ValueError: `depth` is no even number, or `position` is not of integers.

    Example:
        >>> print(sinusoids([0, 1], depth=4).numpy().round(2))
        [[0.   1.   0.   1.  ]
         [0.84 0.54 0.01 1.  ]]

    Source: Vaswani et al. 2017 (arXiv 1706.03762), section 3.5.
    """
    angle = angles(position, depth)
    pairs = tf.stack([tf.sin(angle), tf.cos(angle)], axis=-1)  # (..., d / 2, 2)
    return tf.reshape(pairs, [*tf.unstack(tf.shape(angle)[:-1]), depth])


def rotate(x: TensorLike, position: TensorLike) -> tf.Tensor:
    """Turns each pair of components by an angle that grows with the position.

    So the dot product of two vectors depends on how far apart they stand, and not on where.

    Args:
        x: floating `(..., t, d)`, queries or keys; d is even.
        position: integer `(..., t)`, which broadcasts to x less its last axis.

    Returns:
        As x, with components 2i and 2i + 1 turned by position / 10000^(2i / d).

    Raises:
        ValueError: a wrong dtype, an odd d, or positions that do not broadcast to x.

    Example:
        >>> query, key = tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])
        >>> for i, j in [(7, 5), (102, 100)]:
        ...     print(tf.reduce_sum(rotate(query, [i]) * rotate(key, [j])).numpy().round(3))
        -6.396
        -6.396

    Source: Su et al. 2021 (arXiv 2104.09864), section 3.2.2.
    """
    (x,), position = tensors("...td", x=x), integers("position", position)
    if not fits(position.shape, x.shape[:-1]):
        expected = f"{x.shape[:-1]}, the shape of x less its last axis"
        raise ValueError(f"position: expected {expected}, got {position.shape}")
    wide = at_least_float32(x)
    angle = tf.cast(tf.repeat(angles(position, x.shape[-1]), 2, axis=-1), wide.dtype)
    # A quarter turn of each pair, (x0, x1) to (-x1, x0), by a product: quicker than to part them.
    quarter = tf.constant(np.kron(np.eye(x.shape[-1] // 2), [[0, 1], [-1, 0]]), wide.dtype)
    return rounded(wide * tf.cos(angle) + project(wide, quarter) * tf.sin(angle), x.dtype)


def built(layer: Any, *depths: int) -> Any:
    """A layer that has its weights, for inputs `(b, t, depth)`."""
    layer.build(*[(None, None, depth) for depth in depths])
    return layer


def norm(depth: int, dtype: Any) -> Any:
    """From each vector its mean is taken, and its deviation made one; then a gain and a bias."""
    return built(keras.layers.LayerNormalization(epsilon=1e-5, dtype=dtype), depth)


class Words(keras.layers.Layer):
    """The vectors `(b, t, d)` of words at their places; and, the other way, the logits of words."""

    def __init__(self, size: int, depth: int, positions: str | None, most: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.depth, self.positions, self.most = depth, positions, most
        # So small for the logits, which then vary by one; times √d, or sinusoids drown the words.
        normal = keras.initializers.RandomNormal(stddev=depth**-0.5)
        self.words = self.add_weight((size, depth), normal, name="words")
        if positions == "learned":
            self.places = self.add_weight((most, depth), normal.clone(), name="places")

    def call(self, ids: tf.Tensor, start: tf.Tensor | int = 0) -> tf.Tensor:
        x = tf.gather(tf.convert_to_tensor(self.words), tf.cast(ids, tf.int32)) * self.depth**0.5
        position = places(start, axis_size(ids, 1))
        if self.positions in ("sinusoidal", "both"):
            x += tf.cast(sinusoids(position, self.depth), x.dtype)
        if self.positions == "learned":
            rows = tf.minimum(position, self.most - 1)
            x += tf.gather(tf.convert_to_tensor(self.places), rows) * self.depth**0.5
        return x

    def logits(self, x: tf.Tensor) -> tf.Tensor:
        return project(x, tf.transpose(tf.convert_to_tensor(self.words)))


class RotaryAttention(MultiHeadAttention):
    """Attention whose queries and keys are turned by their positions, all heads alike."""

    def _placed(self, heads: tf.Tensor, start: tf.Tensor | int) -> tf.Tensor:
        return rotate(heads, places(start, axis_size(heads, 2))[..., None, :])


class Block(keras.layers.Layer):
    """What both blocks have: attention to their own words, and a feed-forward layer."""

    def __init__(self, units: int, heads: int, inner: int, dropout: float, rotary: bool, **kw: Any):
        super().__init__(**kw)
        dtype = self.dtype_policy
        self.dropout = keras.layers.Dropout(dropout, dtype=dtype)
        self.self_norm, self.feed_norm = norm(units, dtype), norm(units, dtype)
        kind = RotaryAttention if rotary else MultiHeadAttention
        self.self_attention = built(kind(heads, units // heads, dtype=dtype), units, units)
        self.widen = built(keras.layers.Dense(inner, "relu", dtype=dtype), units)
        self.narrow = built(keras.layers.Dense(units, dtype=dtype), inner)

    def feed(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        """x + max(0, norm(x) W1 + b1) W2 + b2, of each word alone."""
        return x + self.dropout(self.narrow(self.widen(self.feed_norm(x))), training=training)


class EncoderBlock(Block):
    """Lets each word look at all words of its sentence, and then works on what it found.

    From x `(b, t, d)` and a mask `(b, t)`, True where there is a word, to the next x.
    """

    def call(self, x: tf.Tensor, mask: Any = None, training: bool = False) -> tf.Tensor:
        y = self.self_norm(x)
        x += self.dropout(self.self_attention(y, y, value_mask=mask), training=training)
        return self.feed(x, training)


class DecoderBlock(Block):
    """Lets each word look at those up to it, then at the source, and then works on what it found.

    From x `(b, q, d)`, the memory of the source, and the cache of the words before x (None: there are
    none) to the next x, the weights over the source `(b, h, q, k)`, and the next cache (or None).
    """

    def __init__(self, units: int, heads: int, *others: Any, **kwargs: Any) -> None:
        super().__init__(units, heads, *others, **kwargs)
        self.cross_norm = norm(units, self.dtype_policy)
        attention = MultiHeadAttention(heads, units // heads, dtype=self.dtype_policy)
        self.cross_attention = built(attention, units, units)

    def remember(self, annotations: tf.Tensor, mask: tf.Tensor) -> AttentionCache:
        """The keys and values of a source `(b, k, d)`, made once a sentence: a cache that is full."""
        projections = self.cross_attention.key_dense, self.cross_attention.value_dense
        key, value = (tf.transpose(each(annotations), [0, 2, 1, 3]) for each in projections)
        return AttentionCache(key, value, mask, tf.fill(tf.shape(mask)[:1], tf.shape(mask)[1]))

    def call(self, x: tf.Tensor, memory: Any, cache: Any = None, training: bool = False) -> Any:
        y = self.self_norm(x)
        found = self.self_attention(y, y, use_causal_mask=True, cache=cache)
        found, cache = (found, None) if cache is None else found
        x += self.dropout(found, training=training)
        y = self.cross_norm(x)
        look = self.cross_attention(y, None, cache=memory, return_attention_scores=True)
        x += self.dropout(look[0], training=training)
        return self.feed(x, training), look[1], cache


def check_same_vocabulary(model: Translator) -> None:
    """Raises a ValueError if the two languages have not one vocabulary."""
    source, target = model.source_vocabulary, model.target_vocabulary
    if source != target:
        raise ValueError(
            f"tied: expected one vocabulary for both languages, got two, of {len(source)} and "
            f"{len(target)} tokens"
        )


@serializable
class Transformer(Translator):
    """An encoder and a decoder of attention, which translate token sequences.

    Args:
        source_vocabulary, target_vocabulary: `text.Vocabulary`, or their lists of tokens.
        positions: what tells a word its place: a "sinusoidal" or a "learned" vector, added to its own;
            "rotary" self-attention; "both" sinusoidal and rotary; or None.
        layers: l, how many blocks the encoder has, and the decoder.
        units: d, the depth of a word's vector, a multiple of 2 · heads.
        heads: h, each of depth d / h.
        inner: the width of the feed-forward layers.
        dropout: the share that training drops of the words' vectors, and of what each part finds.
        max_length: how many "learned" places there are; later ones are taken for the last of them.
        tied: whether both languages share their vectors, as the logits and the target's words always
            do; they must have one vocabulary.
        seed: sets Keras' global seed before the weights are drawn; None leaves it alone.
        **kwargs: those of every Keras model, such as `name` and `dtype`.

    `Translator` says how it is called, trained, saved and loaded. The weights that it gives are the
    mean over the heads of the last layer's look at the source; `cross_attention` gives all. The
    logits are products with the vectors of the target's words.

    Raises:
        TypeError: a vocabulary or a number is of another kind.
        ValueError: unknown positions, a number out of range, heads that do not divide, or `tied`
            with two vocabularies that differ.

    Example:
        >>> model = Transformer(["a", "cat"], ["un", "chat"], units=8, heads=2, inner=16, seed=0)
        >>> model((tf.constant([[4, 5]]), tf.constant([[1, 4, 5]]))).shape
        TensorShape([1, 3, 6])
        >>> model.translate([("a", "cat")], max_length=4, beam_width=2)[0].weights.shape[1]
        2

    Source: Vaswani et al. 2017 (arXiv 1706.03762), section 3.
    """

    def __init__(
        self,
        source_vocabulary: Vocabulary | Sequence[str],
        target_vocabulary: Vocabulary | Sequence[str],
        *,
        positions: str | None = "sinusoidal",
        layers: int = 2,
        units: int = 64,
        heads: int = 4,
        inner: int = 256,
        dropout: float = 0.0,
        max_length: int = 128,
        tied: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        choice("positions", positions, ["sinusoidal", "learned", "rotary", "both", None])
        number("dropout", dropout, least=0, below=1)
        choice("tied", tied, [True, False])
        counts = dict(layers=layers, units=units, heads=heads, inner=inner, max_length=max_length)
        counts = {name: integer(name, count, least=1) for name, count in counts.items()}
        if units % (2 * heads):
            raise ValueError(f"units: expected a multiple of 2 · heads = {2 * heads}, got {units}")
        super().__init__(source_vocabulary, target_vocabulary, seed=seed, **kwargs)
        self.settings = {"positions": positions, "dropout": float(dropout), **counts}
        if tied:
            check_same_vocabulary(self)
            self.settings["tied"] = True
        dtype, words = self.dtype_policy, (units, positions, max_length)
        self.source_words = Words(len(self.source_vocabulary), *words, dtype=dtype)
        if tied:
            self.target_words = self.source_words
        else:
            self.target_words = Words(len(self.target_vocabulary), *words, dtype=dtype)
        self.dropout = keras.layers.Dropout(dropout, dtype=dtype)
        block = units, heads, inner, dropout, positions in ("rotary", "both")
        self.encoder_blocks = [EncoderBlock(*block, dtype=dtype) for _ in range(layers)]
        self.decoder_blocks = [DecoderBlock(*block, dtype=dtype) for _ in range(layers)]
        self.encoder_norm, self.decoder_norm = norm(units, dtype), norm(units, dtype)

    def encode(self, source: ArrayLike, training: bool = False) -> Caches:
        """The keys and values that each layer of the decoder has of the source, ids `(b, k)`."""
        source = self.source_ids(source)
        is_word = source != PAD_ID
        x = self.dropout(self.source_words(source), training=training)
        for block in self.encoder_blocks:
            x = block(x, is_word, training=training)
        x = self.encoder_norm(x)
        return tuple(block.remember(x, is_word) for block in self.decoder_blocks)

    def decode(
        self, target_in: ArrayLike, memory: Caches, state: Any = None, training: bool = False
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, ...], Caches]:
        """The logits `(b, q, vocabulary)`; of each layer the weights `(b, h, q, k)`, and the cache."""
        target_in = self.target_ids(target_in, memory[0].mask.shape[0])
        start = 0 if state is None else state[0].length  # None: no words before, and none are kept
        x = self.dropout(self.target_words(target_in, start=start), training=training)
        weights, caches = [], [*(state or (None,) * len(memory))]
        for n, block in enumerate(self.decoder_blocks):
            x, of_layer, caches[n] = block(x, memory[n], cache=caches[n], training=training)
            weights.append(of_layer)
        logits = self.in_policy(self.target_words.logits, self.decoder_norm(x))
        return logits, tuple(weights), tuple(caches)

    def teacher_force(
        self, source: ArrayLike, target_in: ArrayLike, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Every word, given the right ones before it: logits `(b, q, vocabulary)`, and weights."""
        logits, weights, _ = self.decode(target_in, self.encode(source, training), None, training)
        return logits, tf.reduce_mean(weights[-1], axis=1)

    def cross_attention(self, source: ArrayLike, target_in: ArrayLike) -> tf.Tensor:
        """The weights over the source of each layer and head, under teacher forcing.

        Args:
            source, target_in: integer ids `(b, k)` and `(b, q)`; the errors are `teacher_force`'s.

        Returns:
            The weights `(b, l, h, q, k)`, in the dtype that the model computes in.

        Example:
            >>> model = Transformer(["a", "cat"], ["un", "chat"], units=8, heads=2, seed=0)
            >>> model.cross_attention([[4, 5]], [[1, 4, 5]]).shape.as_list()
            [1, 2, 2, 3, 2]
        """
        return tf.stack(self.decode(target_in, self.encode(source))[1], axis=1)

    def start_state(self, memory: Caches, length: int | tf.Tensor | None = None) -> Caches:
        """An empty cache a layer, with room for so many words, or as many as `translate` writes."""
        check_caches(len(self.decoder_blocks), memory=memory)
        rows, words = (axis_size(memory[0].mask, axis) for axis in (0, 1))
        room = 2 * words + 10 if length is None else length
        return tuple(b.self_attention.empty_cache(rows, room) for b in self.decoder_blocks)

    def start_search(self, memory: Caches, limit: tf.Tensor) -> Caches:
        return self.start_state(memory, tf.reduce_max(limit))

    def next_word(
        self, token: ArrayLike, state: Caches, memory: Caches
    ) -> tuple[tf.Tensor, Caches, tf.Tensor]:
        """One word on: the logits `(b, vocabulary)`, the next state and the weights `(b, k)`."""
        check_caches(len(self.decoder_blocks), memory=memory, state=state)
        state = as_rows("state", state, memory[0].mask.shape[:1])
        token = self.token_ids(token, memory[0].mask.shape[0])
        logits, weights, state = self.decode(token[:, None], memory, state)
        return logits[:, 0], state, tf.reduce_mean(weights[-1], axis=1)[:, 0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.settings}


def check_caches(count: int, **nests: Any) -> None:
    """Raises a TypeError unless there is a cache for each layer; the layers check the rest."""
    for name, nest in nests.items():
        if not isinstance(nest, tuple) or [*map(type, nest)] != [AttentionCache] * count:
            raise TypeError(f"{name}: expected a tuple of {count} AttentionCache, got {nest!r:.40}")
