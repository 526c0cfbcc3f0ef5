"""What the commands share that run the notebooks as readers elsewhere do: in Colab, on Binder."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from frame import notebooks


def chosen(description: str) -> list[Path]:
    """The notebooks that the command line names, or all of them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook of book/")
    return [path.resolve() for path in parser.parse_args().notebooks] or notebooks()


def run_each(paths: list[Path], run_page: Callable[[Path], tuple[bool, str]]) -> int:
    """Run each and print how it went and the seconds; 1 if one did not pass, as an exit code.

    `run_page` returns whether a notebook has passed, and what to say of it.
    """
    failed = False
    for path in paths:
        start = time.perf_counter()
        passed, said = run_page(path)
        failed |= not passed
        print(f"{path.name}: {said}, {time.perf_counter() - start:.0f} s", flush=True)
    return int(failed)
