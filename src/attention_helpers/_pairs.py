"""Pairs of sentences as the ids that `train` takes, and what is said of those that are too long."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from ._arguments import integer
from ._run import describe_sentences
from .text import SentencePair, check_pairs, encode_side
from .translator import Translator

Sentences: TypeAlias = list[list[int]]


class Encoded(NamedTuple):
    """Pairs as ids, their places among those that were given, and how many were left out."""

    sources: Sentences
    targets: Sentences
    places: list[int]
    left_out: int

    def lengths(self) -> list[int]:
        """The tokens of the longer side of each pair, without START and END."""
        both = zip(self.sources, self.targets, strict=True)
        return [max(len(source), len(target) - 2) for source, target in both]

    def description(self) -> str:
        return describe_sentences(self.sources, self.targets)


def encode_pairs(
    name: str,
    pairs: Iterable[SentencePair],
    model: Translator,
    max_length: int | None,
    unknown: str,
) -> Encoded:
    """The pairs as ids, targets from START to END; an error says which pair it is about."""
    if not isinstance(pairs, Iterable):
        raise TypeError(f"{name}: expected a list of sentence pairs, got {pairs!r}")
    pairs = list(pairs)
    check_pairs(name, pairs)
    sources = encode_side(name, pairs, "source", model.source_vocabulary, unknown)
    targets = encode_side(
        name, pairs, "target", model.target_vocabulary, unknown, start=True, end=True
    )
    encoded = Encoded(sources, targets, list(range(len(pairs))), left_out=0)
    return encoded if max_length is None else without_long(name, encoded, max_length)


def without_long(name: str, data: Encoded, max_length: int) -> Encoded:
    """The pairs of which no side has more tokens."""
    integer("max_length", max_length, 1)
    lengths = data.lengths()
    kept = [place for place, length in enumerate(lengths) if length <= max_length]
    if not kept:
        raise ValueError(
            f"max_length: expected {min(lengths)} or more, the length of the shortest of {name}, "
            f"got {max_length}"
        )
    sources, targets = ([each[place] for place in kept] for each in (data.sources, data.targets))
    return Encoded(sources, targets, kept, len(lengths) - len(kept))


def print_left_out(left_out: Mapping[str, int], max_length: int | None) -> None:
    for name, count in left_out.items():
        if count:
            what = name.replace("_", " ")
            print(f"{what}: {count} pairs with more than {max_length} tokens on a side")


# A pair is long if it has more tokens than this, and so many times those of 99 pairs of 100.
LONG, TIMES = 100, 3


def warn_of_a_long_pair(data: Encoded) -> None:
    """Every batch of the longest pairs is padded to the longest, and needs memory for all of it."""
    lengths = np.array(data.lengths())
    usual = int(np.quantile(lengths, 0.99, method="lower"))
    longest = int(lengths.argmax())
    if lengths[longest] > max(LONG, TIMES * usual):
        warnings.warn(
            f"pairs[{data.places[longest]}] has {lengths[longest]} tokens, 99 of 100 pairs at most "
            f"{usual}: batches of such lengths are compiled for it alone, and take memory and time; "
            f"max_length={usual} leaves it out",
            stacklevel=3,
        )
