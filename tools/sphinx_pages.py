"""What the theme's pages have too much of, or lack: seen to when a page is written.

Each function below changes the HTML of one page. A piece of the theme that is not where it was stops
the build, so that a newer theme cannot undo this unseen.
"""

import html as text
import re
from pathlib import Path
from urllib.parse import unquote

from docutils import nodes
from frame import repository_url, site_url, split_address
from PIL import Image
from sphinx_icons import ICONS

# Set before anything is painted: the choice of the reader, or else what the system prefers. On paper
# a page is light.
THEME = """<script>
(() => {
  const page = document.documentElement.dataset;
  let mode = "auto";
  try { mode = localStorage.getItem("mode") || mode; } catch {}
  page.mode = mode;
  page.theme = mode !== "auto" ? mode
    : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  let before;
  addEventListener("beforeprint", () => { before = page.theme; page.theme = "light"; });
  addEventListener("afterprint", () => { page.theme = before; });
})();
</script>"""

# The theme does this for its own boxes of code and of outputs.
SCROLLING = """<script>
(() => {
  const boxes = document.querySelectorAll(".scroll, .math, .katex-display, .text_html");
  const scrolls = (box) => box.scrollWidth > box.clientWidth + 1
    && getComputedStyle(box).overflowX === "auto";
  const look = () => boxes.forEach((box) => {
    if (scrolls(box)) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
  addEventListener("load", look);
  addEventListener("resize", look);
  document.fonts.ready.then(look);
})();
</script>"""


def replaced(pattern: str, new: str, html: str, least: int = 1) -> str:
    """The HTML with every match replaced; a ValueError if there are fewer than expected."""
    html, count = re.subn(pattern, new, html, flags=re.DOTALL)
    if count < least:
        raise ValueError(f"expected {least} or more of {pattern!r}, found {count}")
    return html


def with_the_theme_set(html: str) -> str:
    """Light or dark is known at once; without JavaScript a page is light, and has one logo."""
    html = replaced(r'(<html [^>]*)data-theme="auto"', r'\1data-theme="light"', html)
    theme = THEME.replace("\\", r"\\")
    return replaced(r'<script data-cfasync="false">.*?</script>', theme, html)


def with_icons_drawn(html: str) -> str:
    """The icons are in the page; the theme's script for them is 1.5 MB of all icons there are."""
    html = replaced(r'<script defer src="[^"]*fontawesome\.js[^"]*"></script>\s*', "", html)
    return re.sub(r'<(i|span) class="([^"]*\bfa-[^"]*)"([^>]*)>\s*</\1>', icon, html)


def icon(match: re.Match) -> str:
    """The drawing in place of an empty element of Font Awesome; what else its classes say stays."""
    classes = match[2].split()
    names = [each.removeprefix("fa-") for each in classes if each.removeprefix("fa-") in ICONS]
    if len(names) != 1:
        raise ValueError(f"expected an icon of sphinx_icons.py, got {match[0]}")
    kept = " ".join(["icon", *(each for each in classes if not re.match(r"fa(-|s$|b$)", each))])
    return (
        f'<svg class="{kept}"{match[3]} viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        f"{ICONS[names[0]]}</svg>"
    )


def without_scripts_of_the_search(html: str, page: str) -> str:
    """The index of the search is as large as a page: it is loaded where somebody searches."""
    if page == "search":
        return html
    return replaced(
        r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>\s*',
        "",
        html,
        least=3,
    )


def with_scripts_that_wait(html: str) -> str:
    """No script holds up the first paint."""
    html = re.sub(r"<script>DOCUMENTATION_OPTIONS\.[^<]*</script>\s*", "", html)
    return re.sub(r'<script src="', '<script defer src="', html)


def with_one_name(html: str) -> str:
    """The first page is the book: its title does not stand there twice."""
    return re.sub(r"<title>(.*?) &#8212; \1</title>", r"<title>\1</title>", html)


def with_one_viewport(html: str) -> str:
    """The theme has one, Sphinx another, the book theme a third."""
    html = replaced(r'<meta name="viewport"[^>]*>\s*', "", html)
    charset = '<meta charset="utf-8" />'
    one = '<meta name="viewport" content="width=device-width, initial-scale=1" />'
    return replaced(charset, rf"{charset}\n    {one}", html)


def with_notebooks_that_download(html: str) -> str:
    """A click saves the notebook, where a tab full of JSON opened."""
    return re.sub(
        r'(<a href="[^"]*\.ipynb") target="_blank"(\s+class="[^"]*btn-download)',
        r"\1 download\2",
        html,
    )


def with_names_for_screen_readers(html: str) -> str:
    """A fold, a button and a list are called what is written on them, and the sidebar has a name."""
    html = html.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    html = replaced(
        r'(<button class="[^"]*search-button-field[^"]*") title="Search" aria-label="Search"',
        r"\1",
        html,
    )
    html = re.sub(
        r'(<a class="(?:current )?reference internal" href="[^"]*">([^<]*)</a><details[^>]*><summary)>',
        r'\1 aria-label="Pages of: \2">',
        html,
    )
    return replaced(
        r'<div id="pst-primary-sidebar" ', r'\g<0>role="complementary" aria-label="The book" ', html
    )


def with_links_that_stay_here(html: str, page: str, address: str) -> str:
    """A link to a published page of this book, as notebooks elsewhere need it, leads to the page here."""
    here = "/".join([".."] * page.count("/"))
    book = f"{here}/book/" if here else "book/"
    return re.sub(rf'(<a [^>]*href="){re.escape(address)}book/', rf"\1{book}", html)


def with_roles_that_fit(html: str) -> str:
    """No role that ARIA has given up, no list of what is no item, no heading of a table without words."""
    html = html.replace(' role="doc-biblioentry"', "").replace(
        '<div role="list" class="cit', '<div class="cit'
    )
    empty = r'<th(?: scope="\w+")?((?: [^>]*)?)>\s*(?:<p>\s*</p>|<span>\s*</span>)?\s*</th>'
    return re.sub(empty, r"<td\1></td>", html)


def with_pictures_in_their_place(html: str, path: Path) -> str:
    """Each picture has its room before it has come, and comes when a reader is near; the first at once."""
    seen = 0

    def placed(match: re.Match) -> str:
        nonlocal seen
        file = path.parent / unquote(match[2])
        if file.suffix != ".png" or not file.is_file():
            return match[0]
        seen += 1
        with Image.open(file) as picture:
            shrunk = picture.info.get("dpi", (DPI, DPI))[0] / DPI
            width, height = (round(pixels / shrunk) for pixels in picture.size)
        lazy = ' loading="lazy"' if seen > 1 else ""
        tag = f'{match[1]}{match[2]}" width="{width}" height="{height}"{lazy}{match[3]}'
        # A height in pixels would squeeze what is too wide for the screen.
        return re.sub(r' style="width: \d+px; height: \d+px;?"', "", tag)

    return re.sub(r'(<img (?:[^>]*? )?src=")(?!data:)([^":]+)"([^>]*>)', placed, html)


def with_scrolling_by_keys(html: str) -> str:
    """What scrolls sideways can be reached and scrolled by the keyboard; what does not, is no stop."""
    return replaced("</body>", f"{SCROLLING}\n  </body>", html)


def finished(html: str, page: str, path: Path, address: str) -> str:
    """The HTML of a page, as it is served."""
    html = with_pictures_in_their_place(html, path)
    html = with_links_that_stay_here(html, page, address)
    html = without_scripts_of_the_search(with_icons_drawn(with_the_theme_set(html)), page)
    for change in (
        with_scripts_that_wait,
        with_one_name,
        with_one_viewport,
        with_notebooks_that_download,
        with_names_for_screen_readers,
        with_roles_that_fit,
        with_scrolling_by_keys,
    ):
        html = change(html)
    return html


DPI = 100  # dots an inch of a figure with one pixel a dot; a sharp one has twice as many

# What the address of the whole site shows; Jupyter Book's own has no title and no language.
ROOT_PAGE = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="description" content="{title}: an online book of notebooks.">
<link rel="canonical" href="{address}{first}">
<meta http-equiv="refresh" content="0; url={first}">
</head>
<body><p><a href="{first}">{title}</a></p></body>
</html>
"""


def lighten(path: Path) -> None:
    """A picture in 256 colours, which a figure of lines and words does not exceed by what one sees."""
    with Image.open(path) as picture:
        if picture.mode not in ("RGB", "RGBA") or picture.convert("RGBA").getextrema()[3][0] < 255:
            return
        fewer = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        dpi = picture.info.get("dpi", (DPI, DPI))
    fewer.save(path, optimize=True, dpi=dpi)


def finish(app, error):
    """Finish what this build has written: a page that it has not touched is finished already."""
    if error is not None or app.builder.name != "html":
        return
    first, address = f"{app.config.root_doc}.html", app.config.html_baseurl
    root = ROOT_PAGE.format(title=app.config.html_title, address=address, first=first)
    (Path(app.outdir) / "index.html").write_text(root, encoding="utf-8")
    robots = f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n"
    (Path(app.outdir) / "robots.txt").write_text(robots, encoding="utf-8")
    for path in sorted((Path(app.outdir) / "_images").glob("*.png")):
        lighten(path)
    for path in sorted(Path(app.outdir).rglob("*.html")):
        html = path.read_text(encoding="utf-8")
        if 'data-theme="auto"' in html:
            page = path.relative_to(app.outdir).with_suffix("").as_posix()
            path.write_text(finished(html, page, path, address), encoding="utf-8")


def set_address(app, config):
    """GitHub Pages' address of the repository, for all that needs an address."""
    config.html_baseurl = config.ogp_site_url = f"{site_url()}/"
    config.notfound_urls_prefix = f"/{split_address(repository_url())[1]}/"


def description(doctree, most: int = 200) -> str:
    """The first sentences of a page: as many as have room, or the beginning of the first one."""
    words = next((p.astext() for p in doctree.findall(nodes.paragraph) if len(p.astext()) > 60), "")
    words = " ".join(words.split())
    if len(words) > most:
        cut = max(words.rfind(end, 0, most) for end in (". ", "? "))
        words = words[: cut + 1] if cut > most / 3 else words[: words.rfind(" ", 0, most)] + " …"
    return words


def describe(app, page, template, context, doctree):
    """A description of its own for each page, also for where its link is shared."""
    if doctree is not None:
        said = description(doctree)
        context["meta"] = {**(context.get("meta") or {}), "og:description": text.escape(said)}
        context["metatags"] += f'<meta name="description" content="{text.escape(said)}" />\n'


def setup(app):
    app.connect("config-inited", set_address, priority=400)
    app.connect("html-page-context", describe, priority=400)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True}
