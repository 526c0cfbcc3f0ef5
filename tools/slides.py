"""Slides of a page: one file without a script, a screen for each cell that has the tag `slide`.

    python tools/slides.py book/05_einsum.ipynb      # into _build/slides/05_einsum.html

A tagged code cell shows its code, unless that is folded, and its output. Of a tagged Markdown cell a
slide shows what is said in a class: a prediction, a verdict, or else its first paragraph and list. Each
slide is headed by the section it stands in. Page Down and Page Up turn the slides; printed, each is a page.
"""

import argparse
import base64
import html
import re
import sys
from pathlib import Path

import nbformat
from frame import ROOT, notebooks, site_url
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx_katex import Drawer

FOLDER = ROOT / "_build/slides"
KATEX = ROOT / "book/_vendor/katex"
# A slide stands alone: what leads to another page leads to the published one.
LINK = re.compile(r'(?<=href=")(\w+)\.(?:ipynb|md)')
SITE = rf"{site_url()}/book/\1.html"
STYLES = """
html { scroll-snap-type: y mandatory; font: min(2.03vw, 3.61vh)/1.45 system-ui, sans-serif; color: #1b1b1b; }
body { margin: 0; background: #fff; }
section { box-sizing: border-box; height: 100vh; padding: 4vh 6vw; scroll-snap-align: start;
  display: flex; flex-direction: column; justify-content: safe center; gap: 2.5vh; overflow: hidden; }
section > h2 { margin: 0; font-size: 1.15em; color: #005a9c; font-weight: 600; }
section > div { min-height: 0; }
section.long { font-size: 0.74em; gap: 1vh; }
figcaption { font-size: 0.7em; margin-top: 0.6em; }
.captioned img { max-height: 60vh; }
section.wide table { font-size: 0.62em; }
p, ul { margin: 0 0 0.6em; }
blockquote { margin: 0; padding: 0.6em 1em; border-left: 0.3em solid #005a9c; background: #eef4fa; }
pre { margin: 0; padding: 0.6em 0.8em; background: #f5f5f5; font-size: 0.72em; overflow: hidden;
  white-space: pre-wrap; }
img { max-width: 100%; max-height: 72vh; display: block; margin: 0 auto; }
table { font-size: 0.7em; border-collapse: collapse; margin: 0 auto; }
code { font-size: 0.85em; }
.katex { font-size: 1.05em; }
footer { position: absolute; right: 1.5vw; margin-top: -4vh; font-size: 0.5em; color: #555; }
@media print { @page { size: 33.9cm 19.1cm; margin: 0; } section { break-after: page; height: 19.1cm; }
  section:last-of-type { break-after: auto; } }
"""


class Writer:
    """Markdown and code to HTML, formulas drawn."""

    def __init__(self):
        self.drawer = Drawer()
        self.markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        self.markdown.use(dollarmath_plugin, allow_digits=True, renderer=self.formula)

    def formula(self, content, options):
        return self.drawer.draw(content, options["display_mode"])

    def said(self, source: str) -> str:
        """What a slide shows of a Markdown cell."""
        return LINK.sub(SITE, self.markdown.render(told(source)))

    def shown(self, cell, caption: str = "") -> str:
        """The code of a cell, unless it is folded or draws, what it puts out, and the caption."""
        folded = {"hide-input", "hide-cell", "remove-cell", "remove-input"} & set(tags(cell))
        draws = "plt.show()" in cell.source and cell.source.count("\n") < 3
        code = highlight(cell.source, PythonLexer(), HtmlFormatter(noclasses=True))
        shown = "".join(self.output(each, cell) for each in cell.outputs)
        if not caption:
            return shown if folded or draws else code + shown
        said = self.markdown.renderInline(caption)
        return f'<figure class="captioned">{shown}<figcaption>{said}</figcaption></figure>'

    def output(self, output, cell) -> str:
        data = output.get("data", {})
        if "image/png" in data:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            source = f"data:image/png;base64,{data['image/png'].strip()}"
            return f'<img alt="{html.escape(alt)}" src="{source}">'
        if "text/html" in data:
            return data["text/html"]
        text = output.get("text") or data.get("text/plain", "")
        return f"<pre>{html.escape(text.rstrip())}</pre>" if text.strip() else ""


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def told(source: str) -> str:
    """A prediction, a verdict, or else the first paragraph with what follows it."""
    parts = [part for part in re.split(r"\n\s*\n", source) if not part.startswith("#")]
    marked = [p for p in parts if p.startswith(("> **Predict.**", "**Verdict.**"))]
    return "\n\n".join(marked[:1] or parts[:2])


def last_heading(source: str) -> str | None:
    found = re.findall(r"^#+ (.+)$", source, re.MULTILINE)
    return found[-1] if found else None


def caption_below(cells: list, place: int) -> str:
    """Of a picture the first sentence of its caption, which the next cell begins with."""
    if not any("image/png" in output.get("data", {}) for output in cells[place].outputs):
        return ""
    below = cells[place + 1].source if place + 1 < len(cells) else ""
    found = re.match(r"\*\*Figure \d+\.\*\* .+?[.?](?=\s|$)", below, re.DOTALL)
    return found[0] if found else ""


def slides_of(notebook) -> list[tuple[str, str]]:
    """The heading and the content of each slide: a heading is the last one before what is shown."""
    writer, heading, slides = Writer(), "", []
    cells = notebook.cells
    try:
        for place, cell in enumerate(cells):
            tagged = "slide" in tags(cell)
            if cell.cell_type == "code":
                if tagged:
                    slides.append((heading, writer.shown(cell, caption_below(cells, place))))
                continue
            if tagged:
                before = cell.source[: cell.source.find(told(cell.source)[:40])]
                slides.append((last_heading(before) or heading, writer.said(cell.source)))
            heading = last_heading(cell.source) or heading
        return [(writer.markdown.renderInline(heading), content) for heading, content in slides]
    finally:
        writer.drawer.close()


def size(content: str) -> str:
    """Long slides are set smaller: what counts are the letters between the tags, and the lines of code."""
    text = re.sub(r"<math.*?</math>|<[^>]+>", "", content, flags=re.DOTALL)
    rows = text.count("\n") + 2 * content.count("<tr")
    length = "long" if len(text) > 620 or rows > 19 else "short"
    return length + (" wide" if content.count('<th scope="col"') > 9 else "")


def formula_styles() -> str:
    """KaTeX' styles with its fonts in them: the file can be carried anywhere."""

    def embedded(match: re.Match) -> str:
        font = base64.b64encode((KATEX / match[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{font})"

    styles = (KATEX / "katex.min.css").read_text(encoding="utf-8")
    return re.sub(r"url\((fonts/[^)]+\.woff2)\)", embedded, styles)


def page(notebook, name: str) -> str:
    slides = slides_of(notebook)
    if not slides:
        raise SystemExit(f"{name}: expected a cell with the tag slide, found none")
    sections = "\n".join(
        f'<section class="{size(content)}"><h2>{heading}</h2><div>{content}</div></section>'
        f"<footer>{number}</footer>"
        for number, (heading, content) in enumerate(slides, start=1)
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB"><head><meta charset="utf-8"><title>{name}</title><link rel="icon" href="data:,">'
        f"<style>{formula_styles()}\n{STYLES}</style></head>\n<body>\n{sections}\n</body></html>\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every chapter")
    chapters = [path for path in notebooks() if re.match(r"\d\d_", path.name)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in parser.parse_args().notebooks or chapters:
        notebook = nbformat.read(path, as_version=4)
        target = FOLDER / f"{path.stem}.html"
        slides = page(notebook, path.stem)
        target.write_text(slides, encoding="utf-8")
        print(f"{target.relative_to(ROOT)}: {slides.count('<section')} slides")
    return 0


if __name__ == "__main__":
    sys.exit(main())
