"""The words of the glossary, and the first use of each in the text of the notebooks, which is a link.

    python tools/glossary.py            # what is wrong, a line each
    python tools/glossary.py --write    # put each link where the word stands first

A word is the heading of its entry, its plural, or a form that the entry names after "Also:". Its first
use is the first place in reading order where it stands in running text: headings, code, formulas,
tables, comments and the words of other links are passed over, and so is a word inside a longer one of
the glossary ("mask" in "causal mask"). The links lead to the site, because Colab opens no Markdown.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from execute_notebooks import set_cell_ids
from frame import ROOT, pages, site_url
from mdit_py_plugins.anchors.index import slugify

GLOSSARY = ROOT / "book/glossary.md"
# Words of plain English too: they are used as terms from the page on that introduces them.
PLAIN = {"block", "candidate", "depth", "link", "online softmax", "projection", "score", "value"}
# What is no use of the term: keys of a keyboard, the head of a reader.
OTHER_SENSES = re.compile(r"\btab key\b|\barrow keys\b|\bin your head\b", re.I)
# What is not running text: each of these is passed over.
PASSED_OVER = re.compile(
    r"""^```.*?^```          # code
    |^>\ ```.*?^>\ ```
    |^\#+\ .*?$              # a heading
    |^\|.*?$                 # a row of a table
    |\$\$.*?\$\$             # formulas
    |\$[^$\n]+(?:\n[^$\n]+)?\$
    |`[^`]+`
    |!?\[[^]]*\]\([^)]*\)    # a link
    |<[^>]+>""",
    re.M | re.S | re.X,
)


@dataclass(frozen=True)
class Entry:
    """A word of the glossary: its heading, the forms in which the text may have it, what it says."""

    name: str
    forms: tuple[str, ...]
    text: str

    @property
    def anchor(self) -> str:
        return slugify(self.name)

    @property
    def introduced(self) -> str:
        """The page that introduces it: the last link of the entry."""
        return re.findall(r"\]\((\w+)\.ipynb#[\w-]+\)", self.text)[-1]


def entries(text: str | None = None) -> list[Entry]:
    """The entries of the glossary in its order."""
    text = GLOSSARY.read_text(encoding="utf-8") if text is None else text
    found = []
    for name, said in re.findall(r"^### (.+)\n\n((?:.+\n?)+)", text, re.M):
        also = re.search(r"Also: ((?:\*[^*]+\*(?:,\s)?)+)\.", said)
        others = re.findall(r"\*([^*]+)\*", also[1]) if also else []
        found.append(Entry(name, (name, *(" ".join(form.split()) for form in others)), said))
    return found


@cache
def page() -> str:
    """The glossary's published address."""
    return f"{site_url()}/book/glossary.html"


def linked() -> str:
    """A pattern of a link to any entry; its words are the first group, its anchor the second."""
    return rf"\[([^]]+)\]\({re.escape(page())}#([\w-]+)\)"


def words(found: list[Entry]) -> tuple[re.Pattern, dict[str, Entry]]:
    """A pattern of all forms, the longest first, and the entry of each form."""
    of_form = {}
    for entry in found:
        for form in entry.forms:
            plurals = {form, f"{form}s", re.sub(r"y$", "ies", form)}
            of_form |= {each.lower(): entry for each in plurals}
    ordered = sorted(of_form, key=lambda form: (-len(form), form))
    # Between two words of a form may stand the end of a line, in a quotation with its sign.
    one = [re.escape(form).replace(r"\ ", r"\s+(?:>\s)?") for form in ordered]
    return re.compile(rf"(?<![\w–-])(?:{'|'.join(one)})(?![\w–-])", re.I), of_form


def blanked(text: str) -> str:
    """A text as long as the given one, in which all that is no running text is blank."""

    def blank(match: re.Match) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    return OTHER_SENSES.sub(blank, PASSED_OVER.sub(blank, text))


def uses(text: str, pattern: re.Pattern) -> Iterator[re.Match]:
    """The uses of a glossary's words in a cell's text (without links to the glossary)."""
    yield from pattern.finditer(blanked(text))


def without_links(text: str) -> str:
    """The text of a cell, links to the glossary replaced by their words."""
    return re.sub(linked(), r"\1", text)


def reading_order() -> list[Path]:
    """The notebooks, in the order in which the book is read."""
    return [path for page in pages() if (path := ROOT / f"{page}.ipynb").exists()]


def with_links(cells: list[tuple[str, str]], found: list[Entry]) -> list[str]:
    """The texts of a book's cells with one link for each word that they use.

    Args:
        cells: the page and the text of each Markdown cell, in reading order.
        found: the entries of the glossary.
    """
    pattern, of_form = words(found)
    waiting, new = set(found), []
    order = {page: place for place, (page, _) in reversed([*enumerate(cells)])}
    for here, text in cells:
        text = without_links(text)
        pieces, end = [], 0
        for match in uses(text, pattern):
            entry = of_form[re.sub(r"\s+(?:> )?", " ", match[0]).lower()]
            early = entry.name in PLAIN and order[here] < order[entry.introduced]
            if entry in waiting and not early:
                waiting.remove(entry)
                pieces += [text[end : match.start()], f"[{match[0]}]({page()}#{entry.anchor})"]
                end = match.end()
        new.append("".join([*pieces, text[end:]]))
    return new


def never_used(texts: list[str], found: list[Entry]) -> list[str]:
    """The names of entries to which no text has a link."""
    anchors = {anchor for text in texts for _, anchor in re.findall(linked(), text)}
    return [entry.name for entry in found if entry.anchor not in anchors]


def read() -> dict[Path, nbformat.NotebookNode]:
    """The notebooks in reading order."""
    return {path: nbformat.read(path, as_version=4) for path in reading_order()}


def prose(books: dict[Path, nbformat.NotebookNode]) -> list[tuple[Path, nbformat.NotebookNode]]:
    """Every Markdown cell with its notebook, in reading order."""
    return [(p, c) for p, book in books.items() for c in book.cells if c.cell_type == "markdown"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="change the notebooks")
    write = parser.parse_args().write
    books, changed = read(), set()
    cells = prose(books)
    new = with_links([(path.stem, cell.source) for path, cell in cells], entries())
    for (path, cell), text in zip(cells, new, strict=True):
        if cell.source != text:
            print(f"{path.name}: {'written' if write else 'to write'}: {cell.source[:60]!r}")
            cell.source = text
            changed.add(path)
    if write:
        for path in changed:
            set_cell_ids(books[path].cells)
            nbformat.write(books[path], path)
    if unused := never_used(new, entries()):
        print(f"not used by any page: {', '.join(unused)}")
    return int(bool(unused) or bool(changed) and not write)


if __name__ == "__main__":
    sys.exit(main())
