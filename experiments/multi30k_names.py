"""Names that are held out of the training sentences, and unknown words that attention points at.

A name is a word that begins with a capital, stands the same in an English sentence and in its
translation, in both not as their first word, and is rare. All sentence pairs that have one are kept
from training; a model of words then cannot write it, and writes UNKNOWN, which `pointed` replaces
by the source word with the largest weight (Luong et al. 2015, arXiv 1508.04025, section 4.1).
"""

import re
from collections import Counter

import numpy as np

from attention_helpers.text import UNKNOWN

WORD = re.compile(r"\w+")
SHORTEST, MOST = 3, 20  # letters of a name, and in how many sentences it stands at most


def held_out_pairs(english, french):
    """The names of each pair, by its number: of all pairs that must not be trained on.

    A pair whose French side has a name that the English one has not is held out too, with no name.
    """
    cut = [
        (WORD.findall(source), WORD.findall(target))
        for source, target in zip(english, french, strict=True)
    ]
    everywhere = Counter(word for source, _ in cut for word in set(source))
    in_both = Counter(word for source, target in cut for word in set(source[1:]) & set(target[1:]))
    names = {
        word
        for word, count in in_both.items()
        if word[0].isupper() and len(word) >= SHORTEST
        # Rare, and as a rule carried over: "The" or "Blue" are also words that are translated.
        if everywhere[word] <= min(MOST, 2 * count)
    }
    return {
        number: sorted(names & set(source) & set(target))
        for number, (source, target) in enumerate(cut)
        if names & {*source, *target}
    }


def pointed(source, translation):
    """The words of a translation, UNKNOWN replaced by the source word with the largest weight."""
    rows = zip(translation.tokens, translation.weights, strict=False)  # END has a row too
    return tuple(source[int(np.argmax(row))] if word == UNKNOWN else word for word, row in rows)


def in_order(source, translation, known):
    """UNKNOWN replaced without attention: the first by the first unknown source word, and so on."""
    waiting = iter([word for word in source if word not in known])
    return tuple(next(waiting, UNKNOWN) if word == UNKNOWN else word for word in translation.tokens)


def recall(names, translations):
    """The share of the names that stand in the translation of their sentence."""
    found = [
        name in WORD.findall(translation)
        for of_sentence, translation in zip(names, translations, strict=True)
        for name in of_sentence
    ]
    return float(np.mean(found))
