"""An English-French corpus from a grammar, with gold word alignments.

Every sentence is derived from a small grammar that writes both languages at once, so that which
word translates which is known rather than estimated. A phrase builder returns *pieces*: a few
English words, their French translation, and the links between them. Pieces concatenate; what
changes order (adjectives, negation, possessors) does so inside one piece.

Four conventions:

* **One English sentence has one French translation.** Gender and number come from the English
  noun; no synonym is chosen at random, and a relative clause always modifies the noun just before
  it.
* **The length is planned, not awaited.** Every builder receives the number of English words that
  it has to fill, and divides them among its parts.
* **Spelling across words** is done in two places: `contract` (de + le = du) where a preposition
  meets a noun phrase, and `elide` (le + oiseau = l' oiseau) over the finished sentence.
* **Links** are *sure* (this word is that word) or *possible* (this word has to do with that one).
  Within a unit such as "next to" = "à côté de" every pair is possible and the main pairs are
  sure. Auxiliaries (will, does) and particles (look *for*) are possible with the verb; an article
  that only French has, with its noun; "du", which says two English words at once, with both. Of
  the two words that "not" or "never" becomes, the first (ne) is sure; the second (pas, jamais),
  which a reader of the first already expects, is possible. Every word has at least one link.

The words are in `_lexicon`, the phrases and clauses in `_grammar`.
"""

from __future__ import annotations

import random
import zlib

from ._arguments import choice, integer
from ._grammar import LONGEST, SHORTEST, assemble, sentence
from ._lexicon import CONTRACTION, ELISION, Piece, all_pieces
from .text import SentencePair, Vocabulary

__all__ = ["generate_pairs", "source_vocabulary", "target_vocabulary"]

TEST_SHARE = 8  # one sentence in eight belongs to the test split
MOST_REDRAWS = 10  # of a sentence that was drawn before; then it may occur again


def generate_pairs(
    size: int,
    *,
    seed: int = 0,
    split: str = "train",
    min_length: int = 5,
    max_length: int = 50,
    length: int | None = None,
) -> list[SentencePair]:
    """Draw sentence pairs with gold alignments from the grammar.

    A sentence belongs to one split for ever: CRC-32 of its English words, joined by spaces,
    divisible by 8, makes it a test sentence, whatever the seed. Training and test sentences are
    therefore disjoint by construction. A sentence that was drawn before is drawn again, ten times at
    most: there are repetitions only where so many very short sentences are asked for that the
    grammar runs out of them.

    Args:
        size: number of pairs, 0 or more. The first pairs do not depend on it.
        seed: an integer, 0 or more; the same seed gives the same pairs on every machine.
        split: "train" or "test".
        min_length, max_length: bounds of the English length in words, the full stop included,
            within 5..60. Lengths are min + ⌊(max - min + 1) u²⌋ with u uniform on [0, 1): short
            sentences are the most frequent.
        length: the exact English length of every sentence, instead of that law.

    Returns:
        A list of `SentencePair`.

    Raises:
        TypeError: a number is not an integer.
        ValueError: a number is out of range, or `split` is unknown.

    Example:
        >>> pairs = generate_pairs(100, seed=1, length=12)
        >>> {len(pair.source) for pair in pairs}
        {12}
        >>> tests = generate_pairs(100, seed=1, length=12, split="test")
        >>> {pair.source for pair in pairs} & {pair.source for pair in tests}
        set()
    """
    integer("size", size, 0)
    integer("seed", seed, 0)
    if length is not None:
        integer("length", length, SHORTEST, LONGEST)
        min_length = max_length = length
    integer("min_length", min_length, SHORTEST, LONGEST)
    integer("max_length", max_length, SHORTEST, LONGEST)
    if min_length > max_length:
        raise ValueError(f"min_length: expected at most max_length, {max_length}, got {min_length}")
    wants_test = choice("split", split, ["train", "test"]) == "test"
    rng = random.Random(2 * int(seed) + wants_test)
    pairs: list[SentencePair] = []
    seen: set[str] = set()
    while len(pairs) < size:
        n = min_length + int((max_length - min_length + 1) * rng.random() ** 2)
        for _ in range(MOST_REDRAWS):
            pieces, english = draw_from_split(rng, n, wants_test)
            if english not in seen:
                break
        seen.add(english)
        pairs.append(assemble(pieces))
    return pairs


def draw_from_split(rng: random.Random, length: int, wants_test: bool) -> tuple[list[Piece], str]:
    """The pieces of a sentence of the split, and its English as one string."""
    while True:
        pieces = sentence(rng, length)
        english = " ".join([word for piece in pieces for word in piece.source])
        if (zlib.crc32(english.encode()) % TEST_SHARE == 0) == wants_test:
            return pieces, english


def source_vocabulary() -> Vocabulary:
    """All English words of the grammar.

    Returns:
        A `Vocabulary`.

    Example:
        >>> "potatoes" in source_vocabulary()
        True
    """
    return Vocabulary.from_sentences(piece.source for piece in all_pieces())


def target_vocabulary() -> Vocabulary:
    """All French words of the grammar, contracted and elided forms included.

    Returns:
        A `Vocabulary`.

    Example:
        >>> [word in target_vocabulary() for word in ("terre", "du", "qu'")]
        [True, True, True]
    """
    joined = [tuple(CONTRACTION.values()), tuple(ELISION.values())]
    return Vocabulary.from_sentences([*(piece.target for piece in all_pieces()), *joined])
