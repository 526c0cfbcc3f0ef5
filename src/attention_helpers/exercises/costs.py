"""Chapter 9, what attention costs: a softmax in blocks, the bytes of a cache, memories that are sums."""

import numpy as np

from .cases import Floats, case, exercise, floats, numbers


@exercise(
    case(
        "two blocks with the same largest score: both sums simply add up",
        highest_1=floats([1.0]),
        total_1=floats([2.0]),
        mixture_1=floats([[2.0, 4.0]]),
        highest_2=floats([1.0]),
        total_2=floats([1.0]),
        mixture_2=floats([[1.0, -1.0]]),
    ),
    case(
        "a sum that was made with another maximum is multiplied by exp(old maximum - new maximum)",
        highest_1=floats([0.0]),
        total_1=floats([1.0]),
        mixture_1=floats([[3.0]]),
        highest_2=floats([2.0]),
        total_2=floats([1.5]),
        mixture_2=floats([[-1.0]]),
    ),
    case(
        "each query has its own maximum: give it an axis of size 1 beside the depth of the values",
        highest_1=floats([0.0, 3.0]),
        total_1=floats([1.0, 1.5]),
        mixture_1=numbers(2, 3),
        highest_2=floats([2.0, -1.0]),
        total_2=floats([1.0, 2.0]),
        mixture_2=numbers(2, 3, start=7),
    ),
    case(
        "exp overflows beyond 88 in float32: subtract the new maximum before exp, not after it",
        highest_1=floats([1e4]),
        total_1=floats([1.0]),
        mixture_1=floats([[3.0]]),
        highest_2=floats([1e4 - 1]),
        total_2=floats([1.0]),
        mixture_2=floats([[-1.0]]),
    ),
    results=("highest", "total", "mixture"),
)
def merged_blocks(
    highest_1: Floats,
    total_1: Floats,
    mixture_1: Floats,
    highest_2: Floats,
    total_2: Floats,
    mixture_2: Floats,
) -> tuple[Floats, Floats, Floats]:
    highest = np.maximum(highest_1, highest_2)
    one, two = np.exp(highest_1 - highest), np.exp(highest_2 - highest)
    total = one * total_1 + two * total_2
    mixture = one[:, None] * mixture_1 + two[:, None] * mixture_2
    return highest, total, mixture


@exercise(
    case(
        "one word, one layer, one head: a key and a value",
        length=1,
        layers=1,
        heads=1,
        depth=1,
        number_bytes=4,
    ),
    case(
        "each head of each layer keeps its own keys and values",
        length=10,
        layers=3,
        heads=2,
        depth=4,
        number_bytes=2,
    ),
)
def cache_bytes(length: int, layers: int, heads: int, depth: int, number_bytes: int) -> int:
    return 2 * length * layers * heads * depth * number_bytes


@exercise(
    case(
        "the first query sees the first pair: its dot product with the key times the value",
        query=floats([[1.0, 2.0]]),
        key=floats([[3.0, 0.5]]),
        value=floats([[2.0, 0.0, 4.0]]),
    ),
    case(
        "no query sees a later pair, and there is no softmax",
        query=numbers(3, 2) / 2,
        key=numbers(3, 2, start=5) / 2,
        value=numbers(3, 4, start=3),
    ),
)
def linear_attention(query: Floats, key: Floats, value: Floats) -> Floats:
    context: Floats = (np.tri(len(query)) * (query @ key.T)) @ value
    return context


@exercise(
    case(
        "into an empty state goes the share of the value",
        query=floats([[1.0, 0.0]]),
        key=floats([[1.0, 0.0]]),
        value=floats([[4.0]]),
        share=0.5,
    ),
    case(
        "the same key again, with a share of 1: the old value is gone",
        query=floats([[1.0, 0.0], [1.0, 0.0]]),
        key=floats([[1.0, 0.0], [1.0, 0.0]]),
        value=floats([[4.0], [1.0]]),
        share=1.0,
    ),
    case(
        "what the state already says of a key is subtracted from its value before the share is taken",
        query=numbers(3, 2) / 2,
        key=floats([[0.6, 0.8], [1.0, 0.0], [0.0, 1.0]]),
        value=numbers(3, 2, start=3),
        share=0.25,
    ),
)
def delta_rule(query: Floats, key: Floats, value: Floats, share: float) -> Floats:
    state = np.zeros((key.shape[1], value.shape[1]))
    context = []
    for q, k, v in zip(query, key, value, strict=True):
        state = state + share * np.outer(k, v - k @ state)
        context.append(q @ state)
    return floats(context)
