"""Every figure of the book: one function a figure, drawn with Matplotlib, and no TensorFlow.

The interactive ones (`alignment_map`, `stepper` and the figures that step) are HTML and CSS, without
a script. They are complete on paper and where a page loses its styles.

Nothing is told by colour alone: each line has its own marker, its own dashes and a label at its
end. The colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart. The
background is opaque white, so that a figure can be read on a dark page too. A function returns
the axes it drew in and leaves `plt.show()` to the caller. Names, words and titles that a caller
gives are drawn as they are: a ``$`` or a leading ``_`` means nothing.
"""

from .alignments import alignment
from .blocks import transformer_diagram, waiting_diagram
from .curves import loss_curves, probe_accuracy
from .diagrams import attention_diagram, bottleneck_diagram
from .einsums import contraction_diagram
from .gates import gate_diagram
from .growth import growth, recall_by_pairs
from .heads import by_heads
from .maps import AlignmentMap, alignment_map
from .matrices import matrices
from .rotations import rotations
from .scores import bleu_by_length, bleu_by_order, by_depth, capacity_sweep, score_comparison
from .steppers import Frame, Stepper, stepper
from .steps import decoding_steps, unrolled_steps, weights_over_training
from .style import MODELS, STYLE, line_styles
from .tables import Table, table

__all__ = [
    "MODELS",
    "STYLE",
    "AlignmentMap",
    "Frame",
    "Stepper",
    "Table",
    "alignment",
    "alignment_map",
    "attention_diagram",
    "bleu_by_length",
    "bleu_by_order",
    "bottleneck_diagram",
    "by_depth",
    "by_heads",
    "capacity_sweep",
    "contraction_diagram",
    "decoding_steps",
    "gate_diagram",
    "growth",
    "line_styles",
    "loss_curves",
    "matrices",
    "probe_accuracy",
    "recall_by_pairs",
    "rotations",
    "score_comparison",
    "stepper",
    "table",
    "transformer_diagram",
    "unrolled_steps",
    "waiting_diagram",
    "weights_over_training",
]
