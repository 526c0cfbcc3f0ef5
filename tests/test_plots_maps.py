"""The map for a page: well-formed, confined to its element, readable without a mouse."""

import contextlib
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from plotted import POSSIBLE, SOURCE, SURE, TARGET, WEIGHTS

from attention_helpers import plots


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


# Names, words and titles that would be markup, style, script or a formula, were they not escaped
HOSTILE = [
    '</style><img src=x onerror="window.ran = 1">',
    '"><script>window.ran = 1</script>',
    "</title></svg><iframe srcdoc='<script>parent.ran = 1</script>'>",
    "<!-- &amp; ]]>",
    "$$x$$",
    r"\(y\)",
    "#map { display: none }",
    " a  b ",
]


def hostile_map(**options):
    weights = np.eye(len(HOSTILE))
    return plots.alignment_map(weights, HOSTILE, HOSTILE, title=HOSTILE[0], **options)


def test_map_escapes_words_and_titles():
    html = hostile_map()._repr_html_()
    root = ElementTree.fromstring(html)
    assert not {"script", "img", "iframe"} & {element.tag for element in root.iter()}
    assert html.count("</style>") == html.count("</svg>") == 1
    assert [word.text for word in by_class(root, "word")] == HOSTILE
    assert [word.text for word in by_class(root, "source")[0]] == HOSTILE
    assert root.find(".//svg/title").text == HOSTILE[0]
    assert [th.text for th in root.find(".//thead/tr")][1:] == HOSTILE


def test_map_replaces_what_no_page_can_hold():
    root = ElementTree.fromstring(
        plots.alignment_map([[1]], ["a\x00\x1b"], ["\ud800b"])._repr_html_()
    )
    assert by_class(root, "word")[0].text == "\ufffdb"
    assert by_class(root, "source")[0][0].text == "a\ufffd\ufffd"


@pytest.mark.parametrize(
    "name",
    [
        "</style><img src=x onerror=alert(1)>",
        "my map",
        "",
        "1st",
        "-a",
        "a.b",
        "a\n",
        "#map",
        "é",
        'a"b',
        "a{}",
    ],
)
def test_map_refuses_a_name_that_cannot_be_an_id(name):
    with pytest.raises(
        ValueError, match="name: expected a letter .*, got " + re.escape(repr(name))
    ):
        plots.alignment_map([[1.0]], ["a"], ["b"], name=name)


@pytest.mark.parametrize("change", [{"name": 3}, {"title": 3}])
def test_map_refuses_what_is_no_text(change):
    with pytest.raises(TypeError, match=": expected a text, got 3"):
        plots.alignment_map([[1.0]], ["a"], ["b"], **change)


# In a real browser, on a page that has MathJax, as the book's pages and notebooks do

MATHJAX = Path(__file__).parents[1] / "book/_vendor/mathjax/tex-mml-chtml.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>map</title>
<script>MathJax = {tex: {inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]]}}</script>
<script src="MATHJAX"></script><p id="formula">$z$</p><div class="output_area">MAP</div>"""


@pytest.fixture(scope="module")
def browser(need):
    pytest.importorskip("playwright")
    import browser as real

    need(real.installed(), "no Chrome or Chromium")
    with real.open_browser() as browser:
        yield browser


@pytest.fixture
def show(browser, tmp_path):
    """A function that shows a map in the browser, and the page on which it stands."""
    import browser as real

    with contextlib.ExitStack() as open_pages:

        def show(page_map):
            page = tmp_path / "page.html"
            html = PAGE.replace("MATHJAX", MATHJAX.as_uri()).replace("MAP", page_map._repr_html_())
            page.write_text(html, encoding="utf-8")
            return open_pages.enter_context(real.look(browser, page.as_uri(), width=1000))

        yield show


def test_map_runs_nothing_and_shows_words_as_they_are_in_a_browser(show):
    seen = show(hostile_map(name="my-map_2"))
    run = seen.page.evaluate
    assert run("() => window.ran ?? null") is None and seen.errors == []
    texts = "() => [...document.querySelectorAll('svg .word')].map((e) => e.textContent)"
    assert run(texts) == HOSTILE
    assert run("() => document.querySelectorAll('#formula mjx-container').length") == 1
    assert run("() => document.querySelectorAll('.output_area mjx-container').length") == 0
    style = "() => getComputedStyle(document.querySelector('#my-map_2')).padding"
    assert run(style) == "12px"
    assert run("() => document.querySelector('svg').ariaLabelledByElements.length") == 2


@pytest.mark.parametrize("word", ["iiii", "minister", "WWWWWWWW", "MMMM%%%%", "経済大臣", "Größe"])
def test_map_has_room_for_its_words_in_a_browser(show, word):
    seen = show(plots.alignment_map([[0.9, 0.1]], ["a", word], [word]))
    outside = """() => {
      const frame = document.querySelector('svg').getBoundingClientRect();
      return [...document.querySelectorAll('svg .source text, svg .word')]
        .map((e) => (e.style.fontWeight = 'bold', e.getBoundingClientRect()))
        .filter((b) => b.left < frame.left || b.top < frame.top || b.right > frame.right)
        .length;
    }"""
    assert seen.page.evaluate(outside) == 0
