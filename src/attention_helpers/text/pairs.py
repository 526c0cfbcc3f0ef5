"""A sentence and its translation."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SentencePair"]


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
