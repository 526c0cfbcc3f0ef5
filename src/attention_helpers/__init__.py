"""Attention written with `tf.einsum`, and all that the book's notebooks import.

Every public name can be had from here, `from attention_helpers import BahdanauAttention`, or from
its module. Modules load when they are first used, so that `import attention_helpers` costs nothing
and works without TensorFlow. `text`, `corpus`, `datasets`, `metrics`, `plots`, `exercises` and
`conformance` never need it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import _registration

if TYPE_CHECKING:  # what an editor or a type checker finds under the lazy names
    from . import chunked as chunked
    from . import conformance as conformance
    from . import corpus as corpus
    from . import datasets as datasets
    from . import decoding as decoding
    from . import exercises as exercises
    from . import functional as functional
    from . import layers as layers
    from . import masks as masks
    from . import metrics as metrics
    from . import plots as plots
    from . import seq2seq as seq2seq
    from . import text as text
    from . import training as training
    from . import transformer as transformer
    from . import translator as translator
    from .chunked import *
    from .conformance import *
    from .corpus import *
    from .datasets import *
    from .decoding import *
    from .exercises import *
    from .functional import *
    from .layers import *
    from .masks import *
    from .metrics import *
    from .plots import *
    from .seq2seq import *
    from .text import *
    from .training import *
    from .transformer import *
    from .translator import *

__version__ = "0.1.0"

# The `__all__` of each module, in reading order: each imports only those before it. A test compares.
_NAMES = {
    "masks": "causal_mask combine_masks local_mask padding_mask",
    "functional": """
        additive_attention additive_scores attention dot_product_scores general_scores
        masked_softmax scaled_dot_product_attention
    """,
    "chunked": "chunked_additive_attention chunked_attention",
    "layers": "AttentionCache BahdanauAttention LuongAttention MultiHeadAttention update_cache",
    "text": """
        END END_ID PAD PAD_ID START START_ID UNKNOWN UNKNOWN_ID SentencePair Subwords Vocabulary
        batches_by_length pad read_pairs tokenize
    """,
    "corpus": "generate_pairs source_vocabulary target_vocabulary",
    "datasets": "DATA_VARIABLE MULTI30K_SHA256 MULTI30K_URL SPLITS DatasetError load_multi30k",
    "decoding": "Beam BeamSearchResult beam_search extend_beam greedy_search start_beam",
    "translator": "Translation Translator",
    "training": "masked_crossentropy train",
    "seq2seq": "GRU Memory Seq2Seq",
    "transformer": "Transformer rotate sinusoids",
    "metrics": """
        BUCKETS Forced IBMModel1 Interval alignment_error_rate alignment_precision alignment_recall
        attention_coverage attention_entropy bleu bleu_interval bleu_signature bucket_name by_length
        chrf chrf_interval chrf_signature diagonal_links exact_match first_wrong_word
        first_wrong_words forced forced_accuracy forced_alignment_error_rate links_from_weights
    """,
    "plots": """
        MODELS STYLE AlignmentMap Frame Stepper Table alignment alignment_map attention_diagram
        bleu_by_length bleu_by_order bottleneck_diagram by_depth by_heads capacity_sweep
        contraction_diagram decoding_steps gate_diagram growth line_styles loss_curves matrices
        probe_accuracy recall_by_pairs rotations score_comparison stepper table transformer_diagram
        unrolled_steps waiting_diagram weights_over_training
    """,
    "exercises": "Verdict check names",
    "conformance": "Outcome Property Report check_attention properties",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [*_NAMES, *_MODULE_OF]

# What Keras may find in a file: layers, models and losses. A test compares these too.
_REGISTERED = """
    BahdanauAttention GRU LuongAttention MultiHeadAttention Seq2Seq Transformer masked_crossentropy
""".split()
_registration.register(_REGISTERED)


if not TYPE_CHECKING:  # a type checker knows every name, and so finds a wrong one

    def __getattr__(name: str) -> Any:
        if name in _NAMES:
            return import_module(f"{__name__}.{name}")
        if name in _MODULE_OF:
            return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
