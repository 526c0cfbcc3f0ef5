"""Scores of translations, of alignments and of attention weights.

Translations: BLEU and chrF by sacreBLEU, with its bootstrap intervals, and exact match; `by_length`
takes each of them bucket by bucket. Alignments: error rate, precision, recall. Weights: entropy
and coverage. Nothing here needs TensorFlow; its tensors are taken as arrays.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from numbers import Real
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

__all__ = [
    "BUCKETS",
    "Interval",
    "alignment_error_rate",
    "alignment_precision",
    "alignment_recall",
    "attention_coverage",
    "attention_entropy",
    "bleu",
    "bleu_interval",
    "bleu_signature",
    "bucket_name",
    "by_length",
    "chrf",
    "chrf_interval",
    "chrf_signature",
    "exact_match",
    "links_from_weights",
]

Sentence: TypeAlias = str | Sequence[str]
Bucket: TypeAlias = tuple[int, int]
Links: TypeAlias = AbstractSet[tuple[int, int]]
Hypothesis = TypeVar("Hypothesis")
Reference = TypeVar("Reference")
Value = TypeVar("Value")

# Lengths in tokens, both ends included.
BUCKETS: tuple[Bucket, ...] = ((5, 10), (11, 20), (21, 30), (31, 40), (41, 50))

# sacreBLEU's interval leaves out one resampled score in 40 at each end.
FEWEST_RESAMPLES = 40
# How far a row of float16 or bfloat16 weights may be from a sum of one.
ROW_TOLERANCE = 0.02


class Interval(NamedTuple):
    """A score and its 95 % confidence interval, which is `mean` ± `margin`.

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
        """Where the interval begins."""
        return self.mean - self.margin

    @property
    def high(self) -> float:
        """Where the interval ends."""
        return self.mean + self.margin

    def __str__(self) -> str:
        return f"{self.score:.1f} ({self.mean:.1f} ± {self.margin:.1f})"


def bleu(
    hypotheses: Iterable[Sentence], references: Iterable[Sentence], tokenize: str = "none"
) -> float:
    """Corpus BLEU by sacreBLEU, 0 to 100: one reference, case kept, its default smoothing.

    Args:
        hypotheses: a list of translations, each a string or a sequence of tokens (which are joined
            by spaces).
        references: as many references, in the same order.
        tokenize: sacreBLEU's tokeniser: `"none"` for what is tokenised already, as the corpus of
            the book is; `"13a"` for real sentences.

    Returns:
        The score, a float.

    Raises:
        TypeError: one string in place of a list, a sentence that is neither string nor sequence.
        ValueError: an empty list, lists of different lengths, an unknown tokeniser.

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
        hypotheses: a list of translations, each a string or a sequence of tokens.
        references: as many references, in the same order.
        word_order: the longest n-gram of words that counts too: 0 for chrF, 2 for chrF++.

    Returns:
        The score, a float.

    Raises:
        TypeError: one string in place of a list, a sentence that is neither string nor sequence,
            `word_order` is not an integer.
        ValueError: an empty list, lists of different lengths, `word_order` is negative.

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
        hypotheses: a list of translations, each a string or a sequence of tokens.
        references: as many references, in the same order.

    Returns:
        The share, a float.

    Raises:
        TypeError: one string in place of a list, a sentence that is neither string nor sequence.
        ValueError: an empty list, lists of different lengths.

    Example:
        >>> exact_match(["it rains .", "it snows ."], ["it rains .", "it rains ."])
        0.5
    """
    pairs = zip(*_sentences(hypotheses, references), strict=True)
    return float(np.mean([hypothesis == reference for hypothesis, reference in pairs]))


def bucket_name(bucket: Bucket) -> str:
    """The name of a bucket of lengths.

    Args:
        bucket: the pair of its shortest and longest length.

    Returns:
        The name, a string.

    Raises:
        ValueError: it is no such pair.

    Example:
        >>> bucket_name((5, 10))
        '5-10'
    """
    shortest, longest = _bounds(bucket)
    return f"{shortest}-{longest}"


def _bounds(bucket: Bucket) -> Bucket:
    try:
        shortest, longest = bucket
        if shortest <= longest:
            return shortest, longest
    except (TypeError, ValueError):
        pass
    raise ValueError(f"bucket: expected a shortest and a longest length, got {bucket!r}")


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
        ValueError: lists of different lengths.

    Example:
        >>> by_length(exact_match, ["a .", "b ."], ["a .", "c ."], lengths=[6, 12])
        {'5-10': 1.0, '11-20': 0.0}
    """
    if not len(hypotheses) == len(references) == len(lengths):
        raise ValueError(
            "lengths: expected as many lengths as hypotheses and references, got "
            f"{len(lengths)} for {len(hypotheses)} and {len(references)}"
        )
    values: dict[str, Value] = {}
    for shortest, longest in map(_bounds, buckets):
        inside = [i for i, length in enumerate(lengths) if shortest <= length <= longest]
        if inside:
            values[bucket_name((shortest, longest))] = metric(
                [hypotheses[i] for i in inside], [references[i] for i in inside]
            )
    return values


def links_from_weights(
    weights: npt.ArrayLike, threshold: float | None = None
) -> frozenset[tuple[int, int]]:
    """The alignment that the attention weights of one sentence propose.

    Args:
        weights: `(q, k)`, one row for each target word, one column for each source word.
        threshold: None links every target word with the source word of its largest weight (the
            first of them if equal); a number links it with every source word above that weight.
            A row of zeros (nothing to attend) gives no link.

    Returns:
        A frozenset of links (source position, target position), from 0.

    Raises:
        ValueError: the weights are not a matrix, or not finite.

    Example:
        >>> sorted(links_from_weights([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]]))
        [(0, 1), (0, 2), (1, 0)]
        >>> sorted(links_from_weights([[0.1, 0.9], [0.6, 0.4]], threshold=0.3))
        [(0, 1), (1, 0), (1, 1)]
    """
    weights = _numbers(weights)
    if weights.ndim != 2:
        raise ValueError(f"weights: expected (target, source), got shape {weights.shape}")
    if threshold is not None and (
        isinstance(threshold, bool) or not isinstance(threshold, Real) or not threshold == threshold
    ):
        raise ValueError(f"threshold: expected None or a number, got {threshold!r}")
    if not np.isfinite(weights).all():
        raise ValueError("weights: expected finite numbers, got inf or nan")
    if threshold is not None:
        targets, sources = np.nonzero(weights > threshold)
    elif weights.size == 0:
        return frozenset()
    else:
        targets = np.flatnonzero(weights.any(axis=1))
        sources = weights[targets].argmax(axis=1)
    return frozenset(zip(sources.tolist(), targets.tolist(), strict=True))


def alignment_error_rate(
    predicted: Links | Iterable[Links],
    sure: Links | Iterable[Links],
    possible: Links | Iterable[Links],
) -> float:
    """AER: ``1 − (|A∩S| + |A∩P|) / (|A| + |S|)``, of one sentence or pooled over many.

    Args:
        predicted: A, a set of links (source position, target position), or a list of such sets.
        sure: S, the links that an aligner must find; of the same form.
        possible: P ⊇ S, those that it may propose; of the same form.

    Returns:
        The error rate, 0 (best) to 1, a float. Counts are summed over the sentences, not rates.

    Raises:
        TypeError: neither a set of links nor a list of such sets.
        ValueError: lists of different lengths, a sure link that is not possible, no predicted and
            no sure link at all.

    Example:
        >>> alignment_error_rate({(0, 0), (1, 1)}, sure={(0, 0)}, possible={(0, 0), (1, 1)})
        0.0
        >>> alignment_error_rate({(0, 1)}, sure={(0, 0)}, possible={(0, 0), (1, 1)})
        1.0

    Source: Och and Ney 2003 (Computational Linguistics 29(1)).
    """
    sets = _link_sets(predicted=predicted, sure=sure, possible=possible)
    right = proposed = 0
    for i, (a, s, p) in enumerate(sets):
        if not s <= p:
            raise ValueError(
                f"possible: expected every sure link, got none of {sorted(s - p, key=str)} in sentence {i}"
            )
        right += len(a & s) + len(a & p)
        proposed += len(a) + len(s)
    if proposed == 0:
        raise ValueError("predicted, sure: expected at least one link, got none")
    return 1 - right / proposed


def alignment_precision(
    predicted: Links | Iterable[Links], possible: Links | Iterable[Links]
) -> float:
    """The share of the proposed links that are admissible: ``|A∩P| / |A|``.

    Args:
        predicted: A, a set of links (source position, target position), or a list of such sets.
        possible: P, the links that an aligner may propose, the sure ones among them; of the same
            form.

    Returns:
        The precision, 0 to 1 (best), a float. Counts are summed over the sentences, not rates.

    Raises:
        TypeError: neither a set of links nor a list of such sets.
        ValueError: lists of different lengths, no predicted link at all.

    Example:
        >>> alignment_precision({(0, 0), (2, 1)}, possible={(0, 0), (1, 1)})
        0.5

    Source: the sets of links of Och and Ney 2003 (Computational Linguistics 29(1)).
    """
    sets = _link_sets(predicted=predicted, possible=possible)
    return _share("predicted", [(len(a & p), len(a)) for a, p in sets])


def alignment_recall(predicted: Links | Iterable[Links], sure: Links | Iterable[Links]) -> float:
    """The share of the sure links that are found: ``|A∩S| / |S|``.

    Args:
        predicted: A, a set of links (source position, target position), or a list of such sets.
        sure: S, the links that an aligner must find; of the same form.

    Returns:
        The recall, 0 to 1 (best), a float. Counts are summed over the sentences, not rates.

    Raises:
        TypeError: neither a set of links nor a list of such sets.
        ValueError: lists of different lengths, no sure link at all.

    Example:
        >>> alignment_recall({(0, 0), (2, 1)}, sure={(0, 0), (1, 1), (2, 1), (2, 2)})
        0.5

    Source: the sets of links of Och and Ney 2003 (Computational Linguistics 29(1)).
    """
    sets = _link_sets(predicted=predicted, sure=sure)
    return _share("sure", [(len(a & s), len(s)) for a, s in sets])


def attention_entropy(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How spread the attention of each query is: ``−Σ_k α_k ln α_k``, in nats.

    Its exponential is the number of keys that would share the attention evenly: 1 for a row that
    looks at one key, k for a uniform one.

    Args:
        weights: `(..., q, k)`, any floating dtype; rows that sum to one, or to zero (nothing to
            attend).

    Returns:
        The entropies `(..., q)`, float64: 0 to ln k; 0 for a row of zeros.

    Raises:
        ValueError: fewer than two axes, a weight that is negative or not finite, a row with
            another sum.

    Example:
        >>> entropy = attention_entropy([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
        >>> print(np.exp(entropy).round(3))
        [1. 4.]
    """
    rows = _weight_rows(weights)
    logarithms = np.log(rows, out=np.zeros_like(rows), where=rows > 0)
    entropy: npt.NDArray[np.float64] = -(rows * logarithms).sum(axis=-1) + 0.0  # + 0.0: no "-0."
    return entropy


def attention_coverage(
    weights: npt.ArrayLike, mask: npt.ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """How much attention each key received from all queries together: the sums of the columns.

    In a translation, a source word near 0 was never looked at, one far above 1 again and again.

    Args:
        weights: `(..., q, k)`, any floating dtype; rows that sum to one, or to zero (nothing to
            attend).
        mask: boolean, broadcastable to `(..., q)`: the queries that count, so that padding and the
            end token may be left out; None counts all.

    Returns:
        The coverage `(..., k)`, float64.

    Raises:
        ValueError: fewer than two axes, a weight that is negative or not finite, a row with
            another sum, a mask that is not boolean or does not broadcast.

    Example:
        >>> weights = [[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.0, 0.0, 1.0]]
        >>> print(attention_coverage(weights, mask=[True, True, False]))
        [1.7 0.3 0. ]

    Source: Tu et al. 2016 (arXiv 1601.04811), where such sums tell the decoder what it has covered.
    """
    rows = _weight_rows(weights)
    if mask is not None:
        counted = np.asarray(mask)
        if counted.dtype != bool:
            raise ValueError(f"mask: expected dtype bool (True = counts), got {counted.dtype}")
        try:
            counted = np.broadcast_to(counted, rows.shape[:-1])
        except ValueError:
            raise ValueError(
                f"mask: expected a shape that broadcasts to that of the queries, "
                f"{rows.shape[:-1]}, got {counted.shape}"
            ) from None
        rows = rows * counted[..., None]
    coverage: npt.NDArray[np.float64] = rows.sum(axis=-2)
    return coverage


def _numbers(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Weights in float64."""
    try:
        array = np.asarray(weights)
        if np.iscomplexobj(array) or array.dtype.kind in "US":
            raise TypeError(array.dtype)
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"weights: expected numbers, got {weights!r:.60}") from error


def _weight_rows(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The weights in float64, if they can be the weights of attention."""
    rows = _numbers(weights)
    if rows.ndim < 2:
        raise ValueError(f"weights: expected (..., q, k), got shape {rows.shape}")
    if not np.isfinite(rows).all() or (rows < 0).any():
        raise ValueError("weights: expected finite numbers, 0 or more, got others")
    sums = rows.sum(axis=-1)
    wrong = sums[(np.abs(sums - 1) > ROW_TOLERANCE) & (sums != 0)]
    if wrong.size:
        raise ValueError(
            f"weights: expected rows that sum to one, or to zero, got a row that sums to "
            f"{wrong[0]:.3g}"
        )
    return rows


def _bleu_scorer(tokenize: str) -> BLEU:
    if not isinstance(tokenize, str) or tokenize not in BLEU.TOKENIZERS:
        known = ", ".join(sorted(map(str, BLEU.TOKENIZERS)))
        raise ValueError(f"tokenize: expected one of {known}, got {tokenize!r}")
    # force: no warning that tokenised full stops look as if someone forgot to detokenise.
    return BLEU(tokenize=tokenize, force=tokenize == "none")


def _chrf_scorer(word_order: int) -> CHRF:
    _check_integer("word_order", word_order, 0)
    return _CHRF(word_order=word_order)


class _CHRF(CHRF):
    """sacreBLEU's own, whose resamples that score 0 are floats of another type than the others.

    Python takes no mean of two types of floats; an int goes with any.
    """

    def _compute_score_from_stats(self, stats: Any) -> Any:
        result = super()._compute_score_from_stats(stats)
        result.score = result.score or 0
        return result


def _check_integer(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected an integer, got {value!r} ({type(value).__name__})")
    if value < least:
        raise ValueError(f"{name}: expected {least} or more, got {value!r}")


def _corpus_score(
    scorer: BLEU | CHRF, hypotheses: Iterable[Sentence], references: Iterable[Sentence]
) -> float:
    proposed, right = _sentences(hypotheses, references)
    return float(scorer.corpus_score(proposed, [right]).score)


def _corpus_interval(
    scorer: BLEU | CHRF,
    hypotheses: Iterable[Sentence],
    references: Iterable[Sentence],
    resamples: int,
) -> Interval:
    _check_integer("resamples", resamples, FEWEST_RESAMPLES)
    proposed, right = _sentences(hypotheses, references)
    result = scorer.corpus_score(proposed, [right], n_bootstrap=resamples)
    # Its JSON is the public form of the interval; it is left out if all resamples score 0.
    signature = str(scorer.get_signature())
    written = json.loads(result.format(width=12, signature=signature, is_json=True))
    mean, margin = written.get("confidence_mean", 0.0), written.get("confidence_var", 0.0)
    return Interval(float(result.score), float(mean), float(margin))


def _signature(scorer: BLEU | CHRF, resamples: int | None) -> str:
    if resamples is not None:
        _check_integer("resamples", resamples, FEWEST_RESAMPLES)
    # It has no signature before it has seen references.
    scorer.corpus_score(["a"], [["a"]], n_bootstrap=resamples or 1)
    return str(scorer.get_signature())


def _sentences(
    hypotheses: Iterable[Sentence], references: Iterable[Sentence]
) -> tuple[list[str], list[str]]:
    proposed, right = _joined("hypotheses", hypotheses), _joined("references", references)
    if len(proposed) != len(right):
        raise ValueError(
            f"hypotheses: expected one for each of the {len(right)} references, got {len(proposed)}"
        )
    if not right:
        raise ValueError("references: expected at least one, got none")
    return proposed, right


def _joined(name: str, sentences: Iterable[Sentence]) -> list[str]:
    if isinstance(sentences, str) or not isinstance(sentences, Iterable):
        got = "one string" if isinstance(sentences, str) else repr(sentences)
        raise TypeError(f"{name}: expected a list of sentences, got {got}")
    joined = []
    for i, sentence in enumerate(sentences):
        try:
            joined.append(sentence if isinstance(sentence, str) else " ".join(sentence))
        except TypeError:
            raise TypeError(
                f"{name}: expected strings or sequences of tokens, got {sentence!r} at {i}"
            ) from None
    return joined


def _link_sets(**named: Links | Iterable[Links]) -> list[tuple[Links, ...]]:
    """The sets of each sentence, in the order of the arguments."""
    sets = {name: _sets_of_sentences(name, links) for name, links in named.items()}
    numbers = [len(of_sentences) for of_sentences in sets.values()]
    if len(set(numbers)) > 1:
        raise ValueError(
            f"{', '.join(sets)}: expected the same number of sentences, "
            f"got {', '.join(map(str, numbers))}"
        )
    return list(zip(*sets.values(), strict=True))


def _sets_of_sentences(name: str, links: Links | Iterable[Links]) -> list[Links]:
    if not isinstance(links, Iterable):
        raise TypeError(
            f"{name}: expected a set of links (source, target), or a list of such sets, "
            f"got {links!r}"
        )
    sentences = [links] if isinstance(links, AbstractSet) else list(links)
    for i, sentence in enumerate(sentences):
        if not isinstance(sentence, AbstractSet):
            raise TypeError(
                f"{name}: expected a set of links (source, target), or a list of such sets, "
                f"got {type(sentence).__name__} in place of set {i}"
            )
    return sentences


def _share(name: str, counts: list[tuple[int, int]]) -> float:
    whole = sum(of for _, of in counts)
    if whole == 0:
        raise ValueError(f"{name}: expected at least one link, got none")
    return sum(part for part, _ in counts) / whole
