"""Fail unless the built site holds every page of `_toc.yml`; say where to open it."""

import sys

from frame import ROOT, pages

HTML = ROOT / "_build" / "html"


def missing_pages(html=HTML, root=ROOT) -> list[str]:
    """Return the pages that the site should have and has not (or has empty)."""
    expected = ["index.html", *(f"{page}.html" for page in pages(root))]
    return [
        name
        for name in expected
        if not (html / name).is_file() or (html / name).stat().st_size == 0
    ]


def main() -> int:
    if missing := missing_pages():
        print(f"The build is not complete, {HTML} lacks: {', '.join(missing)}", file=sys.stderr)
        return 1
    print(f"The book is built: open {HTML / 'index.html'} (or type `make serve`).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
