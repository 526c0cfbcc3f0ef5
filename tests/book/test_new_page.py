"""The notebook that a chapter begins with has the form of a chapter, and runs."""

import subprocess
import sys

import form
import nbformat
import pytest
from frame import ROOT
from nbclient import NotebookClient


def make(folder, *arguments):
    command = [sys.executable, ROOT / "tools/new_page.py", *arguments, "--folder", folder]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    assert make(folder, "12_my_topic", "My topic").returncode == 0
    return folder / "12_my_topic.ipynb"


def test_it_has_the_form_of_a_chapter(page):
    cells = form.read(page)
    assert [complaint for rule in form.RULES for complaint in rule(cells)] == []
    text = page.read_text(encoding="utf-8")
    for part in ("# 12. My topic", "## What you will be able to do", "## Summary", "**Verdict.**"):
        assert part in text


def test_it_runs(page):
    notebook = nbformat.read(page, as_version=4)
    NotebookClient(notebook, timeout=120).execute()
    printed = "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))
    assert "[0.72 0.27 0.01]" in printed and printed.count("✓ softmax") == 3


def test_a_page_that_is_there_stays(page):
    before = page.read_text(encoding="utf-8")
    done = make(page.parent, "12_my_topic", "Another")
    assert done.returncode == 2 and "is there already" in done.stderr
    assert page.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("name", ["my_topic", "12-my-topic", "12_My_Topic", "../12_x"])
def test_a_name_of_another_form_is_refused(tmp_path, name):
    done = make(tmp_path, name, "My topic")
    assert done.returncode == 2 and "expected one such as 12_my_topic" in done.stderr
    assert not list(tmp_path.iterdir())
