"""Set the repository's address everywhere, or check it against the repository that publishes.

python tools/repository_address.py https://github.com/OWNER/NAME
python tools/repository_address.py --check OWNER/NAME
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from frame import ROOT, notebooks, repository_url, setup_cell, split_address


def spellings(url: str) -> list[str]:
    """Return the forms in which an address stands in text, none a part of one after it."""
    owner, name = split_address(url)
    plain = [f"{owner}.github.io/{name}", f"{owner}/{name}", f"cd {name}\n", f"./{name}["]
    return [*plain, f"{owner}%2F{name}", f"tree%2F{name}%2F"]


def text_files(root: Path) -> list[Path]:
    """Return the files under version control that may hold the address, notebooks left out."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], check=True, capture_output=True, text=True
    )
    suffixes = {".cff", ".md", ".toml", ".yml", ".py", ".svg", ".css", ""}
    paths = [root / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix in suffixes]


def set_address(new: str, root: Path = ROOT) -> list[Path]:
    """Replace the address of `_config.yml` by `new` in all files; return those that changed."""
    old = repository_url(root)
    changed = []
    for path in text_files(root):
        before = after = path.read_text(encoding="utf-8")
        for old_form, new_form in zip(spellings(old), spellings(new), strict=True):
            after = after.replace(old_form, new_form)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    for path in notebooks(root):
        if set_notebook_address(path, old, new):
            changed.append(path)
    return changed


def set_notebook_address(path: Path, old: str, new: str) -> bool:
    """Replace the address in a notebook's text and code; leave its outputs as they are."""
    before = path.read_text(encoding="utf-8")
    notebook = json.loads(before)
    for cell in notebook["cells"]:
        source = "".join(cell["source"]).replace(setup_cell(old), setup_cell(new))
        for old_form, new_form in zip(spellings(old), spellings(new), strict=True):
            source = source.replace(old_form, new_form)
        cell["source"] = source.splitlines(keepends=True)
    after = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    path.write_text(after, encoding="utf-8")
    return after != before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", nargs="?", help="https://github.com/OWNER/NAME")
    parser.add_argument("--check", metavar="OWNER/NAME", help="fail unless the address is this one")
    arguments = parser.parse_args()
    here = repository_url()
    if arguments.check:
        if "/".join(split_address(here)) != arguments.check:
            print(
                f"_config.yml says {here}, but this is {arguments.check}. Type\n"
                f"  make repository URL=https://github.com/{arguments.check}\nand commit.",
                file=sys.stderr,
            )
            return 1
        return 0
    if not arguments.url:
        parser.error("which address? make repository URL=https://github.com/OWNER/NAME")
    try:
        split_address(arguments.url)
    except ValueError as error:
        parser.error(str(error))
    for path in set_address(arguments.url):
        print(f"changed {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
