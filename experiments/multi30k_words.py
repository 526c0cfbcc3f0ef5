"""Sentences cut into whole words, in the form of `text.Subwords`; what is rare stays unknown."""

import re
from collections import Counter

from attention_helpers.text.subwords import WORD_START, normalised

WORD = re.compile(rf"{WORD_START}?(?:\w+|[^\w\s])")  # punctuation is a word of its own


class Words:
    """The most frequent words, punctuation included; "▁" stands for the space before one."""

    def __init__(self, tokens):
        self.tokens = list(tokens)

    @classmethod
    def train(cls, sentences, *, size):
        """The `size` most frequent words; of those as frequent as each other, the first ones seen."""
        counts = Counter(word for sentence in sentences for word in cut(sentence))
        return cls(word for word, _ in counts.most_common(size))

    def encode(self, sentence):
        """All words, also those that are not among the tokens."""
        return cut(sentence)

    def decode(self, words):
        return "".join(words).replace(WORD_START, " ").strip()


def cut(sentence):
    """The words of a sentence, whole.

    Example:
        >>> cut("It's here.")
        ('▁It', "'", 's', '▁here', '.')
    """
    return tuple(
        WORD.findall(WORD_START + normalised("sentence", sentence).replace(" ", WORD_START))
    )
