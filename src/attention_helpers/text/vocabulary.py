"""Words as numbers: the special ids, vocabularies, padding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._arguments import choice, integer

__all__ = [
    "END",
    "END_ID",
    "PAD",
    "PAD_ID",
    "START",
    "START_ID",
    "UNKNOWN",
    "UNKNOWN_ID",
    "Vocabulary",
    "pad",
]

PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unk>"
SPECIALS = (PAD, START, END, UNKNOWN)
PAD_ID, START_ID, END_ID, UNKNOWN_ID = range(len(SPECIALS))

Ids: TypeAlias = Sequence[int] | npt.NDArray[np.integer]


class Vocabulary:
    """A list of words, numbered from 0; the first four are PAD, START, END and UNKNOWN.

    Args:
        tokens: distinct words in the order of their ids; the four special tokens come first
            whether given (at the start) or not.

    Raises:
        TypeError: `tokens` is a string, or holds what is none.
        ValueError: a word occurs twice, or is empty, or a special token stands elsewhere.

    Example:
        >>> vocabulary = Vocabulary(["le", "chat", "."])
        >>> len(vocabulary), vocabulary.tokens[:2]
        (7, ('<pad>', '<start>'))
        >>> vocabulary.encode(["le", "chat", "."], start=True, end=True)
        [1, 4, 5, 6, 2]
        >>> vocabulary.decode([1, 4, 5, 6, 2, 0, 0])
        ('le', 'chat', '.')
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        tokens = _words("tokens", tokens)
        if tokens[:4] != SPECIALS:
            for place, token in enumerate(tokens):
                if token in SPECIALS:
                    raise ValueError(
                        f"tokens[{place}]: expected a word, got {token!r}: the special tokens "
                        f"{', '.join(SPECIALS)} stand at the start, all four, or not at all"
                    )
            tokens = SPECIALS + tokens
        self._tokens, self._ids = tokens, {token: i for i, token in enumerate(tokens)}
        if len(self._ids) < len(tokens):
            twice = next(token for i, token in enumerate(tokens) if self._ids[token] > i)
            raise ValueError(f"tokens: expected distinct words, got {twice!r} twice")

    @classmethod
    def from_sentences(
        cls, sentences: Iterable[Iterable[str]], *, min_count: int = 1
    ) -> Vocabulary:
        """The vocabulary of the words in the sentences, in alphabetical order.

        Args:
            sentences: iterable of sequences of words.
            min_count: how often a word must occur to be in it; to the model, a rarer word is an
                unknown one.

        Returns:
            A `Vocabulary`.

        Raises:
            TypeError: a sentence is a string instead of a sequence of words.
            ValueError: a word is empty or a special token, or no word occurs often enough.

        Example:
            >>> sentences = [["le", "chat"], ["le", "chien"]]
            >>> Vocabulary.from_sentences(sentences).tokens[4:]
            ('chat', 'chien', 'le')
            >>> Vocabulary.from_sentences(sentences, min_count=2).tokens[4:]
            ('le',)
        """
        integer("min_count", min_count, 1)
        if isinstance(sentences, str) or not isinstance(sentences, Iterable):
            raise TypeError(f"sentences: expected a list of sentences, got {sentences!r}")
        counts: Counter[str] = Counter()
        for number, sentence in enumerate(sentences):
            name = f"sentences[{number}]"
            counts.update(_no_specials(name, _words(name, sentence)))
        tokens = sorted(word for word, count in counts.items() if count >= min_count)
        if not tokens:
            raise ValueError(
                f"sentences: expected a word that occurs {min_count} times or more, got none"
            )
        return cls(tokens)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens, in the order of their ids (a tuple of strings)."""
        return self._tokens

    def __len__(self) -> int:
        return len(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self._tokens == other._tokens

    def __hash__(self) -> int:
        return hash(self._tokens)

    def __repr__(self) -> str:
        return f"Vocabulary of {len(self)} tokens"

    def encode(
        self,
        tokens: Iterable[str],
        *,
        start: bool = False,
        end: bool = False,
        unknown: str = "error",
    ) -> list[int]:
        """The ids of a sentence.

        A special token is no word: a "<pad>" among the words would be taken for padding, an
        "<end>" would end the sentence. START and END come from `start` and `end`, UNKNOWN from
        `unknown`.

        Args:
            tokens: the words, at least one.
            start, end: whether to put START before and END after them.
            unknown: "error", or "replace" to give words out of the vocabulary the id of UNKNOWN.

        Returns:
            A list of int.

        Raises:
            TypeError: `tokens` is a string instead of a sequence of words, or a word is none.
            ValueError: the sentence is empty, or a word is empty, unknown or a special token.

        Example:
            >>> vocabulary = Vocabulary(["le", "chat"])
            >>> vocabulary.encode(["le", "chien"], unknown="replace")
            [4, 3]
            >>> vocabulary.encode(["le", "<pad>"])
            Traceback (most recent call last):
            ValueError: tokens[1]: expected a word, got the special token '<pad>'
        """
        return encode_sentence("tokens", tokens, self, start, end, unknown)

    def decode(self, ids: Ids) -> tuple[str, ...]:
        """The words of a sentence: up to the first END, without PAD and START.

        Args:
            ids: integers of any type, shape (length,).

        Returns:
            A tuple of strings; an unknown word is UNKNOWN.

        Raises:
            TypeError: an id is not an integer.
            ValueError: an id is not in the vocabulary, or `ids` has another shape.

        Example:
            >>> Vocabulary(["le", "chat"]).decode([1, 4, 3, 2, 0])
            ('le', '<unk>')
        """
        words = [self._tokens[i] for i in id_array("ids", ids, most=len(self) - 1).tolist()]
        words = words[: words.index(END)] if END in words else words
        return tuple(word for word in words if word not in (PAD, START))


def _words(name: str, words: Any) -> tuple[str, ...]:
    """The words as a tuple; what is no sequence of non-empty strings is named."""
    if isinstance(words, str):
        raise TypeError(f"{name}: expected a sequence of words, got the string {words!r}")
    if not isinstance(words, Iterable):
        raise TypeError(f"{name}: expected a sequence of words, got {words!r}")
    checked: tuple[str, ...] = tuple(words)
    for at, word in enumerate(checked):
        if not isinstance(word, str):
            raise TypeError(f"{name}[{at}]: expected a word, got {word!r} ({type(word).__name__})")
        if not word:
            raise ValueError(f"{name}[{at}]: expected a word, got an empty string")
    return checked


def _no_specials(name: str, words: tuple[str, ...]) -> tuple[str, ...]:
    for at, word in enumerate(words):
        if word in SPECIALS:
            raise ValueError(f"{name}[{at}]: expected a word, got the special token {word!r}")
    return words


def encode_sentence(
    name: str,
    sentence: Iterable[str],
    vocabulary: Vocabulary,
    start: bool = False,
    end: bool = False,
    unknown: str = "error",
) -> list[int]:
    """`Vocabulary.encode`, for a sentence of that name in errors."""
    choice("unknown", unknown, ["error", "replace"])
    words = _no_specials(name, _words(name, sentence))
    if not words:
        raise ValueError(f"{name}: expected at least one word, got an empty sentence")
    ids = [vocabulary._ids.get(word, UNKNOWN_ID) for word in words]
    if UNKNOWN_ID in ids and unknown == "error":
        at = ids.index(UNKNOWN_ID)
        raise ValueError(
            f"{name}[{at}]: expected a word of the vocabulary, got {words[at]!r}, which is "
            'unknown; unknown="replace" takes it'
        )
    return [START_ID] * bool(start) + ids + [END_ID] * bool(end)


def encode_all(
    name: str, sentences: Iterable[Iterable[str]], vocabulary: Vocabulary, unknown: str = "error"
) -> list[list[int]]:
    """The ids of sentences, whose errors say by NAME[number] which sentence they are about."""
    choice("unknown", unknown, ["error", "replace"])
    if isinstance(sentences, str) or not isinstance(sentences, Iterable):
        raise TypeError(f"{name}: expected a list of sentences, got {sentences!r}")
    return [
        encode_sentence(f"{name}[{number}]", sentence, vocabulary, unknown=unknown)
        for number, sentence in enumerate(sentences)
    ]


def encode_side(
    name: str,
    pairs: Iterable[object],
    side: str,
    vocabulary: Vocabulary,
    unknown: str,
    **ends: bool,
) -> list[list[int]]:
    """The ids of all sources or all targets, whose errors say by NAME[number].SIDE which it is."""
    return [
        encode_sentence(
            f"{name}[{number}].{side}", getattr(pair, side), vocabulary, unknown=unknown, **ends
        )
        for number, pair in enumerate(pairs)
    ]


def id_array(name: str, ids: Any, most: int = np.iinfo(np.int32).max) -> npt.NDArray[np.int32]:
    """The ids of one sentence, from 0 to `most`, as an int32 array of one axis."""
    try:
        array = np.asarray(ids)
    except ValueError:  # lists of different lengths
        raise ValueError(f"{name}: expected one list of integers, got {ids!r}") from None
    if array.size == 0 and array.ndim == 1:
        return np.zeros(0, np.int32)
    if array.ndim != 1:
        raise ValueError(f"{name}: expected one list of integers, got the shape {array.shape}")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integers, got {array.dtype}: {ids!r}")
    if array.min() < 0 or array.max() > most:
        at = int(np.argmax((array < 0) | (array > most)))
        raise ValueError(f"{name}[{at}]: expected an integer from 0 to {most}, got {array[at]}")
    return array.astype(np.int32)


def pad(sequences: Sequence[Ids], length: int | None = None) -> npt.NDArray[np.int32]:
    """Sequences of ids as one array, filled up with 0, the id of PAD.

    Args:
        sequences: lists of ids, integers of any type.
        length: number of columns; the longest sequence's length if None.

    Returns:
        int32 array, shape (number of sequences, length).

    Raises:
        TypeError: an id or `length` is not an integer.
        ValueError: there is no sequence, one is longer than `length`, or an id is out of int32.

    Example:
        >>> pad([[5, 6, 7], [8]]).tolist()
        [[5, 6, 7], [8, 0, 0]]
    """
    rows = [id_array(f"sequences[{n}]", sequence) for n, sequence in enumerate(sequences)]
    longest = max(map(len, rows), default=0)
    if not longest:
        raise ValueError(f"sequences: expected at least one id, got {len(rows)} empty sequences")
    if length is None:
        length = longest
    elif integer("length", length, 1) < longest:
        raise ValueError(
            f"length: expected at least that of the longest sequence, {longest}, got {length}"
        )
    return padded(rows, length)


def padded(rows: Sequence[npt.NDArray[np.int32]], length: int) -> npt.NDArray[np.int32]:
    """`pad` without its checks."""
    array = np.full((len(rows), length), PAD_ID, dtype=np.int32)
    for row, ids in zip(array, rows, strict=True):
        row[: len(ids)] = ids
    return array
