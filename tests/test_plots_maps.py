"""The map for a page: well-formed, confined to its element, readable without a mouse."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from plotted import HOSTILE, POSSIBLE, SOURCE, SURE, TARGET, WEIGHTS

from attention_helpers import plots


@pytest.fixture
def page_map():
    return plots.alignment_map(
        WEIGHTS, SOURCE, TARGET, (SURE, POSSIBLE), title="<Where> it & looked"
    )


def rows_of(root):
    return root.findall(".//tbody/tr")


def styles(element):
    return dict(item.split(":", 1) for item in element.get("style", "").split(";") if item)


def test_map_is_a_table_of_all_weights(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())  # well-formed, or this fails
    corner, *heads = root.findall(".//thead/tr/th")
    assert not corner.text and [head.find("span").text for head in heads] == SOURCE
    assert [row.find("th").text for row in rows_of(root)] == TARGET
    shown = [[float(cell.text) for cell in row.findall("td")] for row in rows_of(root)]
    assert np.allclose(shown, WEIGHTS, atol=0.0051)
    assert {th.get("scope") for th in root.iter("th")} == {"col", "row"}


def luminance(colour):
    """As WCAG 2 defines it."""
    light = np.array(to_rgb(colour))
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    return float(light @ [0.2126, 0.7152, 0.0722])


def test_map_cells_are_the_darker_the_larger_the_weight_and_their_numbers_legible():
    weights = np.linspace(0, 1, 101)[None]
    page_map = plots.alignment_map(weights, [str(i) for i in range(101)], ["a"])
    (row,) = rows_of(ElementTree.fromstring(page_map._repr_html_()))
    cells = [styles(cell) for cell in row.findall("td")]
    light = [luminance(cell.get("background", "#fff")) for cell in cells]
    assert light == sorted(light, reverse=True) and light[0] == 1 and light[-1] < 0.06
    ink = [luminance(cell.get("color", "#222222")) for cell in cells]
    pairs = [sorted(pair) for pair in zip(light, ink, strict=True)]
    assert min((high + 0.05) / (low + 0.05) for low, high in pairs) >= 4.5


def test_map_outlines_gold_links_and_says_so_in_words(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())
    outlined = {"solid": set(), "dashed": set()}
    for y, row in enumerate(rows_of(root)):
        for x, cell in enumerate(row.findall("td")):
            if border := styles(cell).get("border"):
                outlined[border.split()[1]].add((x, y))
                kind = "sure" if "solid" in border else "possible"
                assert cell.get("title") == f"{kind} link"
    assert outlined == {"solid": SURE, "dashed": POSSIBLE - SURE}
    key = "".join(root.findall("p")[-1].itertext())
    assert "sure link" in key and "possible link" in key
    plain = plots.alignment_map(WEIGHTS, SOURCE, TARGET)._repr_html_()
    assert "link" not in plain


def test_map_rows_say_what_they_look_at(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())
    rows = rows_of(root)
    assert len(rows) == len(TARGET) and all(row.get("tabindex") == "0" for row in rows)
    for y, row in enumerate(rows):
        most = int(np.argmax(WEIGHTS[y]))
        start = f"{TARGET[y]} looks at: {SOURCE[most]} {WEIGHTS[y, most]:.2f}, "
        assert row.get("aria-label").startswith(start)
        for x, kind in {(x, "sure") for x, at in SURE if at == y}:
            assert f"; {kind} link: {SOURCE[x]}" in row.get("aria-label")
    assert rows[6].get("aria-label").endswith("; possible link: sign")
    assert root.find(".//table").get("aria-label") == "<Where> it & looked"


def test_map_is_described_by_its_key(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())
    described_by = root.find(".//table").get("aria-describedby")
    (said,) = [p for p in root.findall("p") if p.get("id") == described_by]
    assert "A row is a word of the translation" in "".join(said.itertext())


def test_map_shows_the_words_that_the_row_under_the_pointer_looks_at(page_map):
    css = ElementTree.fromstring(page_map._repr_html_()).find("style").text
    lit = set(re.findall(r"tr:nth-child\((\d+)\):hover\) th:nth-child\((\d+)\) span", css))
    expected = {
        (str(y + 1), str(x + 2)) for y, x in zip(*np.nonzero(WEIGHTS >= 0.095), strict=True)
    }
    assert lit == expected
    assert css.count(":focus) th") == len(expected)


def test_map_reads_well_without_its_style(page_map):
    """An untrusted notebook keeps tables and inline styles: see tests/book/test_jupyterlab.py."""
    html = re.sub("<style>.*?</style>", "", page_map._repr_html_(), flags=re.DOTALL)
    root = ElementTree.fromstring(html)
    assert not {"svg", "style"} & {element.tag for element in root.iter()}
    assert styles(root)["background"] == "#fff" and styles(root.find(".//table"))["color"]
    words = " ".join(root.itertext()).split()
    assert {*SOURCE, *TARGET} <= set(words) and not re.search("[{};]", "".join(words))


def test_map_has_no_script_and_asks_nobody_for_anything(page_map):
    html = page_map._repr_html_()
    assert not re.search(r"<script|<link|<img|http|url\(|@import|\bon\w+=|javascript:", html)


def test_map_style_is_confined_to_its_element(page_map):
    root = ElementTree.fromstring(page_map._repr_html_())
    css = re.sub(r"@container [^{]*", "", root.find("style").text)
    selectors = [s.strip() for group in re.findall(r"([^{}]+)\{", css) for s in group.split(",")]
    selectors = [selector for selector in selectors if selector]
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


def hostile_map(**options):
    weights = np.eye(len(HOSTILE))
    return plots.alignment_map(weights, HOSTILE, HOSTILE, title=HOSTILE[0], **options)


def test_map_escapes_words_and_titles():
    html = hostile_map()._repr_html_()
    root = ElementTree.fromstring(html)
    assert not {"script", "img", "iframe"} & {element.tag for element in root.iter()}
    assert html.count("</style>") == 1
    assert [row.find("th").text for row in rows_of(root)] == HOSTILE
    assert [span.text for span in root.findall(".//thead//span")] == HOSTILE
    assert root.find(".//strong").text == root.find(".//table").get("aria-label") == HOSTILE[0]


def test_map_replaces_what_no_page_can_hold():
    root = ElementTree.fromstring(
        plots.alignment_map([[1]], ["a\x00\x1b"], ["\ud800b"])._repr_html_()
    )
    assert root.find(".//tbody//th").text == "\ufffdb"
    assert root.find(".//thead//span").text == "a\ufffd\ufffd"


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


# In a real browser: `show` is in conftest.py


def test_map_runs_nothing_and_shows_words_as_they_are_in_a_browser(show):
    seen = show(hostile_map(name="my-map_2"))
    run = seen.page.evaluate
    assert run("() => window.ran ?? null") is None and seen.errors == []
    texts = "() => [...document.querySelectorAll('tbody th')].map((e) => e.textContent)"
    assert run(texts) == HOSTILE
    assert run("() => document.querySelectorAll('#formula mjx-container').length") == 1
    assert run("() => document.querySelectorAll('.output_area mjx-container').length") == 0
    style = "() => getComputedStyle(document.querySelector('#my-map_2')).padding"
    assert run(style) == "12px"


@pytest.mark.parametrize("word", ["iiii", "minister", "WWWWWWWW", "MMMM%%%%", "経済大臣", "Größe"])
def test_map_has_room_for_its_words_in_a_browser(show, word):
    seen = show(plots.alignment_map([[0.9, 0.1]], ["a", word], [word]))
    outside = """() => {
      const frame = document.querySelector('.attention-map').getBoundingClientRect();
      return [...document.querySelectorAll('thead span, tbody th')]
        .map((e) => (e.style.fontWeight = 'bold', e.getBoundingClientRect()))
        .filter((b) => b.left < frame.left || b.top < frame.top + 30 || b.right > frame.right)
        .length;
    }"""
    assert seen.page.evaluate(outside) == 0


def test_map_lights_up_the_row_that_is_pointed_at_or_focused_in_a_browser(show):
    seen = show(plots.alignment_map([[0.9, 0.1], [0.02, 0.98]], ["red", "house"], ["a", "b"]))
    looks = """() => ({
      rows: [...document.querySelectorAll('tbody tr')].map((e) => getComputedStyle(e).opacity),
      bold: [...document.querySelectorAll('thead span')]
        .filter((e) => getComputedStyle(e).fontWeight > 400).map((e) => e.textContent),
    })"""
    assert seen.page.evaluate(looks) == {"rows": ["1", "1"], "bold": []}
    seen.page.hover("text=.98")
    assert seen.page.evaluate(looks) == {"rows": ["0.4", "1"], "bold": ["house"]}
    seen.page.mouse.move(0, 0)
    seen.page.locator("tbody tr").first.focus()
    assert seen.page.evaluate(looks) == {"rows": ["1", "0.4"], "bold": ["red", "house"]}


@pytest.mark.parametrize("width", [1000, 360])
@pytest.mark.parametrize("count", [3, 7, 9, 30, 40])
def test_map_fits_a_phone_or_says_that_it_moves_sideways_in_a_browser(show, width, count):
    seen = show(
        plots.alignment_map(np.eye(count), ["minister"] * count, ["a"] * count), width=width
    )
    found = seen.page.evaluate("""() => {
      const [scroll, hint] = [document.querySelector('.scroll'), document.querySelector('.hint')];
      return [scroll.scrollWidth > scroll.clientWidth, hint.getClientRects().length > 0,
        document.documentElement.scrollWidth > document.documentElement.clientWidth];
    }""")
    moves, hinted, page_moves = found
    assert (moves, page_moves) == (hinted, False)
    assert moves == (count > (9 if width == 360 else 30))


@pytest.mark.parametrize("width", [1000, 360])
def test_map_shows_all_of_the_row_that_is_focused_in_a_browser(show, width):
    words = ["economic", "minister", "WWWWWWWW"]
    seen = show(plots.alignment_map(np.eye(3), words, words), width=width)
    seen.page.locator("tbody tr").last.focus()
    cut = """() => {
      const frame = document.querySelector('.scroll').getBoundingClientRect();
      return [...document.querySelectorAll('thead span, tbody th, tbody tr')]
        .map((e) => e.getBoundingClientRect())
        .filter((b) => b.left < frame.left || b.top < frame.top || b.right > frame.right + 1
          || b.bottom > frame.bottom).length;
    }"""
    assert seen.page.evaluate(cut) == 0
