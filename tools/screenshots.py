"""Photograph pages of the built book, wide and narrow, light and dark, for people to look at.

python tools/screenshots.py FOLDER                       # every page
python tools/screenshots.py FOLDER book/05_einsum        # some
"""

import argparse
import sys
from pathlib import Path

from browser import installed, look, open_browser, serve
from frame import HTML, pages

WIDTHS = (1280, 360)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the PNGs go")
    parser.add_argument("pages", nargs="*", default=pages(), help="as in _toc.yml; default: all")
    arguments = parser.parse_args()
    if installed() is None:
        print("Chrome or Chromium is needed; it is not fetched for you.", file=sys.stderr)
        return 1
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with serve(HTML) as address, open_browser() as browser:
        for page in arguments.pages:
            for width in WIDTHS:
                for scheme in ("light", "dark"):
                    path = arguments.folder / f"{Path(page).name}-{width}-{scheme}.png"
                    url = f"{address}/{page}.html"
                    with look(browser, url, width=width, scheme=scheme) as seen:
                        seen.photograph(path)
                    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
