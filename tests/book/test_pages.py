"""What the build adds to the theme's pages, and takes from them (tools/sphinx_pages.py, sphinx_katex.py)."""

import gzip
import re
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
import sphinx_pages
from docutils.nodes import paragraph
from docutils.utils import new_document
from frame import pages, repository_url, split_address
from sphinx_icons import ICONS
from sphinx_katex import Drawer

OWNER, NAME = split_address(repository_url())
ADDRESS = f"https://{OWNER}.github.io/{NAME}/"
EVERY = [*pages(), "genindex", "search", "404"]
FONTS = 130_000  # KaTeX's, where there are formulas: those that a page of the book asks for


@pytest.fixture(params=EVERY)
def page(request):
    return request.param


@pytest.fixture
def html(site, page):
    return (site / f"{page}.html").read_text(encoding="utf-8")


def test_a_page_is_light_or_dark_before_it_is_painted(html):
    assert re.match(r'\s*<!DOCTYPE html>\s*<html lang="en-GB"[^>]* data-theme="light">', html)
    assert html.index("page.theme = mode") < html.index("<link ")


def test_no_script_holds_up_the_first_paint(html, page):
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all("defer" in script for script in scripts if "src=" in script), scripts
    assert not re.search(r"<script[^>]*(?:fontawesome|mathjax)", html)
    searches = re.findall(r'src="[^"]*(searchtools|language_data|searchindex)\.js', html)
    assert len(searches) == (3 if page == "search" else 0)


def test_every_icon_is_drawn(html):
    assert not re.search(r'<(?:i|span) class="[^"]*\bfa-', html)
    assert html.count('<svg class="icon') > 5


def test_every_icon_is_well_formed():
    for name, drawing in ICONS.items():
        ElementTree.fromstring(f"<svg>{drawing}</svg>")
        assert re.fullmatch(r"[a-z-]+", name)


def test_formulas_need_no_script(html):
    formulas = len(re.findall(r'<(?:span|div) class="math">', html))
    assert html.count('<span class="katex">') == formulas
    assert "katex-error" not in html
    assert ("katex.min.css" in html) == (formulas > 0)


def test_there_are_formulas(site):
    html = (site / "book/notation.html").read_text(encoding="utf-8")
    assert html.count('<span class="katex">') > 100


def content(html, name):
    found = re.findall(rf'<meta (?:name|property)="{name}" content="([^"]*)"', html)
    assert len(found) <= 1, found
    return found[0] if found else None


def test_a_page_has_a_title_a_description_and_an_address(site):
    titles, descriptions = [], []
    for page in pages():
        html = (site / f"{page}.html").read_text(encoding="utf-8")
        (title,) = re.findall("<title>(.*?)</title>", html)
        description = content(html, "description")
        assert content(html, "og:description") == description and 40 < len(description) <= 202, page
        assert f'<link rel="canonical" href="{ADDRESS}{page}.html" />' in html
        assert content(html, "og:url") == f"{ADDRESS}{page}.html"
        assert content(html, "og:image") == f"{ADDRESS}_static/headline.png"
        assert html.count('<meta name="viewport"') == 1
        titles.append(title)
        descriptions.append(description)
    assert len(set(titles)) == len(set(descriptions)) == len(titles)
    assert titles[0] == "Neural attention, from the bottleneck up"


def test_a_description_ends_with_a_sentence_or_says_that_it_goes_on():
    def described(*paragraphs):
        document = new_document("page")
        document += [paragraph("", words) for words in paragraphs]
        return sphinx_pages.description(document)

    first = "A network reads a sentence, and what it has read is one vector of numbers."
    assert described("Short.", first) == first
    assert described(f"{first} {'And so on, word by word. ' * 8}").endswith("word by word.")
    assert described("word " * 60).endswith("word …") and len(described("word " * 60)) <= 202


def test_the_map_of_the_site_has_every_page_and_robots_find_it(site):
    tree = ElementTree.parse(site / "sitemap.xml")
    listed = {location.text for location in tree.findall(".//{*}loc")}
    assert {f"{ADDRESS}{page}.html" for page in pages()} <= listed
    assert not any("search" in each or "404" in each for each in listed)
    assert f"Sitemap: {ADDRESS}sitemap.xml" in (site / "robots.txt").read_text()


def test_the_address_of_the_site_has_a_title_and_leads_on(site):
    html = (site / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en-GB">' in html and "<title>Neural attention" in html
    assert html.count('href="book/index.html"') == 1 and "url=book/index.html" in html


def test_what_is_not_there_says_so_with_addresses_from_the_root(site):
    html = (site / "404.html").read_text(encoding="utf-8")
    linked = re.findall(r'(?:href|src)="([^"#:]+)"', html)
    assert all(link.startswith(f"/{NAME}/") for link in linked if link != "#"), linked


def test_notebooks_are_downloaded(site):
    html = (site / "book/05_einsum.html").read_text(encoding="utf-8")
    assert re.search(r'<a href="[^"]*05_einsum\.ipynb" download\s', html)


def test_names_for_screen_readers(html):
    assert "Toggle hidden content" not in html
    assert not re.search(r"<summary><span class=.toctree", html)
    assert "doc-biblioentry" not in html
    assert not re.search(r"<th[^>]*>\s*(?:<p>\s*</p>)?\s*</th>", html)


def test_a_theme_that_has_changed_stops_the_build():
    with pytest.raises(ValueError, match=r"expected 1 or more of .*data-theme.*, found 0"):
        sphinx_pages.with_the_theme_set("<html>")


def test_katex_draws_and_says_what_is_wrong():
    drawer = Drawer()
    try:
        assert "<math" in drawer.draw(r"\sum_j \alpha_{ij} h_j", display=True)
        with pytest.raises(
            ValueError, match=r"^Undefined control sequence: \\nosuch at position 1"
        ):
            drawer.draw(r"\nosuch", display=False)
        with pytest.raises(ValueError, match="expected '}'"):
            drawer.draw(r"\frac{1", display=False)
    finally:
        drawer.close()


def compressed(path):
    return len(gzip.compress(path.read_bytes()))


def test_the_first_load_is_small(site, page):
    """As GitHub Pages serves it, with gzip; pictures as they are."""
    path = site / f"{page}.html"
    html = path.read_text(encoding="utf-8")
    html = re.sub(r'<img [^>]*loading="lazy"[^>]*>', "", html)  # loaded when they come near
    linked = re.findall(r'<script[^>]* src="([^"]+)"', html)
    linked += re.findall(r'<link (?=[^>]*rel="stylesheet")[^>]*href="([^"]+)"', html)
    files = {
        (path.parent / unquote(urlsplit(link).path)).resolve() for link in linked if link[0] != "/"
    }
    pictures = {
        (path.parent / unquote(urlsplit(link).path)).resolve()
        for link in re.findall(r'<img [^>]*src="(?!data:)([^"]+)"', html)
        if link[0] != "/"
    }
    size = compressed(path) + sum(map(compressed, files)) + sum(p.stat().st_size for p in pictures)
    size += FONTS if "katex.min.css" in html else 0
    assert size <= (500_000 if page == "book/index" else 900_000), f"{size:,} bytes"
