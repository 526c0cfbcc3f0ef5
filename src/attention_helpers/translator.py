"""What every model that translates shares, whatever is inside: recurrence, attention, or a table.

Four methods say how a model reads and writes; `Translator` trains, translates, saves and loads it.

Axes: `b` batch, `k` source position, `q` target position.
"""

from __future__ import annotations

import inspect
import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from ._arguments import integer, number
from ._arguments import seed as checked_seed
from ._calls import INPUTS, as_ids, as_inputs, as_logits, as_things
from ._tensorflow import keras, tf
from ._tensors import check_ids, integers, show
from .decoding import BeamSearchResult, beam_search, counts, greedy_search
from .text import END_ID, Vocabulary, encode_all, pad

__all__ = ["Translation", "Translator"]

ArrayLike: TypeAlias = Any  # a tensor, an array or nested lists; TensorFlow ships no types
Model = TypeVar("Model", bound="Translator")
Result = TypeVar("Result")

IDS, LIMIT = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32)


class Translation(NamedTuple):
    """A translation: its words, and a row of weights over the source for each word and for END.

    `weights` is `(len(tokens) + 1, len(source))`, one row less if the length limit came before
    END, and None for a model without attention.
    """

    tokens: tuple[str, ...]
    weights: npt.NDArray[Any] | None


class InPolicy(keras.layers.Layer):
    """Calls a function as Keras calls a layer: weights are read in the dtype of computation."""

    def call(self, function: Callable[[], Any]) -> Any:
        return function()


class Translator(keras.Model):
    """A model that translates sequences of tokens. A subclass defines four methods:

    - `encode(source, training=False)`: the memory of a batch of sentences, a tensor or a nest of
      tensors with `b` rows;
    - `start_state(memory)`: the state of the decoder before the first word, the same;
    - `next_word(token, state, memory)`: one step of decoding, as `decoding` describes it;
    - `teacher_force(source, target_in, training=False)`: logits and weights of all words at once.

    Ids are checked by `source_ids`, `target_ids` and `token_ids`. If `__init__` has arguments of its
    own, `get_config` adds them. `in_policy` calls what uses weights outside of Keras' layers.

    Args:
        source_vocabulary, target_vocabulary: `text.Vocabulary`, or their lists of tokens.
        seed: sets Keras' global seed before the weights are drawn; None leaves it alone.
        **kwargs: those of every Keras model, such as `name` and `dtype`.

    Called with `(source, target_in)`, or a dict of the two, integer ids `(b, k)` and `(b, q)` padded
    with 0 at the end, it returns the logits `(b, q, vocabulary)` under teacher forcing. A file that
    `save` writes holds the vocabularies too.

    Raises:
        TypeError: a vocabulary is neither a `Vocabulary` nor a list of tokens, the seed no integer.
        ValueError: a seed that is out of range.

    Example:
        A model that copies the word at its place, if it has learnt to:

        >>> class Copier(Translator):
        ...     def __init__(self, *vocabularies, **kwargs):
        ...         super().__init__(*vocabularies, **kwargs)
        ...         size = len(self.target_vocabulary)
        ...         self.table = self.add_weight(name="table", shape=(size, size))
        ...     def encode(self, source, training=False):
        ...         return tf.gather(self.table, self.source_ids(source))
        ...     def start_state(self, memory):
        ...         return tf.zeros(tf.shape(memory)[:1], tf.int32)
        ...     def next_word(self, token, state, memory):
        ...         last = tf.shape(memory)[1] - 1
        ...         logits = tf.gather(memory, tf.minimum(state, last), batch_dims=1)
        ...         return logits, state + 1, None
        ...     def teacher_force(self, source, target_in, training=False):
        ...         memory = self.encode(source)
        ...         last = tf.shape(memory)[1] - 1
        ...         places = tf.minimum(tf.range(tf.shape(target_in)[1]), last)
        ...         return tf.gather(memory, places, axis=1), None
        >>> copier = Copier(["a", "b"], ["a", "b"], seed=0)
        >>> from attention_helpers import SentencePair, train
        >>> copies = [SentencePair(tuple(words), tuple(words)) for words in ("a", "b", "ab", "ba")]
        >>> losses = train(copier, copies, steps=40, learning_rate=0.3, bins=1, verbose=False)["loss"]
        >>> losses[-1] < losses[0]
        True
        >>> len(copier.translate([("b", "a", "a")], max_length=2)[0].tokens) <= 2
        True
    """

    def __init__(
        self,
        source_vocabulary: Vocabulary | Sequence[str],
        target_vocabulary: Vocabulary | Sequence[str],
        *,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        seed = checked_seed("seed", seed)
        super().__init__(**kwargs)
        self.source_vocabulary = as_vocabulary("source_vocabulary", source_vocabulary)
        self.target_vocabulary = as_vocabulary("target_vocabulary", target_vocabulary)
        if seed is not None:
            keras.utils.set_random_seed(seed)
        self.built = True

    def encode(self, source: ArrayLike, training: bool = False) -> Any:
        """Reads a batch of sentences.

        Args:
            source: integer ids `(b, k)`, padded with 0 at the end.
            training: whether to drop what the model drops while it trains.

        Returns:
            The memory that the decoder reads: a tensor or a nest of tensors, with `b` rows.

        Raises:
            ValueError: the ids are not integers `(b, k)` of the vocabulary.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no encode()")

    def start_state(self, memory: Any) -> Any:
        """The state of the decoder before the first word: tensors with `b` rows."""
        raise NotImplementedError(f"{type(self).__name__} defines no start_state()")

    def start_search(self, memory: Any, limit: tf.Tensor) -> Any:
        """`start_state(memory)`, in which a model may make room for words up to the limits `(b,)`."""
        return self.start_state(memory)

    def next_word(
        self, token: ArrayLike, state: Any, memory: Any
    ) -> tuple[tf.Tensor, Any, tf.Tensor | None]:
        """Takes a decoder one word on. All that it knows comes as an argument, and goes as a value.

        Args:
            token: integer ids `(b,)`, the words y_{i-1}; START (1) before the first.
            state: what this method returned; what `start_state` returned at first.
            memory: what `encode` returned.

        Returns:
            The logits `(b, vocabulary)` of y_i, the next state, and the weights `(b, k)` or None.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no next_word()")

    def teacher_force(
        self, source: ArrayLike, target_in: ArrayLike, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Predicts every next word, given the right ones before it.

        Args:
            source: integer ids `(b, k)`, padded with 0 at the end.
            target_in: integer ids `(b, q)`: START and the translation, without END.
            training: whether to drop what the model drops while it trains.

        Returns:
            The logits `(b, q, vocabulary)` and the weights `(b, q, k)`, or None.

        Raises:
            ValueError: the ids are not integers `(b, k)` and `(b, q)` of the vocabularies.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no teacher_force()")

    def source_ids(self, source: ArrayLike) -> tf.Tensor:
        """Ids `(b, k)` of the source vocabulary, checked."""
        return as_ids("source", source, self.source_vocabulary)

    def target_ids(self, target_in: ArrayLike, rows: int | None = None) -> tf.Tensor:
        """Ids `(b, q)` of the target vocabulary, checked, for so many sentences."""
        return as_ids("target_in", target_in, self.target_vocabulary, rows)

    def token_ids(self, token: ArrayLike, rows: int | None = None) -> tf.Tensor:
        """Ids `(b,)` of the target vocabulary, checked, for so many sentences."""
        token = integers("token", token)
        check_ids("token", token, len(self.target_vocabulary))
        if not token.shape.is_compatible_with([rows]):
            expected = show(tf.TensorShape([rows]))
            raise ValueError(f"token: expected ids of shape {expected}, got {show(token.shape)}")
        return token

    def in_policy(self, function: Callable[..., Result], *args: Any) -> Result:
        """Calls a function that uses weights outside of a layer's `call`, also in mixed policies."""
        if self.compute_dtype == self.variable_dtype:
            return function(*args)
        result: Result = InPolicy(dtype=self.dtype_policy)(function=lambda: function(*args))
        return result

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        source, target_in = as_inputs(inputs)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            # Before it trains under a strategy, Keras calls the model, to learn its shapes, with
            # the mean of the replicas' ids, which is a float.
            source, target_in = tf.cast(source, tf.int32), tf.cast(target_in, tf.int32)
        given = self.teacher_force(source, target_in, training)
        logits, _ = as_things("teacher_force", "logits, weights", given)
        return as_logits("teacher_force", "bqv", logits, len(self.target_vocabulary))

    def translate(
        self,
        sentences: Iterable[Sequence[str]],
        max_length: int | None = None,
        batch_size: int = 128,
        *,
        beam_width: int = 1,
        length_penalty: float = 1.0,
        unknown: str = "error",
    ) -> list[Translation]:
        """Translates sentences: by the likeliest word each time, or by beam search.

        Args:
            sentences: a list of token sequences.
            max_length: after how many tokens to stop, if END did not come; None means twice the
                length of the sentence and ten more.
            batch_size: how many sentences of similar length to translate at once.
            beam_width: how many hypotheses of each sentence to hold; 1 is greedy.
            length_penalty: of beam search, which takes the hypothesis of the highest
                log-probability divided by its length to this power.
            unknown: "error", or "replace" to read UNKNOWN for words that are not in the vocabulary.

        Returns:
            A list of `Translation`, in the order of the sentences.

        Raises:
            TypeError: a sentence is a string instead of its tokens, or a number of another kind.
            ValueError: a sentence is empty, has a special token or an unknown word; a number is out
                of range.

        Example:
            >>> from attention_helpers.seq2seq import Seq2Seq
            >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
            >>> translations = model.translate([["a", "cat"], ["cat"]], max_length=4, beam_width=3)
            >>> [len(translation.tokens) <= 4 for translation in translations]
            [True, True]
        """
        integer("batch_size", batch_size, least=1)
        integer("beam_width", beam_width, least=1)
        number("length_penalty", length_penalty, least=0)
        if max_length is not None:
            integer("max_length", max_length, least=1)
        sources = encode_all("sentences", sentences, self.source_vocabulary, unknown=unknown)
        limits = [max_length or 2 * len(source) + 10 for source in sources]
        by_length = sorted(range(len(sources)), key=lambda place: len(sources[place]))
        translations: dict[int, Translation] = {}
        for first in range(0, len(sources), batch_size):
            places = by_length[first : first + batch_size]
            source = pad([sources[place] for place in places])
            limit = np.array([limits[place] for place in places])
            if beam_width == 1:
                tokens, weights = self.greedy(source, limit)
            else:
                tokens, weights, *_ = self.beam_search(source, limit, beam_width, length_penalty)
            rows = itertools.repeat(None) if weights is None else weights.numpy()
            for place, ids, row in zip(places, tokens.numpy(), rows, strict=False):
                words = as_words(ids[: limits[place]])
                row = None if row is None else row[: len(words), : len(sources[place])]
                translations[place] = Translation(self.target_vocabulary.decode(words), row)
        return [translations[place] for place in range(len(sources))]

    def greedy(
        self, source: ArrayLike, max_length: ArrayLike
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The likeliest word each time.

        Args:
            source: integer ids `(b, k)`, padded with 0 at the end.
            max_length: after how many ids to stop, if END did not come: one integer, or one for
                each sentence, `(b,)`.

        Returns:
            Ids `(b, q)`, padded after END, and weights `(b, q, k)`, or None without attention.

        Raises:
            ValueError: the ids are not integers `(b, k)` of the vocabulary, or `max_length` not of
                integers from 1, one or `b` of them.
        """
        tokens, weights = self._greedy(*self._as_search(source, max_length))
        return tokens, weights

    def beam_search(
        self,
        source: ArrayLike,
        max_length: ArrayLike,
        beam_width: int = 4,
        length_penalty: float = 1.0,
    ) -> BeamSearchResult:
        """The likeliest translations that a beam finds, as ids, with their log-probabilities.

        Args:
            source, max_length: as in `greedy`.
            beam_width: how many hypotheses of each sentence to hold.
            length_penalty: the log-probability is divided by the length to this power.

        Returns:
            `BeamSearchResult`.

        Raises:
            TypeError: a number is of another kind.
            ValueError: as in `greedy`, or a number is out of range.

        Example:
            >>> from attention_helpers.seq2seq import Seq2Seq
            >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0)
            >>> found = model.beam_search([[4, 5], [5, 0]], max_length=3, beam_width=2)
            >>> found.score.shape.as_list(), found.weights.shape[-1]
            ([2], 2)
        """
        integer("beam_width", beam_width, least=1)
        length_penalty = number("length_penalty", length_penalty, least=0)
        search = *self._as_search(source, max_length), tf.constant(beam_width, tf.int32)
        result: BeamSearchResult = self._beam_search(*search, length_penalty)
        return result

    def _as_search(self, source: ArrayLike, max_length: ArrayLike) -> tuple[tf.Tensor, tf.Tensor]:
        """Ids `(b, k)` and limits `(b,)`, checked."""
        source = self.source_ids(source)
        limit = counts("max_length", max_length)
        if limit.shape.rank and not limit.shape.is_compatible_with(source.shape[:1]):
            expected = f"an integer or {show(source.shape[:1])} of them"
            raise ValueError(f"max_length: expected {expected}, got shape {show(limit.shape)}")
        return tf.cast(source, tf.int32), tf.broadcast_to(limit, tf.shape(source)[:1])

    def _next_word(self, token: tf.Tensor, state: Any, memory: Any) -> tuple[Any, ...]:
        """`next_word`, which must give a logit for each word that there is."""
        given = self.next_word(token, state, memory)
        logits, *others = as_things("next_word", "logits, state, weights", given)
        return as_logits("next_word", "bv", logits, len(self.target_vocabulary)), *others

    @tf.function(input_signature=[IDS, LIMIT], autograph=False)
    def _greedy(self, source: tf.Tensor, limit: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        memory = self.encode(source)
        return greedy_search(self._next_word, self.start_search(memory, limit), memory, limit)

    @tf.function(
        input_signature=[IDS, LIMIT, tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.float32)],
        autograph=False,
    )
    def _beam_search(
        self, source: tf.Tensor, limit: tf.Tensor, beam_width: tf.Tensor, length_penalty: tf.Tensor
    ) -> BeamSearchResult:
        memory = self.encode(source)
        search = self._next_word, self.start_search(memory, limit), memory, limit
        return beam_search(*search, beam_width=beam_width, length_penalty=length_penalty)

    def export(self, filepath: str | os.PathLike[str]) -> None:
        """Writes a SavedModel, which needs no Python: `serve(source, target_in)` gives the logits.

        Args:
            filepath: the folder to write; what is loaded from it must be kept while it serves.

        Example:
            >>> import tempfile
            >>> from attention_helpers.seq2seq import Seq2Seq
            >>> folder = tempfile.mkdtemp()
            >>> Seq2Seq(["a", "cat"], ["un", "chat"], units=8, seed=0).export(folder)
            >>> exported = tf.saved_model.load(folder)
            >>> exported.serve(tf.constant([[4, 5]]), tf.constant([[1, 4, 5]])).shape.as_list()
            [1, 3, 6]
        """
        archive = keras.export.ExportArchive()
        archive.track(self)
        signature = [tf.TensorSpec((None, None), tf.int32, name=name) for name in INPUTS]
        archive.add_endpoint("serve", lambda *inputs: self(inputs, training=False), signature)
        quiet = inspect.signature(archive.write_out).parameters.keys() & {"verbose"}  # since 3.6
        archive.write_out(filepath, **dict.fromkeys(quiet, False))

    @classmethod
    def load(
        cls: type[Model],
        path: str | os.PathLike[str],
        *,
        source_vocabulary: Vocabulary | Sequence[str] | None = None,
        target_vocabulary: Vocabulary | Sequence[str] | None = None,
    ) -> Model:
        """The model that `save(path)` wrote.

        Args:
            path: a `.keras` file.
            source_vocabulary, target_vocabulary: those that the caller will use. They must be the
                saved ones, or ids would mean other words; None takes the saved ones unseen.

        Raises:
            ValueError: there is no saved model of this class, or a vocabulary is another one.
        """
        expected = f"path: expected a saved {cls.__name__}, got {path}"
        try:
            with keras.saving.custom_object_scope({cls.__name__: cls}):  # none need be registered
                model = keras.saving.load_model(path, compile=False)
        except (KeyError, OSError, TypeError, ValueError) as error:
            raise ValueError(f"{expected}: {error}") from error
        if not isinstance(model, cls):
            raise ValueError(f"{expected}, which holds a {type(model).__name__}")
        if source_vocabulary is not None:
            check_same("source_vocabulary", source_vocabulary, model.source_vocabulary)
        if target_vocabulary is not None:
            check_same("target_vocabulary", target_vocabulary, model.target_vocabulary)
        return model

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this model again."""
        return {
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            "source_vocabulary": list(self.source_vocabulary.tokens),
            "target_vocabulary": list(self.target_vocabulary.tokens),
        }


def as_words(ids: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The ids up to the first END, which is among them."""
    return ids[: int(np.argmax(ids == END_ID)) + 1] if END_ID in ids else ids


def as_vocabulary(name: str, vocabulary: Vocabulary | Sequence[str]) -> Vocabulary:
    """A `Vocabulary`, also from the list of tokens that a saved model holds."""
    if isinstance(vocabulary, Vocabulary):
        return vocabulary
    if isinstance(vocabulary, list | tuple) and all(isinstance(t, str) for t in vocabulary):
        return Vocabulary(vocabulary)
    raise TypeError(f"{name}: expected a Vocabulary or a list of tokens, got {vocabulary!r:.60}")


def check_same(name: str, vocabulary: Any, saved: Vocabulary) -> None:
    """Raises a ValueError that names the first token in which two vocabularies differ."""
    given = as_vocabulary(name, vocabulary)
    if given == saved:
        return
    pairs = enumerate(itertools.zip_longest(given.tokens, saved.tokens))
    place, (ours, theirs) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    raise ValueError(
        f"{name}: expected the {len(saved)} tokens of the saved model, got {len(given)} tokens; "
        f"the first to differ is number {place}: {theirs!r} saved, {ours!r} given"
    )
