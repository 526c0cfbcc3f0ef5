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

from ._checks import integers, show, tensors
from ._tensorflow import keras, tf
from .corpus import END_ID, PAD_ID, START_ID, Vocabulary, batches_by_length, pad
from .functional import attention, dot_product_scores, padding_mask
from .layers import BahdanauAttention

__all__ = ["GRU", "Memory", "Seq2Seq", "Translation", "masked_crossentropy", "train"]

serializable = keras.saving.register_keras_serializable(package="attention_helpers")


def swap_batch_and_time(tensor):
    """`(b, t, ...)` to `(t, b, ...)` and back: loops run along the first axis."""
    return tf.transpose(tensor, [1, 0, *range(2, tensor.shape.rank)])


def scan(step, elements, start, reverse=False):
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

    def push(states, state):
        return tf.raw_ops.TensorListPushBack(input_handle=states, tensor=state)

    def body(done, state, states):
        place = length - 1 - done if reverse else done
        state = step(state, tf.nest.map_structure(lambda array: array.read(place), arrays))
        return done + 1, state, tf.nest.map_structure(push, states, state)

    def empty(state):
        return tf.raw_ops.EmptyTensorList(
            element_shape=tf.shape(state), max_num_elements=length, element_dtype=state.dtype
        )

    def stack(states, state):
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

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        check_positive(units=units)
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
        check_inputs(inputs, mask)

        def step(state, element):
            projected, is_word = element
            return tf.where(is_word, self.step(projected, state), state)

        start = tf.zeros([tf.shape(inputs)[0], self.units], inputs.dtype)
        return scan(step, (self.project(inputs), mask[..., None]), start, reverse)

    def compute_mask(self, inputs, previous_mask=None):
        """None: masks are explicit, and the states carry none on."""

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def word_vectors(vocabulary_size, embedding_dim):
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


def sentence_dropout(rate):
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

    def __init__(self, vocabulary_size, units, embedding_dim, bidirectional, dropout, **kwargs):
        super().__init__(**kwargs)
        self.embedding = word_vectors(vocabulary_size, embedding_dim)
        self.dropout = sentence_dropout(dropout)
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
        states, contexts, weights = scan(step, self.gru.project(embedded), start)
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
        value = summary[:, None]
        return Memory(value, self.context_kernel(value), everything, self.initial_state(summary))

    def step(self, projected, state, memory):
        state = self.gru.step(projected + memory.key[:, 0], state)
        return state, memory.value[:, 0], tf.ones_like(memory.value[..., 0])


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
        **kwargs: those of every Keras model, such as `name`.

    Called with `(source, target_in)`, integer ids `(b, k)` and `(b, q)` padded with 0 at the end,
    it returns the logits `(b, q, vocabulary)` under teacher forcing. `save("name.keras")` is that
    of every Keras model, and takes the vocabularies along.

    Raises:
        TypeError: a vocabulary is neither a `Vocabulary` nor a list of tokens.
        ValueError: an unknown attention, a size that is not a positive integer, a dropout outside
            [0, 1), a seed that is negative or not an integer.

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
        check_number("dropout", dropout, "from 0 to below 1", lambda share: 0 <= share < 1)
        check_seed(seed)
        super().__init__(**kwargs)
        self.source_vocabulary = as_vocabulary("source_vocabulary", source_vocabulary)
        self.target_vocabulary = as_vocabulary("target_vocabulary", target_vocabulary)
        if seed is not None:
            keras.utils.set_random_seed(seed)
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

    def call(self, inputs, training=False):
        return self.teacher_force(*inputs, training=training)[0]

    def teacher_force(self, source, target_in, training=False):
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
        return self.decoder(target_in, memory, training=training)

    def translate(self, sentences, max_length=None, batch_size=128):
        """Translates sentences, taking the likeliest word each time.

        Args:
            sentences: a list of token sequences.
            max_length: after how many tokens to stop, if END did not come; None means twice the
                longest sentence of the batch and ten more.
            batch_size: how many sentences of similar length to translate at once.

        Returns:
            A list of `Translation`, in the order of the sentences.

        Raises:
            TypeError: a sentence is a string instead of a sequence of tokens.
            ValueError: a sentence is empty or has a word that is not in the vocabulary;
                `max_length` or `batch_size` is not a positive integer.

        Example:
            >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
            >>> translations = model.translate([["a", "cat"], ["cat"]], max_length=4)
            >>> [len(translation.tokens) <= 4 for translation in translations]
            [True, True]
        """
        check_positive(batch_size=batch_size)
        if max_length is not None:
            check_positive(max_length=max_length)
        sources = encode_all("sentences", sentences, self.source_vocabulary)
        by_length = sorted(range(len(sources)), key=lambda number: len(sources[number]))
        translations = [None] * len(sources)
        for first in range(0, len(sources), batch_size):
            numbers = by_length[first : first + batch_size]
            source = pad([sources[number] for number in numbers])
            limit = 2 * source.shape[1] + 10 if max_length is None else max_length
            tokens, weights = self.greedy(tf.constant(source), tf.constant(limit, tf.int32))
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

    def translation(self, ids, weights, source_length):
        written = int(np.argmax(ids == END_ID)) + 1 if END_ID in ids else len(ids)
        tokens = tuple(self.target_vocabulary.tokens[i] for i in ids[:written] if i != END_ID)
        if self.settings["attention"] is None:
            return Translation(tokens, None)
        return Translation(tokens, weights[:written, :source_length])

    @classmethod
    def load(cls, path, *, source_vocabulary=None, target_vocabulary=None):
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

    def get_config(self):
        return {
            "source_vocabulary": list(self.source_vocabulary.tokens),
            "target_vocabulary": list(self.target_vocabulary.tokens),
            **self.settings,
        }


def masked_crossentropy(target_out, logits):
    """The mean of -log p(y_i) over the tokens of a batch; padding is not counted.

    Args:
        target_out: the ids to predict, integer `(b, q)`.
        logits: floating `(b, q, vocabulary)`.

    Returns:
        A scalar, in nats per token.

    Raises:
        ValueError: a wrong dtype, or shapes that do not belong together.

    Example:
        >>> float(masked_crossentropy([[1, 0]], [[[0.0, 0.0], [9.0, 0.0]]]))  # log 2
        0.6931...
    """
    target_out = integers("target_out", target_out)
    (logits,) = tensors("bqv", logits=logits)
    if not target_out.shape.is_compatible_with(logits.shape[:2]):
        raise ValueError(
            f"target_out: expected (b, q) as in logits of shape {show(logits.shape)}, "
            f"got shape {show(target_out.shape)}"
        )
    is_token = tf.cast(target_out != PAD_ID, logits.dtype)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target_out, logits)
    return tf.reduce_sum(losses * is_token) / tf.reduce_sum(is_token)


def train(model, pairs, *, steps, batch_size=32, learning_rate=5e-3, bins=4, seed=0, verbose=True):
    """Train a `Seq2Seq` with Adam, a warm-up and a decay to zero; gradients are clipped to norm 1.

    Args:
        model: a `Seq2Seq`.
        pairs: `corpus.SentencePair`s, or any objects with `source` and `target` tokens.
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
            vocabulary; `steps`, `batch_size` or `bins` is not a positive integer, `learning_rate`
            not a finite number above 0, `seed` is negative.

    Example:
        >>> from attention_helpers.corpus import SentencePair
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
    pairs = list(pairs)
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


def training_step(model, optimizer):
    """A compiled function of one batch: it takes a step and returns the loss before it.

    It is compiled once for each shape, that is for each bin of lengths. The weights are read once
    and handed to the model: a loop that reads a variable keeps a copy of it for every round, since
    it might have changed, and the gradient reads all of them again.
    """
    trained, other = model.trainable_variables, model.non_trainable_variables
    optimizer.build(trained)

    @tf.function(jit_compile=True)
    def train_step(source, target_in, target_out):
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


def as_ids(name, ids, vocabulary, rows=None):
    """Ids as a tensor `(b, length)`; their values are checked only where they are known: eagerly."""
    ids = integers(name, ids)
    if ids.shape.rank != 2 or 0 in ids.shape or rows not in (None, ids.shape[0]):
        expected = f"({rows or 'batch'}, length)"
        raise ValueError(f"{name}: expected ids of shape {expected}, got shape {show(ids.shape)}")
    if tf.executing_eagerly():
        values = ids.numpy()
        outside = values[(values < 0) | (values >= len(vocabulary))]
        if outside.size:
            raise ValueError(
                f"{name}: expected ids of the vocabulary, from 0 to {len(vocabulary) - 1}, "
                f"got {outside[0]}"
            )
    return ids


def encode_all(name, sentences, vocabulary, **ends):
    """The ids of sentences; an error says which sentence it is about."""
    encoded = []
    for number, words in enumerate(sentences):
        try:
            encoded.append(vocabulary.encode(words, **ends))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}[{number}]: {error}") from None
    return encoded


def check_inputs(inputs, mask):
    tensors("bkd", inputs=inputs)
    if mask is None or mask.dtype != tf.bool or not mask.shape.is_compatible_with(inputs.shape[:2]):
        got = "None" if mask is None else f"{mask.dtype.name} of shape {show(mask.shape)}"
        raise ValueError(
            f"mask: expected a boolean (b, k), True where there is a word, for inputs of shape "
            f"{show(inputs.shape)}, got {got}"
        )


def check_choice(name, value, choices):
    if value not in list(choices):  # a list, for the value may not be hashable
        expected = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: expected one of {expected}, got {value!r}")


def is_whole(number):
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def check_positive(**numbers):
    for name, number in numbers.items():
        if not is_whole(number) or number < 1:
            raise ValueError(f"{name}: expected a whole number from 1, got {number!r}")


def check_number(name, value, expected, is_right):
    if not (is_whole(value) or isinstance(value, float | np.floating)) or not is_right(value):
        raise ValueError(f"{name}: expected a number {expected}, got {value!r}")


def check_seed(seed):
    if seed is not None and not (is_whole(seed) and 0 <= seed < 2**32):
        raise ValueError(f"seed: expected None or a whole number from 0 to 2**32 - 1, got {seed!r}")
