"""The heat map: the weights as they are, words at their rows and columns, links in their cells."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from plotted import POSSIBLE, SOURCE, SURE, TARGET, WEIGHTS, labels_at

from attention_helpers import plots


def test_alignment_draws_the_weights_as_they_are():
    ax = plots.alignment(WEIGHTS, SOURCE, TARGET)
    (image,) = ax.images
    assert not np.ma.is_masked(image.get_array())
    assert np.array_equal(np.asarray(image.get_array()), WEIGHTS)
    assert image.get_clim() == (0, 1) and image.origin == "upper"
    white, dark = image.to_rgba([0.0, 1.0])
    assert white[:3].sum() == 3 and dark[:3].sum() < 1


def test_alignment_labels_stand_at_their_rows_and_columns():
    ax = plots.alignment(WEIGHTS, SOURCE, TARGET)
    ax.figure.canvas.draw()
    columns = {round(float(t.get_loc())): t.label2.get_text() for t in ax.xaxis.get_major_ticks()}
    assert columns == dict(enumerate(SOURCE))  # label2 is the upper one
    assert labels_at(ax.yaxis.get_major_ticks()) == dict(enumerate(TARGET))
    renderer = ax.figure.canvas.get_renderer()
    for tick in ax.xaxis.get_major_ticks():
        assert tick.label2.get_visible() and not tick.label1.get_visible()
        assert tick.label2.get_window_extent(renderer).y0 > ax.get_window_extent(renderer).y1


@pytest.mark.parametrize("form", ["pair", "attributes"])
def test_alignment_outlines_gold_links_in_their_cells(form):
    gold = (SURE, POSSIBLE) if form == "pair" else SimpleNamespace(sure=SURE, possible=POSSIBLE)
    ax = plots.alignment(WEIGHTS, SOURCE, TARGET, gold)
    outlined = {"_sure link": set(), "_possible link": set()}
    for box in ax.patches:
        assert isinstance(box, Rectangle) and not box.get_fill()
        x, y = box.get_center()
        outlined[box.get_label()].add((round(float(x)), round(float(y))))  # (source, target)
        assert (box.get_linestyle() == "-") == (box.get_label() == "_sure link")
    assert outlined == {"_sure link": SURE, "_possible link": POSSIBLE - SURE}
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["sure link", "possible link"]


def test_alignment_without_gold_has_no_outline_and_no_legend():
    ax = plots.alignment(WEIGHTS, SOURCE, TARGET)
    assert not ax.patches and ax.get_legend() is None


@pytest.mark.parametrize("length", [3, 14, 30])
def test_alignment_fits_the_page_and_its_words_do_not_overlap(length):
    words = [("internationale", "de", "économique")[i % 3] for i in range(length)]
    ax = plots.alignment(np.eye(length), words, words)
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    assert ax.figure.get_tightbbox(renderer).width <= 7.2
    boxes = [label.get_window_extent(renderer) for label in ax.get_yticklabels()]
    for upper, lower in zip(boxes, boxes[1:], strict=False):
        assert upper.y0 >= lower.y1 - 1  # pixels
    # The words on top: lines at a slant, as far apart as they are high.
    first, second = ax.get_xticklabels()[:2]
    step = ax.transData.transform((1, 0))[0] - ax.transData.transform((0, 0))[0]
    apart = step * np.sin(np.radians(first.get_rotation()))
    assert second.get_rotation() == first.get_rotation()
    assert apart >= first.get_fontsize() * ax.figure.dpi / 72


@pytest.mark.parametrize("draw", [plots.alignment, plots.alignment_map])
@pytest.mark.parametrize(
    "change, message",
    [
        ({"weights": WEIGHTS.T}, r"weights: expected shape .* = \(7, 6\), got \(6, 7\); it is tr"),
        ({"weights": np.ones((8, 6)) / 6}, r"got \(8, 6\); the last row is that of the end token"),
        ({"weights": WEIGHTS[:, :5]}, r"= \(7, 6\), got \(7, 5\)$"),
        ({"weights": WEIGHTS[None]}, r"got \(1, 7, 6\)"),
        ({"weights": WEIGHTS * 2}, "weights: expected finite numbers from 0 to 1, got 1"),
        ({"weights": WEIGHTS - 0.1}, "weights: expected finite numbers from 0 to 1, got -0"),
        ({"weights": WEIGHTS * np.nan}, "weights: expected finite numbers from 0 to 1, got nan"),
        ({"source": "the old"}, "source: expected a sequence of words, got 'the old'"),
        ({"target": []}, "target: expected at least one word"),
        ({"target": [1, 2]}, "target: expected a sequence of words"),
        ({"gold": ({(6, 0)}, set())}, r"gold: expected links within 6 source .*, got \(6, 0\)"),
        ({"gold": (set(), {(0, -1)})}, r"got \(0, -1\)"),
        ({"gold": {(0, 0)}}, "gold: expected a pair"),
        ({"gold": ({(0.7, 0)}, set())}, "gold: expected a pair"),
        ({"source": 6}, "source: expected a sequence of words, got 6"),
    ],
)
def test_bad_alignments(draw, change, message):
    arguments = {"weights": WEIGHTS, "source": SOURCE, "target": TARGET, "gold": None} | change
    with pytest.raises((TypeError, ValueError), match=message):
        draw(**arguments)


@pytest.mark.parametrize("draw", [plots.alignment, plots.alignment_map])
def test_no_weights_are_named(draw):
    """`Translation.weights` of a model without attention."""
    with pytest.raises(ValueError, match="weights: expected numbers, got None, as of a model"):
        draw(None, ["a"], ["b"])
