"""Chapter 4, reading alignments: the best that one link a word can do, a word that is cut off."""

import numpy as np

from .cases import Floats, Links, case, exercise, floats


@exercise(
    case(
        "each word has its one sure link: all can be found, and the rate is 0",
        sure={(0, 0), (1, 1)},
        possible={(0, 0), (1, 1)},
    ),
    case(
        "a word without a sure link takes a possible one, which is no error",
        sure={(0, 0)},
        possible={(0, 0), (0, 1), (1, 1)},
    ),
    case(
        "of two sure links of one target word, one can be proposed, and the other is missed",
        sure={(0, 0), (1, 0), (2, 1)},
        possible={(0, 0), (1, 0), (2, 1)},
    ),
    case(
        "a link is (source position, target position): one source word may have two target words",
        sure={(0, 0), (0, 1), (1, 2), (2, 2)},
        possible={(0, 0), (0, 1), (1, 2), (2, 2), (2, 3)},
    ),
)
def lowest_error_rate(sure: Links, possible: Links) -> float:
    proposed = {target for _, target in possible}
    found = {target for _, target in sure}
    return 1 - (len(found) + len(proposed)) / (len(proposed) + len(sure))


@exercise(
    case(
        "the word at this place gets 0, and the others are divided by what is left",
        weights=floats([0.5, 0.25, 0.25]),
        place=0,
    ),
    case(
        "several rows at once: the place is one of the last axis, the same in every row",
        weights=floats([[0.2, 0.6, 0.2], [0.1, 0.6, 0.3]]),
        place=1,
    ),
    case(
        "what is left is different in every row: keep the axis of the sum",
        weights=floats([[0.2, 0.8], [0.6, 0.4]]),
        place=1,
    ),
    case(
        "if the word had all the weight, nothing is left: zeros, not 0/0",
        weights=floats([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]),
        place=1,
    ),
)
def cut_off(weights: Floats, place: int) -> Floats:
    kept = np.where(np.arange(weights.shape[-1]) == place, 0.0, weights)
    left = kept.sum(axis=-1, keepdims=True)
    shares: Floats = np.divide(kept, left, out=np.zeros_like(kept), where=left > 0)
    return shares
