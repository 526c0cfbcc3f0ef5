"""The repository's address stands in `_config.yml`; everything else matches it."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import repository_address
import yaml
from frame import ROOT, notebooks, repository_url, setup_cell, split_address

URL = repository_url()
OWNER, NAME = split_address(URL)
SITE = f"{OWNER}.github.io/{NAME}"

# Addresses in the text that are not our own.
OTHERS = {"OWNER/NAME", "multi30k/dataset", "mathjax/MathJax"}


# In two parts, so that the command that replaces addresses leaves this file alone.
NEW_OWNER, NEW_NAME = "someone-else", "another-name"
NEW = f"https://github.com/{NEW_OWNER}/{NEW_NAME}"


def addresses(text):
    """The OWNER/NAME of every GitHub, Colab, Binder and Pages link of a text."""
    patterns = (
        r"github\.com/([\w-]+/[\w.-]+)",
        r"colab\.research\.google\.com/github/([\w-]+/[\w.-]+)",
        r"mybinder\.org/v2/gh/([\w-]+/[\w.-]+)",
        r"raw\.githubusercontent\.com/([\w-]+/[\w.-]+)",
    )
    found = {match.removesuffix(".git") for p in patterns for match in re.findall(p, text)}
    found |= {f"{a}/{b}" for a, b in re.findall(r"([\w-]+)\.github\.io/([\w-]+)", text)}
    return found - OTHERS


@pytest.mark.parametrize("name", ["README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml"])
def test_a_file_names_this_repository_and_no_other(name):
    assert addresses((ROOT / name).read_text(encoding="utf-8")) == {f"{OWNER}/{NAME}"}


def test_the_readme_leads_to_colab_binder_and_the_site():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"https://{SITE}" in text
    assert f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/main/book/" in text
    assert f"https://mybinder.org/v2/gh/{OWNER}/{NAME}/main?urlpath=lab/tree/book/" in text
    assert f"git clone {URL}\ncd {NAME}\n" in text
    for page in re.findall(r"(?:blob/main|lab/tree)/(book/\w+\.ipynb)", text):
        assert (ROOT / page).exists(), page


def test_the_citation_is_complete():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == URL
    assert citation["url"] == f"https://{SITE}/"
    assert {"cff-version", "message", "title", "authors", "license", "version"} <= set(citation)


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_notebook_names_no_other_repository_in_its_set_up(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    assert addresses(code) == {f"{OWNER}/{NAME}"}


@pytest.fixture
def copy(tmp_path):
    """The files under version control, in a repository of their own."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and "_vendor" not in name:
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "add", "-A"], check=True)
    return tmp_path


def test_one_command_changes_every_address(copy):
    changed = {path.name for path in repository_address.set_address(NEW, copy)}
    assert {"_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md"} <= changed
    assert {path.name for path in notebooks(copy)} <= changed
    assert repository_url(copy) == NEW
    for path in repository_address.text_files(copy):
        text = path.read_text(encoding="utf-8")
        assert OWNER not in text and f"/{NAME}" not in text, path
    for path in notebooks(copy):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        first = next(cell for cell in cells if cell["cell_type"] == "code")
        assert "".join(first["source"]) == setup_cell(NEW)
        assert OWNER not in path.read_text(encoding="utf-8")
    # and back again: nothing else has changed
    repository_address.set_address(URL, copy)
    for path in (*repository_address.text_files(copy), *notebooks(copy)):
        assert path.read_bytes() == (ROOT / path.relative_to(copy)).read_bytes(), path


def check(address):
    command = [sys.executable, ROOT / "tools/repository_address.py", "--check", address]
    return subprocess.run(command, capture_output=True, text=True)


def test_publishing_from_another_repository_fails():
    assert check(f"{OWNER}/{NAME}").returncode == 0
    refused = check(f"{NEW_OWNER}/{NEW_NAME}")
    assert refused.returncode == 1
    assert f"make repository URL={NEW}" in refused.stderr
