"""The page of further reading names papers as the references have them, and says why to read each."""

import re

import pytest
from frame import ROOT

PAGE = (ROOT / "book/further_reading.md").read_text(encoding="utf-8")
ITEMS = [" ".join(item.split()) for item in re.findall(r"^- (.+(?:\n  .+)*)", PAGE, re.M)]
LINK = re.compile(r"\[([^]]+)\]\((\S+?)\)")
# A tutorial in the form of a paper: the book takes nothing from it.
TUTORIALS = {"1703.01619"}


def references():
    """The last name of the first author and the years of each paper, by its address."""
    found = {}
    text = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    for entry in re.split(r"^@", text, flags=re.M)[1:]:
        field = dict(re.findall(r"^ +(\w+) += \{(.+)\},?$", entry, re.M))
        address = field.get("eprint") or field.get("url", "")
        found[address.rpartition("/")[2]] = field["author"].partition(",")[0], field["year"]
    return found


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_has_a_link_and_a_sentence(item):
    words = LINK.sub("", item)
    assert LINK.search(item) and item.endswith(".") and 3 <= len(words.split()) <= 40


def test_papers_are_those_of_the_references_with_their_first_author():
    known, seen = references(), 0
    for name, address in LINK.findall(PAGE):
        if re.search(r"arxiv\.org|aclanthology\.org", address):
            paper = address.rpartition("/")[2]
            if paper not in TUTORIALS:
                author, _ = known[paper]
                assert name.split()[0].rstrip(",") == author, name
                seen += 1
    assert seen > 30


def test_questions_are_the_headings():
    assert len(re.findall(r"^## (?:.+\?|I want .+)$", PAGE, re.M)) == PAGE.count("\n## ") >= 6
    assert len(ITEMS) > 30
