"""A notebook opened in Colab: an empty folder, Colab's own packages, and nothing of the book."""

import os
import shutil
import subprocess
import sysconfig
import venv

import nbformat
import pytest
from frame import ROOT, repository_url, setup_cell, split_address
from nbclient import NotebookClient

URL = repository_url()
NAME = split_address(URL)[1]

PRETEND = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')"

LOOK = """
import os
import attention_helpers
from attention_helpers import metrics
print(os.path.relpath(os.getcwd(), START))
print(attention_helpers.__file__)
print(os.environ["TF_CPP_MIN_LOG_LEVEL"])
"""


def git(*arguments, **options):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, **options)


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    """The files as they are now, committed to a repository that git finds under the address."""
    folder = tmp_path_factory.mktemp("remote")
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
    )
    index = {**os.environ, "GIT_INDEX_FILE": str(folder / "index"), "GIT_DIR": str(folder / "git")}
    git("init", "-q", "--bare", str(folder / "git"))
    git(
        "add",
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
        cwd=ROOT,
        input=listed.stdout,
        env={**index, "GIT_WORK_TREE": str(ROOT)},
    )
    git("commit", "-q", "-m", "now", cwd=ROOT, env={**index, "GIT_WORK_TREE": str(ROOT)})
    return folder / "git"


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
def colab(tmp_path, remote, colab_python, monkeypatch):
    """Runs cells in a new kernel of Colab's kind, in the reader's folder; returns the notebook."""
    python, site_packages = colab_python
    for path in site_packages.glob("attention_helpers*"):
        shutil.rmtree(path)
    for name in ("TF_CPP_MIN_LOG_LEVEL", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)

    def run(*cells, online=True):
        # Without the network git finds nothing under the address.
        found = remote.as_uri() if online else (tmp_path / "nowhere").as_uri()
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{found}.insteadOf")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", URL)
        cells = [PRETEND, f"START = {str(tmp_path)!r}", *cells]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        client = NotebookClient(
            notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": tmp_path}}
        )
        client.create_kernel_manager()
        client.km.kernel_spec.argv[0] = str(python)
        client.execute()
        return notebook

    run.folder, run.site_packages = tmp_path, site_packages
    return run


def errors(notebook):
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    return [output.evalue for output in outputs if output.output_type == "error"]


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
