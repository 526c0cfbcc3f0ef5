"""What all figures share: their styles, their size, and the names they are given."""

import itertools
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from plotted import BLEU, FIGURES, contraction

from attention_helpers import plots
from attention_helpers.plots.style import SPARE


def test_a_model_looks_the_same_whatever_it_is_drawn_beside():
    alone = plots.line_styles(["bahdanau"])["bahdanau"]
    beside = plots.line_styles(["new", "fixed", "bahdanau"])
    assert beside["bahdanau"] == alone == plots.MODELS["bahdanau"]
    assert beside["new"] not in plots.MODELS.values()
    room = len(plots.MODELS) + 2
    names = [f"line {i}" for i in range(room)]
    everything = plots.line_styles([*names[2:], "fixed", "dot"])
    assert len(set(everything.values())) == room
    with pytest.raises(ValueError, match=f"at most {room} lines"):
        plots.line_styles([*names, "one more"])


def test_every_model_can_be_told_from_every_other_with_and_without_colour():
    styles = [*plots.MODELS.values(), *SPARE]
    assert len({to_hex(s.colour) for s in plots.MODELS.values()}) == len(plots.MODELS)
    assert len({(s.marker, str(s.dashes)) for s in styles}) == len(styles)


# What is left of a colour for readers without one kind of cones (Machado et al. 2009), in linear RGB
SEEN_BY = {
    "all cones": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def lightness_and_hue(colour, seen_by):
    """CIE L*a*b* of a colour as such a reader sees it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(SEEN_BY[seen_by]) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.array(to_xyz) @ linear / [0.9505, 1, 1.0888])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen_by", SEEN_BY)
def test_the_models_that_meet_most_often_are_clearly_apart_for_every_reader(seen_by):
    names = ["fixed", "mean", "moving", "bahdanau", "dot", "transformer"]
    seen = {name: lightness_and_hue(plots.MODELS[name].colour, seen_by) for name in names}
    for one, two in itertools.combinations(names, 2):
        assert np.linalg.norm(seen[one] - seen[two]) > 15, (one, two)
        assert plots.MODELS[one].marker != plots.MODELS[two].marker


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


# A pair of "$" is a formula to Matplotlib, and a leading "_" hides a name from its legends.
NAMES = ["Ba$$in", "$x$", "_y", "50 %", r"$\frac{$", "a_b^c", "5-ton"]
VALUES = dict.fromkeys(NAMES, 0.5)
WORDS = {"source": NAMES[:6], "target": NAMES[1:]}
TITLE, LABEL = "$t$ & $$", "_$y$"
NAMED = {
    "bleu_by_length": lambda **given: plots.bleu_by_length(
        dict.fromkeys(NAMES, VALUES), title=TITLE, ylabel=LABEL, **given
    ),
    "capacity_sweep": lambda **given: plots.capacity_sweep(
        {32: VALUES}, title=TITLE, ylabel=LABEL, **given
    ),
    "score_comparison": lambda **given: plots.score_comparison(
        VALUES, title=TITLE, xlabel=LABEL, **given
    ),
    "probe_accuracy": lambda **given: plots.probe_accuracy(VALUES, title=TITLE, **given),
    "loss_curves": lambda **given: plots.loss_curves(VALUES, title=TITLE, ylabel=LABEL, **given),
    "by_depth": lambda **given: plots.by_depth(
        dict.fromkeys(NAMES, {8: [0.4, 0.5], 16: 0.6}), title=TITLE, ylabel=LABEL, **given
    ),
    "growth": lambda **given: plots.growth(
        dict.fromkeys(NAMES, {8: [0.4, 0.5], 16: 0.6}),
        title=TITLE,
        xlabel=LABEL,
        ylabel=LABEL,
        **given,
    ),
    "recall_by_pairs": lambda **given: plots.recall_by_pairs(
        dict.fromkeys(NAMES, [1.0, 0.5]), title=TITLE, ylabel=LABEL, **given
    ),
    "by_heads": lambda **given: plots.by_heads(
        dict.fromkeys(NAMES, {1: [0.4, 0.5], 4: 0.6}), title=TITLE, ylabel=LABEL, **given
    ),
    "alignment": lambda **given: plots.alignment(np.eye(6), **WORDS, title=TITLE, **given),
    "bottleneck_diagram": lambda **given: plots.bottleneck_diagram(**WORDS, **given),
    "attention_diagram": lambda **given: plots.attention_diagram(np.eye(6)[1], **WORDS, **given),
    "waiting_diagram": lambda **given: plots.waiting_diagram(NAMES[:6], **given),
    "contraction_diagram": lambda **given: plots.contraction_diagram(
        "q,q,q,q,q,q,q->q", dict.fromkeys(NAMES, [1, 2]), {"q": 0}, **given
    ),
}


def test_every_figure_is_drawn_with_unusual_names():
    drawn = {name for name in plots.__all__ if name.islower()}
    others = {"line_styles", "alignment_map", "bleu_by_order", "table"}  # with tests of their own
    others |= {"stepper", "unrolled_steps", "decoding_steps", "weights_over_training"}
    others |= {"gate_diagram", "transformer_diagram"}  # which draw no names
    others |= {"matrices", "rotations"}  # test_plots_matrices.py
    assert drawn - others == set(NAMED)
    assert set(FIGURES) - set(NAMED) == {"transformer_diagram"}


@pytest.mark.parametrize(
    "given, settings",
    [
        (False, {}),
        (True, {}),
        (True, {"text.usetex": True}),
        (True, {"text.parse_math": False}),
    ],
)
@pytest.mark.parametrize("name", NAMED)
def test_names_are_drawn_as_they_are_and_our_own_formulas_are_formulas(name, given, settings):
    with plt.rc_context(settings):
        ax = NAMED[name](ax=plt.subplots()[1]) if given else NAMED[name]()
    if not settings:
        ax.figure.canvas.draw()
    texts = {text.get_text(): text for text in ax.figure.findobj(plt.Text) if text.get_visible()}
    drawn = NAMES[:6] if name == "waiting_diagram" else NAMES
    expected = {f"{n} (q)" for n in drawn} if name == "contraction_diagram" else set(drawn)
    if not name.endswith("diagram"):
        expected |= {TITLE} if name in ("alignment", "probe_accuracy") else {TITLE, LABEL}
    assert expected <= set(texts)
    for text in texts.values():
        if re.fullmatch(r"\$[chsy](_\{\d\})?\$", text.get_text()):
            assert text.get_parse_math() and not text.get_usetex()
        elif "$" in text.get_text() or text.get_text() in expected:
            assert not text.get_parse_math() and not text.get_usetex()


@pytest.mark.parametrize("shared", [{"sharex": True}, {"sharey": True}])
@pytest.mark.parametrize("name", ["bleu_by_length", "score_comparison", "alignment"])
def test_axes_that_share_named_ticks_draw_them_as_they_are(name, shared):
    figure, axes = plt.subplots(2, 2, **shared)
    for ax in axes.flat:
        ax.tick_params(labelleft=True, labelbottom=True)
    NAMED[name](ax=axes[0, 0])
    figure.canvas.draw()


def test_lines_that_were_in_given_axes_get_no_name_at_their_end():
    ax = plt.subplots()[1]
    ax.plot([0, 1], [50, 60], label="before")
    plots.bleu_by_length(BLEU, ax=ax)
    assert [text.get_text() for text in ax.texts] == list(BLEU)


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
        (
            lambda: plots.capacity_sweep({"big": {"x": 1}}),
            "size in bleu: expected a positive integer, got 'big'",
        ),
        (lambda: plots.capacity_sweep({}), "bleu: expected a dictionary"),
        (lambda: plots.score_comparison({}), "scores: expected a dictionary"),
        (lambda: plots.score_comparison({"a": -1}), r"scores\['a'\]: .* from 0 to 100, got -1"),
        (lambda: plots.probe_accuracy({"5-10": [1.2]}), "from 0 to 1, got 1.2"),
        (lambda: plots.probe_accuracy({"5-10": [1]}, chance=2), "chance: expected"),
        (lambda: plots.loss_curves({"a": [1.0, np.inf]}), r"losses\['a'\]: expected finite"),
        (lambda: plots.loss_curves({"a": [1.0, 0.0]}), "expected positive numbers, got 0.0"),
        (lambda: plots.loss_curves({"a": [1.0]}, window=0), "window: expected a positive integer"),
        (lambda: plots.loss_curves({"a": [1.0]}, window=2.0), "window: expected .*, got 2.0 "),
        (lambda: plots.bleu_by_length([1]), r"bleu: expected a dictionary, got \[1\]"),
        (
            lambda: plots.probe_accuracy({"a": [1]}, chance=[0.1]),
            "chance: expected a finite number",
        ),
        (lambda: plots.score_comparison({"a": 1}, digits=-1), "digits: expected an integer, 0 or"),
        (
            lambda: plots.score_comparison({"a": 1}, limits=(1, 1)),
            r"limits\[1\]: .* above 1, got 1",
        ),
        (lambda: plots.score_comparison({"a": 1}, limits=3), "limits: expected a pair of numbers"),
        (lambda: plots.by_depth({"a": {8: 1}}, limits=(0, np.inf)), r"limits\[1\]: expected a fin"),
        (lambda: plots.attention_diagram(step=True), "step: expected an integer .*, got True"),
        (lambda: contraction(at={"q": 1.0, "k": 0}), r"at\[.q.\]: expected an integer .*, got 1.0"),
        (lambda: contraction(operands=[1, 2]), "operands: expected a dictionary"),
        (lambda: plots.probe_accuracy(dict.fromkeys(range(99), 1)), "names: expected at most .* l"),
        (lambda: plots.attention_diagram([0.5, 0.5]), "weights: expected one a source word, 4"),
        (lambda: plots.attention_diagram(step=4), "step: expected an integer from 0 to 3, got 4"),
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
        (
            lambda: contraction(at={"q": 2, "k": 0}),
            r"at\[.q.\]: expected an integer from 0 to 1, got 2",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
    assert not plt.get_fignums()  # nothing half-drawn


def test_rounding_above_a_limit_is_not_an_error():
    plots.bleu_by_length({"a": {"x": 100.00000000000004}})  # as sacreBLEU gives for a perfect text
    plots.alignment(np.float32([[1.0000001]]), ["a"], ["b"])
