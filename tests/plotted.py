"""What the tests of the figures share: data, what was drawn, and one call of each figure."""

import matplotlib.pyplot as plt
import numpy as np

from attention_helpers import plots

SOURCE = ["the", "old", "minister", "does", "not", "sign"]
TARGET = ["l'", "ancien", "ministre", "ne", "signe", "pas", "."]
SURE = {(0, 0), (1, 1), (2, 2), (4, 3), (5, 4), (4, 5)}
POSSIBLE = SURE | {(3, 4), (5, 6)}
WEIGHTS = np.random.default_rng(1).dirichlet(np.ones(len(SOURCE)) / 2, size=len(TARGET))

BLEU = {
    "fixed": {"5-10": [88.0, 90.5, 86.0], "11-20": [60.0, 66.0, 63.0], "41-50": [12.0, 19.0, 14.0]},
    "bahdanau": {"5-10": [99.5, 99.9, 100.0], "11-20": [99, 99, 98], "41-50": [98.9, 98.0, 98.2]},
}

OPERANDS = {"query": [[1, 2, 0], [0, 1, 3]], "key": [[1, 0, 1], [2, 1, 0], [0, 3, 2], [1, 1, 1]]}


def lines(ax, *, hidden=False):
    return {
        line.get_label(): line for line in ax.lines if line.get_label().startswith("_") == hidden
    }


def seeds(ax, name):
    return [line for line in ax.lines if line.get_label() == f"_{name}: seeds"]


def labels_at(ticks):
    return {round(float(tick.get_loc()), 6): tick.label1.get_text() for tick in ticks}


def text_boxes(ax):
    """Pairs of a text and where it stands."""
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    # Text's own method: that of an annotation counts its leader too.
    return [(t.get_text(), plt.Text.get_window_extent(t, renderer)) for t in ax.texts]


def contraction(**changes):
    arguments = {"equation": "qd,kd->qk", "operands": OPERANDS, "at": {"q": 1, "k": 2}} | changes
    return plots.contraction_diagram(**arguments)


FIGURES = {
    "bleu_by_length": lambda **ax: plots.bleu_by_length(BLEU, title="t", **ax),
    "capacity_sweep": lambda **ax: plots.capacity_sweep({32: BLEU["fixed"]}, title="t", **ax),
    "score_comparison": lambda **ax: plots.score_comparison({"a": [1, 2]}, title="t", **ax),
    "probe_accuracy": lambda **ax: plots.probe_accuracy({"5-10": [0.5, 1]}, title="t", **ax),
    "loss_curves": lambda **ax: plots.loss_curves({"fixed": [2.0, 1.0]}, title="t", **ax),
    "by_depth": lambda **ax: plots.by_depth({"dot": {8: [0.9, 0.8], 16: 0.7}}, title="t", **ax),
    "growth": lambda **ax: plots.growth(
        {"dot": {64: [1.0, 3.0, 2.0], 4096: 800.0}}, xlabel="T", ylabel="ms", title="t", **ax
    ),
    "recall_by_pairs": lambda **ax: plots.recall_by_pairs({16: [1.0, 0.5]}, title="t", **ax),
    "by_heads": lambda **ax: plots.by_heads({"four": {1: [0.4, 0.5], 4: 1.0}}, title="t", **ax),
    "alignment": lambda **ax: plots.alignment(WEIGHTS, SOURCE, TARGET, title="t", **ax),
    "bottleneck_diagram": lambda **ax: plots.bottleneck_diagram(**ax),
    "attention_diagram": lambda **ax: plots.attention_diagram(**ax),
    "transformer_diagram": lambda **ax: plots.transformer_diagram(**ax),
    "waiting_diagram": lambda **ax: plots.waiting_diagram(**ax),
    "contraction_diagram": lambda **ax: contraction(**ax),
}

# Names, words and titles that would be markup, style, script or a formula, were they not escaped
HOSTILE = [
    '</style><img src=x onerror="window.ran = 1">',
    '"><script>window.ran = 1</script>',
    "</title></svg><iframe srcdoc='<script>parent.ran = 1</script>'>",
    "<!-- &amp; ]]>",
    "$$x$$",
    r"\(y\)",
    "#map { display: none }",
    " a  b ",
]
