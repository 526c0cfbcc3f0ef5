"""Slides of the chapters, in a real browser: each fits a screen, none asks anybody for anything."""

import re

import browser as real
import nbformat
import pytest
import slides
from frame import notebooks

CHAPTERS = [path for path in notebooks() if re.match(r"\d\d_", path.name)]
TOO_LARGE = """() => [...document.querySelectorAll('section')]
.map((slide, n) => [n + 1, slide.scrollHeight - slide.clientHeight, slide.innerText.slice(0, 60)])
.filter(([, over]) => over > 1)"""
WIDE = """() => [...document.querySelectorAll('section :is(h2, p, li, pre, img, table, blockquote)')]
.filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
.map((e) => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def browser(need):
    need(real.installed(), "no Chrome or Chromium")
    with real.open_browser() as browser:
        yield browser


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_slide_fits_a_screen(browser, path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    (tmp_path / "slides").mkdir()
    text = slides.page(notebook, path.stem)
    (tmp_path / "slides/page.html").write_text(text, encoding="utf-8")
    tagged = sum("slide" in slides.tags(cell) for cell in notebook.cells)
    with real.serve(tmp_path) as address, browser.new_page() as page:
        page.set_viewport_size({"width": 1280, "height": 720})
        seen = real.Look(page)
        page.goto(f"{address}/slides/page.html")
        page.evaluate(real.SETTLED)
        assert page.locator("section").count() == tagged > 10
        assert page.evaluate(TOO_LARGE) == []
        assert page.evaluate(WIDE) == []
        assert seen.errors == [] and seen.hosts == {"127.0.0.1"}
        alts = "[...document.images].every((i) => i.alt && i.naturalWidth)"
        assert page.evaluate(alts)
        assert page.evaluate("document.fonts.check('16px KaTeX_Main')")


def cells(*kinds):
    return nbformat.v4.new_notebook(cells=list(kinds))


def test_a_slide_shows_the_prediction_the_verdict_or_the_first_paragraph():
    said = slides.Writer().said
    assert "Which" in said("Before.\n\n> **Predict.** Which?\n\nAfter.")
    assert "Before" not in said("Before.\n\n> **Predict.** Which?")
    assert "That" in said("**Figure 1.** What.\n\n**Verdict.** That.")
    assert "First" in said("## Heading\n\nFirst.\n\n- a list\n\nThird.")
    assert "Third" not in said("## Heading\n\nFirst.\n\n- a list\n\nThird.")


def test_folded_code_is_not_shown_and_what_was_printed_is_escaped():
    output = nbformat.v4.new_output("stream", text="<b>7</b>\n")
    code = nbformat.v4.new_code_cell("secret = 7", outputs=[output])
    code.metadata = nbformat.from_dict({"tags": ["slide", "hide-input"]})
    ((heading, shown),) = slides.slides_of(
        cells(nbformat.v4.new_markdown_cell("# A *title*"), code)
    )
    assert heading == "A <em>title</em>"
    assert "secret" not in shown and "&lt;b&gt;7" in shown


def test_a_page_without_tags_is_refused():
    with pytest.raises(SystemExit, match="x: expected a cell with the tag slide, found none"):
        slides.page(cells(nbformat.v4.new_markdown_cell("# Title")), "x")


def test_a_picture_has_the_first_sentence_of_its_caption_and_no_call_that_draws_it():
    image = {"data": {"image/png": ""}, "output_type": "display_data", "metadata": {}}
    drawn = nbformat.v4.new_code_cell("plots.map(x)\nplt.show()", outputs=[image])
    drawn.metadata["tags"] = ["slide"]
    below = nbformat.v4.new_markdown_cell("**Figure 1.** What it shows, at 0.5 m. How.")
    ((_, content),) = slides.slides_of(cells(drawn, below))
    assert "What it shows, at 0.5 m.</figcaption>" in content and "How" not in content
    assert "plots" not in content


def test_the_heading_is_that_of_the_part_that_is_shown():
    told = nbformat.v4.new_markdown_cell("**Verdict.** So.\n\n## Next\n\nMore.")
    told.metadata["tags"] = ["slide"]
    before = nbformat.v4.new_markdown_cell("## Before")
    assert [heading for heading, _ in slides.slides_of(cells(before, told))] == ["Before"]
