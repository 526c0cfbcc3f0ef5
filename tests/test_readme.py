"""What the README shows is what happens."""

import re
import subprocess
import sys

import headline_figure
from frame import ROOT
from PIL import Image

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_code_prints_what_the_readme_says():
    (example,) = re.findall(r"```python\n(.*?)```\s+```text\n(.*?)```", README, re.DOTALL)
    code, printed = example
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == printed


def test_the_files_it_links_to_exist():
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", README)
    for target in filter(None, (a or b for a, b in targets)):
        if not target.startswith(("http", "#")):
            assert (ROOT / target).exists(), target


def test_the_commands_it_names_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)
    assert {"book", "test"} <= set(named)
    for name in named:
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name


def test_its_figures_have_alt_text():
    images = re.findall(r"<img\b[^>]*>", README)
    for image in images:
        assert re.search(r'alt="[^"]{20,}"', image), image
    for alt in re.findall(r"!\[([^\]]*)\]\(", README):
        assert alt, "an image without alt text"


def test_the_headline_figure_shows_the_numbers_of_the_book():
    """Drawn from other data than the book's, it would say something else than the pages."""
    with Image.open(headline_figure.FIGURE) as figure:
        assert figure.text["Source"] == headline_figure.data_digest(), "type `make headline`"
    assert f'src="{headline_figure.FIGURE.relative_to(ROOT)}"' in README
