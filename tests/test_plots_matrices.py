"""Matrices side by side, arrows that turn, and a measure against the number of heads."""

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch
from plotted import labels_at, lines, seeds, text_boxes

from attention_helpers import plots

CAUSAL = np.tri(3, dtype=bool)


def dots(ax):
    """The cells with a dot: (row, column)."""
    (drawn,) = [line for line in ax.lines if line.get_marker() == "o"]
    return set(zip(drawn.get_ydata().tolist(), drawn.get_xdata().tolist(), strict=True))


def test_a_mask_has_a_dot_where_it_allows():
    first, second = plots.matrices({"causal": CAUSAL, "none": np.zeros((2, 4), bool)})
    assert dots(first) == {(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)}
    assert dots(second) == set()
    shades = first.images[0]
    assert shades.get_array().tolist() == CAUSAL.tolist()
    assert tuple(shades.cmap(shades.norm(0.0))) == (1, 1, 1, 1)
    assert len(first.figure.axes) == 2, "no bar for a mask"


def test_rows_and_columns_are_named_with_their_ticks():
    first, second = plots.matrices(
        {"a": CAUSAL, "b": CAUSAL}, rows=["x", "y", "z"], columns=["$u$", "v", "w"]
    )
    assert labels_at(first.yaxis.get_major_ticks()) == {0: "x", 1: "y", 2: "z"}
    assert labels_at(second.xaxis.get_major_ticks()) == {0: "$u$", 1: "v", 2: "w"}
    assert [ax.get_ylabel() for ax in (first, second)] == ["query", ""]


@pytest.mark.parametrize(
    ("values", "limits"),
    [({"a": [[0.2, 0.5]], "b": [[0.8, 0.0]]}, (0, 0.8)), ({"a": [[-3.0, 1.0]]}, (-3, 3))],
)
def test_panels_share_their_shades_and_zero_is_white(values, limits):
    axes = plots.matrices(values, bar="weight")
    for ax, array in zip(axes, values.values(), strict=True):
        image = ax.images[0]
        assert image.get_clim() == limits
        assert image.get_array().tolist() == array
        assert min(image.cmap(image.norm(0.0))) > 0.95
    assert axes[0].figure.axes[-1].get_ylabel() == "weight"


def test_a_second_row_begins_after_three_panels():
    axes = plots.matrices({str(n): CAUSAL for n in range(5)}, rows=["x", "y", "z"])
    assert len(axes) == 5
    assert len({round(ax.get_subplotspec().rowspan.start) for ax in axes}) == 2
    assert axes[3].get_ylabel() == "query"


@pytest.mark.parametrize(
    ("panels", "names", "match"),
    [
        ({"a": [1.0, 2.0]}, {}, r"panels\['a'\]: expected a matrix"),
        ({"a": CAUSAL, "b": [[1.0]]}, {}, "got both kinds"),
        ({"a": [[np.nan]]}, {}, "finite"),
        ({"a": CAUSAL}, {"rows": ["x"]}, "rows: expected 3 names, got 1"),
        ({"a": CAUSAL}, {"columns": ["x"] * 4}, "columns: expected 3 names, got 4"),
    ],
)
def test_matrices_that_cannot_be_drawn_are_named(panels, names, match):
    with pytest.raises(ValueError, match=match):
        plots.matrices(panels, **names)


def tips(ax):
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    return np.array([arrow._posA_posB[1] for arrow in arrows])


def test_rotations_draw_an_arrow_a_place_and_number_it():
    angle = np.arange(4) * 1.0
    (ax,) = plots.rotations({"pair 0": np.stack([np.cos(angle), np.sin(angle)], axis=-1)})
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2", "3"]
    x, y = tips(ax).T
    np.testing.assert_allclose(np.diff(np.unwrap(np.arctan2(y, x))), 1.0)


def test_numbers_that_would_lie_on_each_other_are_left_out():
    angle = np.arange(8) / 100
    _, ax = plots.rotations(
        {"a": np.eye(2), "b": np.stack([np.cos(angle), np.sin(angle)], axis=-1)}
    )
    boxes = [box for _, box in text_boxes(ax)]
    assert [text.get_text() for text in ax.texts][0] == "0"
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
    with pytest.raises(ValueError, match=r"expected vectors \(places, 2\)"):
        plots.rotations({"a": np.eye(3)})


def test_by_heads_draws_means_and_seeds():
    ax = plots.by_heads({"one": {"1": [0.9, 1.0], "4": [1.0, 1.0]}, "four": {1: 0.4, 4: [0.9]}})
    assert labels_at(ax.xaxis.get_major_ticks()) == {0: "1", 1: "4"}
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["one"].get_ydata(), [0.95, 1.0])
    np.testing.assert_allclose(drawn["four"].get_ydata(), [0.4, 0.9])
    marks = sorted(y for line in seeds(ax, "one") for y in line.get_ydata())
    np.testing.assert_allclose(marks, [0.9, 1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="0 to 1"):
        plots.by_heads({"one": {1: 1.5}})
