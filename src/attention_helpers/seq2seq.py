"""Translation with a GRU encoder and a GRU decoder, with and without attention.

Reading order: `GRU` is one recurrent layer; `Encoder` reads a sentence; a `Decoder` writes its
translation from a `Memory` of it. The decoders differ in two methods: what they remember
(`remember`) and how they find the context of the next word (`step`). `Seq2Seq` joins encoder and
decoder, and translates, by the searches of `_decoding`; `train` trains it.

Axes: `b` batch, `k` source position, `q` target position, `n` units, `m` depth of an annotation.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
# The book shows five methods as they read here, without annotations: `GRU.step`, and `remember` and
# `step` of `FixedDecoder` and of `BahdanauDecoder`. A test sees to it that they are the only ones.

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ._arguments import integer
from ._decoding import (
    Beam,
    Found,
    beam_search,
    extend_beam,
    greedy_search,
    least_one,
    start_beam,
    swap_batch_and_time,
)
from ._tensorflow import keras, tf
from ._tensors import check_ids, integers, show, tensors, whole_numbers
from .layers import BahdanauAttention, LuongAttention
from .masks import padding_mask
from .text import END_ID, PAD_ID, SentencePair, Vocabulary, batches_by_length, encode_all, pad

__all__ = [
    "GRU",
    "Beam",
    "Found",
    "Memory",
    "Seq2Seq",
    "Translation",
    "beam_search",
    "extend_beam",
    "greedy_search",
    "masked_crossentropy",
    "start_beam",
    "train",
]

ArrayLike: TypeAlias = Any  # a tensor, an array or nested lists; TensorFlow ships no types
serializable = keras.saving.register_keras_serializable(package="attention_helpers")


def scan(step: Callable[[Any, Any], Any], elements: Any, start: Any, reverse: bool = False) -> Any:
    """The states `(b, t, ...)` of `state = step(state, element)`, from `start`, for each t.

    It is `tf.scan` along the second axis, and its gradient takes a time linear in t: `tf.scan`
    writes each state to its place in an array, and the gradient of that copies the whole array.
    """
    elements = tf.nest.map_structure(swap_batch_and_time, elements)
    first = tf.nest.flatten(elements)[0]
    length = first.shape[0] or tf.shape(first)[0]
    arrays = tf.nest.map_structure(
        lambda each: tf.TensorArray(each.dtype, length, element_shape=each.shape[1:]).unstack(each),
        elements,
    )

    def push(states: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.TensorListPushBack(input_handle=states, tensor=state)

    def body(done: tf.Tensor, state: Any, states: Any) -> tuple[tf.Tensor, Any, Any]:
        place = length - 1 - done if reverse else done
        state = step(state, tf.nest.map_structure(lambda array: array.read(place), arrays))
        return done + 1, state, tf.nest.map_structure(push, states, state)

    def empty(state: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.EmptyTensorList(
            element_shape=tf.shape(state), max_num_elements=length, element_dtype=state.dtype
        )

    def stack(states: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        stacked = tf.raw_ops.TensorListStack(
            input_handle=states, element_shape=tf.shape(state), element_dtype=state.dtype
        )
        stacked = tf.ensure_shape(stacked, [first.shape[0], *state.shape])
        return swap_batch_and_time(tf.reverse(stacked, [0]) if reverse else stacked)

    loop = 0, start, tf.nest.map_structure(empty, start)
    _, _, states = tf.while_loop(
        lambda done, *_: done < length, body, loop, maximum_iterations=length
    )
    return tf.nest.map_structure(stack, states, start)


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
        ValueError: `units` is not a positive integer, the inputs have another rank or dtype, or
            the mask is not boolean `(b, k)`.

    Example:
        >>> states = GRU(4)(tf.zeros([2, 3, 5]), mask=tf.ones([2, 3], bool))
        >>> states.shape
        TensorShape([2, 3, 4])

    Source: Cho et al. 2014 (arXiv 1406.1078); gates as in Bahdanau et al. 2014 (arXiv 1409.0473).
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive(units=units)
        self.units = units

    def build(self, input_shape: Sequence[int | None]) -> None:
        n = self.units
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], 3 * n))
        self.bias = self.add_weight(name="bias", shape=(3 * n,), initializer="zeros")
        self.gate_kernel = self.add_weight(
            name="gate_kernel", shape=(n, 2 * n), initializer="orthogonal"
        )
        self.state_kernel = self.add_weight(
            name="state_kernel", shape=(n, n), initializer="orthogonal"
        )

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """The share of the inputs in the gates. It needs no state, so all steps go at once."""
        return tf.tensordot(inputs, self.kernel, axes=1) + self.bias

    def step(self, projected, state):
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


def word_vectors(vocabulary_size: int, embedding_dim: int) -> keras.layers.Embedding:
    """An embedding whose vectors are large enough to be felt from the first step.

    In trials on the book's corpus Keras' own start, uniform within 0.05, learnt far more slowly.
    """
    embedding = keras.layers.Embedding(
        vocabulary_size,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.5),
    )
    embedding.build()
    return embedding


def sentence_dropout(rate: float) -> keras.layers.Dropout:
    """Dropout of `(b, t, depth)` that drops the same entries of all words of a sentence.

    So an entry is gone for the whole sentence (Gal and Ghahramani 2016, arXiv 1512.05287), and one
    random number serves all its words: drawing one for each would take most of a training step.
    """
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None))


class Memory(NamedTuple):
    """What a decoder keeps of one batch of source sentences.

    `value` `(b, k, m)` is what it may look at, `key` `(b, k, u)` what it compares its query with
    (or, with one vector and nothing to compare, that vector's share in the gates of each step),
    `mask` `(b, 1, k)` is True where there is a word, and `state` `(b, n)` is the state it starts
    from.
    """

    value: tf.Tensor
    key: tf.Tensor
    mask: tf.Tensor
    state: tf.Tensor


class Encoder(keras.layers.Layer):
    """Reads a sentence with a GRU: forwards, or in both directions at once.

    Returns the annotations `(b, k, n)` or `(b, k, 2n)`, and the state `(b, n)` that has read the
    whole sentence: the last one forwards, the first one backwards.
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
        self.embedding = word_vectors(vocabulary_size, embedding_dim)
        self.dropout = sentence_dropout(dropout)
        self.forward = GRU(units, name="forward")
        self.backward = GRU(units, name="backward") if bidirectional else None
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
        self.embedding = word_vectors(vocabulary_size, embedding_dim)
        self.dropout = sentence_dropout(dropout)
        self.initial_state = keras.layers.Dense(units, activation="tanh")
        self.gru = GRU(units)
        self.readout = keras.layers.Dense(embedding_dim, activation="tanh")
        self.logits = keras.layers.Dense(vocabulary_size)
        self.initial_state.build((None, units))
        self.gru.build((None, None, embedding_dim))
        self.readout.build((None, units + context_dim + embedding_dim))
        self.logits.build((None, embedding_dim))
        if self.context_enters_step:
            self.context_kernel = keras.layers.Dense(3 * units, use_bias=False)
            self.context_kernel.build((None, context_dim))
        self.build_attention(units, context_dim)

    def build_attention(self, units: int, context_dim: int) -> None:
        """Makes what looks at the source; a decoder with one vector has nothing to look at."""

    def remember(self, annotations: tf.Tensor, summary: tf.Tensor, mask: tf.Tensor) -> Memory:
        """The `Memory` of a batch of sentences."""
        raise NotImplementedError

    def step(
        self, projected: tf.Tensor, state: tf.Tensor, memory: Memory
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """One word on: the next state `(b, n)`, its context `(b, m)` and weights `(b, k)`."""
        raise NotImplementedError

    def call(
        self, target: tf.Tensor, memory: Memory, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Teacher forcing: given y_{i-1} for every i, the logits and the weights for every i."""
        embedded = self.dropout(self.embedding(target), training=training)

        def step(
            previous: tuple[tf.Tensor, ...], projected: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
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

    def remember(self, annotations, summary, mask):
        everything = tf.ones_like(mask[..., :1])
        value = summary[:, None]
        return Memory(value, self.context_kernel(value), everything, self.initial_state(summary))

    def step(self, projected, state, memory):
        state = self.gru.step(projected + memory.key[:, 0], state)
        return state, memory.value[:, 0], tf.ones_like(memory.value[..., 0])


class BahdanauDecoder(Decoder):
    """RNNsearch: the state before the step, s_{i-1}, asks; the context enters the step."""

    def build_attention(self, units: int, context_dim: int) -> None:
        self.attention = BahdanauAttention(units)
        self.attention.build((None, None, units), (None, None, context_dim))

    def remember(self, annotations, summary, mask):
        key = self.attention.project_key(annotations)
        return Memory(annotations, key, mask, self.initial_state(summary))

    def step(self, projected, state, memory):
        query = state[:, None]
        context, weights = self.attention.attend(query, memory.key, memory.value, memory.mask)
        state = self.gru.step(projected + self.context_kernel(context[:, 0]), state)
        return state, context[:, 0], weights[:, 0]


class LuongDecoder(Decoder):
    """The state after the step, s_i, asks; the context goes to the output only."""

    score: str
    context_enters_step = False

    def build_attention(self, units: int, context_dim: int) -> None:
        self.attention = LuongAttention(self.score)
        self.attention.build((None, None, units), (None, None, context_dim))

    def remember(self, annotations: tf.Tensor, summary: tf.Tensor, mask: tf.Tensor) -> Memory:
        key = self.attention.project_key(annotations)
        return Memory(annotations, key, mask, self.initial_state(summary))

    def step(
        self, projected: tf.Tensor, state: tf.Tensor, memory: Memory
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        state = self.gru.step(projected, state)
        query = state[:, None]
        context, weights = self.attention.attend(query, memory.key, memory.value, memory.mask)
        return state, context[:, 0], weights[:, 0]


class DotDecoder(LuongDecoder):
    """Luong's "dot", sᵀ h. It needs keys of the query's depth: the two directions are added up."""

    score = "dot"

    def remember(self, annotations: tf.Tensor, summary: tf.Tensor, mask: tf.Tensor) -> Memory:
        forward, backward = tf.split(annotations, 2, axis=-1)
        return super().remember(forward + backward, summary, mask)


class GeneralDecoder(LuongDecoder):
    """Luong's "general", sᵀ W h: a matrix between query and key."""

    score = "general"


class ConcatDecoder(LuongDecoder):
    """Luong's "concat", vᵀ tanh(W [s; h]): the score of Bahdanau."""

    score = "concat"


DECODERS: dict[str | None, type[Decoder]] = {
    None: FixedDecoder,
    "bahdanau": BahdanauDecoder,
    "dot": DotDecoder,
    "general": GeneralDecoder,
    "concat": ConcatDecoder,
}


IDS, LIMIT = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32)


class Translation(NamedTuple):
    """A translation: its words, and a row of weights over the source for each word and for END.

    `weights` is `(len(tokens) + 1, len(source))`, one row less if the length limit came before
    END, and None for a model without attention.
    """

    tokens: tuple[str, ...]
    weights: npt.NDArray[Any] | None


@serializable
class Seq2Seq(keras.Model):
    """An encoder–decoder that translates token sequences.

    Args:
        source_vocabulary, target_vocabulary: `text.Vocabulary`, or their lists of tokens.
        attention: None (one fixed vector), "bahdanau", or one of Luong's: "dot", "general",
            "concat".
        units: n, the size of the states.
        embedding_dim: the size of the word vectors.
        dropout: the share of the embeddings and of the readout that training drops.
        seed: sets Keras' global seed before the weights are drawn; None leaves it alone.
        **kwargs: those of every Keras model, such as `name`.

    Called with `(source, target_in)`, integer ids `(b, k)` and `(b, q)` padded with 0 at the end,
    it returns the logits `(b, q, vocabulary)` under teacher forcing. `save("name.keras")` is that
    of every Keras model, and takes the vocabularies along.

    Raises:
        TypeError: a vocabulary is neither a `Vocabulary` nor a list of tokens.
        ValueError: an unknown attention, a size that is not a positive integer, a dropout outside
            [0, 1), a seed that is negative or not an integer.

    Example:
        >>> from attention_helpers.text import Vocabulary
        >>> model = Seq2Seq(Vocabulary(["a", "cat"]), Vocabulary(["un", "chat"]), units=8, seed=0)
        >>> model((np.array([[4, 5]]), np.array([[1, 4, 5]]))).shape
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
        check_choice("attention", attention, DECODERS)
        check_positive(units=units, embedding_dim=embedding_dim)
        check_number("dropout", dropout, "from 0 to below 1", lambda share: 0 <= share < 1)
        check_seed(seed)
        super().__init__(**kwargs)
        check_policy(self.dtype_policy)
        self.source_vocabulary = as_vocabulary("source_vocabulary", source_vocabulary)
        self.target_vocabulary = as_vocabulary("target_vocabulary", target_vocabulary)
        if seed is not None:
            keras.utils.set_random_seed(seed)
        self.settings: dict[str, Any] = {
            "attention": attention,
            "units": units,
            "embedding_dim": embedding_dim,
            "dropout": dropout,
        }
        sizes = units, embedding_dim
        self.encoder = Encoder(
            len(self.source_vocabulary), *sizes, attention is not None, dropout, name="encoder"
        )
        context_dim = units if attention in (None, "dot") else 2 * units
        self.decoder = DECODERS[attention](
            len(self.target_vocabulary), *sizes, context_dim, dropout, name="decoder"
        )
        self.built = True

    def encode(self, source: ArrayLike, training: bool = False) -> Memory:
        """Reads a batch of sentences.

        Args:
            source: integer ids `(b, k)`, padded with 0 at the end.
            training: whether to drop a share of the embeddings.

        Returns:
            The `Memory` that the decoder reads.

        Raises:
            ValueError: the ids are not integers, not of shape `(b, k)`, or not in the vocabulary.
        """
        source = as_ids("source", source, self.source_vocabulary)
        annotations, summary = self.encoder(source, training=training)
        return self.decoder.remember(annotations, summary, padding_mask(source, PAD_ID))

    def call(self, inputs: Sequence[ArrayLike], training: bool = False) -> tf.Tensor:
        if self.distribute_strategy.num_replicas_in_sync > 1:
            # Before it trains under a strategy, Keras calls the model, to learn its shapes, with
            # the mean of the replicas' ids, which is a float.
            inputs = [tf.cast(ids, tf.int32) for ids in inputs]
        source, target_in = inputs
        return self.teacher_force(source, target_in, training)[0]

    def teacher_force(
        self, source: ArrayLike, target_in: ArrayLike, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Predicts every next word, given the right ones before it.

        Args:
            source: integer ids `(b, k)`, padded with 0 at the end.
            target_in: integer ids `(b, q)`: START and the translation, without END.
            training: whether to drop a share of the embeddings and of the readout.

        Returns:
            The logits `(b, q, vocabulary)` and the weights `(b, q, k)`. Without attention there is
            one vector to look at, hence one weight: `(b, q, 1)`.

        Raises:
            ValueError: the ids are not integers, not of shape `(b, k)` and `(b, q)`, or not in the
                vocabulary.
        """
        memory = self.encode(source, training)
        target_in = as_ids("target_in", target_in, self.target_vocabulary, memory.value.shape[0])
        logits, weights = self.decoder(target_in, memory, training=training)
        return logits, weights

    def next_word(
        self, token: ArrayLike, state: ArrayLike, memory: Memory
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Takes a decoder one word on. All that it knows comes as an argument, and goes as a value.

        Args:
            token: integer ids `(b,)`, the words y_{i-1}; START (1) before the first.
            state: the decoder's state `(b, n)` that this method returned; `memory.state` at first.
            memory: what `encode` returned.

        Returns:
            The logits `(b, vocabulary)` of y_i, the state `(b, n)` and the weights `(b, k)`.

        Raises:
            ValueError: the ids are not integers `(b,)`, or the state is not floating `(b, n)`, for
                the `b` sentences of `memory`.

        Example:
            >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
            >>> memory = model.encode([[4, 5]])
            >>> logits, state, weights = model.next_word([1], memory.state, memory)
            >>> logits.shape.as_list(), state.shape.as_list(), weights.shape.as_list()
            ([1, 6], [1, 8], [1, 2])
        """
        if not isinstance(memory, Memory):
            raise TypeError(f"memory: expected what encode() returns, got {type(memory).__name__}")
        token = integers("token", token)
        check_ids("token", token, len(self.target_vocabulary))
        (state,) = tensors("bn", state=state)
        rows = memory.state.shape[:1]
        if not token.shape.is_compatible_with(rows):
            raise ValueError(f"token: expected ids of shape {show(rows)}, got {show(token.shape)}")
        if not state.shape.is_compatible_with(memory.state.shape):
            expected = show(memory.state.shape)
            raise ValueError(f"state: expected shape {expected}, got {show(state.shape)}")
        return self.decoder.next_word(token, state, memory)

    def translate(
        self,
        sentences: Iterable[Sequence[str]],
        max_length: int | None = None,
        batch_size: int = 128,
        *,
        beam: int = 1,
        length_penalty: float = 1.0,
    ) -> list[Translation]:
        """Translates sentences: by the likeliest word each time, or by beam search.

        Args:
            sentences: a list of token sequences.
            max_length: after how many tokens to stop, if END did not come; None means twice the
                length of the sentence and ten more.
            batch_size: how many sentences of similar length to translate at once.
            beam: how many hypotheses of each sentence to hold; 1 is greedy.
            length_penalty: of beam search, which takes the hypothesis of the highest
                log-probability divided by its length to this power.

        Returns:
            A list of `Translation`, in the order of the sentences.

        Raises:
            TypeError: a sentence is a string instead of a sequence of tokens.
            ValueError: a sentence is empty or has a word that is not in the vocabulary;
                `max_length`, `batch_size` or `beam` is not a positive integer, `length_penalty` not
                a finite number from 0.

        Example:
            >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
            >>> translations = model.translate([["a", "cat"], ["cat"]], max_length=4, beam=3)
            >>> [len(translation.tokens) <= 4 for translation in translations]
            [True, True]
        """
        check_positive(batch_size=batch_size, beam=beam)
        check_length_penalty(length_penalty)
        if max_length is not None:
            check_positive(max_length=max_length)
        sources = encode_all("sentences", sentences, self.source_vocabulary)
        limits = [max_length or 2 * len(source) + 10 for source in sources]
        by_length = sorted(range(len(sources)), key=lambda number: len(sources[number]))
        translations: dict[int, Translation] = {}
        for first in range(0, len(sources), batch_size):
            numbers = by_length[first : first + batch_size]
            source = pad([sources[number] for number in numbers])
            limit = np.array([limits[number] for number in numbers])
            if beam == 1:
                tokens, weights = self.greedy(source, limit)
            else:
                tokens, weights, _, _ = self.beam_search(source, limit, beam, length_penalty)
            for number, ids, rows in zip(numbers, tokens.numpy(), weights.numpy(), strict=True):
                ids, rows = ids[: limits[number]], rows[: limits[number]]
                translations[number] = self.translation(ids, rows, len(sources[number]))
        return [translations[number] for number in range(len(sources))]

    def greedy(self, source: ArrayLike, max_length: ArrayLike) -> tuple[tf.Tensor, tf.Tensor]:
        """Ids `(b, q)`, padded after END, and weights `(b, q, k)`: the likeliest word each time.

        `max_length` is one integer, or one for each sentence, `(b,)`.
        """
        tokens, weights = self._greedy(*self._as_search(source, max_length))
        return tokens, weights

    def beam_search(
        self,
        source: ArrayLike,
        max_length: ArrayLike,
        beam: int = 4,
        length_penalty: float = 1.0,
    ) -> Found:
        """The likeliest translations that a beam finds, as ids, with their log-probabilities.

        Args:
            source: integer ids `(b, k)`, padded with 0 at the end.
            max_length: after how many ids to stop, if END did not come: one integer, or one for
                each sentence, `(b,)`.
            beam: how many hypotheses of each sentence to hold.
            length_penalty: the log-probability is divided by the length to this power.

        Returns:
            `Found`: `tokens` `(b, q)`, `weights` `(b, q, k)`, `length` `(b,)` and `score`
            `(b,)`.

        Raises:
            ValueError: the ids are not integers, not of shape `(b, k)`, or not in the vocabulary;
                `max_length` is not of integers from 1, one or `b` of them; `beam` is not a positive
                integer, `length_penalty` not a finite number from 0.

        Example:
            >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
            >>> found = model.beam_search([[4, 5], [5, 0]], max_length=3, beam=2)
            >>> found.score.shape.as_list(), found.weights.shape[-1]
            ([2], 2)
        """
        check_positive(beam=beam)
        check_length_penalty(length_penalty)
        search = self._as_search(source, max_length)
        width = tf.constant(beam, tf.int32)
        found: Found = self._beam_search(*search, width, float(length_penalty))
        return found

    def _as_search(self, source: ArrayLike, max_length: ArrayLike) -> tuple[tf.Tensor, tf.Tensor]:
        """Ids `(b, k)` and limits `(b,)`, checked."""
        source = as_ids("source", source, self.source_vocabulary)
        limit = least_one("max_length", max_length)
        if limit.shape.rank and not limit.shape.is_compatible_with(source.shape[:1]):
            expected = f"an integer or {show(source.shape[:1])} of them"
            raise ValueError(f"max_length: expected {expected}, got shape {show(limit.shape)}")
        limit = tf.broadcast_to(limit, tf.shape(source)[:1])
        return tf.cast(source, tf.int32), limit

    @tf.function(input_signature=[IDS, LIMIT], autograph=False)
    def _greedy(self, source: tf.Tensor, limit: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        memory = self.encode(source)
        return greedy_search(self.decoder.next_word, memory.state, memory, limit)

    @tf.function(
        input_signature=[IDS, LIMIT, tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.float32)],
        autograph=False,
    )
    def _beam_search(
        self, source: tf.Tensor, limit: tf.Tensor, width: tf.Tensor, length_penalty: tf.Tensor
    ) -> Found:
        memory = self.encode(source)
        return beam_search(
            self.decoder.next_word,
            memory.state,
            memory,
            limit,
            width=width,
            length_penalty=length_penalty,
        )

    def translation(
        self, ids: npt.NDArray[Any], weights: npt.NDArray[Any], source_length: int
    ) -> Translation:
        written = int(np.argmax(ids == END_ID)) + 1 if END_ID in ids else len(ids)
        tokens = tuple(self.target_vocabulary.tokens[i] for i in ids[:written] if i != END_ID)
        if self.settings["attention"] is None:
            return Translation(tokens, None)
        return Translation(tokens, weights[:written, :source_length])

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        source_vocabulary: Vocabulary | Sequence[str] | None = None,
        target_vocabulary: Vocabulary | Sequence[str] | None = None,
    ) -> Seq2Seq:
        """The model that `save(path)` wrote.

        Args:
            path: a `.keras` file.
            source_vocabulary, target_vocabulary: those that the caller will use. They must be the
                saved ones, or ids would mean other words; None takes the saved ones unseen.

        Returns:
            A `Seq2Seq`.

        Raises:
            ValueError: there is no saved `Seq2Seq` at the path, or a vocabulary is another one.
        """
        try:
            model = keras.saving.load_model(path, compile=False)
        except (KeyError, OSError, TypeError, ValueError) as error:
            raise ValueError(f"path: expected a saved Seq2Seq, got {path}: {error}") from error
        if not isinstance(model, cls):
            kind = type(model).__name__
            raise ValueError(f"path: expected a saved Seq2Seq, got {path}, which holds a {kind}")
        given = {"source_vocabulary": source_vocabulary, "target_vocabulary": target_vocabulary}
        for name, vocabulary in given.items():
            if vocabulary is not None:
                check_same(name, as_vocabulary(name, vocabulary), getattr(model, name))
        return model

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "source_vocabulary": list(self.source_vocabulary.tokens),
            "target_vocabulary": list(self.target_vocabulary.tokens),
            **self.settings,
        }


@serializable
def masked_crossentropy(target_out: ArrayLike, logits: ArrayLike) -> tf.Tensor:
    """The mean of -log p(y_i) over the tokens of a batch; padding is not counted.

    It is a loss for `compile()` and `fit()` too. In a replica of a `tf.distribute.Strategy` it is
    the replica's share of the mean over the tokens of all replicas: the shares add up to it, and
    so do their gradients, however many tokens each replica has. (Before Keras 3.8 the loss that
    `fit()` prints is one replica's share.)

    Args:
        target_out: the ids to predict, integer `(b, q)`; or the same numbers as float32 or float64,
            as `fit()` passes them on.
        logits: floating `(b, q, vocabulary)`; 16 bits are counted in float32.

    Returns:
        A scalar, in nats per token; NaN if there is no token.

    Raises:
        ValueError: a wrong dtype, or shapes that do not belong together.

    Example:
        >>> float(masked_crossentropy([[1, 0]], [[[0.0, 0.0], [9.0, 0.0]]]))  # log 2
        0.6931...

    Source: Cho et al. 2014 (arXiv 1406.1078), the log-likelihood that training maximises.
    """
    target_out = whole_numbers("target_out", target_out)
    (logits,) = tensors("bqv", logits=logits)
    if not target_out.shape.is_compatible_with(logits.shape[:2]):
        raise ValueError(
            f"target_out: expected (b, q) as in logits of shape {show(logits.shape)}, "
            f"got shape {show(target_out.shape)}"
        )
    check_ids("target_out", target_out, logits.shape[-1])
    if logits.dtype.size < 4:  # or a sum over many tokens would overflow
        logits = tf.cast(logits, tf.float32)
    replica = tf.distribute.get_replica_context()
    if replica is not None and replica.num_replicas_in_sync > 1:
        return share_of_crossentropy(target_out, logits, replica)
    is_token = tf.cast(target_out != PAD_ID, logits.dtype)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target_out, logits)
    return tf.reduce_sum(losses * is_token) / tf.reduce_sum(is_token)


def share_of_crossentropy(
    target_out: tf.Tensor, logits: tf.Tensor, replica: tf.distribute.ReplicaContext
) -> tf.Tensor:
    """What the tokens of one replica add to the mean over those of all."""
    is_token = tf.cast(target_out != PAD_ID, logits.dtype)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target_out, logits)
    tokens = replica.all_reduce(tf.distribute.ReduceOp.SUM, tf.reduce_sum(is_token))
    return tf.reduce_sum(losses * is_token) / tokens


def train(
    model: Seq2Seq,
    pairs: Iterable[SentencePair],
    *,
    steps: int,
    batch_size: int = 32,
    learning_rate: float = 5e-3,
    bins: int = 4,
    seed: int = 0,
    verbose: bool = True,
) -> dict[str, Any]:
    """Train a `Seq2Seq` with Adam, a warm-up and a decay to zero; gradients are clipped to norm 1.

    A model made in the scope of a `tf.distribute.Strategy` is trained by all its replicas, which
    share each batch; where there are several workers, each calls `train` with the same arguments.

    Args:
        model: a `Seq2Seq`.
        pairs: `text.SentencePair`s, or any objects with `source` and `target` tokens.
        steps: how many batches.
        batch_size: sentences a batch; a batch holds sentences of similar length.
        learning_rate: the highest one, after the warm-up.
        bins: how many shapes of batches there are to compile: fewer need less memory, but pad more.
        seed: of the order of the batches.
        verbose: whether to show the step, the loss and the time left.

    Returns:
        A dict: `loss` of each step (nats per token), `seconds` (compilation included),
        `tokens_per_second` (target tokens, END included, padding not).

    Raises:
        TypeError: `model` is no `Seq2Seq`, or a sentence is a string instead of tokens.
        ValueError: there are no pairs, a sentence is empty or has a word that is not in the
            vocabulary; `steps`, `batch_size` or `bins` is not a positive integer, `batch_size` is
            below the number of replicas, `learning_rate` not a finite number above 0, `seed` is
            negative.

    Example:
        >>> from attention_helpers.text import SentencePair
        >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=4, embedding_dim=4, seed=0)
        >>> pairs = [SentencePair(("a", "cat"), ("un", "chat"), frozenset(), frozenset())]
        >>> history = train(model, pairs, steps=2, verbose=False)
        >>> len(history["loss"]), sorted(history)
        (2, ['loss', 'seconds', 'tokens_per_second'])
    """
    if not isinstance(model, Seq2Seq):
        raise TypeError(f"model: expected a Seq2Seq, got {type(model).__name__}")
    check_positive(steps=steps, batch_size=batch_size, bins=bins)
    check_number("learning_rate", learning_rate, "above 0", lambda rate: 0 < rate < np.inf)
    replicas = model.distribute_strategy.num_replicas_in_sync
    if batch_size < replicas:
        raise ValueError(
            f"batch_size: expected a row for each of {replicas} replicas, got {batch_size}"
        )
    if not isinstance(pairs, Iterable):
        raise TypeError(f"pairs: expected a list of sentence pairs, got {pairs!r}")
    pairs = list(pairs)
    for number, pair in enumerate(pairs):
        if not (hasattr(pair, "source") and hasattr(pair, "target")):
            raise TypeError(
                f"pairs[{number}]: expected source and target, as a text.SentencePair has them, "
                f"got {type(pair).__name__}"
            )
    if not pairs:
        raise ValueError("pairs: expected at least one pair of sentences, got none")
    sources = encode_all("pairs.source", [p.source for p in pairs], model.source_vocabulary)
    targets = encode_all(
        "pairs.target", [p.target for p in pairs], model.target_vocabulary, start=True, end=True
    )
    warmup = steps // 20
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
    )
    with model.distribute_strategy.scope():
        optimizer = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
    train_step = training_step(model, optimizer)
    progress = Progress(steps) if verbose else None
    losses, tokens, start = [], 0, time.perf_counter()
    batches = batches_by_length(sources, targets, batch_size, steps=steps, bins=bins, seed=seed)
    for batch in batches:
        losses.append(float(train_step(*batch)))
        tokens += int(np.count_nonzero(batch[-1]))
        if progress:
            progress.update(losses)
    seconds = time.perf_counter() - start
    return {"loss": losses, "seconds": seconds, "tokens_per_second": tokens / seconds}


def training_step(model: Seq2Seq, optimizer: keras.optimizers.Optimizer) -> Any:
    """A compiled function of one batch: it takes a step and returns the loss before it.

    It is compiled once for each shape, that is for each bin of lengths. The weights are read once
    and handed to the model: a loop that reads a variable keeps a copy of it for every round, since
    it might have changed, and the gradient reads all of them again.
    """
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return distributed_step(model, optimizer)
    trained, other = model.trainable_variables, model.non_trainable_variables
    optimizer.build(trained)

    @tf.function(jit_compile=True)
    def train_step(source: tf.Tensor, target_in: tf.Tensor, target_out: tf.Tensor) -> tf.Tensor:
        weights = [tf.convert_to_tensor(variable) for variable in trained]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, changed = model.stateless_call(
                weights, other, (source, target_in), training=True
            )
            loss = masked_crossentropy(target_out, logits)
        optimizer.apply(tape.gradient(loss, weights), trained)
        for variable, value in zip(other, changed, strict=True):  # the random state of dropout
            variable.assign(value)
        return loss

    return train_step


def distributed_step(model: Seq2Seq, optimizer: keras.optimizers.Optimizer) -> Any:
    """A training step of all replicas of the strategy in whose scope the model was made.

    Every worker calls it with the same batch, of which each replica takes its own rows. The
    gradients are added up and then clipped, as on one device; `fit()` would clip each replica's.
    """
    strategy, trained = model.distribute_strategy, model.trainable_variables
    with strategy.scope():
        optimizer.build(trained)

    def replica_step(source: tf.Tensor, target_in: tf.Tensor, target_out: tf.Tensor) -> tf.Tensor:
        replica = tf.distribute.get_replica_context()
        with tf.GradientTape() as tape:
            logits = model((source, target_in), training=True)
            loss = masked_crossentropy(target_out, logits)
        shares = [tf.convert_to_tensor(each) for each in tape.gradient(loss, trained)]
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, shares)
        # Keras adds up once more, after it has clipped: so one replica hands in the whole sum.
        is_first = tf.cast(tf.equal(replica.replica_id_in_sync_group, 0), loss.dtype)
        optimizer.apply([is_first * each for each in gradients], trained)
        return loss

    @tf.function(autograph=False)
    def train_step(*batch: tf.Tensor) -> tf.Tensor:
        return strategy.reduce("SUM", strategy.run(replica_step, args=batch), axis=None)

    return lambda *batch: train_step(*[rows_of_replicas(strategy, array) for array in batch])


def rows_of_replicas(strategy: tf.distribute.Strategy, array: npt.NDArray[Any]) -> Any:
    """The rows of a batch, dealt out in turn."""

    def rows(context: Any) -> tf.Tensor:
        return tf.constant(array[context.replica_id_in_sync_group :: strategy.num_replicas_in_sync])

    return strategy.experimental_distribute_values_from_function(rows)


class Progress:
    """One line, rewritten in place: step, loss, time left. It wipes itself out at the end."""

    def __init__(self, steps: int) -> None:
        self.steps, self.start, self.shown = steps, time.perf_counter(), 0.0

    def update(self, losses: Sequence[float]) -> None:
        now, done = time.perf_counter(), len(losses)
        if done < self.steps and now - self.shown < 0.5:
            return
        self.shown = now
        left = (now - self.start) / done * (self.steps - done)
        text = f"step {done}/{self.steps}, loss {np.mean(losses[-20:]):.3f}, {left:.0f} s left"
        if done == self.steps:
            text = ""
        sys.stdout.write(f"\r{text:<60}" + ("\r" if not text else ""))
        sys.stdout.flush()


def as_vocabulary(name: str, vocabulary: Vocabulary | Sequence[str]) -> Vocabulary:
    """A `Vocabulary`, also from the list of tokens that a saved model holds."""
    if isinstance(vocabulary, Vocabulary):
        return vocabulary
    if isinstance(vocabulary, list | tuple) and all(isinstance(t, str) for t in vocabulary):
        return Vocabulary(vocabulary)
    raise TypeError(f"{name}: expected a Vocabulary or a list of tokens, got {vocabulary!r:.60}")


def check_same(name: str, given: Vocabulary, saved: Vocabulary) -> None:
    if given == saved:
        return
    pairs = enumerate(itertools.zip_longest(given.tokens, saved.tokens))
    number, (ours, theirs) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    raise ValueError(
        f"{name}: expected the {len(saved)} tokens of the saved model, got {len(given)} tokens; "
        f"the first to differ is number {number}: {theirs!r} saved, {ours!r} given"
    )


def as_ids(name: str, ids: ArrayLike, vocabulary: Vocabulary, rows: int | None = None) -> tf.Tensor:
    """Ids as a tensor `(b, length)`; their values are checked only where they are known: eagerly."""
    ids = integers(name, ids)
    if ids.shape.rank != 2 or 0 in ids.shape or rows not in (None, ids.shape[0]):
        expected = f"({rows or 'batch'}, length)"
        raise ValueError(f"{name}: expected ids of shape {expected}, got shape {show(ids.shape)}")
    check_ids(name, ids, len(vocabulary))
    return ids


def check_inputs(inputs: tf.Tensor, mask: Any) -> None:
    tensors("bkd", inputs=inputs)
    if not tf.is_tensor(mask):
        got = "None" if mask is None else type(mask).__name__
    elif mask.dtype != tf.bool or not mask.shape.is_compatible_with(inputs.shape[:2]):
        got = f"{mask.dtype.name} of shape {show(mask.shape)}"
    else:
        return
    raise ValueError(
        f"mask: expected a boolean (b, k), True where there is a word, for inputs of shape "
        f"{show(inputs.shape)}, got {got}"
    )


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> None:
    if value not in list(choices):  # a list, for the value may not be hashable
        expected = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: expected one of {expected}, got {value!r}")


def is_whole(number: Any) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def check_positive(**numbers: Any) -> None:
    for name, number in numbers.items():
        integer(name, number, least=1)


def check_number(name: str, value: Any, expected: str, is_right: Callable[[Any], bool]) -> None:
    if not (is_whole(value) or isinstance(value, float | np.floating)) or not is_right(value):
        raise ValueError(f"{name}: expected a number {expected}, got {value!r}")


def check_policy(policy: Any) -> None:
    """The layers inside take the global policy, and their parts are called one by one."""
    everywhere = keras.config.dtype_policy()
    if policy.name != everywhere.name:
        raise ValueError(
            f"dtype: expected the global policy {everywhere.name}, which "
            f"keras.config.set_dtype_policy sets, got {policy.name}"
        )
    if policy.compute_dtype != policy.variable_dtype:
        raise ValueError(
            f"dtype: expected one dtype for weights and computation, got the policy {policy.name}"
        )


def check_length_penalty(power: Any) -> None:
    check_number("length_penalty", power, "from 0", lambda power: 0 <= power < np.inf)


def check_seed(seed: Any) -> None:
    if seed is not None and not (is_whole(seed) and 0 <= seed < 2**32):
        raise ValueError(f"seed: expected None or a whole number from 0 to 2**32 - 1, got {seed!r}")
