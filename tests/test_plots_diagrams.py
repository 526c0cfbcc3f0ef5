"""Diagrams: arrows between the states they should join, as wide as their weights."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch
from plotted import contraction, text_boxes

from attention_helpers import plots
from attention_helpers.plots.style import GOLD


def arrows(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def test_bottleneck_diagram_lets_everything_pass_through_one_vector():
    ax = plots.bottleneck_diagram(["a", "b", "c"], ["x", "y"])
    texts = [text.get_text() for text in ax.texts]
    assert {"a", "b", "c", "x", "y", "one vector", "$h_{3}$", "$s_{2}$", "$c$"} <= set(texts)
    through = [a for a in arrows(ax) if to_hex(a.get_edgecolor()) == GOLD.lower()]
    (into,) = [a for a in through if a._posA_posB[0][1] < 1]  # from the encoder, one arrow only
    assert into._posA_posB[0][0] == 2  # of its last state
    assert sorted(a._posA_posB[1][0] for a in through if a is not into) == [0, 1]


def test_attention_diagram_draws_wider_arrows_for_larger_weights():
    weights = [0.1, 0.6, 0.3]
    ax = plots.attention_diagram(weights, ["a", "b", "c"], ["x", "y"], step=1)
    blue = plots.MODELS["bahdanau"].colour.lower()
    read = [a for a in arrows(ax) if to_hex(a.get_edgecolor()) == blue and a._posA_posB[0][1] < 2]
    assert [a._posA_posB[0][0] for a in read] == [0, 1, 2]
    assert {a._posA_posB[1][0] for a in read} == {1}  # all end below the word being written
    widths = [a.get_linewidth() for a in read]
    assert np.argsort(widths).tolist() == np.argsort(weights).tolist()
    texts = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert texts["0.10"] < texts["0.60"] < texts["0.30"]
    assert "$c_{2}$" in texts


@pytest.mark.parametrize("step", [0, 2])
def test_attention_diagram_shows_who_asks_and_what_enters_afterwards(step):
    """The state before the step goes down to the scores; the word before goes into the step."""
    ax = plots.attention_diagram(step=step)
    texts = {text.get_text() for text in ax.texts}
    assert {"$s_{0}$", "query", "score each, then softmax", f"$y_{{{step}}}$"} <= texts
    ends = [np.round(a._posA_posB, 1).tolist() for a in arrows(ax)]
    (query,) = [a for a in arrows(ax) if a.get_linestyle() not in ("-", "solid")]
    (x, y), (_, below) = query._posA_posB
    assert round(x) == step - 1 and y > 3 and below < 2  # from s_{i-1} to the scores
    assert [[-0.7, 4.2], [-0.3, 4.2]] in ends  # from s_0 to s_1
    into = [a for a in ends if a[1][1] == 3.9 and abs(a[1][0] - step) < 0.3]
    assert len(into) == 2  # the context and the word


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_diagrams_can_be_read_on_a_telephone(step):
    for ax in (plots.bottleneck_diagram(), plots.attention_diagram(step=step), contraction()):
        boxes = text_boxes(ax)
        shrink = 360 / ax.figure.get_tightbbox().width / ax.figure.dpi
        points = min(text.get_fontsize() for text in ax.texts)
        assert points * ax.figure.dpi / 72 * min(shrink, 1) >= 8.5  # pixels
        for i, (first, box) in enumerate(boxes):
            for second, other in boxes[i + 1 :]:
                assert not box.overlaps(other), (first, second)
