"""Text for a network: pairs of sentences, words or subwords, vocabularies, batches."""

from .batches import batches_by_length
from .pairs import SentencePair, read_pairs, tokenize
from .subwords import Subwords
from .vocabulary import (
    END,
    END_ID,
    PAD,
    PAD_ID,
    START,
    START_ID,
    UNKNOWN,
    UNKNOWN_ID,
    Vocabulary,
    pad,
)
from .vocabulary import encode_all as encode_all  # these two are for the package itself
from .vocabulary import encode_sentence as encode_sentence

__all__ = [
    "END",
    "END_ID",
    "PAD",
    "PAD_ID",
    "START",
    "START_ID",
    "UNKNOWN",
    "UNKNOWN_ID",
    "SentencePair",
    "Subwords",
    "Vocabulary",
    "batches_by_length",
    "pad",
    "read_pairs",
    "tokenize",
]
