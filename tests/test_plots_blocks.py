"""The diagrams of the Transformer: what waits for what, and what its blocks are made of."""

from collections import Counter

import pytest
from matplotlib.patches import FancyArrowPatch
from plotted import text_boxes

from attention_helpers import plots


def texts(ax):
    return Counter(text.get_text() for text in ax.texts)


def arrows(ax):
    return sum(isinstance(patch, FancyArrowPatch) for patch in ax.patches)


@pytest.mark.parametrize("words", [["one"], ["the", "red", "house", "."], ["w"] * 6])
def test_a_recurrent_network_waits_for_each_word_and_attention_for_each_layer(words):
    ax = plots.waiting_diagram(words)
    count = len(words)
    shown = [int(text.get_text()) for text in ax.texts if text.get_text().isdigit()]
    assert shown == [*range(1, count + 1), *[1] * count, *[2] * count]
    assert arrows(ax) == count + (count - 1) + 2 * count**2
    heads = [text for text in texts(ax) if "step" in text]
    assert heads[0].endswith(f": {count} step{'s' * (count > 1)}")
    assert heads[1].endswith(": 2 steps")


@pytest.mark.parametrize(
    "words, error", [("the house", TypeError), ([], ValueError), (["a"] * 7, ValueError)]
)
def test_words_that_cannot_be_drawn_are_named(words, error):
    with pytest.raises(error, match=r"^words: expected"):
        plots.waiting_diagram(words)


def test_a_transformer_has_its_parts_each_behind_a_norm_and_added():
    shown = texts(plots.transformer_diagram())
    parts = {"self-attention": 2, "cross-attention": 1, "feed-forward": 2}
    assert {part: shown[part] for part in parts} == parts
    assert shown["+"] == sum(parts.values())
    assert shown["norm"] == sum(parts.values()) + 2  # and one at the end of each line
    assert shown["encoder block, twice"] == shown["decoder block, twice"] == 1


@pytest.mark.parametrize("draw", [plots.waiting_diagram, plots.transformer_diagram])
def test_no_text_lies_on_another(draw):
    boxes = text_boxes(draw())
    for place, (one, first) in enumerate(boxes):
        for other, second in boxes[place + 1 :]:
            assert not first.overlaps(second), (one, other)
