"""Scores of translations and of alignments: BLEU, exact match, alignment error rate."""

from collections.abc import Set as AbstractSet

import numpy as np
from sacrebleu.metrics import BLEU

__all__ = [
    "BUCKETS",
    "alignment_error_rate",
    "bleu",
    "bleu_signature",
    "bucket_name",
    "by_length",
    "exact_match",
    "links_from_weights",
]

# Lengths in tokens, both ends included.
BUCKETS = ((5, 10), (11, 20), (21, 30), (31, 40), (41, 50))


def bleu(hypotheses, references, tokenize="none"):
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
    hypotheses, references = _sentences(hypotheses, references)
    return float(_scorer(tokenize).corpus_score(hypotheses, [references]).score)


def bleu_signature(tokenize="none"):
    """The settings of `bleu`, as sacreBLEU writes them; print it beside every score.

    Args:
        tokenize: as for `bleu`.

    Returns:
        The signature, a string; it ends with sacreBLEU's version.

    Raises:
        ValueError: an unknown tokeniser.

    Example:
        >>> bleu_signature("13a").split("|version")[0]
        'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp'
    """
    scorer = _scorer(tokenize)
    scorer.corpus_score(["a"], [["a"]])  # it has no signature before it has seen references
    return str(scorer.get_signature())


def exact_match(hypotheses, references):
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
    hypotheses, references = _sentences(hypotheses, references)
    return float(np.mean([h == r for h, r in zip(hypotheses, references, strict=True)]))


def bucket_name(bucket):
    """The name of a bucket of lengths.

    Args:
        bucket: the pair of its shortest and longest length.

    Returns:
        The name, a string.

    Example:
        >>> bucket_name((5, 10))
        '5-10'
    """
    shortest, longest = bucket
    return f"{shortest}-{longest}"


def by_length(metric, hypotheses, references, lengths, buckets=BUCKETS):
    """A metric in each bucket of lengths.

    Args:
        metric: a function of hypotheses and references, such as `bleu` or `exact_match`.
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
    values = {}
    for shortest, longest in buckets:
        inside = [i for i, length in enumerate(lengths) if shortest <= length <= longest]
        if inside:
            values[bucket_name((shortest, longest))] = metric(
                [hypotheses[i] for i in inside], [references[i] for i in inside]
            )
    return values


def links_from_weights(weights, threshold=None):
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
    weights = np.asarray(weights)
    if weights.ndim != 2:
        raise ValueError(f"weights: expected (target, source), got shape {weights.shape}")
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


def alignment_error_rate(predicted, sure, possible):
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
    predicted = _link_sets("predicted", predicted)
    sure = _link_sets("sure", sure)
    possible = _link_sets("possible", possible)
    if not len(predicted) == len(sure) == len(possible):
        raise ValueError(
            "predicted, sure, possible: expected the same number of sentences, got "
            f"{len(predicted)}, {len(sure)}, {len(possible)}"
        )
    right = proposed = 0
    for i, (a, s, p) in enumerate(zip(predicted, sure, possible, strict=True)):
        if not s <= p:
            raise ValueError(
                f"possible: expected every sure link, got none of {sorted(s - p)} in sentence {i}"
            )
        right += len(a & s) + len(a & p)
        proposed += len(a) + len(s)
    if proposed == 0:
        raise ValueError("predicted, sure: expected at least one link, got none")
    return 1 - right / proposed


def _scorer(tokenize):
    if tokenize not in BLEU.TOKENIZERS:
        names = ", ".join(sorted(map(str, BLEU.TOKENIZERS)))
        raise ValueError(f"tokenize: expected one of {names}, got {tokenize!r}")
    # force: no warning that tokenised full stops look as if someone forgot to detokenise.
    return BLEU(tokenize=tokenize, force=tokenize == "none")


def _sentences(hypotheses, references):
    hypotheses = _joined("hypotheses", hypotheses)
    references = _joined("references", references)
    if len(hypotheses) != len(references):
        raise ValueError(
            f"hypotheses: expected one for each of the {len(references)} references, "
            f"got {len(hypotheses)}"
        )
    if not references:
        raise ValueError("references: expected at least one, got none")
    return hypotheses, references


def _joined(name, sentences):
    if isinstance(sentences, str):
        raise TypeError(f"{name}: expected a list of sentences, got one string")
    joined = []
    for i, sentence in enumerate(sentences):
        try:
            joined.append(sentence if isinstance(sentence, str) else " ".join(sentence))
        except TypeError:
            raise TypeError(
                f"{name}: expected strings or sequences of tokens, got {sentence!r} at {i}"
            ) from None
    return joined


def _link_sets(name, links):
    sentences = [links] if isinstance(links, AbstractSet) else list(links)
    for i, sentence in enumerate(sentences):
        if not isinstance(sentence, AbstractSet):
            raise TypeError(
                f"{name}: expected a set of links (source, target), or a list of such sets, "
                f"got {type(sentence).__name__} in place of set {i}"
            )
    return sentences
