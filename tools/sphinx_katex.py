"""Formulas, drawn when the book is built: a page needs no script to show them.

KaTeX draws them, a program in JavaScript that V8 runs, which comes in the package mini-racer. A page
with formulas also loads KaTeX's stylesheet and fonts, which are served beside it (book/_vendor).
"""

from pathlib import Path

from docutils.nodes import SkipNode, math, math_block
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.util import logging

PROGRAM = Path(__file__).parent / "katex/katex.min.js"
STYLES = "../katex/katex.min.css"  # from _static
LOG = logging.getLogger(__name__)


class Drawer:
    """KaTeX, started when the first formula comes, ended with the build."""

    def __init__(self):
        self.engine = None

    def draw(self, formula: str, display: bool) -> str:
        """HTML of a formula, with MathML for screen readers; a ValueError says what is wrong in it."""
        if self.engine is None:
            self.engine = MiniRacer()
            self.engine.eval(PROGRAM.read_text(encoding="utf-8"))
        options = {"displayMode": display, "strict": "error"}
        try:
            return self.engine.call("katex.renderToString", formula, options)
        except JSEvalException as error:
            said = str(error).partition("KaTeX parse error: ")[2].partition("\n")[0]
            raise ValueError(said or str(error)) from None

    def close(self, *build) -> None:
        if self.engine is not None:
            self.engine.close()  # a build would not end while its threads run
            self.engine = None


DRAWER = Drawer()


def visit_math(translator, node):
    translator.body.append(f'<span class="math">{drawn(node, display=False)}</span>')
    raise SkipNode


def visit_math_block(translator, node):
    translator.body.append(f'<div class="math">{drawn(node, display=True)}</div>')
    raise SkipNode


def drawn(node, display):
    """The HTML; of a formula that cannot be drawn a warning, which ends the build of the book."""
    try:
        return DRAWER.draw(node.astext(), display)
    except ValueError as error:
        LOG.warning("formula %r: %s", node.astext(), error, location=node)
        return ""


def add_styles(app, page, template, context, doctree):
    """KaTeX's stylesheet, only where there is a formula."""
    if doctree is not None and any(
        doctree.findall(lambda node: isinstance(node, math | math_block))
    ):
        app.add_css_file(STYLES)


def setup(app):
    app.add_html_math_renderer("katex", (visit_math, None), (visit_math_block, None))
    app.connect("html-page-context", add_styles)
    app.connect("build-finished", DRAWER.close)
    return {"parallel_read_safe": True}
