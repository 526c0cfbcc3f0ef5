"""Curves: one point a position or a step, and the mean of the last steps."""

import numpy as np
import pytest
from plotted import lines

from attention_helpers import plots


def test_probe_accuracy_starts_at_position_one():
    accuracy = {"5-10": [0.9, 0.7, 0.8], "11-20": [0.6, 0.3, 0.2, 0.5, 0.55]}
    ax = plots.probe_accuracy(accuracy, chance=0.1)
    assert list(lines(ax)) == ["5–10", "11–20", "chance"]
    assert lines(ax)["11–20"].get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert lines(ax)["11–20"].get_ydata().tolist() == accuracy["11-20"]
    assert set(lines(ax)["chance"].get_ydata()) == {0.1}
    assert ax.get_ylim() == (0, 1) and ax.get_xticks().tolist() == [1, 2, 3, 4, 5]


def test_probe_accuracy_draws_a_chance_for_each_length_in_its_colour():
    accuracy = {"5-10": [0.9, 0.7], "11-20": [0.6, 0.3, 0.2]}
    chance = {"11-20": [0.1, 0.2, 0.1], "5-10": [0.3, 0.2]}
    ax = plots.probe_accuracy(accuracy, chance=chance)
    assert list(lines(ax)) == ["5–10", "11–20"]
    for name, shown in (("5-10", "5–10"), ("11-20", "11–20")):
        drawn = lines(ax, hidden=True)[f"_{name}: chance"]
        assert drawn.get_ydata().tolist() == chance[name]
        assert drawn.get_xdata().tolist() == lines(ax)[shown].get_xdata().tolist()
        assert drawn.get_color() == lines(ax)[shown].get_color()


@pytest.mark.parametrize(
    "chance, message",
    [
        ({"a": [0.1]}, r"chance\['a'\]: expected as many positions as in accuracy, 2, got 1"),
        ({"a": [0.1, 0.1], "b": [0.1]}, r"chance\['b'\]: expected as many .*, 0, got 1"),
        ({"b": [0.1]}, r"chance\['.'\]: expected as many positions"),
        ({"a": [0.1, 1.1]}, r"chance\['a'\]: expected finite numbers from 0 to 1"),
    ],
)
def test_chance_is_for_the_same_positions(chance, message):
    with pytest.raises(ValueError, match=message):
        plots.probe_accuracy({"a": [0.5, 0.6]}, chance=chance)


def test_loss_curves_average_the_last_steps_only():
    values = np.array([8.0, 4.0, 2.0, 1.0, 0.5, 0.25])
    ax = plots.loss_curves({"fixed": values, "dot": values[:3]}, window=3)
    thick = [8, 6, 14 / 3, 7 / 3, 3.5 / 3, 1.75 / 3]
    assert lines(ax)["fixed"].get_ydata() == pytest.approx(thick)
    assert lines(ax, hidden=True)["_fixed"].get_ydata().tolist() == values.tolist()
    assert lines(ax)["dot"].get_xdata().tolist() == [1, 2, 3]
    assert ax.get_yscale() == "log"
    only = plots.loss_curves({"fixed": values}, window=1)
    assert len(only.lines) == 1 and only.lines[0].get_ydata().tolist() == values.tolist()


def test_small_losses_after_a_large_one_are_not_lost():
    values = [1e9, 1e-9, 2e-9, 3e-9]
    ax = plots.loss_curves({"fixed": values}, window=2)
    assert lines(ax)["fixed"].get_ydata()[2:] == pytest.approx([1.5e-9, 2.5e-9])


def test_loss_axis_is_labelled_in_plain_numbers():
    ax = plots.loss_curves({"fixed": np.geomspace(5, 0.05, 50)})
    ax.figure.canvas.draw()
    ticks = [*ax.yaxis.get_major_ticks(), *ax.yaxis.get_minor_ticks()]
    texts = {t.label1.get_text(): t.get_loc() for t in ticks if t.label1.get_text()}
    assert {"0.1", "1", "0.5", "2"} <= set(texts)
    assert all(float(text) == pytest.approx(place) for text, place in texts.items())
