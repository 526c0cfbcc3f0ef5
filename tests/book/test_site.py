"""The built HTML: launch links, nothing from third parties, light pages."""

import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from frame import notebooks, pages, repository_url, sources, split_address

import attention_helpers

OWNER, NAME = split_address(repository_url())
BYTES_A_PAGE = 1_500_000
SITE_PAGES = [*pages(), "genindex", "search"]

# Elements that make a browser fetch what their attribute names, without a click.
FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}


class Collector(HTMLParser):
    """What an HTML page fetches, links to, and how it names its pictures."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.links, self.images, self.ids = [], [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids |= {values["id"]} if values.get("id") else set()
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "img":
            self.images.append(values)
        if tag in FETCHED and values.get(FETCHED[tag]) and values.get("rel") != "canonical":
            self.fetched.append(values[FETCHED[tag]])


def read(site, page):
    return Collector((site / f"{page}.html").read_text(encoding="utf-8"))


@pytest.fixture(params=SITE_PAGES)
def page(request):
    return request.param


def test_nothing_is_fetched_from_another_host(site, page):
    html = read(site, page)
    outside = [url for url in html.fetched if urlsplit(url).netloc]
    assert not outside
    for url in html.fetched:
        path = (site / page).parent / unquote(urlsplit(url).path)
        assert url.startswith("data:") or path.exists(), url


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_launch_links_lead_to_this_notebook(site, path):
    links = read(site, f"book/{path.stem}").links
    colab = f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/main/book/{path.name}"
    binder = f"https://mybinder.org/v2/gh/{OWNER}/{NAME}/main?urlpath=lab/tree/book/{path.name}"
    launched = Counter(url for url in links if "colab.research" in url or "mybinder" in url)
    # The text may hold the same links as the buttons, so the links are counted.
    assert launched - Counter(stored_launch_links(path)) == Counter([colab, binder])


def stored_launch_links(path):
    """Launch links that the text of the page itself holds."""
    return re.findall(r"https://(?:colab\.research|mybinder)[^\s)\"\\]+", path.read_text())


def test_links_within_the_site_have_a_target(site, page):
    for link in read(site, page).links:
        address = urlsplit(link)
        if address.scheme or address.netloc or link.startswith("#"):
            continue
        target = ((site / page).parent / unquote(address.path)).resolve()
        assert target.exists(), link
        if address.fragment and target.suffix == ".html":
            ids = Collector(target.read_text(encoding="utf-8")).ids
            assert unquote(address.fragment) in ids, link


@pytest.mark.parametrize("module", attention_helpers._NAMES)
def test_the_reference_shows_every_public_name(site, module):
    ids = read(site, f"book/api/{module}").ids
    names = attention_helpers._NAMES[module].split()
    assert {f"attention_helpers.{module}.{name}" for name in names} <= ids


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("layers.BahdanauAttention", "units"),
        ("layers.MultiHeadAttention", "num_heads"),
        ("seq2seq.GRU", "units"),
        ("translator.Translator", "source_vocabulary"),
    ],
)
def test_the_reference_shows_the_arguments_of_layers(site, name, first):
    """Keras hides them behind *args and **kwargs; tools/sphinx_classes.py finds them."""
    html = (site / f"book/api/{name.partition('.')[0]}.html").read_text(encoding="utf-8")
    signature = html.partition(f'id="attention_helpers.{name}"')[2].partition("</dt>")[0]
    assert f'<span class="n"><span class="pre">{first}</span></span>' in signature


def test_pictures_have_alt_text(site, page):
    for image in read(site, page).images:
        assert image.get("alt"), image
        assert not re.search(r"\.(?:png|svg)$|/", image["alt"]), image


def test_a_page_is_light(site, page):
    sources = [i["src"] for i in read(site, page).images if not i["src"].startswith("data:")]
    pictures = {(site / page).parent / urlsplit(source).path for source in sources}
    size = (site / f"{page}.html").stat().st_size + sum(p.stat().st_size for p in pictures)
    assert size <= BYTES_A_PAGE, f"{page}: {size:,} bytes"


def test_no_formula_and_no_directive_is_left_as_text(site, page):
    text = (site / f"{page}.html").read_text(encoding="utf-8")
    article = re.sub(r"<(pre|script|style|code)\b.*?</\1>", "", text, flags=re.DOTALL)
    # A line of a formula that begins with a minus, for example, makes a list of it.
    assert "$" not in article
    assert not re.search(r":::|\{(?:ref|cite|math|eval-rst)\}", article)


def test_solutions_are_folded_and_the_set_up_is_not_there(site):
    for path in notebooks():
        text = (site / f"book/{path.stem}.html").read_text(encoding="utf-8")
        assert "find_spec" not in text
        stored = path.read_text(encoding="utf-8").count('"hide-cell"')
        assert text.count("Show the solution") == stored


def test_the_first_page_shows_its_figure_before_any_code(site):
    text = (site / "book/index.html").read_text(encoding="utf-8")
    article = text[text.index("<article") :]
    figure = article.index("<img ")
    assert figure < article.index("<details") and "<pre" not in article[:figure]


def test_the_built_pages_are_not_older_than_their_sources(site):
    """Otherwise the tests above looked at yesterday's book."""
    for page in pages():
        (source,) = sources(page)
        built = (site / f"{page}.html").stat().st_mtime
        assert built >= source.stat().st_mtime, f"{page}: type `make book`"
