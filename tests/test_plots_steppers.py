"""The figures that step: complete without styles, one frame at a time with them, no script."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from plotted import HOSTILE, POSSIBLE, SOURCE, SURE, TARGET, WEIGHTS

from attention_helpers import plots

SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='80' height='20'><text>%s</text></svg>"
ROWS = [["", "red", "house"], ["maison", 0.25, 0.75], ["rouge", "a lot", 0]]
STATES = np.array([[0.0, 0.0], [0.5, -1.0], [-0.25, 0.75]])


def steps(**options):
    frames = [
        plots.Frame("First.", SVG % "one", "the number one"),
        plots.Frame("Second.", ROWS),
        ("Third.", SVG % "three", "the number three"),
    ]
    return plots.stepper(frames, **({"title": "Three frames"} | options))


FIGURES = {
    "stepper": steps(),
    "unrolled": plots.unrolled_steps(["red", "house"], STATES, outputs=["car", "."]),
    "decoding": plots.decoding_steps(SOURCE, TARGET, WEIGHTS),
    "training": plots.weights_over_training(
        [0, 2000], [np.full_like(WEIGHTS, 1 / 6), WEIGHTS], SOURCE, TARGET, (SURE, POSSIBLE)
    ),
}


def root_of(figure):
    return ElementTree.fromstring(figure._repr_html_())  # well-formed, or this fails


def frames_of(figure):
    return root_of(figure).findall(".//div[@class='frame']")


def drawing(image):
    """The SVG of a picture, parsed."""
    kind, _, data = image.get("src").partition(",")
    assert kind == "data:image/svg+xml;charset=utf-8"
    return ElementTree.fromstring(unquote(data))


def words_in(svg):
    return [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", FIGURES)
def test_a_stepper_is_light_and_the_same_each_time_and_asks_nobody(name):
    html = FIGURES[name]._repr_html_()
    assert len(html.encode()) < 40_000
    assert FIGURES[name]._repr_html_() == html and " at 0x" not in repr(FIGURES[name])
    address = "http://www.w3.org/2000/svg"  # no address to fetch from: the name of SVG
    assert not re.search(
        r"<script|<link|http|@import|\bon\w+=|javascript:|url\(", html.replace(address, "")
    )


@pytest.mark.parametrize("name", FIGURES)
def test_every_frame_says_what_it_shows(name):
    frames = frames_of(FIGURES[name])
    assert len(frames) == len(FIGURES[name].frames)
    for i, (frame, given) in enumerate(zip(frames, FIGURES[name].frames, strict=True), 1):
        assert "".join(frame.find("p").itertext()) == f"{i} / {len(frames)} {given.caption}"
        image, table = frame.find(".//img"), frame.find(".//table")
        assert (image is None) != (table is None)
        if image is not None:
            assert image.get("alt") == given.text and words_in(drawing(image))


@pytest.mark.parametrize("name", FIGURES)
def test_without_its_style_a_stepper_shows_all_frames_and_no_controls(name):
    html = re.sub("<style>.*?</style>", "", FIGURES[name]._repr_html_(), flags=re.DOTALL)
    root = ElementTree.fromstring(html)
    assert all(e.get("hidden") for tag in ("input", "label") for e in root.iter(tag))
    assert not {"svg", "style"} & {element.tag for element in root.iter()}
    for frame in root.findall(".//div[@class='frame']"):
        assert not frame.get("hidden") and "none" not in frame.get("style", "")
    assert not re.search("[{}]", "".join(root.itertext()))


def test_controls_and_frames_belong_together():
    root = root_of(steps())
    radios = list(root.iter("input"))
    assert [radio.get("aria-label") for radio in radios] == [f"Frame {i} of 3" for i in (1, 2, 3)]
    assert [radio.get("checked") for radio in radios] == ["", None, None]
    ids = [radio.get("id") for radio in radios]
    turns = [
        {label.text: ids.index(label.get("for")) for label in frame.iter("label")}
        for frame in root.findall(".//div[@class='frame']")
    ]
    assert turns == [{"next →": 1}, {"← back": 0, "next →": 2}, {"← back": 1}]
    assert root.find("form").get("aria-label") == root.find(".//strong").text == "Three frames"


def test_cells_are_shaded_numbers_or_texts_as_they_are():
    head, *rows = frames_of(steps())[1].iter("tr")
    assert ["".join(cell.itertext()) for cell in head] == ROWS[0]
    assert [[cell.text for cell in row] for row in rows] == [
        ["maison", ".25", ".75"],
        ["rouge", "a lot", "0"],
    ]
    assert "background" in rows[0][1].get("style") and rows[1][1].get("style") is None


class Ids(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.ids, self.names = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.names += [values["name"]] if "name" in values else []


def test_figures_on_one_page_do_not_share_an_id():
    others = [
        steps(title="Another"),
        steps(name="mine"),
        plots.alignment_map(WEIGHTS, SOURCE, TARGET),
    ]
    seen = [Ids(figure._repr_html_()) for figure in [*FIGURES.values(), *others]]
    ids = [i for page in seen for i in page.ids]
    assert len(ids) == len(set(ids))
    names = [set(page.names) for page in seen[:-1]]
    assert all(len(own) == 1 for own in names) and len(set.union(*names)) == len(names)
    assert seen[-2].ids[:2] == ["mine", "mine-1"]
    assert steps().name == steps().name != steps(title="Another").name


@pytest.mark.parametrize("name", FIGURES)
def test_the_style_is_confined_to_its_element(name):
    root = root_of(FIGURES[name])
    css = re.sub("@media .*{", "", root.find("style").text)
    selectors = [s.strip() for group in re.findall(r"([^{}]+)\{", css) for s in group.split(",")]
    assert len(selectors) > 10
    assert all(re.match(rf"#{root.get('id')}(?=[ -]|$)", selector) for selector in selectors)


def hostile(**options):
    frames = [plots.Frame(word, [["", word], [word, word]]) for word in HOSTILE]
    return plots.stepper(frames, title=HOSTILE[0], **options)


def test_words_are_escaped():
    html = hostile()._repr_html_()
    root = ElementTree.fromstring(html)
    assert not {"script", "img", "iframe"} & {element.tag for element in root.iter()}
    assert html.count("</style>") == 1 and root.find(".//strong").text == HOSTILE[0]
    assert [frame.find(".//td").text for frame in frames_of(hostile())] == HOSTILE
    for figure in (
        plots.unrolled_steps(HOSTILE[:4], np.zeros((4, 2)), outputs=HOSTILE[4:]),
        plots.decoding_steps(HOSTILE[:4], HOSTILE, np.full((8, 4), 0.25), words=[7]),
    ):
        last = frames_of(figure)[-1].find(".//img")
        words = " ".join(words_in(drawing(last)))
        assert all(word in words for word in HOSTILE[:4])


def test_unrolled_steps_show_the_states_that_are_there():
    figure = FIGURES["unrolled"]
    assert repr(figure) == "Stepper(3 frames: A recurrent network reads “red house”)"
    captions = [frame.caption for frame in figure.frames]
    assert "h₀ = (0.00, 0.00)" in captions[0]
    assert "reads “red”" in captions[1] and "h₁ = (0.50, −1.00)" in captions[1]
    assert "reads “house”" in captions[2] and "it says: “.”" in captions[2]
    for t, frame in enumerate(frames_of(figure)):
        svg = drawing(frame.find(".//img"))
        now = [g for g in svg if g.get("class") == "n" and g.tag.endswith("g")]
        assert f"h{'₀₁₂'[t]}" in words_in(now[0])
        later = [g for g in svg if g.get("class") == "t" and g.tag.endswith("g")]
        unread = words_in(later[0]) if later else []
        assert [word for word in ("red", "house") if word in unread] == ["red", "house"][t:]
        assert unread.count("?") == 2 - t
        bars = "".join(p.get("d") for p in svg if p.get("class") in ("b", "m"))
        assert bars.count("z") == np.count_nonzero(STATES[: t + 1])
    up, down = (
        [p.get("d") for p in svg if p.get("class") == kind and "z" in p.get("d")][0]
        for kind in ("b", "m")
    )
    heights = {kind: re.findall(r"v(-?\d+)", d) for kind, d in (("up", up), ("down", down))}
    assert heights == {"up": ["-12", "-18"], "down": ["24", "6"]}


def test_unrolled_steps_start_from_zeros_where_no_start_is_given():
    given = plots.unrolled_steps(["red", "house"], STATES, outputs=["car", "."])
    assert (
        plots.unrolled_steps(["red", "house"], STATES[1:], outputs=["car", "."]).name == given.name
    )


def test_decoding_steps_tell_who_has_read_what():
    figure = FIGURES["decoding"]
    assert len(figure.frames) == 12
    captions = [frame.caption for frame in figure.frames]
    assert (
        captions[0]
        == "s₀ asks all annotations. It has read: no word yet. It has not read y₀ = “<start>”."
    )
    assert (
        captions[6] == "s₁ asks all annotations. It has read: <start>. It has not read y₁ = “l'”."
    )
    most = int(np.argmax(WEIGHTS[1]))
    assert f"“{SOURCE[most]}”, {WEIGHTS[1, most]:.2f}" in captions[7]
    assert captions[9] == "Only now the last word enters: y₁ = “l'”."
    assert captions[10].endswith("s₂. It has read: <start> l'.")
    assert "y₂ = “ancien” is read off s₂, c₂ and y₁." in captions[11]
    svgs = [drawing(frame.find(".//img")) for frame in frames_of(figure)]
    shown = [words_in(svg) for svg in svgs]
    weights = [f"{w:.2f}".removeprefix("0") for w in WEIGHTS[1]]
    assert not set(weights) & set(shown[6]) and all(w in shown[7] for w in weights)
    assert all("s₁ has read: <start>" in words for words in shown[6:])
    assert "s₂ has read: <start> l'" not in shown[9] and "s₂ has read: <start> l'" in shown[10]
    assert "y₂ = ?" in shown[10] and "y₂ = ancien" in shown[11]
    now = [
        [words_in(g) for g in svg if g.get("class") == "n" and g.tag.endswith("g")] for svg in svgs
    ]
    first = [group[0][0] for group in now[6:]]
    assert first == ["s₁", weights[0], "c₂", "y₁ = l'", "s₂", "y₂ = ancien"]


def test_weights_over_training_are_the_weights_with_their_scores():
    maps = np.stack([np.full_like(WEIGHTS, 1 / 6), WEIGHTS])
    figure = plots.weights_over_training(
        [0, 2000], maps, SOURCE, TARGET, (SURE, POSSIBLE), scores=[0.71, 0.083]
    )
    assert [f.caption for f in figure.frames] == [
        "Before training. AER 0.71.",
        "After 2,000 training steps. AER 0.08.",
    ]
    for weights, frame in zip(maps, frames_of(figure), strict=True):
        head, *rows = frame.iter("tr")
        assert ["".join(th.itertext()) for th in head][1:] == SOURCE
        assert [row.find("th").text for row in rows] == TARGET
        shown = [[float(td.text) for td in row.findall("td")] for row in rows]
        assert np.allclose(shown, weights, atol=0.0051)
        marked = {
            (x, y): td.get("title").split()[0]
            for y, row in enumerate(rows)
            for x, td in enumerate(row.findall("td"))
            if td.get("title")
        }
        assert marked == dict.fromkeys(POSSIBLE, "possible") | dict.fromkeys(SURE, "sure")
    assert root_of(figure).findall("form/p")[-1][0][0].tail == "\xa0sure link"
    assert FIGURES["training"].frames[1].caption == "After 2,000 training steps."


FRAME, TWO = plots.Frame("a", ROWS), {"title": "t"}
ONES = np.ones((2, 2)) / 2


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: plots.stepper([FRAME], **TWO), "frames: expected at least two, got 1"),
        (lambda: plots.stepper([FRAME] * 2, title=" "), "title: expected what the figure shows"),
        (lambda: plots.stepper([FRAME] * 2, title="t", name="1"), "name: expected a letter"),
        (
            lambda: plots.stepper([FRAME, ("a", "<p>", "b")], **TWO),
            r"frames\[1\].drawing: expected an SVG element with a width, got '<p>'",
        ),
        (
            lambda: plots.stepper([FRAME, ("a", SVG % "b")], **TWO),
            r"frames\[1\].text: expected what the drawing shows, got nothing",
        ),
        (
            lambda: plots.stepper([FRAME, ("a", [["", "b"], ["c"]])], **TWO),
            r"frames\[1\].drawing: .* same length, two or more, got rows of \[2, 1\]",
        ),
        (
            lambda: plots.stepper([FRAME, ("a", [["", "b"], ["c", 1.2]])], **TWO),
            r"frames\[1\].drawing: expected finite numbers from 0 to 1, got 1.2",
        ),
        (
            lambda: plots.stepper([FRAME, ("a" * 40_000, ROWS)], **TWO),
            "frames: expected at most 40,000 bytes together, .* show fewer frames",
        ),
        (lambda: plots.unrolled_steps(["a"] * 11, np.zeros((11, 1))), "words: expected at most 8"),
        (
            lambda: plots.unrolled_steps(["a"], np.zeros((3, 2))),
            r"states: expected shape .* = \(1 or 2, 1 to 8\), got \(3, 2\)",
        ),
        (lambda: plots.unrolled_steps(["a"], np.zeros((1, 9))), r"1 to 8\), got \(2, 9\)"),
        (lambda: plots.unrolled_steps(["a"], [[1.5]]), "states: expected finite numbers from -1"),
        (
            lambda: plots.unrolled_steps(["a"], [[0.5]], outputs=["b", "c"]),
            "outputs: expected one for each of 1 words, got 2",
        ),
        (lambda: plots.decoding_steps("ab", ["c"], ONES), None),
        (
            lambda: plots.decoding_steps(["a"] * 10, ["b"], np.ones((1, 10)) / 10, words=[0]),
            "source: expected at most 9 words",
        ),
        (
            lambda: plots.decoding_steps(["a", "b"], ["c", "d"], ONES, words=[2]),
            r"words\[0\]: expected an integer from 0 to 1, got 2",
        ),
        (
            lambda: plots.decoding_steps(["a", "b"], ["c", "d"], ONES, words=[]),
            "words: expected one or two positions, got 0",
        ),
        (
            lambda: plots.weights_over_training([2, 1], [ONES, ONES], ["a", "b"], ["c", "d"]),
            r"steps: expected at least two, increasing, got \[2, 1\]",
        ),
        (
            lambda: plots.weights_over_training([1, 2], [ONES], ["a", "b"], ["c", "d"]),
            r"one for each of 2 steps, got \(1, 2, 2\)",
        ),
        (
            lambda: plots.weights_over_training(
                [1, 2], [ONES, ONES], ["a", "b"], ["c", "d"], scores=[0.5]
            ),
            "scores: expected one for each of 2 steps, got 1",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    error = ValueError if message else TypeError
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: plots.stepper([FRAME, (3, ROWS)], title="t"),
        lambda: plots.stepper([FRAME] * 2, title=3),
        lambda: plots.stepper([FRAME] * 2, title="t", name=3),
        lambda: plots.stepper([FRAME, ("a", SVG % "b", 3)], title="t"),
    ],
)
def test_what_is_no_text_is_refused(call):
    with pytest.raises(TypeError, match=": expected a text, got 3"):
        call()


# In a real browser: `show` is in conftest.py

SHOWN = """() => [...document.querySelectorAll('.attention-steps')].map((figure) =>
[...figure.querySelectorAll('.frame > p > strong')]
  .filter((e) => e.checkVisibility({visibilityProperty: true})).map((e) => e.textContent))"""


def test_arrow_keys_and_labels_turn_the_frames_of_their_own_figure_only(show):
    seen = show(steps(), steps(title="Another"), steps(name="mine"))
    shown = seen.page.evaluate
    assert shown(SHOWN) == [["1 / 3"]] * 3
    seen.page.locator("input").first.focus()
    seen.page.keyboard.press("ArrowRight")
    seen.page.keyboard.press("ArrowDown")
    assert shown(SHOWN) == [["3 / 3"], ["1 / 3"], ["1 / 3"]]
    seen.page.keyboard.press("ArrowLeft")
    seen.page.keyboard.press("Tab")  # a row of buttons is one stop
    seen.page.keyboard.press("ArrowLeft")
    assert shown(SHOWN) == [["2 / 3"], ["3 / 3"], ["1 / 3"]]
    seen.page.locator("#mine label:visible").click()
    assert shown(SHOWN) == [["2 / 3"], ["3 / 3"], ["2 / 3"]]
    seen.page.keyboard.press("ArrowRight")  # the label has handed the focus on
    assert shown(SHOWN) == [["2 / 3"], ["3 / 3"], ["3 / 3"]]
    assert seen.errors == []


def test_printed_it_shows_all_frames_and_no_controls(show):
    seen = show(*FIGURES.values())
    frames = [len(figure.frames) for figure in FIGURES.values()]
    seen.page.emulate_media(media="print")
    assert [len(numbers) for numbers in seen.page.evaluate(SHOWN)] == frames
    assert seen.page.locator("input:visible, label:visible, .keys:visible").count() == 0
    tops = """() => [...document.querySelectorAll('.frame')].map((e) => e.getBoundingClientRect())
      .map((box) => [box.top, box.bottom])"""
    places = seen.page.evaluate(tops)
    assert all(above[1] <= below[0] for above, below in zip(places, places[1:], strict=False))


def test_it_needs_no_script(browser, page_of):
    with browser.new_page(java_script_enabled=False) as page:
        page.goto(page_of(steps()))
        texts = page.locator(".frame p:visible")
        assert texts.all_inner_texts() == ["1 / 3 First."]
        page.locator("input").first.press("ArrowRight")
        assert texts.all_inner_texts() == ["2 / 3 Second."]


def test_it_runs_nothing_and_shows_words_as_they_are(show):
    seen = show(hostile(), plots.unrolled_steps(HOSTILE[:4], np.zeros((4, 2))))
    run = seen.page.evaluate
    assert run("() => window.ran ?? null") is None and seen.errors == []
    texts = "() => [...document.querySelectorAll('tbody td')].map((e) => e.textContent)"
    assert run(texts) == HOSTILE
    assert run("() => document.querySelectorAll('.output_area mjx-container').length") == 0
    pictures = "() => [...document.images].map((i) => i.naturalWidth > 100)"
    assert run(pictures) == [True] * 5


def test_on_a_phone_it_scrolls_inside_itself(show):
    seen = show(*FIGURES.values(), width=360)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360
