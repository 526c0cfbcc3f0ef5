"""What the tests of interactive figures share: a real browser, and a page to show a figure on."""

import contextlib
from importlib.util import find_spec
from pathlib import Path

import pytest

# PyTorch is no dependency of the book: what is written in it is tested where it is installed.
collect_ignore = [] if find_spec("torch") else ["attention_mutants_torch.py"]

MATHJAX = Path(__file__).parent / "mathjax/tex-mml-chtml.js"
# Notebooks in JupyterLab, Colab and GitHub have MathJax.
PAGE = """<!doctype html><meta charset="utf-8"><title>figures</title>
<script>MathJax = {tex: {inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]]}}</script>
<script src="MATHJAX"></script><p id="formula">$z$</p>FIGURES"""


@pytest.fixture(scope="module")
def browser(need):
    pytest.importorskip("playwright")
    import browser as real

    need(real.installed(), "no Chrome or Chromium")
    with real.open_browser() as browser:
        yield browser


@pytest.fixture
def page_of(tmp_path):
    """A function that writes a page with the given figures, and returns its address."""

    def page_of(*figures):
        outputs = [f'<div class="output_area">{figure._repr_html_()}</div>' for figure in figures]
        html = PAGE.replace("MATHJAX", MATHJAX.as_uri()).replace("FIGURES", "".join(outputs))
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        return path.as_uri()

    return page_of


@pytest.fixture
def show(browser, page_of):
    """A function that shows figures in the browser, and the page on which they stand."""
    import browser as real

    with contextlib.ExitStack() as open_pages:

        def show(*figures, width=1000):
            return open_pages.enter_context(real.look(browser, page_of(*figures), width=width))

        yield show
