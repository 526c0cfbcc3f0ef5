"""Seconds and memory of each notebook that nbval runs, for the page that lists them.

`conftest.py` calls `start` before the first cell of a notebook and `store` after the last; each notebook
has a file of its own in _build/execution, for several processes may run at a time.

    python tools/execution.py      # compares the minutes of the index with them
"""

import json
import platform
import re
import sys
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import nbformat
from frame import ROOT, pages

FOLDER = ROOT / "_build/execution"
PACKAGES = ("tensorflow", "tensorflow-cpu"), ("keras",), ("numpy",), ("matplotlib",)
# A row of the index: the page, what it is about, minutes to read, minutes to run.
ROW = re.compile(r"^\| \[[^]]+\]\((\w+)\.ipynb\) \|.*\| (\d+) \| (\d+) \|$", re.MULTILINE)
_started: dict[str, float] = {}


def start(notebook: Path) -> None:
    _started.setdefault(notebook.stem, time.perf_counter())


def store(notebook: Path, pid: int) -> None:
    """What the kernel took from its first cell on, and the most memory that it held (Linux)."""
    seconds = time.perf_counter() - _started.pop(notebook.stem)
    record = {
        "seconds": round(seconds, 1),
        "gigabytes": round(peak_gigabytes(pid), 2) or None,
        "date": date.today().isoformat(),
        "versions": versions(),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{notebook.stem}.json").write_text(json.dumps(record), encoding="utf-8")


def peak_gigabytes(pid: int) -> float:
    """Return the peak resident memory of a process (Linux; 0 where /proc does not tell)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1e6


def versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for names in PACKAGES:
        for name in names:
            try:
                found[names[0]] = version(name)
                break
            except ImportError:
                continue
    return found


def stored(folder: Path) -> dict[str, dict]:
    """By page, in the order of the book, what its last run took."""
    return {
        Path(page).name: json.loads(path.read_text(encoding="utf-8"))
        for page in pages()
        if (path := folder / f"{Path(page).name}.json").exists()
    }


def table(folder: Path = FOLDER) -> str:
    """The page's table, in Markdown; a sentence where no notebook was run."""
    records = stored(folder)
    if not records:
        return "This copy of the book was built without running its notebooks."
    lines = ["| page | seconds | memory, GB |", "|---|--:|--:|"]
    for name, record in records.items():
        gigabytes = "" if record["gigabytes"] is None else f"{record['gigabytes']:.2f}"
        # A link without words has the title of its page, which a phone can break into lines.
        lines.append(f"| [](./{name}.ipynb) | {record['seconds']:.0f} | {gigabytes} |")
    total = sum(record["seconds"] for record in records.values())
    whole = len(records) == len(list((ROOT / "book").glob("*.ipynb")))
    lines.append(f"| {'all of them' if whole else 'these'} | {total:.0f} | |")
    last = max(records.values(), key=lambda record: record["date"])
    with_versions = ", ".join(f"{name} {number}" for name, number in last["versions"].items())
    return "\n".join([*lines, "", f"Run on {last['date']} with {with_versions}."])


def wrong_minutes(index: Path = ROOT / "book/index.ipynb", folder: Path = FOLDER) -> list[str]:
    """Pages that take much more or much less time than the index says: machines differ, too."""
    cells = nbformat.read(index, as_version=4).cells
    said = {name: int(run) for cell in cells for name, _, run in ROW.findall(cell.source)}
    found = []
    for name, record in stored(folder).items():
        minutes = record["seconds"] / 60
        if name in said and not said[name] / 4 - 1 <= minutes <= 4 * said[name] + 1:
            found.append(f"index: {name} takes {said[name]} min to run; it took {minutes:.1f}")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(wrong_minutes()) or None)
