"""What a notebook takes is measured while nbval runs it, and stands on a page."""

import json
import os
import re
import subprocess
import sys

import execution
import nbformat
import pytest
from frame import ROOT, pages


def test_a_real_run_of_nbval_stores_seconds_and_memory(tmp_path):
    """In a copy of what a run needs, so that the book's own records stay."""
    for name in ("conftest.py", "pyproject.toml", "_toc.yml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "tools").mkdir()
    for name in ("execution.py", "frame.py"):
        (tmp_path / "tools" / name).write_text((ROOT / "tools" / name).read_text(encoding="utf-8"))
    sources = ["import time\ntime.sleep(1.5)", 'numbers = b"x" * 300_000_000']
    cells = [nbformat.v4.new_code_cell(source, execution_count=1) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "05_einsum.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "tools")}
    subprocess.run([*command, "05_einsum.ipynb"], cwd=tmp_path, check=True, env=environment)
    record = json.loads((tmp_path / "_build/execution/05_einsum.json").read_text())
    assert 1.5 < record["seconds"] < 60
    assert record["gigabytes"] is None or record["gigabytes"] > 0.3
    assert set(record["versions"]) >= {"Python", "numpy"}


def test_the_table_has_the_pages_in_the_order_of_the_book(tmp_path):
    versions = {"Python": "3.11.7", "tensorflow": "2.21.0"}
    for name, seconds in (("06_queries_keys_values", 50.4), ("05_einsum", 9.6)):
        record = {"seconds": seconds, "gigabytes": 0.6, "date": "2026-11-28", "versions": versions}
        (tmp_path / f"{name}.json").write_text(json.dumps(record))
    text = execution.table(tmp_path)
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert rows == [
        "| [](./05_einsum.ipynb) | 10 | 0.60 |",
        "| [](./06_queries_keys_values.ipynb) | 50 | 0.60 |",
    ]
    assert "| these | 60 | |" in text, "not all notebooks were run"
    assert text.endswith("Run on 2026-11-28 with Python 3.11.7, tensorflow 2.21.0.")


def test_without_a_run_the_page_says_so(tmp_path):
    assert "without running its notebooks" in execution.table(tmp_path / "nothing")


@pytest.mark.parametrize(("seconds", "fits"), [(50, True), (290, True), (320, False)])
def test_the_minutes_of_the_index_are_compared_with_the_run(tmp_path, seconds, fits):
    row = "| [5. einsum](05_einsum.ipynb) | How to write it | 30 | 1 |"
    text = f"| page | what | read | run |\n|---|---|---|---|\n{row}\n"
    index = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    nbformat.write(index, tmp_path / "index.ipynb")
    (tmp_path / "05_einsum.json").write_text(json.dumps({"seconds": seconds}))
    found = execution.wrong_minutes(tmp_path / "index.ipynb", tmp_path)
    assert found == ([] if fits else ["index: 05_einsum takes 1 min to run; it took 5.3"])


def test_the_index_says_of_every_chapter_how_long_it_takes():
    cells = nbformat.read(ROOT / "book/index.ipynb", as_version=4).cells
    said = [name for cell in cells for name, _, _ in execution.ROW.findall(cell.source)]
    assert [f"book/{name}" for name in said] == [p for p in pages() if re.match(r"book/\d\d_", p)]


@pytest.mark.parametrize("page", ["book/execution"])
def test_the_page_is_built(site, page):
    html = (site / f"{page}.html").read_text(encoding="utf-8")
    assert "How long a page takes" in html and "execution-times" not in html
