"""Build the same pages with the newest Sphinx, without Jupyter Book, and compare them with today's.

    python tools/next_book.py            # needs _build/html: make book

Jupyter Book 1 had its last release in February 2025 and stays with Sphinx 7. This lane reads the same
`_config.yml` and `_toc.yml`: Jupyter Book itself makes Sphinx's configuration of them, once, and what
it would add to it is left out. If one day Jupyter Book no longer installs, this is the way on.
"""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from frame import HTML, ROOT, pages

VENV = ROOT / ".venv-next"
FOLDER = ROOT / "_build/next"
# What `_config.yml` asks for, in the newest versions; the package for its reference.
NEEDED = (
    "mini-racer",
    "myst-nb",
    "pillow",
    "pyyaml",
    "sphinx",
    "sphinx-book-theme",
    "sphinx-comments",
    "sphinx-copybutton",
    "sphinx-external-toc",
    "sphinx-notfound-page",
    "sphinx-sitemap",
    "sphinxcontrib-bibtex",
    "sphinxext-opengraph",
)


def install() -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [VENV / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *NEEDED, "--editable", ".[tensorflow-cpu]"], cwd=ROOT, check=True)


def configuration() -> str:
    """Sphinx's configuration, as Jupyter Book makes it, without Jupyter Book."""
    command = [Path(sys.executable).parent / "jupyter-book", "config", "sphinx", "."]
    made = ROOT / "conf.py"
    try:
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        text = made.read_text(encoding="utf-8")
    finally:
        made.unlink(missing_ok=True)
    text = re.sub(r"'jupyter_book',? ?", "", text)
    text = re.sub(r"^external_toc_exclude_missing = .*", "", text, flags=re.MULTILINE)
    return (
        f"import sys\nsys.path.insert(0, 'tools')\n{text}\nexternal_toc_exclude_missing = False\n"
    )


def build(text: str) -> None:
    """The paths in a configuration are relative to it, so it lies in the root while it is used."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    made = ROOT / "conf.py"
    made.write_text(text, encoding="utf-8")
    options = ["-W", "-n", "--keep-going", "-q", "-b", "html", "-d", FOLDER / "doctrees"]
    command = [VENV / "bin/python", "-m", "sphinx", *options, ".", FOLDER / "html"]
    try:
        subprocess.run([*map(str, command)], cwd=ROOT, check=True)
    finally:
        made.unlink()


class Page(HTMLParser):
    """What must not change: addresses within the article and of the buttons, anchors, alt texts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.anchors, self.alts = set(), set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "section" and values.get("id"):
            self.anchors.add(values["id"])
        if tag == "a" and values.get("href", "").startswith(("http", "#")) is False:
            self.links.add(values.get("href", ""))
        if tag == "a" and re.match(r"https://(colab\.|mybinder|github)", values.get("href", "")):
            self.links.add(values["href"])
        if tag == "img" and "logo" not in values.get("class", ""):
            self.alts.append(values.get("alt"))


def differences() -> list[str]:
    """What the pages of the two builds do not share, one line each."""
    found = []
    for page in pages():
        today, new = (Page(folder / f"{page}.html") for folder in (HTML, FOLDER / "html"))
        for what in ("links", "anchors"):
            lost = getattr(today, what) - getattr(new, what)
            found += [f"{page}: lost of its {what}: {each}" for each in sorted(lost)]
        if today.alts != new.alts:
            found.append(f"{page}: other alt texts")
    return found


def main() -> int:
    if not HTML.is_dir():
        print("The book of today is not built; type `make book` first.", file=sys.stderr)
        return 1
    install()
    build(configuration())
    found = differences()
    print(*found, f"{len(pages())} pages, {len(found)} differences", sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
