"""Words as numbers: the special ids, vocabularies, padding, batches of sentences of similar length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ._arguments import integer

__all__ = [
    "END",
    "END_ID",
    "PAD",
    "PAD_ID",
    "START",
    "START_ID",
    "UNKNOWN",
    "UNKNOWN_ID",
    "SentencePair",
    "Vocabulary",
    "batches_by_length",
    "pad",
]

PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unk>"
SPECIALS = (PAD, START, END, UNKNOWN)
PAD_ID, START_ID, END_ID, UNKNOWN_ID = range(len(SPECIALS))

Ids: TypeAlias = Sequence[int] | npt.NDArray[np.integer]
Batch: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]


class SentencePair(NamedTuple):
    """A sentence, its translation, and which word translates which.

    Args:
        source: English words, the full stop included.
        target: French words, the full stop included.
        sure: links (source position, target position), counted from 0, that no annotator would
            dispute.
        possible: every admissible link; contains `sure`.

    Example:
        >>> from attention_helpers.corpus import generate_pairs
        >>> pair = generate_pairs(1, length=7)[0]
        >>> len(pair.source), pair.source[-1], pair.target[-1]
        (7, '.', '.')
        >>> pair.sure <= pair.possible
        True
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    sure: frozenset[tuple[int, int]]
    possible: frozenset[tuple[int, int]]


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


# Between 0, as many sentences of every length, and 1, as many tokens of every length.
SHORTER_MORE_OFTEN = 0.6


def batches_by_length(
    sources: Sequence[Ids],
    targets: Sequence[Ids],
    batch_size: int,
    *,
    steps: int,
    bins: int = 4,
    seed: int = 0,
) -> Iterator[Batch]:
    """Batches of sentences of similar length, padded to a few fixed shapes.

    The pairs are sorted by the length of their longer side and cut into `bins` of equal size. A bin is drawn with a
    probability that falls with the length of its targets, to the power `SHORTER_MORE_OFTEN`, for
    short batches cost less. All batches of a bin have one shape, so that a compiled training step
    is compiled `bins` times and no more. A round through a bin takes no sentence twice; what is
    left at its end and too little for a batch waits for another round.

    Args:
        sources: lists of ids.
        targets: lists of ids, from START to END, as many as sources.
        batch_size: sentences a batch (fewer, if a bin holds fewer).
        steps: how many batches.
        bins: how many shapes (fewer, if there are fewer pairs).
        seed: of the order of batches and sentences.

    Returns:
        An iterator of `(source, target_in, target_out)`: int32 `(b, k)`, `(b, q)`, `(b, q)`;
        `target_out` is `target_in` one word later.

    Raises:
        TypeError: `batch_size`, `steps`, `bins` or `seed` is not an integer.
        ValueError: one of them is too small, there are no sentences, not as many targets as
            sources, an empty source, or a target of fewer than two ids.

    Example:
        >>> batches = batches_by_length([[4, 5]], [[1, 7, 8, 2]], batch_size=1, steps=1)
        >>> for array in next(batches):
        ...     print(array.tolist())
        [[4, 5]]
        [[1, 7, 8]]
        [[7, 8, 2]]
    """
    _check_batches(sources, targets, batch_size, steps, bins, seed)
    longer = [
        max(len(source), len(target)) for source, target in zip(sources, targets, strict=True)
    ]
    order = np.argsort(longer, kind="stable")
    groups = [
        (pad([sources[i] for i in group]), pad([targets[i] for i in group]))
        for group in np.array_split(order, min(bins, len(order)))
    ]
    return _draw_batches(groups, batch_size, steps, np.random.default_rng(seed))


def _draw_batches(
    groups: Sequence[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]],
    batch_size: int,
    steps: int,
    random: np.random.Generator,
) -> Iterator[Batch]:
    weights = np.array([target.shape[1] for _, target in groups]) ** -SHORTER_MORE_OFTEN
    waiting = [np.array([], int) for _ in groups]
    for _ in range(steps):
        number = random.choice(len(groups), p=weights / weights.sum())
        source, target = groups[number]
        if len(waiting[number]) < batch_size:  # a new round through this bin
            waiting[number] = random.permutation(len(source))
        rows, waiting[number] = np.split(waiting[number], [batch_size])
        yield source[rows], target[rows, :-1], target[rows, 1:]


def _check_batches(
    sources: Sequence[Ids],
    targets: Sequence[Ids],
    batch_size: int,
    steps: int,
    bins: int,
    seed: int,
) -> None:
    for name, value in {"batch_size": batch_size, "steps": steps, "bins": bins}.items():
        integer(name, value, 1)
    integer("seed", seed, 0)
    if len(sources) == 0:
        raise ValueError("sources must hold at least one sentence, got none")
    if len(sources) != len(targets):
        raise ValueError(f"targets must be as many as sources, {len(sources)}, got {len(targets)}")
    for name, sentences, least in (("sources", sources, 1), ("targets", targets, 2)):
        for number, ids in enumerate(sentences):
            if len(ids) < least:
                raise ValueError(f"{name}[{number}] must hold {least} or more ids, got {ids!r}")
