"""Chapter 6, queries, keys and values: masked and scaled dot-product attention."""

import numpy as np

from .bahdanau import softmax
from .cases import Floats, Mask, case, exercise, floats, numbers


@exercise(
    case(
        "where all is allowed it is the softmax",
        scores=floats([[0.0, 1.0]]),
        mask=np.array([[True, True]]),
    ),
    case(
        "what is masked must not count in the sum: mask before the softmax, not after it",
        scores=floats([[0.0, 0.0, 9.0]]),
        mask=np.array([[True, True, False]]),
    ),
    case(
        "exp overflows beyond 88 in float32: what may be subtracted from a whole row?",
        scores=floats([[1e4, 1e4 - 1]]),
        mask=np.array([[True, True]]),
    ),
    case(
        "a large negative number is not small enough when the scores are lower still",
        scores=floats([[-1e4, 1e4]]),
        mask=np.array([[True, False]]),
    ),
    case(
        "a row with nothing to attend gives zeros, not 0/0",
        scores=floats([[1.0, 2.0]]),
        mask=np.array([[False, False]]),
    ),
    case(
        "the mask of a sentence (b, 1, k) serves all of its queries",
        scores=numbers(2, 2, 2),
        mask=np.array([[[True, False]], [[True, True]]]),
    ),
)
def masked_softmax(scores: Floats, mask: Mask) -> Floats:
    mask = np.broadcast_to(mask, scores.shape)
    return np.where(mask, softmax(np.where(mask, scores, -1e30)), 0.0)


@exercise(
    case(
        "one key: its weight is one, and the context is its value",
        query=numbers(1, 1),
        key=numbers(1, 1),
        value=numbers(1, 2),
    ),
    case(
        "equal scores: the weights of a query are a softmax over the keys",
        query=floats([[0.0, 0.0]]),
        key=numbers(2, 2),
        value=numbers(2, 3, start=3),
    ),
    case(
        "divide the scores by the square root of d, before the softmax",
        query=floats([[2.0, 0.0, 0.0, 0.0]]),
        key=floats(np.eye(2, 4)),
        value=numbers(2, 2),
    ),
    case(
        "every query has its own softmax, over the keys",
        query=numbers(2, 2) / 2,
        key=numbers(2, 2, start=5) / 2,
        value=numbers(2, 2, start=3),
    ),
    case(
        "d is the depth of the queries and keys, not of the values, nor a length",
        query=numbers(1, 2) / 2,
        key=numbers(3, 2, start=5) / 2,
        value=numbers(3, 4, start=3),
    ),
    results=("context", "weights"),
)
def scaled_dot_product_attention(
    query: Floats, key: Floats, value: Floats
) -> tuple[Floats, Floats]:
    weights = softmax(query @ key.T / np.sqrt(query.shape[-1]))
    return weights @ value, weights


@exercise(
    case("the first position sees itself", length=1),
    case("True = may attend: what is not later than the query", length=2),
    case("rows are queries, columns are keys", length=3),
)
def causal_mask(length: int) -> Mask:
    return np.tri(length, dtype=bool)
