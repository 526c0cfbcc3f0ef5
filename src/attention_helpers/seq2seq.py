"""Translation with a GRU encoder and a GRU decoder, with and without attention.

Reading order: `GRU` is one recurrent layer; `Encoder` reads a sentence; a `Decoder` writes its
translation from a `Memory` of it. The decoders differ in what they remember (`remember`), how they
find the context of a word (`look`), and when (`step`). `Seq2Seq` joins encoder and decoder.

Axes: `b` batch, `k` source position, `q` target position, `n` units, `m` depth of an annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from ._arguments import choice, integer, number
from ._scan import scan
from ._tensorflow import keras, serializable, tf
from ._tensors import show, tensors
from .functional import project
from .layers import BahdanauAttention, LuongAttention
from .masks import padding_mask
from .text import PAD_ID, Vocabulary
from .translator import ArrayLike, Translator

__all__ = ["GRU", "Memory", "Seq2Seq"]


@serializable
class GRU(keras.layers.Layer):
    """A gated recurrent unit, with the signs of the paper: z = 1 takes the new state.

    Args:
        units: n, the size of the state.
        **kwargs: those of every Keras layer, such as `name`.

    Called with `inputs`, floating `(b, k, depth)`, `mask`, boolean `(b, k)`, True where there is a
    word, and `reverse`, whether to read from the end, it returns the states `(b, k, n)`, each at
    the position of its word. Padding leaves the state as it was.

    Raises:
        TypeError: `units` is no integer.
        ValueError: `units` is below 1, or inputs or mask have another rank or dtype.

    Example:
        >>> GRU(4)(tf.zeros([2, 3, 5]), mask=tf.ones([2, 3], bool)).shape
        TensorShape([2, 3, 4])

    Source: Cho et al. 2014 (arXiv 1406.1078); gates as in Bahdanau et al. 2014 (arXiv 1409.0473).
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = integer("units", units, least=1)

    def build(self, input_shape: Sequence[int | None]) -> None:
        n = self.units
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], 3 * n))
        self.bias = self.add_weight(name="bias", shape=(3 * n,), initializer="zeros")
        self.gate_kernel = self.add_weight((n, 2 * n), orthogonal, name="gate_kernel")
        self.state_kernel = self.add_weight((n, n), orthogonal, name="state_kernel")

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """The share of the inputs in the gates. It needs no state, so all steps go at once."""
        return project(tf.convert_to_tensor(inputs), self.kernel) + self.bias

    def step(self, projected: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        """From the projected input `(b, 3n)` and the state `(b, n)` to the next state."""
        gates, candidate = tf.split(projected, [2 * self.units, self.units], axis=-1)
        z, r = tf.split(tf.sigmoid(gates + state @ self.gate_kernel), 2, axis=-1)
        candidate = tf.tanh(candidate + (r * state) @ self.state_kernel)
        return (1 - z) * state + z * candidate

    def call(self, inputs: tf.Tensor, mask: tf.Tensor, reverse: bool = False) -> tf.Tensor:
        check_inputs(inputs, mask)

        def step(state: tf.Tensor, element: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
            projected, is_word = element
            return tf.where(is_word, self.step(projected, state), state)

        start = tf.zeros([tf.shape(inputs)[0], self.units], inputs.dtype)
        return scan(step, (self.project(inputs), mask[..., None]), start, reverse)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: masks are explicit, and the states carry none on."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def orthogonal(shape: Sequence[int], dtype: Any = None) -> tf.Tensor:
    """Keras' initialiser, also in 16 bits, in which TensorFlow makes no matrix orthogonal."""
    matrix = keras.initializers.Orthogonal()(shape, dtype if dtype == "float64" else "float32")
    return tf.cast(matrix, dtype)


def word_vectors(vocabulary_size: int, embedding_dim: int, dtype: Any) -> keras.layers.Embedding:
    """An embedding whose vectors are large enough to be felt from the first step.

    In trials on the book's corpus Keras' own start, uniform within 0.05, learnt far more slowly.
    """
    start = keras.initializers.RandomNormal(stddev=0.5)
    embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, start, dtype=dtype)
    embedding.build()
    return embedding


def sentence_dropout(rate: float, dtype: Any = None) -> keras.layers.Dropout:
    """Dropout of `(b, t, depth)` that drops the same entries of all words of a sentence.

    One random number serves all words (Gal and Ghahramani 2016, arXiv 1512.05287): drawing one for
    each would take most of a training step.
    """
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None), dtype=dtype)


class Memory(NamedTuple):
    """What a decoder keeps of one batch of source sentences.

    `value` `(b, k, m)` is what it may look at, `key` `(b, k, u)` what it compares its query with
    (where nothing is compared, what every step uses again: the vector's share in the gates, or the
    equal weights), `mask` `(b, 1, k)` is True where there is a word, `state` `(b, n)` the first one.
    """

    value: tf.Tensor
    key: tf.Tensor
    mask: tf.Tensor
    state: tf.Tensor


Step: TypeAlias = tuple[tf.Tensor, tf.Tensor, tf.Tensor]  # state (b, n), context, weights (b, k)


class Encoder(keras.layers.Layer):
    """Reads a sentence with a GRU: forwards, or in both directions at once.

    Returns the annotations `(b, k, n)` or `(b, k, 2n)`, and the state `(b, n)` that has read all:
    the last one forwards, the first one backwards.
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        embedding_dim: int,
        bidirectional: bool,
        dropout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dtype = self.dtype_policy
        self.embedding = word_vectors(vocabulary_size, embedding_dim, dtype)
        self.dropout = sentence_dropout(dropout, dtype)
        self.forward = GRU(units, dtype=dtype, name="forward")
        self.backward = GRU(units, dtype=dtype, name="backward") if bidirectional else None
        for gru in filter(None, (self.forward, self.backward)):
            gru.build((None, None, embedding_dim))

    def call(self, source: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        is_word = source != PAD_ID
        embedded = self.dropout(self.embedding(source), training=training)
        forward = self.forward(embedded, is_word)
        if self.backward is None:
            return forward, forward[:, -1]
        backward = self.backward(embedded, is_word, reverse=True)
        return tf.concat([forward, backward], axis=-1), backward[:, 0]


class Decoder(keras.layers.Layer):
    """Writes the translation word by word; how it finds the context is its subclass' affair."""

    context_enters_step = True  # or it is only read together with the state

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        embedding_dim: int,
        context_dim: int,
        dropout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dtype = self.dtype_policy
        self.embedding = word_vectors(vocabulary_size, embedding_dim, dtype)
        self.dropout = sentence_dropout(dropout, dtype)
        self.initial_state = keras.layers.Dense(units, activation="tanh", dtype=dtype)
        self.gru = GRU(units, dtype=dtype)
        self.readout = keras.layers.Dense(embedding_dim, activation="tanh", dtype=dtype)
        self.logits = keras.layers.Dense(vocabulary_size, dtype=dtype)
        self.initial_state.build((None, units))
        self.gru.build((None, None, embedding_dim))
        self.readout.build((None, units + context_dim + embedding_dim))
        self.logits.build((None, embedding_dim))
        if self.context_enters_step:
            self.context_kernel = keras.layers.Dense(3 * units, use_bias=False, dtype=dtype)
            self.context_kernel.build((None, context_dim))

    def remember(self, annotations: tf.Tensor, summary: tf.Tensor, mask: tf.Tensor) -> Memory:
        """What it keeps of a batch of sentences."""
        raise NotImplementedError

    def look(self, state: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, tf.Tensor]:
        """The context `(b, m)` that a state `(b, n)` asks for, and the weights `(b, k)`."""
        raise NotImplementedError

    def step(self, projected: tf.Tensor, state: tf.Tensor, memory: Memory) -> Step:
        """One word on, given the share of y_{i-1} in the gates `(b, 3n)`: s_{i-1} asks."""
        context, weights = self.look(state, memory)
        state = self.gru.step(projected + self.context_kernel(context), state)
        return state, context, weights

    def call(
        self, target: tf.Tensor, memory: Memory, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Teacher forcing: given y_{i-1} for every i, the logits and the weights for every i."""
        embedded = self.dropout(self.embedding(target), training=training)

        def step(previous: Step, projected: tf.Tensor) -> Step:
            state, _, _ = previous
            return self.step(projected, state, memory)

        start = memory.state, tf.zeros_like(memory.value[:, 0]), tf.zeros_like(memory.value[..., 0])
        states, contexts, weights = scan(step, self.gru.project(embedded), start)
        return self.read_word(states, contexts, embedded, training), weights

    def next_word(
        self, token: tf.Tensor, state: tf.Tensor, memory: Memory
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """One step of decoding: given y_{i-1} `(b,)`, the logits, the state and the weights."""
        embedded = self.embedding(token)
        state, context, weights = self.step(self.gru.project(embedded), state, memory)
        return self.read_word(state, context, embedded), state, weights

    def read_word(
        self, state: tf.Tensor, context: tf.Tensor, embedded: tf.Tensor, training: bool = False
    ) -> tf.Tensor:
        """The logits of the next word, read off s_i, c_i and y_{i-1}."""
        features = self.readout(tf.concat([state, context, embedded], axis=-1))
        return self.logits(self.dropout(features, training=training))


class FixedDecoder(Decoder):
    """RNNencdec: one vector, the last state of the encoder, is the context of every word."""

    def remember(self, annotations: tf.Tensor, summary: tf.Tensor, mask: tf.Tensor) -> Memory:
        value, everything = summary[:, None], tf.ones_like(mask[..., :1])
        return Memory(value, self.context_kernel(value), everything, self.initial_state(summary))

    def step(self, projected: tf.Tensor, state: tf.Tensor, memory: Memory) -> Step:
        state = self.gru.step(projected + memory.key[:, 0], state)
        return state, memory.value[:, 0], tf.ones_like(memory.value[..., 0])


class MeanDecoder(Decoder):
    """All words have the same weight, whatever state asks: the context is the mean annotation."""

    def remember(self, annotations: tf.Tensor, summary: tf.Tensor, mask: tf.Tensor) -> Memory:
        is_word = tf.cast(mask[:, 0, :, None], annotations.dtype)
        shares = tf.math.divide_no_nan(is_word, tf.reduce_sum(is_word, axis=1, keepdims=True))
        return Memory(annotations, shares, mask, self.initial_state(summary))

    def look(self, state: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, tf.Tensor]:
        context = tf.matmul(memory.key, memory.value, transpose_a=True)
        return context[:, 0], memory.key[..., 0]


class AttentionDecoder(Decoder):
    """Scores all annotations again with each word; a subclass says how, and when."""

    attention: BahdanauAttention | LuongAttention

    def remember(self, annotations: tf.Tensor, summary: tf.Tensor, mask: tf.Tensor) -> Memory:
        key = self.attention.project_key(annotations)
        return Memory(annotations, key, mask, self.initial_state(summary))

    def look(self, state: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, tf.Tensor]:
        query = state[:, None]
        context, weights = self.attention.attend(query, memory.key, memory.value, memory.mask)
        return context[:, 0], weights[:, 0]


class BahdanauDecoder(AttentionDecoder):
    """RNNsearch: the state before the step, s_{i-1}, asks; the context enters the step."""

    def __init__(self, *, units: int, context_dim: int, **kwargs: Any) -> None:
        super().__init__(units=units, context_dim=context_dim, **kwargs)
        self.attention = BahdanauAttention(units, dtype=self.dtype_policy)
        self.attention.build((None, None, units), (None, None, context_dim))


class LuongDecoder(AttentionDecoder):
    """The state after the step, s_i, asks; the context goes to the output only.

    The score is "general", sᵀ W h, a matrix between query and key, or "concat", that of Bahdanau.
    """

    context_enters_step = False

    def __init__(self, *, score: str, units: int, context_dim: int, **kwargs: Any) -> None:
        super().__init__(units=units, context_dim=context_dim, **kwargs)
        self.attention = LuongAttention(score, dtype=self.dtype_policy)
        self.attention.build((None, None, units), (None, None, context_dim))

    def step(self, projected: tf.Tensor, state: tf.Tensor, memory: Memory) -> Step:
        state = self.gru.step(projected, state)
        return state, *self.look(state, memory)


class DotDecoder(LuongDecoder):
    """Luong's "dot", sᵀ h. It needs keys of the query's depth: the two directions are added up."""

    def remember(self, annotations: tf.Tensor, summary: tf.Tensor, mask: tf.Tensor) -> Memory:
        forward, backward = tf.split(annotations, 2, axis=-1)
        return super().remember(forward + backward, summary, mask)


DECODERS: dict[str | None, Callable[..., Decoder]] = {
    None: FixedDecoder,
    "bahdanau": BahdanauDecoder,
    "dot": partial(DotDecoder, score="dot"),
    "general": partial(LuongDecoder, score="general"),
    "concat": partial(LuongDecoder, score="concat"),
    "mean": MeanDecoder,
}


@serializable
class Seq2Seq(Translator):
    """An encoder–decoder that translates token sequences.

    Args:
        source_vocabulary, target_vocabulary: `text.Vocabulary`, or their lists of tokens.
        attention: None (one fixed vector), "bahdanau", one of Luong's ("dot", "general", "concat"),
            or "mean", which is "bahdanau" with equal weights in place of scored ones.
        units: n, the size of the states.
        embedding_dim: the size of the word vectors.
        dropout: the share of the embeddings and of the readout that training drops.
        seed: sets Keras' global seed before the weights are drawn; None leaves it alone.
        **kwargs: those of every Keras model, such as `name`.

    `Translator` says how it is called, trained, saved and loaded.

    Raises:
        TypeError: a vocabulary or a number is of another kind.
        ValueError: an unknown attention, or a number out of range.

    Example:
        >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
        >>> model((tf.constant([[4, 5]]), tf.constant([[1, 4, 5]]))).shape
        TensorShape([1, 3, 6])
        >>> model.translate([("a", "cat")], max_length=4)[0].weights.shape[1]
        2

    Sources: Cho et al. 2014 (arXiv 1406.1078), Bahdanau et al. 2014 (arXiv 1409.0473),
    Luong et al. 2015 (arXiv 1508.04025).
    """

    def __init__(
        self,
        source_vocabulary: Vocabulary | Sequence[str],
        target_vocabulary: Vocabulary | Sequence[str],
        *,
        attention: str | None = "bahdanau",
        units: int = 64,
        embedding_dim: int = 64,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        choice("attention", attention, DECODERS)
        sizes: dict[str, Any] = {
            "units": integer("units", units, least=1),
            "embedding_dim": integer("embedding_dim", embedding_dim, least=1),
            "dropout": number("dropout", dropout, least=0, below=1),
        }
        super().__init__(source_vocabulary, target_vocabulary, seed=seed, **kwargs)
        self.settings = {"attention": attention, **sizes}
        sizes["dtype"] = self.dtype_policy
        self.attends = attention is not None  # one vector is no choice, and has no weights
        context_dim = units if attention in (None, "dot") else 2 * units
        words = len(self.source_vocabulary), len(self.target_vocabulary)
        self.encoder = Encoder(words[0], bidirectional=self.attends, name="encoder", **sizes)
        self.decoder = DECODERS[attention](
            vocabulary_size=words[1], context_dim=context_dim, name="decoder", **sizes
        )
        self.depths = context_dim, {None: 3 * units, "mean": 1}.get(attention, units), units

    def encode(self, source: ArrayLike, training: bool = False) -> Memory:
        """What the decoder reads of a batch of sentences, ids `(b, k)`: a `Memory`."""
        source = self.source_ids(source)
        annotations, summary = self.encoder(source, training=training)
        mask = padding_mask(source, PAD_ID)
        return self.in_policy(self.decoder.remember, annotations, summary, mask)

    def start_state(self, memory: Memory) -> tf.Tensor:
        """The state `(b, n)` before the first word, which was made with the memory."""
        return memory.state

    def teacher_force(
        self, source: ArrayLike, target_in: ArrayLike, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Every word, given the right ones before it: logits `(b, q, vocabulary)`, and weights."""
        memory = self.encode(source, training)
        target_in = self.target_ids(target_in, memory.value.shape[0])
        logits, weights = self.decoder(target_in, memory, training=training)
        return logits, (weights if self.attends else None)

    def next_word(
        self, token: ArrayLike, state: ArrayLike, memory: Memory
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """One word on: the logits `(b, vocabulary)`, the state `(b, n)` and the weights `(b, k)`.

        Example:
            >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
            >>> memory = model.encode([[4, 5]])
            >>> logits, state, weights = model.next_word([1], memory.state, memory)
            >>> logits.shape.as_list(), state.shape.as_list(), weights.shape.as_list()
            ([1, 6], [1, 8], [1, 2])
        """
        self._check_memory(memory)
        token = self.token_ids(token, memory.state.shape[0])
        state, _ = tensors("bn,bn", state=state, **{"memory.state": memory.state})
        logits, state, weights = self.in_policy(self.decoder.next_word, token, state, memory)
        return logits, state, (weights if self.attends else None)

    def _check_memory(self, memory: Any) -> None:
        """Raises an error if what is meant to be a memory cannot come from this model."""
        if not isinstance(memory, Memory):
            raise TypeError(f"memory: expected what encode() returns, got {type(memory).__name__}")
        parts = {f"memory.{name}": getattr(memory, name) for name in ("value", "key", "state")}
        depths = tuple(part.shape[-1] for part in tensors("bkm,bku,bn", **parts))
        if depths != self.depths:
            raise ValueError(
                f"memory: expected value, key and state of depths {self.depths}, got {depths}"
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.settings}


def check_inputs(inputs: tf.Tensor, mask: Any) -> None:
    tensors("bkm", inputs=inputs)
    got = type(mask).__name__
    if tf.is_tensor(mask):
        if mask.dtype == tf.bool and mask.shape.is_compatible_with(inputs.shape[:2]):
            return
        got = f"{mask.dtype.name} of shape {show(mask.shape)}"
    shape = show(inputs.shape)
    raise ValueError(f"mask: expected a boolean (b, k), True at the words of {shape}, got {got}")
