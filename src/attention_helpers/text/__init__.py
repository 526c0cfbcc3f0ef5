"""Text for a network: pairs of sentences, words or subwords, vocabularies, batches."""

from .batches import batches_by_length
from .pairs import SentencePair, read_pairs, tokenize
from .pairs import check_pairs as check_pairs  # what is not in `__all__` is for the package itself
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
from .vocabulary import encode_all as encode_all
from .vocabulary import encode_sentence as encode_sentence
from .vocabulary import encode_side as encode_side

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
