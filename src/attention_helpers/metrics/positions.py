"""Where a translation goes wrong."""

from collections.abc import Iterable

from ._checks import Sentence, joined, sentence_lists

__all__ = ["first_wrong_word", "first_wrong_words"]


def first_wrong_word(hypothesis: Sentence, reference: Sentence) -> int | None:
    """The position, from 0, of the first word of a translation that is not that of its reference.

    Up to there the model has read nothing but right words, as under teacher forcing; after it, no
    longer.

    Args:
        hypothesis: a translation, a string or a sequence of tokens (which hold no spaces).
        reference: the right one, the same.

    Returns:
        The position; the length of the shorter of the two if it is how the longer one begins; None
        if they are the same.

    Raises:
        TypeError: a sentence is neither string nor sequence.
        ValueError: a token is empty or holds white space.

    Example:
        >>> first_wrong_word("le chat noir dort .", "le chat blanc dort .")
        2
        >>> first_wrong_word(["le", "chat"], ["le", "chat", "dort", "."])
        2
        >>> print(first_wrong_word("le chat dort .", "le chat dort ."))
        None
    """
    (proposed,) = joined("hypothesis", [hypothesis])
    (right,) = joined("reference", [reference])
    return _first_difference(proposed, right)


def first_wrong_words(
    hypotheses: Iterable[Sentence], references: Iterable[Sentence]
) -> list[int | None]:
    """`first_wrong_word` of each sentence; `by_length` takes it like any other metric.

    Args:
        hypotheses, references: as for `bleu`.

    Returns:
        A list with a position, or None, for each sentence.

    Raises:
        TypeError, ValueError: as `bleu`.

    Example:
        >>> first_wrong_words(["il pleut .", "il neige ."], ["il pleut .", "elle neige ."])
        [None, 0]
    """
    pairs = zip(*sentence_lists(hypotheses, references), strict=True)
    return [_first_difference(hypothesis, reference) for hypothesis, reference in pairs]


def _first_difference(hypothesis: str, reference: str) -> int | None:
    proposed, right = hypothesis.split(), reference.split()
    for place, (word, right_word) in enumerate(zip(proposed, right, strict=False)):
        if word != right_word:
            return place
    return None if len(proposed) == len(right) else min(len(proposed), len(right))
