"""IBM Model 1: word alignment from sentence pairs alone, by counting. No network, no order.

It is what an attention that aligns has to be compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .._arguments import choice, integer
from ..text import PAD_ID, Vocabulary, encode_sentence
from ._checks import Pair, listed_pairs
from .alignments import diagonal

__all__ = ["IBMModel1"]

Numbers: TypeAlias = npt.NDArray[np.float64]
Ids: TypeAlias = npt.NDArray[np.integer]
Sentences: TypeAlias = Sequence[Sequence[int]]

NULL_ID = PAD_ID  # no sentence holds it
ROUNDING = 1e-9  # chances that differ by less, as a share of the larger one, are equal
WORDS_A_BLOCK = 20_000  # target words whose chances stand in memory at once


class IBMModel1:
    """How likely each source word e is translated by each target word f: a table t(f | e).

    `IBMModel1.train(pairs)` makes one. The model: each target word is the translation of one word
    of the source sentence, any of them with the same chance, whatever their places; so the words
    alone decide. If "chat" stands wherever "cat" does, t(chat | cat) grows.

    Example:
        >>> from attention_helpers.text import SentencePair
        >>> pairs = [("a cat", "un chat"), ("a dog", "un chien"), ("the cat", "le chat")]
        >>> pairs = [SentencePair(tuple(e.split()), tuple(f.split())) for e, f in pairs]
        >>> model = IBMModel1.train(pairs, iterations=3)
        >>> print(model.weights(["a", "cat"], ["un", "chat"]).round(2))
        [[0.86 0.14]
         [0.14 0.86]]
        >>> sorted(model.align(["the", "dog"], ["le", "chien"]))
        [(0, 0), (1, 1)]
        >>> [(word, round(chance, 2)) for word, chance in model.translations("dog", most=1)]
        [('chien', 0.65)]

    Source: Brown et al. 1993 (Computational Linguistics 19(2)), Model 1. Their sources also hold an
    empty word, NULL: see `train`.
    """

    def __init__(
        self,
        source_vocabulary: Vocabulary,
        target_vocabulary: Vocabulary,
        cells: Ids,
        chances: Numbers,
        null: bool,
        log_likelihoods: tuple[float, ...],
    ) -> None:
        self.source_vocabulary, self.target_vocabulary = source_vocabulary, target_vocabulary
        self.null = null
        #: ln of the chance of all target words, before each iteration; it never falls.
        self.log_likelihoods = log_likelihoods
        # Only pairs of words that met are in the table: e · (size of the target vocabulary) + f.
        self._cells, self._chances = cells, chances

    @classmethod
    def train(cls, pairs: Iterable[Pair], iterations: int = 5, *, null: bool = False) -> IBMModel1:
        """Learns the table by expectation-maximisation (EM), from equal chances for all words.

        Each iteration shares every target word out among the words of its source sentence, in
        proportion to t(f | e) (expectation), and makes the shares that each source word has of each
        target word the new t(f | e) (maximisation).

        Args:
            pairs: a list of sentence pairs, as `text.SentencePair`; their links are not read.
            iterations: how often to do so.
            null: whether every source sentence begins with the empty word NULL, for target words
                that translate none. In the book's corpus there are none, and NULL changes next to
                nothing.

        Returns:
            An `IBMModel1`.

        Raises:
            TypeError: no list of pairs, a sentence that is no sequence of words, `iterations` is no
                integer.
            ValueError: no pair, an empty sentence, fewer than one iteration.
        """
        integer("iterations", iterations, 1)
        pairs = listed_pairs("pairs", pairs)
        source_vocabulary = Vocabulary.from_sentences(pair.source for pair in pairs)
        target_vocabulary = Vocabulary.from_sentences(pair.target for pair in pairs)
        sources = [source_vocabulary.encode(pair.source) for pair in pairs]
        targets = [target_vocabulary.encode(pair.target) for pair in pairs]
        if null:
            sources = [[NULL_ID, *source] for source in sources]
        size = len(target_vocabulary)
        numbers = [np.unique(block) for block in _meetings(sources, targets, size)]
        cells = np.unique(np.concatenate(numbers))
        blocks = [  # places in `cells`, in half the memory
            np.searchsorted(cells, block).astype(np.int32)
            for block in _meetings(sources, targets, size)
        ]
        source_of_cell = cells // size
        chances = np.full(len(cells), 1 / len(np.unique(cells % size)))  # t(f | e)
        log_likelihoods = []
        for _ in range(iterations):
            counts, log_likelihood = _share_out(blocks, chances)
            chances = counts / np.bincount(source_of_cell, counts)[source_of_cell]
            log_likelihoods.append(log_likelihood)
        vocabularies = source_vocabulary, target_vocabulary
        return cls(*vocabularies, cells, chances, null, tuple(log_likelihoods))

    def __repr__(self) -> str:
        words = len(np.unique(self._cells // len(self.target_vocabulary))) - self.null
        return f"IBMModel1 of {words} source words and {len(self._cells)} pairs of words"

    def weights(self, source: Sequence[str], target: Sequence[str]) -> Numbers:
        """Which source word each target word translates, as chances: rows like those of attention.

        Args:
            source: the words of a sentence.
            target: those of its translation.

        Returns:
            The chances `(q, k)`, float64: t(f | e), divided by its sum over the source sentence.
            A row sums to one; with NULL to what NULL leaves; to zero if the target word met none of
            these source words in training.

        Raises:
            TypeError: a sentence is no sequence of words.
            ValueError: a sentence is empty, or holds a special token.
        """
        chances = self._lookup(source, target)
        sums = chances.sum(axis=1, keepdims=True)
        shares: Numbers = np.divide(chances, sums, out=np.zeros_like(chances), where=sums > 0)
        return shares[:, 1:] if self.null else shares

    def align(
        self, source: Sequence[str], target: Sequence[str], ties: str = "diagonal"
    ) -> frozenset[tuple[int, int]]:
        """Links each target word with the source word that it most likely translates.

        A word that stands twice in the source has the same chance at both places: a model without
        order cannot tell them apart, and something else has to.

        Args:
            source: the words of a sentence.
            target: those of its translation.
            ties: which of equal places to take: "diagonal", the nearest to where the middle of the
                target word falls if both sentences are drawn with the same length (see
                `diagonal_links`), the first if two are as near; or "first". A word comes before
                NULL.

        Returns:
            A frozenset of links (source position, target position), from 0. A target word has no
            link if NULL is likelier than every word, or if it met none of them in training.

        Raises:
            TypeError: a sentence is no sequence of words.
            ValueError: a sentence is empty, or holds a special token; `ties` is neither.
        """
        choice("ties", ties, ["diagonal", "first"])
        chances = self._lookup(source, target)
        chance_of_null = chances[:, 0] if self.null else np.zeros(len(chances))
        chances = chances[:, 1:] if self.null else chances
        best = chances.max(axis=1)
        is_best = chances >= best[:, None] * (1 - ROUNDING)
        places = is_best.argmax(axis=1)  # the first
        if ties == "diagonal":
            distances = np.abs(np.arange(len(source)) - diagonal(len(source), len(target))[:, None])
            places = np.where(is_best, distances, np.inf).argmin(axis=1)
        linked = np.flatnonzero((best > 0) & (best >= chance_of_null * (1 - ROUNDING)))
        return frozenset(zip(places[linked].tolist(), linked.tolist(), strict=True))

    def translations(self, word: str, most: int = 5) -> list[tuple[str, float]]:
        """The likeliest translations of a source word, with t(f | e).

        Args:
            word: a source word that training saw.
            most: how many.

        Returns:
            A list of `(target word, chance)`, the likeliest first, without those it never met.

        Raises:
            TypeError: `word` is no string, `most` is no integer.
            ValueError: an unknown word, or `most` below 1.
        """
        (e,) = encode_sentence("word", [word], self.source_vocabulary)
        size = len(self.target_vocabulary)
        first, last = np.searchsorted(self._cells, [e * size, (e + 1) * size])
        order = np.argsort(-self._chances[first:last], kind="stable")[: integer("most", most, 1)]
        words = (self._cells[first:last] % size)[order].tolist()
        chances = self._chances[first:last][order].tolist()
        names = self.target_vocabulary.tokens
        return [(names[f], chance) for f, chance in zip(words, chances, strict=True)]

    def _lookup(self, source: Sequence[str], target: Sequence[str]) -> Numbers:
        """t(f | e) for each word f `(q, 1)` and each word e `(k,)`; 0 for those that never met."""
        e = encode_sentence("source", source, self.source_vocabulary, unknown="replace")
        f = encode_sentence("target", target, self.target_vocabulary, unknown="replace")
        e = [NULL_ID, *e] if self.null else e
        wanted = next(_meetings([e], [f], len(self.target_vocabulary)))
        places = np.searchsorted(self._cells, wanted).clip(max=len(self._cells) - 1)
        chances: Numbers = np.where(self._cells[places] == wanted, self._chances[places], 0.0)
        return chances


def _meetings(sources: Sentences, targets: Sentences, size: int) -> Iterator[Ids]:
    """A row for each target word f: the numbers e · size + f, of each word e of its source sentence.

    Rows of one length stand together in blocks `(words, k)`, so that no row is padded.
    """
    lengths = np.array([len(source) for source in sources])
    for k in np.unique(lengths):
        group = np.flatnonzero(lengths == k).tolist()
        e = np.repeat([sources[n] for n in group], [len(targets[n]) for n in group], axis=0)
        f = np.concatenate([targets[n] for n in group])
        rows = e * size + f[:, None]
        yield from np.split(rows, range(WORDS_A_BLOCK, len(rows), WORDS_A_BLOCK))


def _share_out(blocks: Sequence[Ids], chances: Numbers) -> tuple[Numbers, float]:
    """How often each cell explains a target word, in shares, and ln of the chance of all words."""
    counts, log_likelihood = np.zeros(len(chances)), 0.0
    for block in blocks:
        shares = chances[block]  # t(f | e) of each word e that may have become f
        sums = shares.sum(axis=1, keepdims=True)
        shares /= sums
        counts += np.bincount(block.ravel(), shares.ravel(), minlength=len(counts))
        log_likelihood += float(np.log(sums / block.shape[1]).sum())
    return counts, log_likelihood
