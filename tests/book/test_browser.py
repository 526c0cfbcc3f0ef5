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

# MathJax draws an unknown command in red, and the message of any other error in a box.
BROKEN_FORMULAS = """() => {
return [...document.querySelectorAll('mjx-merror, mjx-container [style*="color: red"]')]
  .map((element) => element.closest('.math')?.innerText ?? element.innerText);
}"""

# A style of the theme that sets the size of a part of an SVG (as its `.row > *` does) redraws it.
RESIZED = """() => {
return [...document.querySelectorAll('.bd-article svg rect')]
  .filter((rect) => Math.abs(rect.getBBox().width - rect.getAttribute('width')) > 1)
  .map((rect) => rect.outerHTML);
}"""


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

        formulas = ask("document.querySelectorAll('.math').length")
        assert ask("document.querySelectorAll('.math mjx-container').length") >= formulas
        assert ask(BROKEN_FORMULAS) == []

        assert ask(RESIZED) == []
        pictures = "[...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)"
        assert ask(pictures) == []


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


def test_the_search_finds_a_word(browser, address):
    with real.look(browser, f"{address}/search.html?q=einsum", width=1280) as seen:
        seen.page.locator("#search-results li a").first.wait_for()
        assert seen.errors == []
