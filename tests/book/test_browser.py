"""The built site in a real browser, as wide as a desk's screen and as narrow as a phone's."""

import browser as real
import pytest
from frame import pages

# What stands further right than the screen, and in no box that scrolls by itself.
OVERFLOWING = """
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
"""

# MathJax draws an unknown command in red, and the message of any other error in a box.
BROKEN_FORMULAS = """
return [...document.querySelectorAll('mjx-merror, mjx-container [style*="color: red"]')]
  .map((element) => element.closest('.math')?.innerText ?? element.innerText);
"""

# A style of the theme that sets the size of a part of an SVG (as its `.row > *` does) redraws it.
RESIZED = """
return [...document.querySelectorAll('.bd-article svg rect')]
  .filter((rect) => Math.abs(rect.getBBox().width - rect.getAttribute('width')) > 1)
  .map((rect) => rect.outerHTML);
"""


@pytest.fixture(scope="module")
def address(site):
    with real.serve(site) as address:
        yield address


@pytest.fixture(scope="module")
def browser(need):
    need(real.installed(), "no Chrome or Chromium with its chromedriver")
    with real.open_browser() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("page", pages())
def test_page(browser, address, page, width, scheme):
    browser.open(f"{address}/{page}.html", width=width, scheme=scheme)
    assert browser.requested_hosts() == {"127.0.0.1"}
    assert browser.console_errors() == []

    assert browser.run("return document.documentElement.dataset.theme") == scheme
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run(OVERFLOWING) == []

    formulas = browser.run("return document.querySelectorAll('.math').length")
    rendered = browser.run("return document.querySelectorAll('.math mjx-container').length")
    assert rendered >= formulas
    assert browser.run(BROKEN_FORMULAS) == []

    assert browser.run(RESIZED) == []

    pictures = "return [...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)"
    assert browser.run(pictures) == []


def test_the_front_address_leads_to_the_book(browser, address):
    browser.open(f"{address}/", width=1280)
    assert browser.driver.current_url == f"{address}/book/index.html"


def test_a_solution_opens(browser, address):
    browser.open(f"{address}/book/05_einsum.html", width=360)
    folded = """
      const box = [...document.querySelectorAll('details')]
        .find((d) => d.textContent.includes('Show the solution'));
      const seen = () => box.querySelector('pre').checkVisibility({contentVisibilityAuto: true});
      const before = box.open;
      box.querySelector('summary').click();
      return [before, box.open];
    """
    assert browser.run(folded) == [False, True]


def test_the_search_finds_a_word(browser, address):
    browser.open(f"{address}/search.html?q=einsum", width=1280)
    found = """
      const done = arguments[0];
      const look = () => document.querySelector('#search-results li a') ? done(true) : setTimeout(look, 100);
      look();
    """
    assert browser.driver.execute_async_script(found)
    assert browser.console_errors() == []
