"""The gates of one step: what is drawn is what the formula says, and a gate is filled as far as open."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Rectangle
from plotted import text_boxes

from attention_helpers import plots

STATE, RESET = np.array([0.8, -0.6, 0.5, 0.9]), np.array([1, 0, 0.5, 0.25])
CANDIDATE, UPDATE = np.array([-0.4, 0.7, 0.1, -0.9]), np.array([0, 1, 0.5, 0.75])


@pytest.fixture
def ax():
    return plots.gate_diagram(STATE, RESET, CANDIDATE, UPDATE)


def shown(ax):
    """The numbers by row, from top to bottom."""
    rows = {}
    for text in ax.texts:
        try:
            number = float(text.get_text().replace("−", "-"))
        except ValueError:
            continue
        rows.setdefault(text.get_position()[1], []).append(number)
    return [rows[y] for y in sorted(rows, reverse=True)]


def test_six_rows_from_the_old_state_to_the_new(ax):
    new = (1 - UPDATE) * STATE + UPDATE * CANDIDATE
    wanted = [STATE, RESET, RESET * STATE, CANDIDATE, UPDATE, new]
    np.testing.assert_allclose(shown(ax), wanted, atol=0.0051)
    assert shown(ax)[-1][:2] == [0.8, 0.7]  # z = 0 keeps the old number, z = 1 takes the new one


def test_a_gate_is_filled_as_far_as_it_is_open(ax):
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    fills = [box for box in boxes if box.get_edgecolor()[3] == 0]
    whole = max(box.get_height() for box in boxes)
    heights = np.array([box.get_height() for box in fills]).reshape(2, 4) / whole
    np.testing.assert_allclose(heights, [RESET, UPDATE])


def test_labels_and_numbers_do_not_touch(ax):
    boxes = [box for text, box in text_boxes(ax)]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])
    plt.close("all")


def test_it_fits_the_page_and_given_axes(ax):
    ax.figure.canvas.draw()
    assert ax.figure.get_tightbbox().width <= 7.2
    assert min(text.get_fontsize() for text in ax.texts) >= 9
    _, (left, right) = plt.subplots(1, 2)
    assert plots.gate_diagram([1], [1], [0], [0.5], ax=right) is right and not left.has_data()
    plt.close("all")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"state": [2.0] * 4}, "state: expected finite numbers from -1 to 1, got 2"),
        ({"reset": [-0.5] * 4}, "reset: expected finite numbers from 0 to 1, got -0.5"),
        ({"candidate": [0.5] * 3}, r"candidate: expected as many numbers as state, \(4,\)"),
        ({"update": [[1.0]]}, r"update: expected 1 to 6 numbers, got shape \(1, 1\)"),
        ({"state": []}, r"state: expected 1 to 6 numbers, got shape \(0,\)"),
        ({"state": [0.0] * 7}, r"state: expected 1 to 6 numbers, got shape \(7,\)"),
    ],
)
def test_what_it_cannot_draw(change, message):
    given = {"state": STATE, "reset": RESET, "candidate": CANDIDATE, "update": UPDATE}
    with pytest.raises(ValueError, match=message):
        plots.gate_diagram(**(given | change))
