"""Each word of the glossary is a link where the book uses it first, and nowhere else (tools/glossary.py)."""

import re

import glossary
import pytest
from mdit_py_plugins.anchors.index import slugify

ENTRIES = glossary.entries()
BOOKS = glossary.read()
CELLS = [(path.stem, cell.source) for path, cell in glossary.prose(BOOKS)]


def test_each_word_is_linked_at_its_first_use_and_nowhere_else():
    """If not: python tools/glossary.py --write."""
    new = glossary.with_links(CELLS, ENTRIES)
    wrong = [(page, text) for (page, text), right in zip(CELLS, new, strict=True) if text != right]
    assert not wrong
    assert not glossary.never_used([text for _, text in CELLS], ENTRIES)


def test_every_link_to_the_glossary_leads_to_an_entry():
    links = [a for _, text in CELLS for a in re.findall(r"glossary\.\w+#([\w–-]*)\)", text)]
    assert sorted(links) == sorted(entry.anchor for entry in ENTRIES)


def test_entries_stand_in_order_each_below_its_letter():
    text = glossary.GLOSSARY.read_text(encoding="utf-8")
    headings = re.findall(r"^##+ (.+)$", text, re.M)
    names = [entry.name for entry in ENTRIES]
    assert names == sorted(names, key=lambda name: re.sub(r"[–-]", " ", name.lower()))
    assert [h for h in headings if h not in names] == sorted({n[0].upper() for n in names})
    assert 50 <= len(names) == len({entry.anchor for entry in ENTRIES}) <= 90


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_short_and_ends_with_the_section_that_introduces_it(entry):
    said, page, section = re.fullmatch(
        r"(.+) \(\[[\w ]+\]\((\w+)\.ipynb#([\w-]+)\)\)", " ".join(entry.text.split())
    ).groups()
    assert len(said.split()) <= 50
    cells = [cell.source for path, cell in glossary.prose(BOOKS) if path.stem == page]
    headings = re.findall(r"^#+ (.+)$", "\n".join(cells), re.M)
    assert section in map(slugify, headings)


# Pages that were made up

TEXT = """# Glossary

### mask

What counts. ([Chapter 1](one.ipynb#masks))

### causal mask

It looks back. ([Chapter 2](two.ipynb#a))

### score

How well it matches. Also: *the number*. ([Chapter 2](two.ipynb#b))
"""
SITE = glossary.site_url()


def linked(*cells):
    found = glossary.with_links([*cells], glossary.entries(TEXT))
    return [text.replace(f"{SITE}/book/glossary.html", "G") for text in found]


def test_the_first_use_is_in_running_text():
    before = (
        "# Masks\n\n| mask |\n\n`mask` [the mask](a.md) $mask$ $$\nmask\n$$ unmask mask-like\n\n"
    )
    assert linked(("one", before + "A *mask*, a mask."), ("two", "Masks")) == [
        before + "A *[mask](G#mask)*, a mask.",
        "Masks",
    ]


def test_a_longer_word_is_not_a_use_of_the_shorter_one_inside_it():
    assert linked(("one", "The causal\nmasks. Any masks."), ("two", "")) == [
        "The [causal\nmasks](G#causal-mask). Any [masks](G#mask).",
        "",
    ]


def test_a_plain_word_counts_from_the_page_that_introduces_it():
    assert linked(("one", "A score of ten."), ("two", "The number, a score.")) == [
        "A score of ten.",
        "[The number](G#score), a score.",
    ]


def test_a_link_that_came_too_late_is_taken_back():
    late = f"A mask, another [mask]({SITE}/book/glossary.html#mask)."
    assert linked(("one", late), ("two", "")) == ["A [mask](G#mask), another mask.", ""]


def test_a_word_that_no_page_uses_is_named():
    texts = glossary.with_links([("one", "A mask."), ("two", "")], glossary.entries(TEXT))
    assert glossary.never_used(texts, glossary.entries(TEXT)) == ["causal mask", "score"]


def test_the_page_has_what_its_links_ask_for(site):
    html = (site / "book/glossary.html").read_text(encoding="utf-8")
    assert all(f'id="{entry.anchor}"' in html for entry in ENTRIES)
