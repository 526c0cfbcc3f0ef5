"""A notebook opened in Colab: an empty folder, Colab's own packages, and nothing of the book."""

import os
import shutil
import subprocess
import sysconfig
import venv

import colab as tool
import pytest
from colab import errors
from frame import repository_url, setup_cell, split_address

URL = repository_url()
NAME = split_address(URL)[1]

LOOK = """
import os
import attention_helpers
from attention_helpers import metrics
print(os.path.relpath(os.getcwd(), START))
print(attention_helpers.__file__)
print(os.environ["TF_CPP_MIN_LOG_LEVEL"])
"""


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    return tool.commit_files(tmp_path_factory.mktemp("remote"))


@pytest.fixture(scope="module")
def colab_python(tmp_path_factory):
    """An environment that sees this one's packages (TensorFlow, NumPy, …) but not the book's."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder, with_pip=True)
    scripts = "Scripts" if os.name == "nt" else "bin"
    python = folder / scripts / "python"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    # A .pth is not followed further, so the editable package of this environment stays unseen.
    (folder / own / "colab.pth").write_text(sysconfig.get_path("purelib"))
    return python, folder / own


@pytest.fixture
def colab(tmp_path, remote, colab_python):
    """Runs cells in a new kernel of Colab's kind, in the reader's folder; returns the notebook."""
    python, site_packages = colab_python
    for path in site_packages.glob("attention_helpers*"):
        shutil.rmtree(path)

    def run(*cells, online=True):
        # Without the network git finds nothing under the address.
        found = remote if online else tmp_path / "nowhere"
        cells = [f"START = {str(tmp_path)!r}", *cells]
        return tool.run(cells, python, tmp_path, found, allow_errors=True)

    run.folder, run.site_packages = tmp_path, site_packages
    return run


def looked(notebook):
    """The folder, the package and the level of logs that `LOOK` has printed."""
    assert errors(notebook) == []
    return notebook.cells[-1].outputs[0].text.split("\n")[:3]


def test_the_set_up_cell_brings_the_book_and_leaves_tensorflow_alone(colab):
    before = {path.name for path in colab.site_packages.iterdir()}
    notebook = colab(setup_cell(URL), setup_cell(URL), LOOK)
    folder, package, level = looked(notebook)
    assert folder == os.path.join(NAME, "book"), "a second run must change nothing"
    assert package.startswith(str(colab.site_packages))
    assert level == "1"
    new = {path.name for path in colab.site_packages.iterdir()} - before - {"__pycache__"}
    assert {name for name in new if not name.startswith("attention_helpers")} == set()
    assert not notebook.cells[2].outputs and not notebook.cells[3].outputs, "it is silent"

    restarted = colab(setup_cell(URL), LOOK, online=False)  # a new kernel, in the first folder
    assert looked(restarted)[0] == os.path.join(NAME, "book")
    assert restarted.cells[2].outputs == [], "after a restart nothing is fetched or said"


def test_after_a_failed_clone_it_says_what_to_do_and_works_when_run_again(colab):
    failed = colab(setup_cell(URL), online=False)
    assert errors(failed) == ["The book did not arrive: run this cell again."]
    (colab.folder / "part").mkdir(exist_ok=True)  # a clone that was interrupted
    (colab.folder / "part" / "half").write_text("written")
    assert looked(colab(setup_cell(URL), LOOK))[0] == os.path.join(NAME, "book")


def test_after_a_failed_install_it_says_what_to_do_and_works_when_run_again(colab):
    no_pip = "import os; os.environ['PIP_INDEX_URL'] = os.environ['PIP_FIND_LINKS'] = 'file:///no'"
    broken = "!mkdir -p $FOLDER/book && touch $FOLDER/book/references.bib"
    failed = colab(no_pip, f"FOLDER = {NAME!r}", broken, setup_cell(URL))
    assert errors(failed) == ["The book did not arrive: run this cell again."]
    shutil.rmtree(colab.folder / NAME)
    assert looked(colab(setup_cell(URL), LOOK))[0] == os.path.join(NAME, "book")


def test_elsewhere_it_says_how_to_get_the_package(colab):
    notebook = colab("import sys; del sys.modules['google.colab']", setup_cell(URL))
    assert errors(notebook) == [f"Run first: pip install git+{URL}"]


def test_a_page_alone_says_how_to_get_its_data(colab):
    looked(colab(setup_cell(URL), LOOK))  # the package is installed
    shutil.rmtree(colab.folder / NAME)
    notebook = colab("import sys; del sys.modules['google.colab']", setup_cell(URL))
    assert errors(notebook) == []
    said = f"The data is not here: git clone {URL}, open book/ in it.\n"
    assert notebook.cells[-1].outputs[0].text == said
