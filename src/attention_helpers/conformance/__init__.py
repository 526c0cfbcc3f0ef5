"""What any attention must satisfy, of any framework: a line for each property, with where it fails.

`check_attention(attention)` calls a function on small NumPy arrays and compares what comes out with
what must hold: that padding changes nothing, that a mask means what it says, that nothing is seen of
the future, that the softmax runs over the keys, and so on. A property that does not hold is reported
with the smallest case in which it does not. NumPy is all it imports; a framework is imported only where
the attention is written in it.
"""

# The properties are known once these are imported: in the order of a report.
from . import results, weights, looks, masks, order, batches, decoding, derivatives  # noqa: F401  # isort: skip
from .checking import check_attention, properties
from .registry import Property
from .report import Outcome, Report

__all__ = ["Outcome", "Property", "Report", "check_attention", "properties"]
