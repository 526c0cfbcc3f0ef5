"""Scores of translations, of alignments, of attention weights, and of what a model says when forced.

Nothing here needs TensorFlow; its tensors are taken as arrays.
"""

from .alignments import (
    alignment_error_rate,
    alignment_precision,
    alignment_recall,
    attention_coverage,
    attention_entropy,
    diagonal_links,
    links_from_weights,
)
from .ibm import IBMModel1
from .positions import first_wrong_word, first_wrong_words
from .teacher_forcing import Forced, forced, forced_accuracy, forced_alignment_error_rate
from .translations import (
    BUCKETS,
    Interval,
    bleu,
    bleu_interval,
    bleu_signature,
    bucket_name,
    by_length,
    chrf,
    chrf_interval,
    chrf_signature,
    exact_match,
)

__all__ = [
    "BUCKETS",
    "Forced",
    "IBMModel1",
    "Interval",
    "alignment_error_rate",
    "alignment_precision",
    "alignment_recall",
    "attention_coverage",
    "attention_entropy",
    "bleu",
    "bleu_interval",
    "bleu_signature",
    "bucket_name",
    "by_length",
    "chrf",
    "chrf_interval",
    "chrf_signature",
    "diagonal_links",
    "exact_match",
    "first_wrong_word",
    "first_wrong_words",
    "forced",
    "forced_accuracy",
    "forced_alignment_error_rate",
    "links_from_weights",
]
