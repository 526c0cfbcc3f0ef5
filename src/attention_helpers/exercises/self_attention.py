"""Chapter 7, masks, heads and self-attention: two masks, a walk over positions, grouped heads."""

import numpy as np

from .cases import Floats, Ids, Mask, case, exercise, floats, ids, numbers


@exercise(
    case("one sentence: each word sees itself and those before", sentence=ids([[1, 1, 1]])),
    case(
        "a word sees no other sentence, although it stands before it in the row",
        sentence=ids([[1, 1, 2]]),
    ),
    case(
        "padding is hidden as a key, also from padding: its rows are all False",
        sentence=ids([[1, 1, 0, 0]]),
    ),
    case("one mask (q, k) a row, for each row of the batch", sentence=ids([[1, 2, 2], [1, 1, 0]])),
    case("padding may stand in front, or between two sentences", sentence=ids([[0, 1, 0, 2, 2]])),
)
def packed_mask(sentence: Ids) -> Mask:
    same = sentence[:, :, None] == sentence[:, None, :]
    mask: Mask = np.tri(sentence.shape[-1], dtype=bool) & same & (sentence != 0)[:, None, :]
    return mask


@exercise(
    case("no step: the vector stays as it is", vector=floats([0.6, 0.8]), steps=0),
    case(
        "the sine and cosine of a sum: sin(a + s) = sin a cos s + cos a sin s",
        vector=floats([0.0, 1.0]),
        steps=1,
    ),
    case(
        "cos(a + s) = cos a cos s - sin a sin s: look at the sign",
        vector=floats([1.0, 0.0]),
        steps=2,
    ),
    case(
        "each pair of components turns at its own speed, 10000^(-2l/d), the first one at speed 1",
        vector=floats([0.0, 1.0, 0.0, 1.0]),
        steps=3,
    ),
    case(
        "a walk back is a walk by a negative number of steps",
        vector=floats([0.6, 0.8, -0.8, 0.6, 0.0, 1.0]),
        steps=-5,
    ),
)
def walk_on(vector: Floats, steps: int) -> Floats:
    depth = len(vector)
    angle = steps * 10_000.0 ** (-np.arange(0, depth, 2) / depth)
    sine, cosine = vector[0::2], vector[1::2]
    walked = [
        sine * np.cos(angle) + cosine * np.sin(angle),
        cosine * np.cos(angle) - sine * np.sin(angle),
    ]
    return np.stack(walked, axis=-1).reshape(depth)


@exercise(
    case(
        "as many heads of keys as of queries: each has its own",
        query=numbers(1, 2, 1, 2),
        key=numbers(1, 2, 1, 2, start=5),
    ),
    case(
        "one head of keys: all heads of the queries share it",
        query=numbers(1, 2, 1, 2),
        key=numbers(1, 1, 2, 2, start=5),
    ),
    case(
        "neighbours share: of four heads, 0 and 1 have the first keys",
        query=numbers(1, 4, 1, 2),
        key=numbers(1, 2, 1, 2, start=5),
    ),
    case(
        "each sentence of the batch looks at its own keys only",
        query=numbers(2, 2, 1, 1),
        key=numbers(2, 1, 2, 1, start=5),
    ),
)
def grouped_scores(query: Floats, key: Floats) -> Floats:
    shared = np.repeat(key, query.shape[1] // key.shape[1], axis=1)
    return query @ np.swapaxes(shared, -1, -2)


@exercise(
    case("a width of 1: each place sees itself, and nothing else", length=2, width=1),
    case("a place sees itself and those just before it: no later one", length=3, width=2),
    case("`width` counts the place itself", length=4, width=3),
    case("at the beginning there are fewer places to see", length=2, width=5),
)
def window_mask(length: int, width: int) -> Mask:
    mask: Mask = np.tri(length, dtype=bool) & ~np.tri(length, k=-width, dtype=bool)
    return mask
