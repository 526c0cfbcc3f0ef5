"""Scores of translations: BLEU and chrF by sacreBLEU, with its bootstrap intervals, exact match.

`by_length` takes each of them bucket by bucket.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from .._arguments import choice, integer
from ._checks import Sentence, listed, sentence_lists

__all__ = [
    "BUCKETS",
    "Interval",
    "bleu",
    "bleu_interval",
    "bleu_signature",
    "bucket_name",
    "by_length",
    "chrf",
    "chrf_interval",
    "chrf_signature",
    "exact_match",
]

Bucket: TypeAlias = tuple[int, int]
Hypothesis = TypeVar("Hypothesis")
Reference = TypeVar("Reference")
Value = TypeVar("Value")

# Lengths in tokens, both ends included.
BUCKETS: tuple[Bucket, ...] = ((5, 10), (11, 20), (21, 30), (31, 40), (41, 50))

# sacreBLEU's interval leaves out one resampled score in 40 at each end.
FEWEST_RESAMPLES = 40


class Interval(NamedTuple):
    """A score and its 95 % confidence interval, which is `mean` ± `margin`, within 0 to 100.

    Args:
        score: of the sentences as they are.
        mean: of the scores of the resampled corpora.
        margin: half the width of the range that holds 95 % of those scores.

    Example:
        >>> interval = Interval(score=30.0, mean=30.5, margin=2.0)
        >>> interval.low, interval.high
        (28.5, 32.5)
        >>> print(interval)
        30.0 (30.5 ± 2.0)
    """

    score: float
    mean: float
    margin: float

    @property
    def low(self) -> float:
        """Where the interval begins: at 0 or above."""
        return max(0.0, self.mean - self.margin)

    @property
    def high(self) -> float:
        """Where the interval ends: at 100 or below."""
        return min(100.0, self.mean + self.margin)

    def __str__(self) -> str:
        return f"{self.score:.1f} ({self.mean:.1f} ± {self.margin:.1f})"


def bleu(
    hypotheses: Iterable[Sentence], references: Iterable[Sentence], tokenize: str = "none"
) -> float:
    """Corpus BLEU by sacreBLEU, 0 to 100: one reference, case kept, its default smoothing.

    Args:
        hypotheses: a list of translations, each a string or a sequence of tokens (which are joined
            by spaces, and hold none).
        references: as many references, in the same order: one to each translation.
        tokenize: sacreBLEU's tokeniser: `"none"` for what is tokenised already, as the corpus of
            the book is; `"13a"` for real sentences.

    Returns:
        The score, a float; 0 if no translation has four tokens.

    Raises:
        TypeError: one string in place of a list, a sentence that is neither string nor sequence.
        ValueError: an empty list, lists of different lengths, a token that is empty or holds white
            space, an unknown tokeniser.

    Example:
        >>> round(bleu(["the cat sat on the mat ."], ["the cat sat on a mat ."]), 2)
        48.89
        >>> round(bleu([("the", "cat", "sat", "down")], [("the", "cat", "sat", "down")]), 2)
        100.0

    Source: Papineni et al. 2002; Post 2018 (arXiv 1804.08771) for why the tokenisation is fixed.
    """
    return _corpus_score(_bleu_scorer(tokenize), hypotheses, references)


def bleu_interval(
    hypotheses: Iterable[Sentence],
    references: Iterable[Sentence],
    tokenize: str = "none",
    *,
    resamples: int = 1000,
) -> Interval:
    """`bleu` with sacreBLEU's 95 % confidence interval, by bootstrap resampling of the sentences.

    sacreBLEU draws the resamples with a seed of its own, so that the interval is the same at every
    call; the environment variable ``SACREBLEU_SEED`` changes it. They stand in memory at once: 40
    bytes for each sentence of each resample.

    Args:
        hypotheses, references, tokenize: as for `bleu`.
        resamples: how many corpora to draw, 40 or more.

    Returns:
        An `Interval`.

    Raises:
        TypeError: as `bleu`, or `resamples` is not an integer.
        ValueError: as `bleu`, or too few resamples.

    Example:
        >>> hypotheses = ["the cat sat on the mat .", "it rains ."]
        >>> interval = bleu_interval(hypotheses, ["the cat sat on a mat .", "it rains ."])
        >>> round(interval.score, 2), interval.low < interval.score < interval.high
        (53.9, True)

    Source: Post 2018 (arXiv 1804.08771), whose program it is; the resampling is that of Koehn 2004
    (aclanthology.org/W04-3250).
    """
    return _corpus_interval(_bleu_scorer(tokenize), hypotheses, references, resamples)


def bleu_signature(tokenize: str = "none", *, resamples: int | None = None) -> str:
    """The settings of `bleu`, as sacreBLEU writes them; print it beside every score.

    Args:
        tokenize: as for `bleu`.
        resamples: as for `bleu_interval`, to name its settings; None for `bleu`.

    Returns:
        The signature, a string; it ends with sacreBLEU's version.

    Raises:
        TypeError: `resamples` is not an integer.
        ValueError: an unknown tokeniser, too few resamples.

    Example:
        >>> bleu_signature("13a").split("|version")[0]
        'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp'
    """
    return _signature(_bleu_scorer(tokenize), resamples)


def chrf(
    hypotheses: Iterable[Sentence], references: Iterable[Sentence], word_order: int = 0
) -> float:
    """Corpus chrF by sacreBLEU, 0 to 100: the F-score of character n-grams, up to six characters.

    Unlike BLEU it gives credit for a word that is right but for its ending, and does not depend on
    how words are cut into tokens, for it ignores spaces.

    Args:
        hypotheses, references: as for `bleu`.
        word_order: the longest n-gram of words that counts too: 0 for chrF, 2 for chrF++.

    Returns:
        The score, a float.

    Raises:
        TypeError: as `bleu`, or `word_order` is not an integer.
        ValueError: as `bleu`, or `word_order` is negative.

    Example:
        >>> round(chrf(["les petites chattes ."], ["les petits chats ."]), 2)
        61.92
        >>> round(bleu(["les petites chattes ."], ["les petits chats ."]), 2)
        19.0

    Source: Popović 2015 (aclanthology.org/W15-3049); the program is sacreBLEU's, Post 2018 (arXiv
    1804.08771).
    """
    return _corpus_score(_chrf_scorer(word_order), hypotheses, references)


def chrf_interval(
    hypotheses: Iterable[Sentence],
    references: Iterable[Sentence],
    word_order: int = 0,
    *,
    resamples: int = 1000,
) -> Interval:
    """`chrf` with sacreBLEU's 95 % confidence interval; see `bleu_interval`.

    Args:
        hypotheses, references, word_order: as for `chrf`.
        resamples: how many corpora to draw, 40 or more.

    Returns:
        An `Interval`.

    Raises:
        TypeError: as `chrf`, or `resamples` is not an integer.
        ValueError: as `chrf`, or too few resamples.

    Example:
        >>> interval = chrf_interval(["it rains .", "it snows ."], ["it rains .", "it rains ."])
        >>> interval.low < interval.score < interval.high
        True

    Source: as for `chrf`; the resampling is that of Koehn 2004 (aclanthology.org/W04-3250).
    """
    return _corpus_interval(_chrf_scorer(word_order), hypotheses, references, resamples)


def chrf_signature(word_order: int = 0, *, resamples: int | None = None) -> str:
    """The settings of `chrf`, as sacreBLEU writes them; print it beside every score.

    Args:
        word_order: as for `chrf`.
        resamples: as for `chrf_interval`, to name its settings; None for `chrf`.

    Returns:
        The signature, a string; it ends with sacreBLEU's version.

    Raises:
        TypeError: a number is not an integer.
        ValueError: `word_order` is negative, too few resamples.

    Example:
        >>> chrf_signature().split("|version")[0]
        'nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no'
    """
    return _signature(_chrf_scorer(word_order), resamples)


def exact_match(hypotheses: Iterable[Sentence], references: Iterable[Sentence]) -> float:
    """The share of the translations that equal their reference, 0 to 1.

    Args:
        hypotheses, references: as for `bleu`.

    Returns:
        The share, a float.

    Raises:
        TypeError, ValueError: as `bleu`.

    Example:
        >>> exact_match(["it rains .", "it snows ."], ["it rains .", "it rains ."])
        0.5
    """
    pairs = zip(*sentence_lists(hypotheses, references), strict=True)
    return float(np.mean([hypothesis == reference for hypothesis, reference in pairs]))


def bucket_name(bucket: Bucket) -> str:
    """The name of a bucket of lengths.

    Args:
        bucket: the pair of its shortest and longest length.

    Returns:
        The name, a string.

    Raises:
        TypeError, ValueError: it is no such pair.

    Example:
        >>> bucket_name((5, 10))
        '5-10'
    """
    shortest, longest = _bounds(bucket)
    return f"{shortest}-{longest}"


def by_length(
    metric: Callable[[list[Hypothesis], list[Reference]], Value],
    hypotheses: Sequence[Hypothesis],
    references: Sequence[Reference],
    lengths: Sequence[int] | npt.NDArray[np.integer],
    buckets: Iterable[Bucket] = BUCKETS,
) -> dict[str, Value]:
    """A metric in each bucket of lengths.

    Args:
        metric: a function of hypotheses and references, such as `bleu`, `chrf_interval` or
            `exact_match`; to give it settings, `functools.partial(bleu, tokenize="13a")`.
        hypotheses: a list of translations.
        references: as many references, in the same order.
        lengths: for each sentence the length that decides its bucket: of the source, in tokens.
        buckets: pairs of the shortest and the longest length, both included. Sentences in none of
            them do not count.

    Returns:
        A dict from the name of the bucket to the value, in the order of the buckets; without the
        buckets that hold no sentence.

    Raises:
        TypeError: a metric that is no function, no list, a length that is no integer.
        ValueError: lists of different lengths, a negative length, a bucket that ends before it
            begins.

    Example:
        >>> by_length(exact_match, ["a .", "b ."], ["a .", "c ."], lengths=[6, 12])
        {'5-10': 1.0, '11-20': 0.0}
    """
    if not callable(metric):
        raise TypeError(f"metric: expected a function, got {metric!r:.60}")
    proposed, right = listed("hypotheses", hypotheses), listed("references", references)
    of = [integer("lengths", length) for length in listed("lengths", lengths, "integers")]
    if not len(proposed) == len(right) == len(of):
        raise ValueError(
            "lengths: expected as many lengths as hypotheses and references, got "
            f"{len(of)} for {len(proposed)} and {len(right)}"
        )
    values: dict[str, Value] = {}
    for shortest, longest in map(_bounds, listed("buckets", buckets, "buckets")):
        inside = [i for i, length in enumerate(of) if shortest <= length <= longest]
        if inside:
            values[bucket_name((shortest, longest))] = metric(
                [proposed[i] for i in inside], [right[i] for i in inside]
            )
    return values


def _bounds(bucket: Bucket) -> Bucket:
    try:
        shortest, longest = bucket
        return integer("shortest", shortest), integer("longest", longest, shortest)
    except (TypeError, ValueError) as error:
        raise type(error)(f"bucket: expected (shortest, longest), got {bucket!r}") from None


def _bleu_scorer(tokenize: str) -> BLEU:
    choice("tokenize", tokenize, sorted(BLEU.TOKENIZERS))
    # force: no warning that tokenised full stops look as if someone forgot to detokenise.
    return BLEU(tokenize=tokenize, force=tokenize == "none")


def _chrf_scorer(word_order: int) -> CHRF:
    return _CHRF(word_order=integer("word_order", word_order))


class _CHRF(CHRF):
    """sacreBLEU's own, whose resamples that score 0 are floats of another type than the others.

    Python takes no mean of two types of floats; an int goes with any.
    """

    def _compute_score_from_stats(self, stats: Any) -> Any:
        result = super()._compute_score_from_stats(stats)
        result.score = result.score or 0
        return result


def _corpus_score(
    scorer: BLEU | CHRF, hypotheses: Iterable[Sentence], references: Iterable[Sentence]
) -> float:
    proposed, right = sentence_lists(hypotheses, references)
    return _bounded(scorer.corpus_score(proposed, [right]).score)


def _corpus_interval(
    scorer: BLEU | CHRF,
    hypotheses: Iterable[Sentence],
    references: Iterable[Sentence],
    resamples: int,
) -> Interval:
    resamples = integer("resamples", resamples, FEWEST_RESAMPLES)
    proposed, right = sentence_lists(hypotheses, references)
    result = scorer.corpus_score(proposed, [right], n_bootstrap=resamples)
    # Its JSON is the public form of the interval; it is left out if all resamples score 0.
    signature = str(scorer.get_signature())
    written = json.loads(result.format(width=12, signature=signature, is_json=True))
    mean, margin = written.get("confidence_mean", 0.0), written.get("confidence_var", 0.0)
    return Interval(_bounded(result.score), _bounded(mean), float(margin))


def _bounded(score: float) -> float:
    """A score, 0 to 100: rounding takes sacreBLEU's BLEU of a perfect match above that."""
    return min(100.0, float(score))


def _signature(scorer: BLEU | CHRF, resamples: int | None) -> str:
    if resamples is not None:
        resamples = integer("resamples", resamples, FEWEST_RESAMPLES)
    # It has no signature before it has seen references.
    scorer.corpus_score(["a"], [["a"]], n_bootstrap=resamples or 1)
    return str(scorer.get_signature())
