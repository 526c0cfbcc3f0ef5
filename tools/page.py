"""Everything that is asked of one page, quickest first: format, form, outputs, the built page.

    python tools/page.py 05
    python tools/page.py book/05_einsum.ipynb

Each step says what is wrong and what to type; the next one runs all the same.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from frame import HTML, ROOT, notebooks

BIN = Path(sys.executable).parent


def notebook_of(name: str) -> Path:
    """The notebook that is meant: by its number, the beginning of its name, or its path."""
    stem = Path(name).stem
    found = [path for path in notebooks() if stem and path.stem.startswith(stem)]
    if len(found) != 1:
        names = ", ".join(path.stem for path in found or notebooks())
        raise SystemExit(f"NB: expected one of {names}; got {name!r}")
    return found[0]


def steps(notebook: Path) -> dict[str, tuple[list[str], str]]:
    """By name: the command, and what to do where it fails."""
    path = str(notebook.relative_to(ROOT))
    page = f"book/{notebook.stem}"
    return {
        "format": ([BIN / "ruff", "format", "--check", "--quiet", path], "make format"),
        "lint": ([BIN / "ruff", "check", "--quiet", path], "change what is named above"),
        "form": (
            [sys.executable, "tools/form.py", path],
            "change what is named above; CONTRIBUTING.md says why it is asked",
        ),
        "cells": (
            [sys.executable, "-m", "pytest", path, "--nbval", "--nbval-current-env"]
            + ["--nbval-cell-timeout=600", "--quiet", "--no-header", "--tb=short"],
            "a cell that fails is to be corrected. Where an output differs, - is what came now and + what\n"
            f"  is stored: if the new one is right, make execute NB={page}, and read the prose around it",
        ),
        "structure": (
            [
                sys.executable,
                "-m",
                "pytest",
                "tests/book/test_structure.py",
                "tests/book/test_form.py",
            ]
            + ["-k", notebook.stem, "--quiet", "--no-header", "--tb=line"],
            f"change what is named above; what was not run as a whole: make execute NB={page}",
        ),
        "build": (
            [BIN / "jupyter-book", "build", ".", "-W", "-n", "--keep-going", "--quiet"],
            "change what is named above",
        ),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebook", nargs="?", default="", help="its number, such as 05, or its path"
    )
    notebook = notebook_of(parser.parse_args().notebook)
    failed, start = [], time.perf_counter()
    for name, (command, remedy) in steps(notebook).items():
        print(f"{name} …", flush=True)
        done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout.rstrip(), done.stderr.rstrip(), sep="\n")
            print(f"✗ {name}: {remedy}", flush=True)
    seconds = time.perf_counter() - start
    if failed:
        print(f"{notebook.name}: {', '.join(failed)} failed, {seconds:.0f} s. To do:")
        for name in failed:
            print(f"- {name}: {steps(notebook)[name][1]}")
    else:
        built = (HTML / f"book/{notebook.stem}.html").relative_to(ROOT)
        print(f"✓ {notebook.name}: nothing is wrong, {seconds:.0f} s; look at {built}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
