"""The outline of the printed book (tools/pdf.py)."""

import pytest

pdf = pytest.importorskip("pdf")  # it needs pypdf

LONG = (
    "A heading so long that it takes more than a line, whose words the browser joins: and the end"
)


def test_the_outline_has_the_titles_of_the_headings(browser):
    with browser.new_page() as page:
        page.set_content(f"<h1>Attention</h1><h2>{LONG}</h2><h2>Bonbon</h2><h2>2 × 2</h2>")
        printed = page.pdf(**{**pdf.PRINTED, "format": "A6", "scale": 1.5})
    plain = pdf.with_plain_titles(printed, ["Attention", LONG, "Bonbon", "2 × 2"])
    before, titles = ([title for title, _ in pdf.headings_of(each)] for each in (printed, plain))
    assert before[1] != LONG  # what this is for
    assert titles == ["Attention", LONG, "Bonbon", "2 × 2"]


def test_a_title_that_stands_twice_is_said_once():
    assert pdf.once("SummarySummary") == pdf.once("Summary") == "Summary"
    assert pdf.once("") == ""
