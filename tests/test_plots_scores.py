"""Scores: the means and the seeds that went in, at the right places, under the right names."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from plotted import BLEU, labels_at, lines, seeds, text_boxes

from attention_helpers import plots


def test_bleu_by_length_shows_means_and_every_seed():
    ax = plots.bleu_by_length(BLEU)
    assert list(lines(ax)) == ["fixed", "bahdanau"]
    for name, scores in BLEU.items():
        means = [np.mean(values) for values in scores.values()]
        assert lines(ax)[name].get_ydata() == pytest.approx(means)
        assert np.rint(lines(ax)[name].get_xdata()).tolist() == [0, 1, 2]
        for place, (values, dots) in enumerate(zip(scores.values(), seeds(ax, name), strict=True)):
            assert dots.get_ydata().tolist() == list(values)
            assert np.rint(dots.get_xdata()).tolist() == [place] * 3
    assert labels_at(ax.xaxis.get_major_ticks()) == {0: "5–10", 1: "11–20", 2: "41–50"}
    assert ax.get_ylim() == (0, 100)


def test_lines_are_named_at_their_ends_in_their_order_without_touching():
    close = {name: {"5-10": 99.0 - i / 10, "41-50": 98.0 - i / 10} for i, name in enumerate("abcd")}
    ax = plots.bleu_by_length(close | {"fixed": {"5-10": 80, "41-50": 97.5}})
    boxes = dict(text_boxes(ax))
    order = sorted(boxes, key=lambda name: -boxes[name].y0)
    assert order == ["a", "b", "c", "d", "fixed"]
    for upper, lower in zip(order, order[1:], strict=False):
        assert boxes[upper].y0 >= boxes[lower].y1 - 0.5
        assert boxes[upper].x0 > ax.transAxes.transform((1, 0))[0]
    assert boxes["a"].y1 <= ax.figure.bbox.y1 and boxes["a"].x1 <= ax.figure.bbox.x1


def test_lines_are_told_apart_by_more_than_colour():
    names = ["fixed", "mean", "moving", "bahdanau", "dot", "trained here"]
    drawn = list(lines(plots.bleu_by_length({name: BLEU["fixed"] for name in names})).values())
    assert len({to_hex(line.get_color()) for line in drawn}) == len(drawn)
    assert len({line.get_marker() for line in drawn}) == len(drawn)
    assert len({str(s.dashes) for s in (plots.MODELS["fixed"], plots.MODELS["fixed-long"])}) == 2


ORDERS = {
    "natural": {"mean": BLEU["fixed"], "moving": BLEU["bahdanau"]},
    "mirrored": {"moving": BLEU["fixed"], "mean": BLEU["fixed"], "bahdanau": BLEU["bahdanau"]},
}


def test_bleu_by_order_draws_each_order_in_its_panel_in_the_style_of_the_model():
    labels = {"moving": "walks $along$", "mean": "one mean"}
    panels = plots.bleu_by_order(ORDERS, labels=labels, titles={"natural": "in $order$"})
    assert [ax.get_title(loc="left") for ax in panels] == ["in $order$", "mirrored"]
    for ax, of_order in zip(panels, ORDERS.values(), strict=True):
        for model, scores in of_order.items():
            label = labels.get(model, model)
            line, style = lines(ax)[label], plots.MODELS[model]
            assert (line.get_color(), line.get_marker()) == (style.colour, style.marker)
            assert line.get_ydata() == pytest.approx([np.mean(s) for s in scores.values()])
            of_seeds = [dots.get_ydata().tolist() for dots in seeds(ax, label)]
            assert of_seeds == [list(s) for s in scores.values()]
        assert [text.get_text() for text in ax.texts] != [] and ax.get_ylim() == (0, 100)
    assert [ax.get_ylabel() for ax in panels] == ["BLEU", ""]
    figure = panels[0].figure
    figure.canvas.draw()  # the "$" of a label is no formula
    assert figure.get_tightbbox().width <= 7.2
    assert min(t.get_fontsize() for t in figure.findobj(plt.Text) if t.get_text()) >= 9


def test_bleu_by_order_has_room_for_its_labels():
    panels = plots.bleu_by_order(ORDERS, labels=dict.fromkeys(["mean", "moving"], "walks along"))
    boxes = [dict(text_boxes(ax)) for ax in panels]
    left_edge = panels[1].get_window_extent().x0
    assert all(box.x1 <= left_edge + 1 for box in boxes[0].values())
    assert all(box.x1 <= panels[0].figure.bbox.x1 + 1 for box in boxes[1].values())


def test_bleu_by_order_has_two_panels_in_a_row():
    near = {"mean": {"5-10": 80, "41-50": 12}, "moving": {"5-10": 70, "41-50": 15}}
    panels = plots.bleu_by_order({order: near for order in ("natural", "mirrored", "clauses")})
    boxes = [ax.get_window_extent() for ax in panels]
    assert boxes[0].y0 == pytest.approx(boxes[1].y0) and boxes[2].y1 < boxes[0].y0
    assert boxes[0].x0 == pytest.approx(boxes[2].x0) and boxes[0].x1 < boxes[1].x0
    assert [ax.get_ylabel() for ax in panels] == ["BLEU", "", "BLEU"]
    for ax in panels:  # names of lines that end near each other do not touch
        one, other = dict(text_boxes(ax)).values()
        assert one.y1 < other.y0 or other.y1 < one.y0


@pytest.mark.parametrize(
    "bleu, options, message",
    [
        ({}, {}, "bleu: expected a dictionary that is not empty"),
        ({"natural": {"mean": {"5-10": 101}}}, {}, r"bleu\['natural'\]\['mean'\].* got 101"),
        (ORDERS, {"labels": ["walks"]}, "labels: expected a dictionary"),
        (ORDERS, {"titles": "t"}, "titles: expected a dictionary"),
    ],
)
def test_bad_orders(bleu, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        plots.bleu_by_order(bleu, **options)
    assert not plt.get_fignums()


def test_capacity_sweep_sorts_sizes_that_json_stored_as_text():
    sweep = {"128": BLEU["bahdanau"], "32": BLEU["fixed"], "64": BLEU["fixed"]}
    ax = plots.capacity_sweep(sweep)
    assert list(lines(ax)) == ["32 units", "64 units", "128 units"]
    means = [np.mean(values) for values in BLEU["bahdanau"].values()]
    assert lines(ax)["128 units"].get_ydata() == pytest.approx(means)
    assert seeds(ax, "32 units")[0].get_ydata().tolist() == BLEU["fixed"]["5-10"]
    assert len({line.get_marker() for line in lines(ax).values()}) == 3


def test_score_comparison_shows_names_means_and_seeds():
    scores = {"diagonal": 0.4, "bahdanau": [0.05, 0.09], "dot": [0.1, 0.2]}
    ax = plots.score_comparison(scores, xlabel="AER", limits=(0, 1), digits=2)
    assert labels_at(ax.yaxis.get_major_ticks()) == {0: "diagonal", 1: "bahdanau", 2: "dot"}
    assert ax.yaxis_inverted()  # the first name is the topmost
    assert [text.get_text() for text in ax.texts] == ["0.40", "0.07", "0.15"]
    for y, (name, values) in enumerate(scores.items()):
        assert lines(ax)[name].get_xdata()[0] == pytest.approx(np.mean(values))
        assert lines(ax)[name].get_ydata() == [y]
        assert seeds(ax, name)[0].get_xdata().tolist() == np.atleast_1d(values).tolist()


def test_by_depth_shows_means_and_every_seed_at_their_depths():
    values = {"dot": {8: [0.9, 0.8], 256: [0.5, 0.7]}, "scaled": {8: [0.7, 0.6], 256: [1.0, 0.9]}}
    ax = plots.by_depth(values, ylabel="weight on the right seat")
    for name, of_depth in values.items():
        assert lines(ax)[name].get_xdata() == pytest.approx([8, 256])
        means = [np.mean(of_seeds) for of_seeds in of_depth.values()]
        assert lines(ax)[name].get_ydata() == pytest.approx(means)
        for depth, of_seeds, dots in zip(of_depth, of_depth.values(), seeds(ax, name), strict=True):
            assert dots.get_ydata().tolist() == of_seeds
            assert dots.get_xdata() == pytest.approx([depth] * 2, rel=0.2)  # beside their mean
    assert labels_at(ax.xaxis.get_major_ticks()) == {8: "8", 256: "256"}
    assert ax.get_ylabel() == "weight on the right seat"


def test_by_depth_keeps_the_seeds_of_many_scores_within_its_axes():
    ax = plots.by_depth({name: {8: [0.9, 0.8], 16: 0.7} for name in "abcdefghij"})
    assert min(seeds(ax, name)[0].get_xdata()[0] for name in "abcdefghij") > ax.get_xlim()[0]


def test_sizes_may_be_text_and_are_given_once():
    ax = plots.by_depth({"dot": {"8": [0.9, 0.8], "16": 0.7}})
    assert labels_at(ax.xaxis.get_major_ticks()) == {8: "8", 16: "16"}
    for wrong, error in (
        ({64.7: 1}, TypeError),
        ({"64": 1, 64: 2}, ValueError),
        ({-2: 1}, ValueError),
    ):
        with pytest.raises(error, match="bleu"):
            plots.capacity_sweep({size: {"5-10": score} for size, score in wrong.items()})


def test_by_depth_draws_no_seeds_where_there_is_one_number():
    ax = plots.by_depth({"dot": {4: 0.35, 16: 0.26, 64: 0.16}}, limits=(0, 0.5))
    assert seeds(ax, "dot") == [] and ax.get_ylim() == (0, 0.5)
    x = [ax.transScale.transform((depth, 0))[0] for depth in (4, 16, 64)]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1])  # a step is a factor


@pytest.mark.parametrize(
    "values, message",
    [
        ({"dot": {8: 1.2}}, r"values\['dot'\]\[8\]: expected finite numbers from 0 to 1, got 1.2"),
        ({"dot": {256: 0.5, 8: 0.9}}, r"values: expected increasing depths, got \[256, 8\]"),
        ({"dot": {8: 0.5}, "scaled": {16: 0.9}}, r"values\['scaled'\]: expected the buckets of"),
        (
            {"dot": {"eight": 0.5}},
            r"size in values\['dot'\]: expected a positive integer, got 'eight'",
        ),
        ({"dot": {0: 0.5}}, r"size in values\['dot'\]: expected a positive integer, got 0"),
    ],
)
def test_bad_depths(values, message):
    with pytest.raises((TypeError, ValueError), match=message):
        plots.by_depth(values)
    assert not plt.get_fignums()
