"""Checks for the reader's own answers: a pass line, or the smallest case that fails and a hint.

`check(name, function)` calls the function on small NumPy arrays, by position, and compares what it
returns with a reference written in NumPy; TensorFlow tensors and Python lists are answers as good.
"""

# A chapter's exercises are known once it is imported: in the order of the book.
from . import sequences, bottleneck, bahdanau, alignments  # noqa: F401  # isort: skip
from . import einsum, queries_keys_values, self_attention  # noqa: F401  # isort: skip
from . import transformer, costs, bugs  # noqa: F401  # isort: skip
from .checking import Verdict, check, names

__all__ = ["Verdict", "check", "names"]
