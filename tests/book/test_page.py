"""`make page`: one fast command says what is wrong with a page."""

import shutil
import subprocess
import sys

import page
import pytest
from frame import ROOT


@pytest.mark.parametrize("name", ["05", "05_einsum", "book/05_einsum.ipynb", "book/05_einsum"])
def test_a_page_is_found_by_its_number_its_name_or_its_path(name):
    assert page.notebook_of(name) == ROOT / "book/05_einsum.ipynb"


@pytest.mark.parametrize("name", ["99", "0", "book/nothing.ipynb"])
def test_a_name_that_fits_none_or_several_is_refused(name):
    with pytest.raises(SystemExit, match="^NB: expected one of .*05_einsum.*; got "):
        page.notebook_of(name)


def test_a_wrong_number_and_a_wrong_word_are_both_named(tmp_path):
    """In a copy of the repository, where an output and a sentence have been changed."""
    # Other tests may be writing what Python and pip leave behind.
    left_behind = ("__pycache__", "build", "dist", "*.egg-info")
    ignore = shutil.ignore_patterns(".*", "_build", *left_behind)
    shutil.copytree(ROOT, tmp_path / "book", ignore=ignore)
    notebook = tmp_path / "book/book/05_einsum.ipynb"
    text = notebook.read_text(encoding="utf-8")
    stored = '"✓ outer_product: all 2 cases pass\\n'
    assert stored in text and "## Summary" in text
    text = text.replace(stored, stored.replace("2", "4")).replace(
        "## Summary", "## Summary shall be"
    )
    notebook.write_text(text, encoding="utf-8")
    command = [sys.executable, "tools/page.py", "05"]
    done = subprocess.run(command, cwd=tmp_path / "book", capture_output=True, text=True)
    assert done.returncode == 1
    assert "✓ outer_product: all 4 cases" in done.stdout
    assert "make execute NB=book/05_einsum" in done.stdout
    assert "05_einsum.ipynb: form, cells, structure failed" in done.stdout, done.stdout[-2000:]
