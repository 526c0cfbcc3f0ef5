"""What the README shows is what happens."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import headline_figure
import numpy as np
import pytest
from frame import ROOT, repository_url, split_address
from PIL import Image

README = (ROOT / "README.md").read_text(encoding="utf-8")


EXAMPLES = re.findall(r"```python\n(.*?)```\s+```text\n(.*?)```", README, re.DOTALL)


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(("code", "printed"), EXAMPLES, ids=["package", "conformance"])
def test_the_code_prints_what_the_readme_says(code, printed):
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    assert run(code) == printed


@pytest.mark.skipif(
    find_spec("torch") is None,
    reason="PyTorch is not installed: what the README says of it is NOT checked here",
)
def test_its_check_serves_pytorch_too():
    code, printed = EXAMPLES[1]
    code = code.replace("numpy as np", "torch").replace("np.", "torch.")
    code = code.replace(
        "check_attention(attention)", 'check_attention(attention, framework="torch")'
    )
    found = run(code)
    assert found.startswith(printed.rstrip(")\n"))
    assert "gradients_of_an_empty_row" in found


def test_its_links_are_whole_addresses_of_files_that_exist():
    """The package's page at a registry shows it too, where nothing lies beside it."""
    owner, name = split_address(repository_url())
    files = (
        f"https://github.com/{owner}/{name}/blob/main/",
        f"https://raw.githubusercontent.com/{owner}/{name}/main/",
    )
    pages = f"https://{owner}.github.io/{name}/book/"
    pattern = r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"|^\[[^\]]+\]: (\S+)$"
    targets = ["".join(each) for each in re.findall(pattern, README, re.MULTILINE)]
    assert len(targets) > 10
    for target in targets:
        assert target.startswith("https://"), target
        for address in files:
            if target.startswith(address):
                assert (ROOT / target.removeprefix(address)).is_file(), target
        if target.startswith(pages):
            page = ROOT / "book" / target.removeprefix(pages)
            assert page.suffix == ".html", target
            assert any(page.with_suffix(x).is_file() for x in (".ipynb", ".md")), target


def test_its_references_are_defined():
    used = set(re.findall(r"\]\[(\w+)\]", README))
    assert used == set(re.findall(r"^\[(\w+)\]: ", README, re.MULTILINE))


def test_the_commands_it_names_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)
    assert {"book", "test"} <= set(named)
    for name in named:
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name


def test_the_environment_is_as_large_as_it_says(need):
    environment = Path(sys.prefix)
    need((environment / "installed").exists(), "this is not the environment that make made")
    files = (path for path in environment.rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(path.stat().st_size for path in files) / 1e9
    (said,) = re.findall(r"makes \.venv, with TensorFlow \(([\d.]+) GB\)", README)
    assert abs(size - float(said)) < 0.25, f"it has {size:.2f} GB"


def test_its_figures_have_alt_text():
    images = re.findall(r"<img\b[^>]*>", README)
    for image in images:
        assert re.search(r'alt="[^"]{20,}"', image), image
    for alt in re.findall(r"!\[([^\]]*)\]\(", README):
        assert alt, "an image without alt text"


def test_the_headline_figure_shows_the_numbers_of_the_book():
    """Drawn from other data than the book's, it would say something else than the pages."""
    with Image.open(headline_figure.FIGURE) as figure:
        assert figure.text["Source"] == headline_figure.data_digest(), "type `make headline`"
    assert f'/main/{headline_figure.FIGURE.relative_to(ROOT)}"' in README


def test_the_finding_it_states_is_that_of_the_runs():
    mean = {
        (order, model): [np.mean(seeds) for seeds in by_length.values()]
        for order, of_order in headline_figure.scores().items()
        for model, by_length in of_order.items()
    }
    for order in headline_figure.TITLES:
        assert 8 < mean[order, "mean"][-1] < 14 and "falls to about 10 on long sentences" in README
        assert min(mean[order, "bahdanau"]) > 95 and "stays above 95 at every length" in README
    assert 85 < mean["natural", "moving"][-1] < 93 and "it ends near 90" in README
    assert 15 < mean["mirrored", "moving"][-1] < 17 and "it falls to about 16" in README
