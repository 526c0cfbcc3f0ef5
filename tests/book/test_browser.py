"""The built site in a real browser, as wide as a desk's screen and as narrow as a phone's."""

import browser as real
import pytest
from frame import pages

# What stands further right than the screen, and in no box that scrolls by itself.
OVERFLOWING = """() => {
const limit = document.documentElement.clientWidth;
const inBox = (element) => {
  for (let box = element.parentElement; box; box = box.parentElement) {
    const clips = /auto|scroll|hidden/.test(getComputedStyle(box).overflowX);
    if (clips && box.getBoundingClientRect().right <= limit + 1) return true;
  }
  return false;
};
return [...document.querySelectorAll('.bd-article *')]
  .filter((element) => {
    const place = element.getBoundingClientRect();
    return place.width && place.right > limit + 1 && !inBox(element);
  })
  .slice(0, 5)
  .map((element) => `${element.tagName}: ${element.textContent.trim().slice(0, 80)}`);
}"""

# A style of the theme that sets the size of a part of an SVG (as its `.row > *` does) redraws it.
RESIZED = """() => {
return [...document.querySelectorAll('.bd-article svg rect')]
  .filter((rect) => Math.abs(rect.getBBox().width - rect.getAttribute('width')) > 1)
  .map((rect) => rect.outerHTML);
}"""
# Pictures that are not as high, for their width, as their pixels say.
SQUEEZED = """() => [...document.images]
.map((i) => [i.src.slice(0, 80), i.clientWidth / i.clientHeight, i.naturalWidth / i.naturalHeight])
.filter(([, shown, own]) => Math.abs(shown / own - 1) > 0.02)"""


@pytest.fixture(scope="module")
def address(site):
    with real.serve(site) as address:
        yield address


@pytest.fixture(scope="module")
def browser(need):
    need(real.installed(), "no Chrome or Chromium")
    with real.open_browser() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("page", pages())
def test_page(browser, address, page, width, scheme):
    with real.look(browser, f"{address}/{page}.html", width=width, scheme=scheme) as seen:
        assert seen.hosts == {"127.0.0.1"}
        assert seen.errors == []

        ask = seen.page.evaluate
        assert ask("document.documentElement.dataset.theme") == scheme
        assert ask("document.documentElement.scrollWidth") <= width
        assert ask(OVERFLOWING) == []

        formulas = "[...document.querySelectorAll('.katex')].filter((e) => e.checkVisibility())"
        assert ask(f"{formulas}.every((e) => e.offsetHeight > 8)")
        stops = "[...document.querySelectorAll('.math[tabindex]')]"
        assert ask(f"{stops}.every((e) => e.scrollWidth > e.clientWidth + 8)")

        assert ask(RESIZED) == []
        pictures = "[...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)"
        assert ask(pictures) == []
        assert ask(SQUEEZED) == []


def test_what_goes_wrong_on_a_page_is_seen(browser):
    """Otherwise the test above would pass whatever happens."""
    wrong = "<script>console.error('said'); fetch('http://127.0.0.2:9/'); throw Error('thrown')</script>"
    with real.look(browser, f"data:text/html,{wrong}", width=360) as seen:
        assert {"said", "thrown"} <= set(seen.errors)
        assert seen.hosts == {"127.0.0.2"}


def test_the_front_address_leads_to_the_book(browser, address):
    with browser.new_page() as page:
        page.goto(f"{address}/")
        page.wait_for_url(f"{address}/book/index.html")


def test_a_solution_opens(browser, address):
    with real.look(browser, f"{address}/book/05_einsum.html", width=360) as seen:
        box = seen.page.locator("details", has_text="Show the solution").first
        assert not box.locator("pre").first.is_visible()
        box.locator("summary").click()
        assert box.locator("pre").first.is_visible()


def test_without_javascript_a_page_is_light_and_whole(browser, address):
    with browser.new_page(java_script_enabled=False, color_scheme="dark") as page:
        page.goto(f"{address}/book/06_queries_keys_values.html")
        assert page.locator("html").get_attribute("data-theme") == "light"
        assert page.locator("img.logo__image:visible").count() == 1
        assert page.locator(".katex:visible").count() > 50


# Where the keys have come to: whether it is part of a formula, and whether one sees it.
FOCUSED = """() => {
const here = document.activeElement;
const style = getComputedStyle(here);
return {
  formula: here.closest('.math') !== null,
  seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
  what: here.outerHTML.slice(0, 120),
};
}"""


def test_the_keys_reach_every_button_visibly_and_no_formula(browser, address):
    with real.look(browser, f"{address}/book/06_queries_keys_values.html", width=1280) as seen:
        for _ in range(60):
            seen.page.keyboard.press("Tab")
            focused = seen.page.evaluate(FOCUSED)
            assert focused["seen"] and not focused["formula"], focused["what"]


def test_each_fold_has_a_name_of_its_own(browser, address):
    with real.look(browser, f"{address}/book/06_queries_keys_values.html", width=1280) as seen:
        names = seen.page.locator(".bd-article summary").all_inner_texts()
        assert len(names) > 5 and all(name.strip() for name in names)
        assert "Toggle hidden content" not in " ".join(names)


# Code that is wider than its box, tables that are wider than the page; how a frame of code may be broken.
CUT = """[...document.querySelectorAll('pre, table.results')].filter((box) =>
  box.scrollWidth > box.clientWidth + 1 || box.getBoundingClientRect().right > innerWidth + 1
).map((box) => box.textContent)"""
SCROLLING = """[...document.querySelectorAll('.text_html, .scroll, .katex-display')]
  .filter((box) => getComputedStyle(box).overflowX !== 'visible').map((box) => box.textContent)"""
FRAMES = """[...new Set([...document.querySelectorAll('.cell_input')]
  .map((frame) => getComputedStyle(frame).breakInside))]"""
# By how many pixels the middle of a formula that stands alone misses the middle of its line.
FROM_THE_MIDDLE = """[...document.querySelectorAll('div.math')].map((line) => {
  const parts = [...line.querySelectorAll('.katex-base')].map((e) => e.getBoundingClientRect());
  const box = line.getBoundingClientRect();
  return Math.abs(parts.at(0).left + parts.at(-1).right - box.left - box.right) / 2;
})"""


def test_formulas_stand_in_the_middle(browser, address):
    with real.look(browser, f"{address}/book/03_bahdanau_attention.html", width=1280) as seen:
        missed = seen.page.evaluate(FROM_THE_MIDDLE)
        assert len(missed) > 5 and max(missed) < 2


@pytest.mark.parametrize(("page", "scheme"), [("05_einsum", "light"), ("08_transformer", "dark")])
def test_paper_is_light_and_holds_whole_lines_and_tables(browser, address, page, scheme):
    with real.look(browser, f"{address}/book/{page}.html", width=1280, scheme=scheme) as seen:
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        seen.page.emulate_media(media="print")
        seen.page.set_viewport_size({"width": 680, "height": 900})  # of A4, less its margins
        assert seen.page.evaluate("document.documentElement.dataset.theme") == "light"
        assert seen.page.evaluate(CUT) == []
        assert seen.page.evaluate(SCROLLING) == []
        assert seen.page.evaluate(FRAMES) == ["avoid"]
        seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert seen.page.evaluate("document.documentElement.dataset.theme") == scheme


def test_the_search_finds_a_word(browser, address):
    with real.look(browser, f"{address}/search.html?q=einsum", width=1280) as seen:
        seen.page.locator("#search-results li a").first.wait_for()
        assert seen.errors == []


@pytest.mark.parametrize(
    ("word", "chapter"),
    [
        ("bottleneck", "2. The fixed-length bottleneck"),
        ("einsum", "5. einsum, the language of attention"),
        ("transformer", "8. A Transformer on the same task"),
    ],
)
def test_the_search_finds_the_chapter_first(browser, address, word, chapter):
    with real.look(browser, f"{address}/search.html?q={word}", width=1280) as seen:
        first = seen.page.locator("#search-results li > a").first
        first.wait_for()
        seen.page.wait_for_timeout(500)  # results come one by one, best first
        assert first.inner_text() == chapter
