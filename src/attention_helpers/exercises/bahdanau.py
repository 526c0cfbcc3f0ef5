"""Chapter 3, Bahdanau attention: additive scores, their gradient, alignments and their error rate."""

import numpy as np

from .cases import Floats, Links, case, exercise, floats, numbers


@exercise(
    case("equal scores, equal weights", scores=floats([0.0, 0.0])),
    case(
        "each row sums to one by itself: the last axis, with its dimension kept",
        scores=floats([[0.0, 1.0, 2.0], [2.0, 2.0, 0.0]]),
    ),
    case(
        "exp overflows beyond 88 in float32: what may be subtracted from a whole row?",
        scores=floats([[1e4, 1e4 - 1]]),
    ),
)
def softmax(scores: Floats) -> Floats:
    scores = np.asarray(scores, float)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return weights


@exercise(
    case(
        "one key: whatever its score, its weight is one",
        query=numbers(2),
        key=numbers(1, 3, start=2),
        query_kernel=numbers(2, 2, start=5) / 4,
        key_kernel=numbers(3, 2, start=9) / 4,
        score_kernel=numbers(2, start=1),
    ),
    case(
        "v . tanh(W query + U key): the sum inside the tanh, the weight v outside",
        query=numbers(2),
        key=numbers(3, 2, start=2),
        query_kernel=numbers(2, 2, start=5) / 4,
        key_kernel=numbers(2, 2, start=9) / 4,
        score_kernel=numbers(2, start=13),
    ),
    case(
        "query and key may have different sizes, and neither need be that of v",
        query=numbers(2, start=3),
        key=numbers(4, 3, start=2) / 2,
        query_kernel=numbers(2, 5, start=5) / 8,
        key_kernel=numbers(3, 5, start=9) / 8,
        score_kernel=numbers(5, start=13) / 2,
    ),
    results=("context", "weights"),
)
def additive_attention_for_one_query(
    query: Floats, key: Floats, query_kernel: Floats, key_kernel: Floats, score_kernel: Floats
) -> tuple[Floats, Floats]:
    hidden = np.tanh(query @ query_kernel + key @ key_kernel)
    weights = softmax(hidden @ score_kernel)
    return weights @ key, weights


@exercise(
    case(
        "v . tanh(query + key)",
        query=numbers(1, 1) / 4,
        key=numbers(1, 1, start=2),
        score_kernel=floats([1.0]),
    ),
    case(
        "every query meets every key: give each of them an axis of size 1 for the other",
        query=numbers(2, 3) / 4,
        key=numbers(4, 3, start=2) / 4,
        score_kernel=numbers(3, start=8),
    ),
    case(
        "as many queries as keys as units: which axis does v sum over?",
        query=numbers(2, 2) / 4,
        key=numbers(2, 2, start=5) / 4,
        score_kernel=numbers(2, start=8),
    ),
)
def additive_scores(query: Floats, key: Floats, score_kernel: Floats) -> Floats:
    return np.array([[np.tanh(q + k) @ score_kernel for k in key] for q in query])


@exercise(
    case(
        "without the tanh v . (query + key) = v . query + v . key: which term depends on the key?",
        query=numbers(1, 2) / 4,
        key=numbers(3, 2, start=2) / 4,
        score_kernel=numbers(2, start=6) / 4,
    ),
    case(
        "one row of weights for each query, though all rows are equal",
        query=numbers(2, 3) / 4,
        key=numbers(4, 3, start=2) / 4,
        score_kernel=numbers(3, start=8) / 4,
    ),
)
def weights_without_tanh(query: Floats, key: Floats, score_kernel: Floats) -> Floats:
    return softmax(np.array([[(q + k) @ score_kernel for k in key] for q in query]))


@exercise(
    case(
        "one annotation is the context itself: its score changes nothing",
        weights=floats([1.0]),
        value=numbers(1, 2),
        context_gradient=floats([1.0, 2.0]),
    ),
    case(
        "compare each annotation with the context, the weighted mean, and not with zero",
        weights=floats([0.5, 0.5]),
        value=floats([[1.0, 0.0], [3.0, 0.0]]),
        context_gradient=floats([1.0, 0.0]),
    ),
    case(
        "an annotation without weight cannot be heard: each row is multiplied by its weight",
        weights=floats([0.5, 0.25, 0.25, 0.0]),
        value=numbers(4, 3, start=2),
        context_gradient=numbers(3, start=5),
    ),
)
def gradient_of_scores(weights: Floats, value: Floats, context_gradient: Floats) -> Floats:
    context = weights @ value
    gradient: Floats = weights * ((value - context) @ context_gradient)
    return gradient


@exercise(
    case(
        "a link is (source position, target position), and a row is a target word",
        weights=floats([[0.1, 0.9]]),
    ),
    case(
        "one link for every target word, that of its largest weight",
        weights=floats([[0.7, 0.2, 0.1], [0.6, 0.1, 0.3]]),
    ),
)
def links_from_weights(weights: Floats) -> frozenset[tuple[int, int]]:
    return frozenset((int(source), target) for target, source in enumerate(weights.argmax(axis=1)))


@exercise(
    case(
        "all found and nothing else: no error",
        predicted={(0, 0)},
        sure={(0, 0)},
        possible={(0, 0)},
    ),
    case(
        "a possible link is allowed, but not required",
        predicted={(0, 0)},
        sure={(0, 0)},
        possible={(0, 0), (1, 0)},
    ),
    case(
        "a predicted link that is possible, though not sure, is no error",
        predicted={(0, 0), (1, 0)},
        sure={(0, 0)},
        possible={(0, 0), (1, 0)},
    ),
    case(
        "a predicted link that is sure is possible too: it counts in both intersections",
        predicted={(0, 0), (2, 1)},
        sure={(0, 0), (1, 1)},
        possible={(0, 0), (1, 1), (1, 0)},
    ),
)
def alignment_error_rate(predicted: Links, sure: Links, possible: Links) -> float:
    right = len(predicted & sure) + len(predicted & possible)
    return 1 - right / (len(predicted) + len(sure))
