"""Translation with a GRU encoder and a GRU decoder, with and without attention.

Reading order: `GRU` is one recurrent layer; `Encoder` reads a sentence; a `Decoder` writes its
translation from a `Memory` of it. The three decoders differ in two methods: what they remember
(`remember`) and how they find the context of the next word (`step`). `Seq2Seq` joins encoder and
decoder, and translates; `train` trains it.

Axes: `b` batch, `k` source position, `q` target position, `n` units, `m` depth of an annotation.
"""

import itertools
import sys
import time
from typing import NamedTuple

import numpy as np

from ._tensorflow import keras, tf
from .corpus import END_ID, PAD_ID, START_ID, Vocabulary, batches_by_length, pad
from .functional import attention, dot_product_scores, padding_mask
from .layers import BahdanauAttention

__all__ = ["GRU", "Memory", "Seq2Seq", "Translation", "masked_crossentropy", "train"]

serializable = keras.saving.register_keras_serializable(package="attention_helpers")


def swap_batch_and_time(tensor):
    """`(b, t, ...)` to `(t, b, ...)` and back: `tf.scan` runs along the first axis."""
    return tf.transpose(tensor, [1, 0, *range(2, tensor.shape.rank)])


@serializable
class GRU(keras.layers.Layer):
    """A gated recurrent unit, with the signs of the paper: z = 1 takes the new state.

    Args:
        units: n, the size of the state.

    Example:
        >>> states = GRU(4)(tf.zeros([2, 3, 5]), mask=tf.ones([2, 3], bool))
        >>> states.shape
        TensorShape([2, 3, 4])

    Source: Cho et al. 2014 (arXiv 1406.1078); gates as in Bahdanau et al. 2014 (arXiv 1409.0473).
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        n = self.units
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], 3 * n))
        self.bias = self.add_weight(name="bias", shape=(3 * n,), initializer="zeros")
        self.gate_kernel = self.add_weight(
            name="gate_kernel", shape=(n, 2 * n), initializer="orthogonal"
        )
        self.state_kernel = self.add_weight(
            name="state_kernel", shape=(n, n), initializer="orthogonal"
        )

    def project(self, inputs):
        """The share of the inputs in the gates. It needs no state, so all steps go at once."""
        return tf.tensordot(inputs, self.kernel, axes=1) + self.bias

    def step(self, projected, state):
        """From the projected input `(b, 3n)` and the state `(b, n)` to the next state."""
        gates, candidate = tf.split(projected, [2 * self.units, self.units], axis=-1)
        z, r = tf.split(tf.sigmoid(gates + state @ self.gate_kernel), 2, axis=-1)
        candidate = tf.tanh(candidate + (r * state) @ self.state_kernel)
        return (1 - z) * state + z * candidate

    def call(self, inputs, mask, reverse=False):
        """All states `(b, k, n)`, read forwards or in reverse; padding leaves the state alone."""

        def step(state, element):
            projected, is_word = element
            return tf.where(is_word, self.step(projected, state), state)

        elements = (
            swap_batch_and_time(self.project(inputs)),
            swap_batch_and_time(mask)[..., None],
        )
        start = tf.zeros([tf.shape(inputs)[0], self.units], inputs.dtype)
        return swap_batch_and_time(tf.scan(step, elements, start, reverse=reverse))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def word_vectors(vocabulary_size, embedding_dim):
    """An embedding whose vectors are large enough to be felt from the first step.

    From Keras' own start, uniform within 0.05, the models need several times as many steps before
    they look at the source at all.
    """
    embedding = keras.layers.Embedding(
        vocabulary_size,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.5),
    )
    embedding.build()
    return embedding


class Memory(NamedTuple):
    """What a decoder keeps of one batch of source sentences.

    `value` `(b, k, m)` is what it may look at, `key` `(b, k, u)` what it compares its query with
    (None if it compares nothing), `mask` `(b, 1, k)` is True where there is a word, and `state`
    `(b, n)` is the state it starts from.
    """

    value: tf.Tensor
    key: tf.Tensor | None
    mask: tf.Tensor
    state: tf.Tensor


class Encoder(keras.layers.Layer):
    """Reads a sentence with a GRU: forwards, or in both directions at once.

    Returns the annotations `(b, k, n)` or `(b, k, 2n)`, and the state `(b, n)` that has read the
    whole sentence: the last one forwards, the first one backwards.
    """

    def __init__(self, vocabulary_size, units, embedding_dim, bidirectional, dropout, **kwargs):
        super().__init__(**kwargs)
        self.embedding = word_vectors(vocabulary_size, embedding_dim)
        self.dropout = keras.layers.Dropout(dropout)
        self.forward = GRU(units, name="forward")
        self.backward = GRU(units, name="backward") if bidirectional else None
        for gru in filter(None, (self.forward, self.backward)):
            gru.build((None, None, embedding_dim))

    def call(self, source, training=False):
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

    def __init__(self, vocabulary_size, units, embedding_dim, context_dim, dropout, **kwargs):
        super().__init__(**kwargs)
        self.embedding = word_vectors(vocabulary_size, embedding_dim)
        self.dropout = keras.layers.Dropout(dropout)
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

    def remember(self, annotations, summary, mask):
        """The `Memory` of a batch of sentences."""
        raise NotImplementedError

    def step(self, projected, state, memory):
        """One word on: the next state `(b, n)`, its context `(b, m)` and weights `(b, k)`."""
        raise NotImplementedError

    def call(self, target, memory, training=False):
        """Teacher forcing: given y_{i-1} for every i, the logits and the weights for every i."""
        embedded = self.dropout(self.embedding(target), training=training)

        def step(previous, projected):
            state, _, _ = previous
            return self.step(projected, state, memory)

        start = memory.state, tf.zeros_like(memory.value[:, 0]), tf.zeros_like(memory.value[..., 0])
        states, contexts, weights = map(
            swap_batch_and_time,
            tf.scan(step, swap_batch_and_time(self.gru.project(embedded)), start),
        )
        return self.read_word(states, contexts, embedded, training), weights

    def next_word(self, token, state, memory):
        """One step of decoding: given y_{i-1} `(b,)`, the logits, the state and the weights."""
        embedded = self.embedding(token)
        state, context, weights = self.step(self.gru.project(embedded), state, memory)
        return self.read_word(state, context, embedded), state, weights

    def read_word(self, state, context, embedded, training=False):
        """The logits of the next word, read off s_i, c_i and y_{i-1}."""
        features = self.readout(tf.concat([state, context, embedded], axis=-1))
        return self.logits(self.dropout(features, training=training))


class FixedDecoder(Decoder):
    """RNNencdec: one vector, the last state of the encoder, is the context of every word."""

    def remember(self, annotations, summary, mask):
        everything = tf.ones_like(mask[..., :1])
        return Memory(summary[:, None], None, everything, self.initial_state(summary))

    def step(self, projected, state, memory):
        context = memory.value[:, 0]
        state = self.gru.step(projected + self.context_kernel(context), state)
        return state, context, tf.ones_like(memory.value[..., 0])


class BahdanauDecoder(Decoder):
    """RNNsearch: the state before the step, s_{i-1}, asks; the context enters the step."""

    def __init__(self, vocabulary_size, units, embedding_dim, context_dim, dropout, **kwargs):
        super().__init__(vocabulary_size, units, embedding_dim, context_dim, dropout, **kwargs)
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


class DotDecoder(Decoder):
    """Luong's "dot": the state after the step, s_i, asks; the context goes to the output only."""

    context_enters_step = False

    def remember(self, annotations, summary, mask):
        forward, backward = tf.split(annotations, 2, axis=-1)
        value = forward + backward  # a dot product needs keys of the query's depth
        return Memory(value, value, mask, self.initial_state(summary))

    def step(self, projected, state, memory):
        state = self.gru.step(projected, state)
        scores = dot_product_scores(state[:, None], memory.key)
        context, weights = attention(scores, memory.value, memory.mask)
        return state, context[:, 0], weights[:, 0]


DECODERS = {None: FixedDecoder, "bahdanau": BahdanauDecoder, "dot": DotDecoder}


class Translation(NamedTuple):
    """A translation: its words, and a row of weights over the source for each word and for END.

    `weights` is `(len(tokens) + 1, len(source))`, one row less if the length limit came before
    END, and None for a model without attention.
    """

    tokens: tuple[str, ...]
    weights: np.ndarray | None


@serializable
class Seq2Seq(keras.Model):
    """An encoder–decoder that translates token sequences.

    Args:
        source_vocabulary, target_vocabulary: `corpus.Vocabulary`, or their lists of tokens.
        attention: None (one fixed vector), "bahdanau" or "dot".
        units: n, the size of the states.
        embedding_dim: the size of the word vectors.
        dropout: the share of the embeddings and of the readout that training drops.
        seed: sets Keras' global seed before the weights are drawn; None leaves it alone.

    Called with `(source, target_in)`, integer ids `(b, k)` and `(b, q)`, it returns the logits
    `(b, q, vocabulary)` under teacher forcing.

    Example:
        >>> from attention_helpers.corpus import Vocabulary
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
        source_vocabulary,
        target_vocabulary,
        *,
        attention="bahdanau",
        units=64,
        embedding_dim=64,
        dropout=0.0,
        seed=None,
        **kwargs,
    ):
        check_choice("attention", attention, DECODERS)
        check_positive(units=units, embedding_dim=embedding_dim)
        super().__init__(**kwargs)
        if seed is not None:
            keras.utils.set_random_seed(seed)
        self.source_vocabulary = as_vocabulary("source_vocabulary", source_vocabulary)
        self.target_vocabulary = as_vocabulary("target_vocabulary", target_vocabulary)
        self.settings = {
            "attention": attention,
            "units": units,
            "embedding_dim": embedding_dim,
            "dropout": dropout,
        }
        sizes = units, embedding_dim
        self.encoder = Encoder(
            len(self.source_vocabulary), *sizes, attention is not None, dropout, name="encoder"
        )
        context_dim = 2 * units if attention == "bahdanau" else units
        self.decoder = DECODERS[attention](
            len(self.target_vocabulary), *sizes, context_dim, dropout, name="decoder"
        )
        self.built = True

    def encode(self, source, training=False):
        """From source ids `(b, k)` to the `Memory` that the decoder reads."""
        annotations, summary = self.encoder(source, training=training)
        return self.decoder.remember(annotations, summary, padding_mask(source, PAD_ID))

    def call(self, inputs, training=False):
        return self.teacher_force(*inputs, training=training)[0]

    def teacher_force(self, source, target_in, training=False):
        """The logits `(b, q, vocabulary)` and the weights `(b, q, k)`, given the right past."""
        source, target_in = tf.convert_to_tensor(source), tf.convert_to_tensor(target_in)
        check_ids(source=source, target_in=target_in)
        return self.decoder(target_in, self.encode(source, training), training=training)

    def translate(self, sentences, max_length=None, batch_size=128):
        """Greedy translations of a list of token sequences, as a list of `Translation`.

        A translation ends with END, or after `max_length` tokens (twice the source and ten more,
        if None). Raises `ValueError` for an empty sentence or a word that is not in the vocabulary.
        """
        sources = [self.source_ids(number, words) for number, words in enumerate(sentences)]
        by_length = sorted(range(len(sources)), key=lambda number: len(sources[number]))
        translations = [None] * len(sources)
        for first in range(0, len(sources), batch_size):
            numbers = by_length[first : first + batch_size]
            source = pad([sources[number] for number in numbers])
            limit = max_length or 2 * source.shape[1] + 10
            tokens, weights = self.greedy(tf.constant(source), tf.constant(limit))
            for number, ids, rows in zip(numbers, tokens.numpy(), weights.numpy(), strict=True):
                translations[number] = self.translation(ids, rows, len(sources[number]))
        return translations

    @tf.function(
        input_signature=[tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((), tf.int32)]
    )
    def greedy(self, source, max_length):
        """Ids `(b, q)`, padded after END, and weights `(b, q, k)`: the likeliest word each time."""
        memory = self.encode(source)
        state = memory.state
        token = tf.fill([tf.shape(source)[0]], START_ID)
        ended = tf.zeros_like(token, bool)
        tokens = tf.TensorArray(tf.int32, 0, dynamic_size=True)
        rows = tf.TensorArray(state.dtype, 0, dynamic_size=True)
        for position in tf.range(max_length):
            logits, state, weights = self.decoder.next_word(token, state, memory)
            token = tf.where(ended, PAD_ID, tf.argmax(logits, axis=-1, output_type=tf.int32))
            tokens = tokens.write(position, token)
            rows = rows.write(position, weights)
            ended |= token == END_ID
            if tf.reduce_all(ended):
                break
        return swap_batch_and_time(tokens.stack()), swap_batch_and_time(rows.stack())

    def source_ids(self, number, words):
        if isinstance(words, str) or not len(words):
            raise ValueError(
                f"sentences[{number}]: expected a sequence of at least one token, got {words!r}"
            )
        return self.source_vocabulary.encode(words)

    def translation(self, ids, weights, source_length):
        written = int(np.argmax(ids == END_ID)) + 1 if END_ID in ids else len(ids)
        tokens = tuple(self.target_vocabulary.tokens[i] for i in ids[:written] if i != END_ID)
        if self.settings["attention"] is None:
            return Translation(tokens, None)
        return Translation(tokens, weights[:written, :source_length])

    @classmethod
    def load(cls, path, *, source_vocabulary=None, target_vocabulary=None):
        """The model that `save(path)` wrote, a `.keras` file.

        A vocabulary that is given must be the saved one, or ids would mean other words:
        `ValueError` otherwise.
        """
        model = keras.saving.load_model(path, compile=False)
        if not isinstance(model, cls):
            raise ValueError(
                f"path: expected a saved Seq2Seq, {path} holds a {type(model).__name__}"
            )
        given = {"source_vocabulary": source_vocabulary, "target_vocabulary": target_vocabulary}
        for name, vocabulary in given.items():
            if vocabulary is not None:
                check_same(name, vocabulary, getattr(model, name))
        return model

    def get_config(self):
        return {
            "source_vocabulary": list(self.source_vocabulary.tokens),
            "target_vocabulary": list(self.target_vocabulary.tokens),
            **self.settings,
        }


def as_vocabulary(name, vocabulary):
    """A `Vocabulary`, also from the list of tokens that a saved model holds."""
    if isinstance(vocabulary, Vocabulary):
        return vocabulary
    if isinstance(vocabulary, list | tuple) and all(isinstance(t, str) for t in vocabulary):
        return Vocabulary(vocabulary)
    raise TypeError(f"{name}: expected a Vocabulary or a list of tokens, got {vocabulary!r:.60}")


def check_same(name, given, saved):
    if given == saved:
        return
    pairs = enumerate(itertools.zip_longest(given.tokens, saved.tokens))
    number, (ours, theirs) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    raise ValueError(
        f"{name}: expected the {len(saved)} tokens of the saved model, got {len(given)} tokens; "
        f"the first to differ is number {number}: {theirs!r} saved, {ours!r} given"
    )


def check_choice(name, value, choices):
    if value not in choices:
        expected = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: expected one of {expected}, got {value!r}")


def check_positive(**numbers):
    for name, number in numbers.items():
        if not isinstance(number, int | np.integer) or isinstance(number, bool) or number < 1:
            raise ValueError(f"{name}: expected a whole number from 1, got {number!r}")


def check_ids(**tensors):
    for name, tensor in tensors.items():
        if not tensor.dtype.is_integer or tensor.shape.rank != 2:
            raise ValueError(
                f"{name}: expected integer ids of shape (batch, length), "
                f"got {tensor.dtype.name} of shape {tuple(tensor.shape)}"
            )


def masked_crossentropy(target_out, logits):
    """The mean of -log p(y_i) over the tokens of a batch; padding is not counted.

    Args:
        target_out: the ids to predict, integer `(b, q)`.
        logits: floating `(b, q, vocabulary)`.

    Returns:
        A scalar, in nats per token.

    Example:
        >>> float(masked_crossentropy([[1, 0]], [[[0.0, 0.0], [9.0, 0.0]]]))  # log 2
        0.6931...
    """
    target_out = tf.convert_to_tensor(target_out)
    is_token = tf.cast(target_out != PAD_ID, tf.float32)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target_out, logits)
    return tf.reduce_sum(losses * is_token) / tf.reduce_sum(is_token)


def train(model, pairs, *, steps, batch_size=64, learning_rate=5e-3, seed=0, verbose=True):
    """Train a `Seq2Seq` with Adam, a warm-up and a decay to zero; gradients are clipped to norm 1.

    Args:
        model: a `Seq2Seq`.
        pairs: `corpus.SentencePair`s, or any objects with `source` and `target` tokens.
        steps: how many batches.
        batch_size: sentences a batch; a batch holds sentences of similar length.
        learning_rate: the highest one, after the warm-up.
        seed: of the order of the batches.
        verbose: whether to show the step, the loss and the time left.

    Returns:
        A dict: `loss` of each step (nats per token), `seconds` (compilation included),
        `tokens_per_second` (target tokens, END included, padding not).
    """
    check_positive(steps=steps, batch_size=batch_size)
    sources = [model.source_vocabulary.encode(pair.source) for pair in pairs]
    targets = [model.target_vocabulary.encode(pair.target, start=True, end=True) for pair in pairs]
    warmup = steps // 20
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
    )
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)

    # Compiled once for each shape, that is for each bin of lengths.
    @tf.function(jit_compile=True)
    def train_step(source, target_in, target_out):
        with tf.GradientTape() as tape:
            loss = masked_crossentropy(target_out, model((source, target_in), training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    progress = Progress(steps) if verbose else None
    losses, tokens, start = [], 0, time.perf_counter()
    for batch in batches_by_length(sources, targets, batch_size, steps=steps, seed=seed):
        losses.append(float(train_step(*batch)))
        tokens += int(np.count_nonzero(batch[-1]))
        if progress:
            progress.update(losses)
    seconds = time.perf_counter() - start
    return {"loss": losses, "seconds": seconds, "tokens_per_second": tokens / seconds}


class Progress:
    """One line, rewritten in place: step, loss, time left. It wipes itself out at the end."""

    def __init__(self, steps):
        self.steps, self.start, self.shown = steps, time.perf_counter(), 0.0

    def update(self, losses):
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
