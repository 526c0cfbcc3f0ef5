"""axe-core's rules on every page of the built site: no violation, whatever its impact."""

from importlib.resources import files

import browser as real
import pytest
from frame import pages

EVERY = [*pages(), "genindex", "search"]
RUN = "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)"


@pytest.fixture(scope="module")
def address(site):
    with real.serve(site) as address:
        yield address


@pytest.fixture(scope="module")
def browser(need):
    need(real.installed(), "no Chrome or Chromium")
    with real.open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def axe():
    pytest.importorskip("axe_playwright_python")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page, axe):
    page.evaluate(axe)
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:200]}"
        for found in page.evaluate(RUN)
        for node in found["nodes"][:3]
    ]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
@pytest.mark.parametrize("page", EVERY)
def test_page(browser, address, axe, page, width, scheme):
    with real.look(browser, f"{address}/{page}.html", width=width, scheme=scheme) as seen:
        assert violations(seen.page, axe) == []


def test_what_is_wrong_is_seen(browser, axe):
    """Otherwise the test above would pass whatever happens."""
    wrong = "data:text/html,<title>t</title><img src='data:,'><button></button>"
    with real.look(browser, wrong, width=360) as seen:
        found = " ".join(violations(seen.page, axe))
        assert "image-alt" in found and "button-name" in found
