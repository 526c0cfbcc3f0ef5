"""Words as numbers: the special ids, vocabularies, padding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .._arguments import integer

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
        ValueError: a word occurs twice, or is not a non-empty string.

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
        if isinstance(tokens, str):
            raise TypeError(f"tokens must be a sequence of words, got the string {tokens!r}")
        tokens = tuple(tokens)
        if tokens[:4] != SPECIALS:
            tokens = SPECIALS + tokens
        ids: dict[str, int] = {}
        for token in tokens:
            if not isinstance(token, str) or not token:
                raise ValueError(f"tokens must be non-empty strings, got {token!r}")
            if token in ids:
                raise ValueError(f"tokens must be distinct, got {token!r} twice")
            ids[token] = len(ids)
        self._tokens, self._ids = tokens, ids

    @classmethod
    def from_sentences(cls, sentences: Iterable[Iterable[str]]) -> Vocabulary:
        """The vocabulary of all words in the sentences, in alphabetical order.

        Args:
            sentences: iterable of sequences of words.

        Returns:
            A `Vocabulary`.

        Example:
            >>> Vocabulary.from_sentences([["le", "chat"], ["le", "chien"]]).tokens[4:]
            ('chat', 'chien', 'le')
        """
        return cls(sorted({word for sentence in sentences for word in sentence} - {*SPECIALS}))

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
        tokens: Sequence[str],
        *,
        start: bool = False,
        end: bool = False,
        unknown: str = "error",
    ) -> list[int]:
        """The ids of a sentence.

        Args:
            tokens: sequence of words, at least one.
            start, end: whether to put START before and END after it.
            unknown: "error", or "replace" to give words out of the vocabulary the id of UNKNOWN.

        Returns:
            A list of int.

        Raises:
            TypeError: `tokens` is a string instead of a sequence of words.
            ValueError: the sentence is empty, or a word is unknown.

        Example:
            >>> vocabulary = Vocabulary(["le", "chat"])
            >>> vocabulary.encode(["le", "chien"], unknown="replace")
            [4, 3]
        """
        if isinstance(tokens, str):
            raise TypeError(f"tokens must be a sequence of words, got the string {tokens!r}")
        if unknown not in ("error", "replace"):
            raise ValueError(f'unknown must be "error" or "replace", got {unknown!r}')
        known = [self._ids.get(token) for token in tokens]
        if not known:
            raise ValueError("tokens must hold at least one word, got an empty sentence")
        if None in known and unknown == "error":
            raise ValueError(
                f"tokens must be words of the vocabulary, got "
                f"{list(tokens)[known.index(None)]!r}, which is unknown"
            )
        ids = [self._ids[UNKNOWN] if i is None else i for i in known]
        return [self._ids[START]] * start + ids + [self._ids[END]] * end

    def decode(self, ids: Ids) -> tuple[str, ...]:
        """The words of a sentence: up to the first END, without PAD and START.

        Args:
            ids: integers, shape (length,).

        Returns:
            A tuple of strings.

        Raises:
            ValueError: an id is not in the vocabulary.
        """
        words = []
        for i in ids:
            if not 0 <= i < len(self):
                raise ValueError(f"ids must be from 0 to {len(self) - 1}, got {i!r}")
            token = self._tokens[int(i)]
            if token == END:
                break
            if token not in (PAD, START):
                words.append(token)
        return tuple(words)


def encode_all(
    name: str,
    sentences: Iterable[Sequence[str]],
    vocabulary: Vocabulary,
    start: bool = False,
    end: bool = False,
    unknown: str = "error",
) -> list[list[int]]:
    """The ids of sentences; an error says which sentence it is about."""
    if not isinstance(sentences, Iterable):
        raise TypeError(f"{name}: expected a list of sentences, got {sentences!r}")
    encoded = []
    for number, words in enumerate(sentences):
        try:
            encoded.append(vocabulary.encode(words, start=start, end=end, unknown=unknown))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}[{number}]: {error}") from None
    return encoded


def pad(sequences: Sequence[Ids], length: int | None = None) -> npt.NDArray[np.int32]:
    """Sequences of ids as one array, filled up with 0, the id of PAD.

    Args:
        sequences: lists of ids.
        length: number of columns; the longest sequence's length if None.

    Returns:
        int32 array, shape (number of sequences, length).

    Raises:
        ValueError: there is no sequence, or one is longer than `length`.

    Example:
        >>> pad([[5, 6, 7], [8]]).tolist()
        [[5, 6, 7], [8, 0, 0]]
    """
    lengths = [len(sequence) for sequence in sequences]
    if not lengths:
        raise ValueError("sequences must hold at least one sequence, got none")
    if length is None:
        length = max(lengths)
    integer("length", length, 1)
    if max(lengths) > length:
        raise ValueError(
            f"length must be at least that of the longest sequence, {max(lengths)}, got {length}"
        )
    array = np.zeros((len(lengths), length), dtype=np.int32)
    for row, sequence in zip(array, sequences, strict=True):
        row[: len(sequence)] = sequence
    return array
