"""Tables of results: what a cell says, in HTML that keeps its form where styles are dropped."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from attention_helpers import plots

ROWS = [
    ["mean", 176_000, np.float32(56.04), 7.0, None, True],
    ["<b>dot</b> & $x$", -189, 100, -0.25, 3, False],
]
COLUMNS = ["model", "parameters", "5–10", "change", "seeds", "fed"]
CELLS = [
    ["mean", "176,000", "56.0", "7.0", "–", "yes"],
    ["<b>dot</b> & $x$", "−189", "100.0", "−0.2", "3", "no"],
]


def parsed(table):
    return ElementTree.fromstring(table._repr_html_())


def test_cells_say_what_was_given():
    table = parsed(plots.table(ROWS, COLUMNS, caption="BLEU <mean>"))
    head = [cell.text.replace("\u2060", "") for cell in table.find("thead/tr")]
    assert head == COLUMNS
    assert table.find("thead/tr")[2].text == "5\u2060–\u206010", "a range stays on one line"
    assert [[cell.text for cell in row] for row in table.find("tbody")] == CELLS
    assert table.find("caption").text == "BLEU <mean>"
    assert [cell.get("scope") for cell in table.find("thead/tr")] == ["col"] * 6
    assert [row[0].tag for row in table.find("tbody")] == ["th", "th"]


def test_numbers_are_set_to_the_right_by_inline_styles_alone():
    """An untrusted notebook drops `<style>` and `class`, and keeps `style`."""
    html = plots.table(ROWS, COLUMNS)._repr_html_()
    assert not re.search(r"<style|<script|<svg|\bon\w+=|url\(|color: #[0-9a-f]+", html)
    for row in [*parsed(plots.table(ROWS, COLUMNS)).iter("tr")]:
        sides = [re.search(r"text-align: (\w+)", cell.get("style"))[1] for cell in row]
        assert sides == ["left", "right", "right", "right", "right", "left"]


def test_the_text_is_the_same_table_in_columns():
    lines = repr(plots.table(ROWS, COLUMNS, caption="BLEU")).splitlines()
    assert lines[0] == "BLEU" and len(lines) == 4
    for line, cells in zip(lines[1:], [COLUMNS, *CELLS], strict=True):
        assert re.split("  +", line.strip()) == cells
    assert lines[1].index("model") == lines[2].index("mean") == 0
    end = lines[1].index("parameters") + len("parameters")
    assert lines[2][:end].endswith(" 176,000") and lines[3][:end].endswith(" −189")


def test_digits_are_those_asked_for():
    assert plots.table([["a", 0.1234]], ["", "AER"], digits=3).rows == [["a", "0.123"]]
    assert plots.table([["a", 3]], ["", "steps"], digits=3).rows == [["a", "3"]]


@pytest.mark.parametrize(
    "rows, columns, options, message",
    [
        ([], ["a"], {}, "rows: expected at least one row, got none"),
        ([["a", 1], ["b"]], ["", "x"], {}, r"rows\[1\]: expected 2 cells, one a column, got 1"),
        ([["a"]], "a", {}, "columns: expected a sequence of names, got 'a'"),
        ([["a"]], [1], {}, r"columns: expected a sequence of names, got \[1\]"),
        ([["a"]], ["a"], {"digits": -1}, "digits: expected an integer, 0 or more, got -1"),
    ],
)
def test_bad_tables(rows, columns, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        plots.table(rows, columns, **options)
