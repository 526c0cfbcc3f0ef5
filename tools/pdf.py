"""The whole book as one PDF, printed by the browser of this machine: contents, page numbers, links.

    python tools/pdf.py            # into _build/the-whole-book.pdf

Sphinx puts all pages into one; it is printed twice, for the contents name pages that are known only
when it has been printed once. Closed solutions are not printed, and say so.
"""

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from browser import SETTLED, installed, open_browser, serve
from frame import ROOT
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

FOLDER = ROOT / "_build/pdf"
PDF = ROOT / "_build/the-whole-book.pdf"
FOOTER = (
    '<div style="font-size: 8px; width: 100%; text-align: center; color: #555">'
    '<span class="pageNumber"></span></div>'
)
PRINTED = {
    "format": "A4",
    "scale": 0.8,
    "margin": {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
    "display_header_footer": True,
    "header_template": "<span></span>",
    "footer_template": FOOTER,
    "outline": True,
    "tagged": True,
}
# Only what is printed: the headings of menus would stand in the PDF's outline.
CLEANED = """() => {
for (const menu of document.querySelectorAll(
  '.bd-sidebar-primary, .bd-sidebar-secondary, .headerlink, header, dialog, noscript, .bd-header-article, .onlyprint'
)) menu.remove();
for (const image of document.images) image.loading = 'eager';
// Nothing around the text is a box that cannot be broken, and each chapter begins on a page.
for (let box = document.querySelector('.bd-article'); box !== document.body; box = box.parentElement)
  box.style.display = 'block';
const chapters = [...document.querySelectorAll('.bd-article h2')];
const first = chapters.findIndex((heading) => heading.textContent.startsWith('1. '));
for (const chapter of chapters.slice(first)) chapter.style.breakBefore = 'page';
}"""
# A list of the chapters and their sections before the first page; `pages` has a number for each.
CONTENTS = """(pages) => {
document.getElementById('printed-contents')?.remove();
const article = document.querySelector('.bd-article');
const all = [...article.querySelectorAll('h2, h3')];
const headings = all.slice(all.findIndex((heading) => heading.textContent.startsWith('1. ')));
const list = document.createElement('nav');
list.id = 'printed-contents';
list.innerHTML = '<p style="break-before: page; font-size: 1.6em; font-weight: 600">Contents</p>';
for (const [n, heading] of headings.entries()) {
  const row = document.createElement('p');
  const link = document.createElement('a');
  link.href = '#' + heading.closest('section[id]').id;
  link.innerHTML = heading.innerHTML;
  link.style.cssText = 'flex: 1; color: inherit; text-decoration: none';
  row.append(link, Object.assign(document.createElement('span'), {textContent: pages[n] ?? '000'}));
  const chapter = heading.tagName === 'H2';
  row.style.cssText = 'display: flex; margin: 0; padding-top: ' + (chapter ? '0.5em' : '0')
    + '; padding-left: ' + (chapter ? '0' : '1.5em') + '; font-weight: ' + (chapter ? 600 : 400);
  list.append(row);
}
const title = document.createElement('p');
title.id = 'printed-title';
title.style.cssText = 'font-size: 2.6em; margin: 30% 0 0; text-align: center';
title.textContent = document.title;
document.getElementById('printed-title')?.remove();
article.prepend(title, list);
return headings.map((heading) => {
  const words = heading.cloneNode(true);
  for (const formula of words.querySelectorAll('.math')) formula.remove();
  return words.textContent.trim();
});
}"""


def build() -> None:
    """All pages in one file."""
    command = [
        Path(sys.executable).parent / "jupyter-book",
        "build",
        ".",
        "--builder",
        "singlehtml",
    ]
    options = ["--path-output", FOLDER, "-W", "-n", "--keep-going", "--quiet"]
    subprocess.run([*map(str, command + options)], cwd=ROOT, check=True)


def headings_of(pdf: bytes) -> list[tuple[str, int]]:
    """Titles and page numbers of all headings, in the order of the PDF's outline."""
    reader, found = PdfReader(io.BytesIO(pdf)), []

    def walk(entries):
        for entry in entries:
            if isinstance(entry, list):
                walk(entry)
            else:
                found.append((entry.title.strip(), reader.get_destination_page_number(entry) + 1))

    walk(reader.outline)
    return found


def pages_of(headings: list[str], found: list[tuple[str, int]]) -> list[int]:
    """For each heading of the contents its page: both stand in the same order."""
    numbers, rest = [], iter(found)
    for heading in headings:
        page = next((page for title, page in rest if are_of_one(title, heading)), None)
        if page is None:
            raise ValueError(f"the PDF's outline lacks {heading!r}")
        numbers.append(page)
    return numbers


def are_of_one(title: str, heading: str) -> bool:
    """Whether a title of the outline is that heading: it writes a formula in other ways, or twice."""
    return letters(title).startswith(letters(heading)[:12])


def letters(title: str) -> str:
    return "".join(re.findall(r"\w+", title)).lower()


def with_plain_titles(pdf: bytes, headings: list[str]) -> bytes:
    """The outline's titles as the headings are: the browser joins their lines, and says some twice."""
    writer, rest = PdfWriter(clone_from=io.BytesIO(pdf)), [*headings]
    for entry in entries_of(writer.root_object["/Outlines"]["/First"]):
        title = once(str(entry["/Title"]))
        if rest and are_of_one(title, rest[0]):
            title = rest.pop(0)
        entry[NameObject("/Title")] = TextStringObject(title)
    result = io.BytesIO()
    writer.write(result)
    return result.getvalue()


def entries_of(entry) -> Iterator:
    """An entry of an outline, those below it, and those that follow."""
    while entry is not None:
        entry = entry.get_object()
        yield entry
        if "/First" in entry:
            yield from entries_of(entry["/First"])
        entry = entry.get("/Next")


def once(title: str) -> str:
    """A title that may stand there twice, one time."""
    half = title[: len(title) // 2]
    return half if title == 2 * half else title


def print_book(site: Path) -> bytes:
    """The PDF of the one page that Sphinx has made; its links lead from the root, so it is put there."""
    shutil.copy(site / "book/index.html", site / "whole.html")
    with serve(site) as address, open_browser() as browser:
        with browser.new_page(color_scheme="light") as page:
            page.goto(f"{address}/whole.html")
            page.evaluate(SETTLED)
            page.evaluate(CLEANED)
            headings = page.evaluate(CONTENTS, [])
            once = page.pdf(**PRINTED)
            page.evaluate(CONTENTS, pages_of(headings, headings_of(once)))
            return with_plain_titles(page.pdf(**PRINTED), headings)


def main() -> int:
    if installed() is None:
        print("Chrome or Chromium is needed; it is not fetched for you.", file=sys.stderr)
        return 1
    build()
    PDF.write_bytes(print_book(FOLDER / "_build/singlehtml"))
    print(f"{PDF.relative_to(ROOT)}: {len(PdfReader(PDF).pages)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
