"""Einsums as pictures: the cells that are multiplied, and the one that takes their sum."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from plotted import contraction, text_boxes

from attention_helpers import plots
from attention_helpers.plots.style import INK


def shaded_cells(ax):
    """The numbers of the shaded cells, from left to right; a cell's number stands in its middle."""
    numbers = {text.get_position(): text.get_text() for text in ax.texts}
    cells = [p for p in ax.patches if isinstance(p, Rectangle) and p.get_facecolor()[3] < 1]
    return [numbers[cell.get_x() + 0.5, cell.get_y() + 0.5] for cell in cells]


@pytest.mark.parametrize(
    "equation, at, shaded",
    [
        ("qd,kd->qk", {"q": 1, "k": 2}, ["0", "1", "3", "0", "3", "2", "9"]),
        ("qd,kd->kq", {"q": 0, "k": 3}, ["1", "2", "0", "1", "1", "1", "3"]),
        ("qd,kd->d", {"d": 0}, ["1", "0", "1", "2", "0", "1", "4"]),
    ],
)
def test_contraction_diagram_shades_what_is_multiplied_and_its_sum(equation, at, shaded):
    assert shaded_cells(contraction(equation=equation, at=at)) == shaded


def test_contraction_diagram_names_the_axes_and_marks_the_summed_letter():
    ax = contraction()
    texts = [text.get_text() for text in ax.texts]
    assert [t for t in texts if "(" in t] == ["query (q, d)", "key (k, d)", "result (q, k)"]
    colours = {t.get_text(): t.get_color() for t in ax.texts if t.get_text() in ("q", "k", "d")}
    assert colours["q"] == colours["k"] == INK != colours["d"]


@pytest.mark.parametrize(
    "equation, operands, at",
    [
        (
            "qd,kd->qk",
            {"query": np.pi * np.eye(2, 3), "key": -np.ones((4, 3)) / 7},
            {"q": 1, "k": 2},
        ),
        (
            "q,q,q,q->q",
            dict.fromkeys(["the first of all names", "b", "c", "d"], [30, 22]),
            {"q": 0},
        ),
    ],
)
def test_contraction_diagram_has_room_for_its_numbers_and_names(equation, operands, at):
    ax = plots.contraction_diagram(equation, operands, at)
    boxes = [box for _, box in text_boxes(ax)]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
    assert ax.figure.get_tightbbox().width <= 7.2


def test_contraction_diagram_keeps_an_operand_that_is_called_result():
    ax = plots.contraction_diagram("a, b -> ab", {"x": [1, 2], "result": [3, 4]}, {"a": 0, "b": 1})
    labels = [text.get_text() for text in ax.texts if "(" in text.get_text()]
    assert labels == ["x (a)", "result (b)", "result (a, b)"]
    assert shaded_cells(ax) == ["1", "4", "4"]


def test_contraction_diagram_of_vectors_gives_one_number():
    ax = plots.contraction_diagram("d,d->", {"a": [1, 2.5], "b": [-2, 2]}, at={})
    assert shaded_cells(ax) == ["1", "2.5", "-2", "2", "3"]
