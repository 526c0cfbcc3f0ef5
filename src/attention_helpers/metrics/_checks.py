"""Checks of what scores are given: lists, sentences, pairs of sentences."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol, TypeAlias, TypeVar

from ..text import check_pairs

Sentence: TypeAlias = str | Sequence[str]
Item = TypeVar("Item")


class Pair(Protocol):
    """A sentence and its translation, as `text.SentencePair` has them."""

    @property
    def source(self) -> Sequence[str]: ...

    @property
    def target(self) -> Sequence[str]: ...


AnyPair = TypeVar("AnyPair", bound=Pair)


def sentence_lists(
    hypotheses: Iterable[Sentence], references: Iterable[Sentence]
) -> tuple[list[str], list[str]]:
    """As many hypotheses as references, one at least, each as one string."""
    proposed, right = joined("hypotheses", hypotheses), joined("references", references)
    if len(proposed) != len(right):
        raise ValueError(
            f"hypotheses: expected one for each of the {len(right)} references, got {len(proposed)}"
        )
    if not right:
        raise ValueError("references: expected at least one, got none")
    return proposed, right


def joined(name: str, sentences: Iterable[Sentence]) -> list[str]:
    """Sentences as strings, in which a space stands between two tokens."""
    return [
        sentence if isinstance(sentence, str) else " ".join(_tokens(name, i, sentence))
        for i, sentence in enumerate(listed(name, sentences))
    ]


def _tokens(name: str, i: int, sentence: Sequence[str]) -> list[str]:
    if not _has_an_order(sentence):
        raise TypeError(f"{name}: expected strings or lists of tokens, got {sentence!r:.60} at {i}")
    tokens = list(sentence)
    for token in tokens:
        if not isinstance(token, str):
            raise TypeError(f"{name}: expected strings as tokens, got {token!r} in sentence {i}")
        if token.split() != [token]:
            raise ValueError(
                f"{name}: expected tokens without white space, got {token!r} in sentence {i} "
                "(a list is the tokens of one sentence, not several references)"
            )
    return tokens


def listed_pairs(name: str, pairs: Iterable[AnyPair]) -> list[AnyPair]:
    """Pairs of sentences, one at least, each with a source and a target of one word at least."""
    as_list = listed(name, pairs, "sentence pairs")
    check_pairs(name, as_list)
    for place, pair in enumerate(as_list):
        _check_words(f"{name}[{place}].source", pair.source)
        _check_words(f"{name}[{place}].target", pair.target)
    return as_list


def _check_words(name: str, words: Sequence[str]) -> None:
    is_list = isinstance(words, Sequence) and not isinstance(words, str)
    if not (is_list and all(isinstance(word, str) for word in words)):
        raise TypeError(f"{name}: expected a sequence of words, got {words!r:.60}")
    if not words:
        raise ValueError(f"{name}: expected at least one word, got an empty sentence")


def listed(name: str, values: Iterable[Item], of: str = "sentences") -> list[Item]:
    """A list of what has an order."""
    if not _has_an_order(values):
        got = "one string" if isinstance(values, str) else f"{values!r:.60}"
        raise TypeError(f"{name}: expected a list of {of}, got {got}")
    return list(values)


def _has_an_order(values: object) -> bool:
    """Whether it is a list or the like: items of a set or of a dict have no partners."""
    return isinstance(values, Iterable) and not isinstance(values, str | AbstractSet | Mapping)
