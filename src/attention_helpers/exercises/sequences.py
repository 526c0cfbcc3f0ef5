"""Chapter 1, translation as sequences: a plain recurrent network, perplexity, n-gram precision."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from .cases import Floats, case, exercise, floats, numbers

TWO_UNITS = {
    "W": numbers(2, 2, start=3) / 4,
    "U": numbers(2, 2, start=6) / 4,
    "b": floats([0.5, -0.5]),
}


@exercise(
    case(
        "from a state of zeros only word @ W + b is left, inside the tanh",
        words=numbers(1, 2),
        **TWO_UNITS,
    ),
    case(
        "the old state goes in as well, inside the tanh: state @ U",
        words=numbers(3, 2),
        **TWO_UNITS,
    ),
    case(
        "the state has as many numbers as b, which need not be as many as a word has",
        words=numbers(4, 3) / 2,
        W=numbers(3, 2, start=1) / 4,
        U=numbers(2, 2, start=5) / 4,
        b=floats([0.0, 1.0]),
    ),
)
def recurrent_states(words: Floats, W: Floats, U: Floats, b: Floats) -> Floats:
    state = np.zeros_like(b)
    states = []
    for word in words:
        state = np.tanh(word @ W + state @ U + b)
        states.append(state)
    return np.stack(states)


@exercise(
    case("a word that had the probability 1/4: as unsure as among 4", probabilities=floats([0.25])),
    case("first the mean of -log p, then exp of it", probabilities=floats([0.5, 0.125])),
    case(
        "the mean is over the words, so the length of the text does not matter",
        probabilities=floats([0.5, 0.25, 0.5, 0.25]),
    ),
)
def perplexity(probabilities: Floats) -> float:
    return float(np.exp(-np.log(probabilities).mean()))


@exercise(
    case(
        "of the n-grams of the translation, the share that the reference has too",
        translation=["le", "chat", "court", "."],
        reference=["le", "chat", "dort", "."],
        n=1,
    ),
    case(
        "an n-gram is n words in a row: four words hold three pairs",
        translation=["le", "chat", "court", "."],
        reference=["le", "chat", "dort", "."],
        n=2,
    ),
    case(
        "divide by the n-grams of the translation, not of the reference",
        translation=["le", "chat", "dort"],
        reference=["le", "chat", "noir", "dort", "ici", "."],
        n=2,
    ),
    case(
        "an n-gram counts at most as often as the reference has it",
        translation=["le", "le", "le", "le"],
        reference=["le", "chat", "voit", "le", "chien", "."],
        n=1,
    ),
)
def ngram_precision(translation: Sequence[str], reference: Sequence[str], n: int) -> float:
    def ngrams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
        return Counter(zip(*(words[start:] for start in range(n)), strict=False))

    shared = ngrams(translation) & ngrams(reference)
    return sum(shared.values()) / sum(ngrams(translation).values())
