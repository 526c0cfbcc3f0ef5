"""The models of `one_change.py`: one translator, of which each variant changes one part.

All read with GRUs and write with a GRU of `units` units, and take a context c_i of twice that
depth. The state before the first word is a trained constant, so that the context is the only way
from the source to the translation, unless `start` says otherwise.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from attention_helpers._scan import scan
from attention_helpers._tensorflow import keras, tf
from attention_helpers.functional import project
from attention_helpers.seq2seq import GRU, sentence_dropout, word_vectors
from attention_helpers.text import PAD_ID
from attention_helpers.translator import Translator


@dataclass(frozen=True)
class Parts:
    """What a variant is made of."""

    reads: str = "both"  # directions of the encoder: "both", "forward", "reversed"
    # What c_i is: "none", "last", "ends", "mean", "moving", "moving-back", "additive" or "dot".
    context: str = "mean"
    query: str = "before"  # the recurrent step: s_{i-1} asks; or "after": s_i asks
    fed: bool = True  # whether the context enters the recurrent step (of an "after": the next one)
    start: str = "constant"  # s_0; or "summary": made of the state that has read the source
    held: bool = False  # whether the gradient stops at the annotations, but for s_0
    units: int = 64
    embedding: int = 64
    dropout: float = 0.0  # of the word vectors and of the readout
    tied: bool = False  # one matrix for the words that are read, written, and predicted

    @property
    def walks(self):
        """Whether a rule of places says which annotation c_i is."""
        return self.context in ("moving", "moving-back")

    @property
    def looks(self):
        """Whether c_i changes with i, so that its weights propose an alignment."""
        return self.walks or self.context in ("additive", "dot")


class Variant(Translator):
    """An encoder-decoder made of the given parts."""

    def __init__(self, *vocabularies: Any, parts: Parts, **kwargs: Any) -> None:
        super().__init__(*vocabularies, **kwargs)
        self.parts, n, depth = parts, parts.units, parts.embedding
        if parts.tied:
            self.source_vectors = self.target_vectors = tied_words(self, depth)
        else:
            self.source_vectors = word_vectors(len(self.source_vocabulary), depth, None)
            self.target_vectors = word_vectors(len(self.target_vocabulary), depth, None)
        self.dropout = sentence_dropout(parts.dropout)
        widths = {"forward": n, "backward": n} if parts.reads == "both" else {"forward": 2 * n}
        if parts.context == "none" and parts.start == "constant":
            widths = {}
        self.readers = {name: GRU(width, name=name) for name, width in widths.items()}
        self.gru = GRU(n, name="decoder")
        for gru in [*self.readers.values(), self.gru]:
            gru.build((None, None, depth))
        weight = partial(self.add_weight, initializer="glorot_uniform")
        if parts.fed and parts.context != "none":
            self.context_kernel = weight(name="C", shape=(2 * n, 3 * n))
        if parts.context == "additive":
            self.query_kernel = weight(name="W_a", shape=(n, n))
            self.key_kernel = weight(name="U_a", shape=(2 * n, n))
            self.score_vector = weight(name="v_a", shape=(n, 1))
        if parts.start == "summary":
            self.start_kernel = weight(name="W_s", shape=(n if parts.reads == "both" else 2 * n, n))
        else:
            self.start_vector = self.add_weight(name="s_0", shape=(n,), initializer="zeros")
        self.readout = keras.layers.Dense(depth, activation="tanh")
        self.readout.build((None, n + 2 * n + depth))
        if parts.tied:
            self.logits = self.target_vectors.logits
        else:
            self.logits = keras.layers.Dense(len(self.target_vocabulary))
            self.logits.build((None, depth))

    def encode(self, source, training=False):
        """The annotations `(b, k, 2n)`, the keys, the mask `(b, k)` and s_0 `(b, n)`."""
        source = self.source_ids(source)
        if self.parts.reads == "reversed":
            lengths = tf.math.count_nonzero(source, axis=1, dtype=tf.int32)
            source = tf.reverse_sequence(source, lengths, seq_axis=1)
        is_word = source != PAD_ID
        words = self.dropout(self.source_vectors(source), training=training)
        read = [
            gru(words, is_word, reverse=name == "backward") for name, gru in self.readers.items()
        ]
        if read:
            annotations = tf.concat(read, axis=-1)
        else:
            annotations = tf.zeros([*tf.unstack(tf.shape(source)), 2 * self.parts.units])
        start = self.first_state(annotations)
        if self.parts.held:
            annotations = tf.stop_gradient(annotations)
        memory = {"value": annotations, "mask": is_word, "start": start}
        return memory | self.summaries(annotations, is_word)

    def summaries(self, annotations, is_word):
        """What the context is made of: one vector `(b, 2n)`, or keys `(b, k, n)`."""
        forward, backward = tf.split(annotations, 2, axis=-1)
        weights = tf.cast(is_word, tf.float32)[..., None]
        match self.parts.context:
            case "none":
                return {"one": tf.zeros_like(annotations[:, -1])}
            case "last":
                return {"one": annotations[:, -1]}  # padding leaves a state as it was
            case "ends":
                return {"one": tf.concat([forward[:, -1], backward[:, 0]], axis=-1)}
            case "mean":
                return {"one": tf.reduce_sum(weights * annotations, 1) / tf.reduce_sum(weights, 1)}
            case "moving" | "moving-back":
                return {}
            case "additive":
                return {"key": tf.matmul(annotations, self.key_kernel)}
            case "dot":
                return {"key": forward + backward}

    def first_state(self, annotations):
        if self.parts.start == "constant":
            rows = tf.ones([tf.shape(annotations)[0], 1])
            return rows * self.start_vector
        forward, backward = tf.split(annotations, 2, axis=-1)
        summary = backward[:, 0] if self.parts.reads == "both" else annotations[:, -1]
        return tf.tanh(summary @ self.start_kernel)

    def start_state(self, memory):
        """s_0, the context before the first, and the place of the next word in the translation."""
        rows = tf.shape(memory["start"])[0]
        return memory["start"], tf.zeros_like(memory["value"][:, 0]), tf.zeros([rows], tf.int32)

    def look(self, state, place, memory):
        """The context `(b, 2n)` of the next word, and its weights `(b, k)`."""
        value, mask = memory["value"], memory["mask"]
        if "one" in memory:
            weights = tf.cast(mask, tf.float32)
            return memory["one"], weights / tf.reduce_sum(weights, axis=1, keepdims=True)
        if self.parts.walks:
            last = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1
            at = tf.minimum(place, last)
            at = last - at if self.parts.context == "moving-back" else at
            weights = tf.cast(tf.range(tf.shape(mask)[1]) == at[:, None], tf.float32)
            return tf.reduce_sum(weights[..., None] * value, axis=1), weights
        if self.parts.context == "additive":
            query = (state @ self.query_kernel)[:, None]
            scores = tf.squeeze(tf.matmul(tf.tanh(query + memory["key"]), self.score_vector), -1)
        else:
            scores = tf.reduce_sum(state[:, None] * memory["key"], axis=-1)
        weights = tf.nn.softmax(tf.where(mask, scores, -1e9), axis=-1)
        return tf.reduce_sum(weights[..., None] * value, axis=1), weights

    def step(self, projected, before, memory):
        """From the share of y_{i-1} in the gates to s_i, c_i, the next place, and the weights."""
        state, context, place = before
        if self.parts.query == "before":
            context, weights = self.look(state, place, memory)
        if self.parts.fed and self.parts.context != "none":
            projected += context @ self.context_kernel
        state = self.gru.step(projected, state)
        if self.parts.query == "after":
            context, weights = self.look(state, place, memory)
        return (state, context, place + 1), weights

    def next_word(self, token, state, memory):
        vector = self.target_vectors(self.token_ids(token))
        state, weights = self.step(self.gru.project(vector), state, memory)
        return self.read_word(state[0], state[1], vector), state, weights

    def teacher_force(self, source, target_in, training=False):
        memory = self.encode(source, training)
        vectors = self.dropout(self.target_vectors(self.target_ids(target_in)), training=training)

        def step(before, projected):
            return self.step(projected, before[0], memory)

        start = self.start_state(memory), tf.zeros(tf.shape(memory["mask"]))
        (states, contexts, _), weights = scan(step, self.gru.project(vectors), start)
        return self.read_word(states, contexts, vectors, training), weights

    def read_word(self, state, context, vector, training=False):
        features = self.readout(tf.concat([state, context, vector], axis=-1))
        return self.logits(self.dropout(features, training=training))


class TiedWords(keras.layers.Layer):
    """The vectors of words, and the other way by the same matrix, the logits of words."""

    def __init__(self, size, depth, **kwargs):
        super().__init__(**kwargs)
        self.depth = depth
        # So small for the logits, which then vary by one; times √d for those who read the words.
        normal = keras.initializers.RandomNormal(stddev=depth**-0.5)
        self.words = self.add_weight((size, depth), normal, name="words")

    def call(self, ids):
        return tf.gather(tf.convert_to_tensor(self.words), ids) * self.depth**0.5

    def logits(self, x):
        return project(x, tf.transpose(tf.convert_to_tensor(self.words)))


def tied_words(model, depth):
    """One matrix for both languages, which must share their vocabulary."""
    if model.source_vocabulary != model.target_vocabulary:
        raise ValueError("tied: expected one vocabulary for both languages, got two")
    return TiedWords(len(model.target_vocabulary), depth)
