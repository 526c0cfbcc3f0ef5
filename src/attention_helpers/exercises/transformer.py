"""Chapter 8, a Transformer on the same task: its norm, its feed-forward layer, its parameters."""

import numpy as np

from .cases import Floats, case, exercise, floats, numbers


@exercise(
    case(
        "first its mean is taken from a vector: the result has the mean 0",
        x=floats([[5.0, 7.0]]),
        gain=floats([1, 1]),
        bias=floats([0, 0]),
    ),
    case(
        "then it is divided by the square root of its variance",
        x=floats([[0.0, 10.0, 20.0]]),
        gain=floats([1, 1, 1]),
        bias=floats([0, 0, 0]),
    ),
    case(
        "gain times the result, plus bias: in this order",
        x=floats([[0.0, 10.0, 20.0]]),
        gain=floats([2, 1, 0.5]),
        bias=floats([0, 1, -1]),
    ),
    case(
        "each word has its own mean and variance: over the last axis, which is kept",
        x=numbers(2, 2, 3),
        gain=floats([1, 1, 2]),
        bias=floats([0, 0, 1]),
    ),
    case(
        "a vector of equal numbers has variance 0: add 1e-5 to it, or 0/0 is no number",
        x=floats([[3.0, 3.0]]),
        gain=floats([1, 1]),
        bias=floats([0, 1]),
    ),
)
def layer_norm(x: Floats, gain: Floats, bias: Floats) -> Floats:
    centred = x - x.mean(axis=-1, keepdims=True)
    result: Floats = gain * centred / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) + bias
    return result


@exercise(
    case(
        "no layer: the words, a row of the width each, and the last norm of encoder and of decoder",
        words=10,
        width=2,
        inner=8,
        layers=0,
    ),
    case(
        "attention has four matrices d by d, each with a bias of d; a decoder block has two of them",
        words=0,
        width=4,
        inner=0,
        layers=1,
    ),
    case(
        "feed-forward: one matrix up and one down, with a bias of the inner width and one of d",
        words=0,
        width=2,
        inner=8,
        layers=1,
    ),
    case(
        "every part has a norm of its own, with a gain and a bias: 2 of them in an encoder block, 3 in "
        "a decoder block",
        words=589,
        width=64,
        inner=256,
        layers=2,
    ),
)
def transformer_parameters(words: int, width: int, inner: int, layers: int) -> int:
    attention = 4 * (width * width + width)
    feed_forward = width * inner + inner + inner * width + width
    norm = 2 * width
    encoder_block = attention + feed_forward + 2 * norm
    decoder_block = 2 * attention + feed_forward + 3 * norm
    return words * width + layers * (encoder_block + decoder_block) + 2 * norm
