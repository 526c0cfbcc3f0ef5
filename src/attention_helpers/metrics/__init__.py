"""Scores of translations, of alignments and of attention weights.

Nothing here needs TensorFlow; its tensors are taken as arrays.
"""

from .alignments import (
    alignment_error_rate,
    alignment_precision,
    alignment_recall,
    attention_coverage,
    attention_entropy,
    links_from_weights,
)
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
    "exact_match",
    "links_from_weights",
]
