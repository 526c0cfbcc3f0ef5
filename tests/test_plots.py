"""What the figures show: the numbers that went in, at the right places, under the right names."""

import doctest
import re
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.patches import FancyArrowPatch, Rectangle  # noqa: E402

from attention_helpers import plots  # noqa: E402

SOURCE = ["the", "old", "minister", "does", "not", "sign"]
TARGET = ["l'", "ancien", "ministre", "ne", "signe", "pas", "."]
SURE = {(0, 0), (1, 1), (2, 2), (4, 3), (5, 4), (4, 5)}
POSSIBLE = SURE | {(3, 4), (5, 6)}
WEIGHTS = np.random.default_rng(1).dirichlet(np.ones(len(SOURCE)) / 2, size=len(TARGET))

BLEU = {
    "fixed": {"5-10": [88.0, 90.5, 86.0], "11-20": [60.0, 66.0, 63.0], "41-50": [12.0, 19.0, 14.0]},
    "bahdanau": {"5-10": [99.5, 99.9, 100.0], "11-20": [99, 99, 98], "41-50": [98.9, 98.0, 98.2]},
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def lines(ax, *, hidden=False):
    return {
        line.get_label(): line for line in ax.lines if line.get_label().startswith("_") == hidden
    }


def seeds(ax, name):
    return [line for line in ax.lines if line.get_label() == f"_{name}: seeds"]


def labels_at(ticks):
    return {round(float(tick.get_loc()), 6): tick.label1.get_text() for tick in ticks}


def text_boxes(ax):
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    # Text's own method: that of an annotation counts its leader too.
    return {t.get_text(): plt.Text.get_window_extent(t, renderer) for t in ax.texts}


# Lines


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
    boxes = text_boxes(ax)
    order = sorted(boxes, key=lambda name: -boxes[name].y0)
    assert order == ["a", "b", "c", "d", "fixed"]
    for upper, lower in zip(order, order[1:], strict=False):
        assert boxes[upper].y0 >= boxes[lower].y1 - 0.5
        assert boxes[upper].x0 > ax.transAxes.transform((1, 0))[0]
    assert boxes["a"].y1 <= ax.figure.bbox.y1 and boxes["a"].x1 <= ax.figure.bbox.x1


def test_lines_are_told_apart_by_more_than_colour():
    ax = plots.bleu_by_length({name: BLEU["fixed"] for name in [*plots.MODELS, "trained here"]})
    drawn = list(lines(ax).values())
    assert len({to_hex(line.get_color()) for line in drawn}) == len(drawn)
    assert len({line.get_marker() for line in drawn}) == len(drawn)
    assert len({str(s.dashes) for s in (plots.MODELS["fixed"], plots.MODELS["fixed-long"])}) == 2


def test_a_model_looks_the_same_whatever_it_is_drawn_beside():
    alone = plots.line_styles(["bahdanau"])["bahdanau"]
    beside = plots.line_styles(["new", "fixed", "bahdanau"])
    assert beside["bahdanau"] == alone == plots.MODELS["bahdanau"]
    assert beside["new"] not in plots.MODELS.values()
    everything = plots.line_styles([*"abcdefgh", "fixed", "dot"])
    assert len(set(everything.values())) == 10
    with pytest.raises(ValueError, match="at most 10 lines"):
        plots.line_styles("abcdefghijk")


def test_capacity_sweep_sorts_sizes_that_json_stored_as_text():
    sweep = {"128": BLEU["bahdanau"], "32": BLEU["fixed"], "64": BLEU["fixed"]}
    ax = plots.capacity_sweep(sweep)
    assert list(lines(ax)) == ["32 units", "64 units", "128 units"]
    means = [np.mean(values) for values in BLEU["bahdanau"].values()]
    assert lines(ax)["128 units"].get_ydata() == pytest.approx(means)
    assert seeds(ax, "32 units")[0].get_ydata().tolist() == BLEU["fixed"]["5-10"]
    assert len({line.get_marker() for line in lines(ax).values()}) == 3


def test_probe_accuracy_starts_at_position_one():
    accuracy = {"5-10": [0.9, 0.7, 0.8], "11-20": [0.6, 0.3, 0.2, 0.5, 0.55]}
    ax = plots.probe_accuracy(accuracy, chance=0.1)
    assert list(lines(ax)) == ["5–10", "11–20", "chance"]
    assert lines(ax)["11–20"].get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert lines(ax)["11–20"].get_ydata().tolist() == accuracy["11-20"]
    assert set(lines(ax)["chance"].get_ydata()) == {0.1}
    assert ax.get_ylim() == (0, 1) and ax.get_xticks().tolist() == [1, 2, 3, 4, 5]


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


def test_loss_axis_is_labelled_in_plain_numbers():
    ax = plots.loss_curves({"fixed": np.geomspace(5, 0.05, 50)})
    ax.figure.canvas.draw()
    ticks = [*ax.yaxis.get_major_ticks(), *ax.yaxis.get_minor_ticks()]
    texts = {t.label1.get_text(): t.get_loc() for t in ticks if t.label1.get_text()}
    assert {"0.1", "1", "0.5", "2"} <= set(texts)
    assert all(float(text) == pytest.approx(place) for text, place in texts.items())


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


# Alignments


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


# The map for the page


@pytest.fixture
def page_map():
    return plots.alignment_map(
        WEIGHTS, SOURCE, TARGET, (SURE, POSSIBLE), title="<Where> it & looked"
    )


def by_class(element, name):
    return [e for e in element.iter() if e.get("class") == name]


def test_map_cells_are_the_weights_row_by_row(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())  # well-formed, or this fails
    rows = by_class(root, "target-row")
    opacity = [
        [float(cell.get("fill-opacity")) for cell in by_class(row, "cells")[0]] for row in rows
    ]
    assert np.allclose(opacity, WEIGHTS, atol=0.0005001)
    assert [by_class(row, "word")[0].text for row in rows] == TARGET
    assert [text.text for text in by_class(root, "source")[0]] == SOURCE


def test_map_places_cells_labels_and_outlines_in_one_grid(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())
    rows = by_class(root, "target-row")
    outlined = {"sure": set(), "possible": set()}
    starts = [float(cell.get("x")) for cell in by_class(rows[0], "cells")[0]]
    assert starts == sorted(starts)
    for label, start in zip(by_class(root, "source")[0], starts, strict=True):
        x = float(re.match(r"translate\(([\d.]+) ", label.get("transform"))[1])
        assert start < x < start + 34
    for y, row in enumerate(rows):
        cells = list(by_class(row, "cells")[0])
        top = float(cells[0].get("y"))
        assert top < float(by_class(row, "word")[0].get("y")) < top + 34
        for kind in outlined:
            for box in by_class(row, kind):
                (x,) = [i for i, s in enumerate(starts) if s < float(box.get("x")) < s + 34]
                assert top < float(box.get("y")) < top + 34
                outlined[kind].add((x, y))
    assert outlined == {"sure": SURE, "possible": POSSIBLE - SURE}


def test_map_numbers_and_words_that_appear_belong_to_their_row(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())
    for row, weights in zip(by_class(root, "target-row"), WEIGHTS, strict=True):
        shown = [float(text.text) for text in by_class(row, "number")[0]]
        assert np.allclose(shown, [w for w in weights if round(w, 3) >= 0.005], atol=0.0056)
        words = [text.text for text in by_class(row, "looked-at")[0]]
        expected = zip(SOURCE, weights, strict=True)
        assert words == [word for word, w in expected if round(w, 3) >= 0.1]
        most = SOURCE[int(np.argmax(weights))]
        assert f"looks at: {most} {weights.max():.2f}" in row.get("aria-label")


def test_map_table_has_all_weights(page_map):
    table = ElementTree.fromstring(page_map._repr_html_()).find("details//table")
    head, *rows = table.iter("tr")
    assert [th.text for th in head][1:] == SOURCE
    assert [row[0].text for row in rows] == TARGET
    cells = [[td.text.split() for td in row.iter("td")] for row in rows]
    assert [[cell[0] for cell in row] for row in cells] == [
        [f"{weight:.3f}" for weight in row] for row in WEIGHTS
    ]
    marked = {(x, y): c[1] for y, row in enumerate(cells) for x, c in enumerate(row) if c[1:]}
    expected = {link: "■" if link in SURE else "□" for link in POSSIBLE}
    assert marked == expected


def test_map_has_no_script_and_asks_nobody_for_anything(page_map):
    html = page_map._repr_html_()
    assert not re.search(r"<script|<link|<img|http|url\(|@import|\bon\w+=|javascript:", html)


def test_map_can_be_reached_and_read_without_a_mouse(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())
    svg = root.find(".//svg")
    title, description = svg.find("title"), svg.find("desc")
    assert svg.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert title.text == "<Where> it & looked"
    assert " ".join(TARGET) in description.text
    rows = by_class(root, "target-row")
    assert len(rows) == len(TARGET)
    assert all(row.get("tabindex") == "0" and row.get("role") == "img" for row in rows)
    assert all(row.get("aria-label").startswith(w) for row, w in zip(rows, TARGET, strict=True))
    assert ":focus-within" in root.find("style").text and ":hover" in root.find("style").text


def test_map_style_is_confined_to_its_element(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())
    css = root.find("style").text
    selectors = [s.strip() for group in re.findall(r"([^{}]+)\{", css) for s in group.split(",")]
    assert len(selectors) > 10
    assert all(selector.split()[0] == f"#{root.get('id')}" for selector in selectors)


def test_map_is_the_same_each_time_and_its_id_follows_the_content(page_map):
    again = plots.alignment_map(
        WEIGHTS, SOURCE, TARGET, (SURE, POSSIBLE), title="<Where> it & looked"
    )
    assert again._repr_html_() == page_map._repr_html_()
    assert repr(page_map) == "AlignmentMap(7 target words × 6 source words)"
    others = [
        plots.alignment_map(WEIGHTS, SOURCE, TARGET),
        plots.alignment_map(WEIGHTS[:, ::-1], SOURCE, TARGET),
        plots.alignment_map(WEIGHTS, SOURCE[::-1], TARGET),
    ]
    assert len({m.name for m in [page_map, *others]}) == 4
    assert 'id="mine"' in plots.alignment_map(WEIGHTS, SOURCE, TARGET, name="mine")._repr_html_()


def test_map_escapes_words():
    html = plots.alignment_map([[1.0]], ["<b>&"], ['"x"<script>'])._repr_html_()
    assert "<script" not in html and "<b>" not in html
    assert by_class(ElementTree.fromstring(html), "word")[0].text == '"x"<script>'


# Diagrams


def arrows(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def test_bottleneck_diagram_lets_everything_pass_through_one_vector():
    ax = plots.bottleneck_diagram(["a", "b", "c"], ["x", "y"])
    texts = [text.get_text() for text in ax.texts]
    assert {"a", "b", "c", "x", "y", "one vector", "$h_{3}$", "$s_{2}$", "$c$"} <= set(texts)
    through = [a for a in arrows(ax) if to_hex(a.get_edgecolor()) == plots.GOLD.lower()]
    (into,) = [a for a in through if a._posA_posB[0][1] < 1]  # from the encoder, one arrow only
    assert into._posA_posB[0][0] == 2  # of its last state
    assert sorted(a._posA_posB[1][0] for a in through if a is not into) == [0, 1]


def test_attention_diagram_draws_wider_arrows_for_larger_weights():
    weights = [0.1, 0.6, 0.3]
    ax = plots.attention_diagram(weights, ["a", "b", "c"], ["x", "y"], step=1)
    blue = plots.MODELS["bahdanau"].colour.lower()
    read = [a for a in arrows(ax) if to_hex(a.get_edgecolor()) == blue and a._posA_posB[0][1] < 1]
    assert [a._posA_posB[0][0] for a in read] == [0, 1, 2]
    assert {a._posA_posB[1][0] for a in read} == {1}  # all end below the word being written
    widths = [a.get_linewidth() for a in read]
    assert np.argsort(widths).tolist() == np.argsort(weights).tolist()
    texts = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert texts["0.10"] < texts["0.60"] < texts["0.30"]
    assert "$c_{2}$" in texts and "query" in texts


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_diagrams_can_be_read_on_a_telephone(step):
    for ax in (plots.bottleneck_diagram(), plots.attention_diagram(step=step), contraction()):
        boxes = text_boxes(ax)
        shrink = 360 / ax.figure.get_tightbbox().width / ax.figure.dpi
        points = min(text.get_fontsize() for text in ax.texts)
        assert points * ax.figure.dpi / 72 * min(shrink, 1) >= 8.5  # pixels
        names = list(boxes)
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                assert not boxes[first].overlaps(boxes[second]), (first, second)


OPERANDS = {"query": [[1, 2, 0], [0, 1, 3]], "key": [[1, 0, 1], [2, 1, 0], [0, 3, 2], [1, 1, 1]]}


def contraction(**changes):
    arguments = {"equation": "qd,kd->qk", "operands": OPERANDS, "at": {"q": 1, "k": 2}} | changes
    return plots.contraction_diagram(**arguments)


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
    assert colours["q"] == colours["k"] == plots.INK != colours["d"]


def test_contraction_diagram_of_vectors_gives_one_number():
    ax = plots.contraction_diagram("d,d->", {"a": [1, 2.5], "b": [-2, 2]}, at={})
    assert shaded_cells(ax) == ["1", "2.5", "-2", "2", "3"]


# What all figures share

FIGURES = {
    "bleu_by_length": lambda **ax: plots.bleu_by_length(BLEU, title="t", **ax),
    "capacity_sweep": lambda **ax: plots.capacity_sweep({32: BLEU["fixed"]}, title="t", **ax),
    "score_comparison": lambda **ax: plots.score_comparison({"a": [1, 2]}, title="t", **ax),
    "probe_accuracy": lambda **ax: plots.probe_accuracy({"5-10": [0.5, 1]}, title="t", **ax),
    "loss_curves": lambda **ax: plots.loss_curves({"fixed": [2.0, 1.0]}, title="t", **ax),
    "alignment": lambda **ax: plots.alignment(WEIGHTS, SOURCE, TARGET, title="t", **ax),
    "bottleneck_diagram": lambda **ax: plots.bottleneck_diagram(**ax),
    "attention_diagram": lambda **ax: plots.attention_diagram(**ax),
    "contraction_diagram": lambda **ax: contraction(**ax),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_fits_the_page_on_opaque_white(name):
    before = dict(matplotlib.rcParams)
    ax = FIGURES[name]()
    ax.figure.canvas.draw()
    assert ax.figure.get_facecolor() == (1, 1, 1, 1)
    assert ax.figure.get_tightbbox().width <= 7.2 and ax.figure.dpi == 100
    texts = [t for t in ax.figure.findobj(plt.Text) if t.get_text().strip() and t.get_visible()]
    assert min(text.get_fontsize() for text in texts) >= 9
    assert dict(matplotlib.rcParams) == before  # the reader's own settings stay


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_can_be_drawn_in_given_axes(name):
    figure, (left, right) = plt.subplots(1, 2)
    assert FIGURES[name](ax=right) is right
    assert plt.get_fignums() == [figure.number] and not left.has_data()
    if not name.endswith("diagram"):
        assert right.get_title(loc="left") == "t" or right.get_title() == "t"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: plots.bleu_by_length({}), "bleu: expected a dictionary that is not empty, got {}"),
        (lambda: plots.bleu_by_length({"a": {}}), r"bleu\['a'\]: expected a dictionary"),
        (lambda: plots.bleu_by_length({"a": {"5-10": []}}), r"\['5-10'\]: expected a list"),
        (lambda: plots.bleu_by_length({"a": {"5-10": [101]}}), "from 0 to 100, got 101"),
        (lambda: plots.bleu_by_length({"a": {"5-10": [np.nan]}}), "expected finite numbers"),
        (lambda: plots.bleu_by_length({"a": {"5-10": ["x"]}}), "expected numbers, got"),
        (
            lambda: plots.bleu_by_length({"a": {"x": 1}, "b": {"y": 1}}),
            r"bleu\['b'\]: expected the buckets of 'a', \['x'\], got \['y'\]",
        ),
        (lambda: plots.capacity_sweep({"big": {"x": 1}}), "expected numbers of units"),
        (lambda: plots.capacity_sweep({}), "bleu: expected a dictionary"),
        (lambda: plots.score_comparison({}), "scores: expected a dictionary"),
        (lambda: plots.score_comparison({"a": -1}), r"scores\['a'\]: .* from 0 to 100, got -1"),
        (lambda: plots.probe_accuracy({"5-10": [1.2]}), "from 0 to 1, got 1.2"),
        (lambda: plots.probe_accuracy({"5-10": [1]}, chance=2), "chance: expected"),
        (lambda: plots.loss_curves({"a": [1.0, np.inf]}), r"losses\['a'\]: expected finite"),
        (lambda: plots.loss_curves({"a": [1.0, 0.0]}), "expected positive numbers, got 0.0"),
        (lambda: plots.loss_curves({"a": [1.0]}, window=0), "window: expected a positive integer"),
        (lambda: plots.attention_diagram([0.5, 0.5]), "weights: expected one a source word, 4"),
        (lambda: plots.attention_diagram(step=4), "step: expected 0 to 3, got 4"),
        (lambda: plots.bottleneck_diagram(["a"] * 7), "source: expected 1 to 6 words, got 7"),
        (lambda: plots.bottleneck_diagram(target=[]), "target: expected at least one word"),
        (
            lambda: contraction(equation="qd,kd"),
            "equation: expected 2 operands and ->, got 'qd,kd'",
        ),
        (
            lambda: contraction(equation="qd->q"),
            "equation: expected 2 operands and ->, got 'qd->q'",
        ),
        (lambda: contraction(equation="q,kd->qk"), r"query: expected the axes 'q', .* \(2, 3\)"),
        (lambda: contraction(equation="qd,dk->qk"), r"key: expected d = 3, got \(4, 3\)"),
        (lambda: contraction(at={"q": 1}), "at: expected a position for each letter of 'qk', got"),
        (lambda: contraction(at={"q": 2, "k": 0}), "at: expected a position for each letter of"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert not plt.get_fignums()  # nothing half-drawn


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
    ],
)
def test_bad_alignments(draw, change, message):
    arguments = {"weights": WEIGHTS, "source": SOURCE, "target": TARGET, "gold": None} | change
    with pytest.raises(ValueError, match=message):
        draw(**arguments)


def test_rounding_above_a_limit_is_not_an_error():
    plots.bleu_by_length({"a": {"x": 100.00000000000004}})  # as sacreBLEU gives for a perfect text
    plots.alignment(np.float32([[1.0000001]]), ["a"], ["b"])


def test_examples():
    result = doctest.testmod(plots)
    assert result.attempted > 0 and result.failed == 0


# Measures by depth


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
        ({"dot": {"eight": 0.5}}, "depths: expected numbers"),
        ({"dot": {0: 0.5}}, "depths: expected finite numbers from 1"),
    ],
)
def test_bad_depths(values, message):
    with pytest.raises(ValueError, match=message):
        plots.by_depth(values)
    assert not plt.get_fignums()
