"""What the other tools and the tests know about the repository: its address, pages and notebooks."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"

# The site does not show the set-up cell: whoever reads there has nothing to set up.
SETUP_METADATA = {"tags": ["remove-cell"]}

# One clone brings the package and the book's data. The package asks for lower bounds only, so pip
# leaves Colab's TensorFlow and NumPy alone. A folder of the book's name is a whole one, whatever was
# interrupted before: the clone gets that name when it has ended.
SETUP_TEMPLATE = """\
import importlib.util
import os
import sys

# No log lines of TensorFlow, no notices of pip; in Colab the book is brought.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
BOOK = "{url}"
FOLDER = "{name}"
find = importlib.util.find_spec

if "google.colab" in sys.modules and not os.path.exists("references.bib"):
    if not os.path.exists(FOLDER):
        !rm -rf part && git clone -q --depth 1 $BOOK part && mv part $FOLDER
    if os.path.exists(FOLDER) and not find("attention_helpers"):
        !{{sys.executable}} -m pip install -q "./{name}[subwords]"
        importlib.invalidate_caches()
    if not os.path.exists(FOLDER) or not find("attention_helpers"):
        raise RuntimeError("The book did not arrive: run this cell again.")
    %cd -q $FOLDER/book
if not find("attention_helpers"):
    raise ModuleNotFoundError(f"Run first: pip install git+{{BOOK}}")
if not os.path.exists("references.bib"):
    print(f"The data is not here: git clone {{BOOK}}, open book/ in it.")"""


def repository_url(root: Path = ROOT) -> str:
    """Return the repository's address from `_config.yml`, the one place where it stands."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    url = config["repository"]["url"]
    split_address(url)
    return url


def split_address(url: str) -> tuple[str, str]:
    """Return (owner, name) of `https://github.com/owner/name`."""
    match = re.fullmatch(r"https://github\.com/([A-Za-z0-9-]+)/([A-Za-z0-9._-]+)", url)
    if match is None or url.endswith(".git"):
        raise ValueError(f"url: got {url!r}, expected https://github.com/OWNER/NAME")
    return match[1], match[2]


def site_url(root: Path = ROOT) -> str:
    """Return the address under which the book is published."""
    owner, name = split_address(repository_url(root))
    return f"https://{owner}.github.io/{name}"


def setup_cell(url: str) -> str:
    """Return the text of the first code cell of every notebook."""
    return SETUP_TEMPLATE.format(url=url, name=split_address(url)[1])


def pages(root: Path = ROOT) -> list[str]:
    """Return the pages of `_toc.yml` in reading order, as paths without suffix."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = [toc["root"]]
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            found += [chapter["file"], *(page["file"] for page in chapter.get("sections", []))]
    return found


def notebooks(root: Path = ROOT) -> list[Path]:
    """Return the notebooks of the book in alphabetical order."""
    return sorted((root / "book").glob("*.ipynb"))


def sources(page: str, root: Path = ROOT) -> list[Path]:
    """Return the files that a page could be made from; there should be one."""
    return [path for s in (".ipynb", ".md") if (path := root / f"{page}{s}").exists()]


def pins(root: Path = ROOT) -> list[str]:
    """Return the lines of requirements.txt, each with its condition and without its hashes."""
    text = (root / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", "")
    lines = (line.split("--hash", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
