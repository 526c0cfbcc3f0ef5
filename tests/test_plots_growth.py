"""What grows with a size and what falls with the number of pairs: the numbers at their places."""

import numpy as np
import pytest
from plotted import labels_at, lines, seeds, text_boxes

from attention_helpers import plots

SECONDS = {
    "dot": {"128": [8.0, 6.0, 7.0], "64": [2.0, 1.0, 3.0], "4096": 9000.0},
    "additive": {64: 4.0, 128: [16.0, 20.0]},
}
LABELS = {"xlabel": "length T", "ylabel": "ms"}


def test_growth_draws_medians_in_order_of_size_and_every_round():
    ax = plots.growth(SECONDS, **LABELS)
    drawn = lines(ax)
    assert drawn["dot"].get_xdata().tolist() == [64, 128, 4096]
    assert drawn["dot"].get_ydata().tolist() == [2.0, 7.0, 9000.0]
    assert drawn["additive"].get_ydata().tolist() == [4.0, 18.0]
    assert [dots.get_ydata().tolist() for dots in seeds(ax, "dot")] == [[2, 1, 3], [8, 6, 7]]
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "length T")
    assert labels_at(ax.xaxis.get_major_ticks()) == {64: "64", 128: "128", 4096: "4,096"}
    assert drawn["dot"].get_color() == plots.MODELS["dot"].colour


def test_growth_names_a_line_where_it_ends_and_writes_no_powers():
    ax = plots.growth(SECONDS, **LABELS)
    boxes = dict(text_boxes(ax))
    assert boxes["additive"].x0 < boxes["dot"].x0 - 100
    texts = [label.get_text() for label in ax.get_yticklabels(which="both")]
    assert "1,000" in texts and not any("10^" in text for text in texts)
    near = plots.growth({"linear": {16: 2.0, 32: 30.0}}, **LABELS)
    near.figure.canvas.draw()
    texts = {label.get_text() for label in near.get_yticklabels(which="both")}
    assert texts >= {"2", "5", "10", "20"} and not texts & {"3", "4", "6", "15", "30"}


def test_growth_refuses_what_has_no_logarithm():
    with pytest.raises(ValueError, match=r"values\['dot'\]: expected positive numbers, got 0 at 8"):
        plots.growth({"dot": {4: 1.0, 8: [1.0, 0.0]}}, **LABELS)
    with pytest.raises(TypeError, match="values: expected a dictionary"):
        plots.growth([1.0], **LABELS)


ACCURACY = np.array([[1.0, 0.9, 0.8, 0.6], [1.0, 0.7, 0.6, 0.5]])


def test_recall_shows_the_mean_and_each_seed_after_each_pair():
    ax = plots.recall_by_pairs({"linear": ACCURACY, "GRU": [1.0, 0.5]}, chance=0.25)
    drawn, thin = lines(ax), [line for line in ax.lines if line.get_label() == "_linear: seeds"]
    assert drawn["linear"].get_xdata().tolist() == [1, 2, 3, 4]
    assert drawn["linear"].get_ydata() == pytest.approx([1.0, 0.8, 0.7, 0.55])
    assert [line.get_ydata().tolist() for line in thin] == ACCURACY.tolist()
    assert drawn["GRU"].get_ydata().tolist() == [1.0, 0.5]
    chance = next(line for line in ax.lines if line.get_label() == "_chance")
    assert set(chance.get_ydata()) == {0.25}
    assert labels_at(ax.xaxis.get_major_ticks()) == {1: "1", 2: "2", 4: "4"}
    # Marks stand where the axis has its numbers.
    assert list(drawn["linear"].get_markevery()) == [0, 1, 3]


def test_recall_by_size_goes_from_light_to_dark():
    ax = plots.recall_by_pairs({16: [1.0, 0.2], 64: [1.0, 0.6], 256: [1.0, 0.9]})
    light = [sum(line.get_color()[:3]) for line in lines(ax).values()]
    assert list(lines(ax)) == ["16", "64", "256"] and light == sorted(light, reverse=True)


def test_recall_refuses_what_is_no_share():
    with pytest.raises(ValueError, match=r"accuracy\['GRU'\]: expected finite numbers from 0 to 1"):
        plots.recall_by_pairs({"GRU": [1.0, 1.2]})
