"""A notebook opened in Colab: an empty folder, Colab's own packages, and nothing of the book."""

import os
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


def test_the_set_up_cell_brings_the_book_and_leaves_tensorflow_alone(
    tmp_path, remote, colab_python, monkeypatch
):
    python, site_packages = colab_python
    before = {path.name for path in site_packages.iterdir()}
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{remote.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", URL)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    cells = [PRETEND, f"START = {str(tmp_path)!r}", setup_cell(URL), setup_cell(URL), LOOK]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}})
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = str(python)
    client.execute()

    folder, package, level = notebook.cells[-1].outputs[0].text.split("\n")[:3]
    assert folder == os.path.join(NAME, "book"), "a second run must change nothing"
    assert package.startswith(str(site_packages))
    assert level == "1"
    new = {path.name for path in site_packages.iterdir()} - before - {"__pycache__"}
    assert {name for name in new if not name.startswith("attention_helpers")} == set()
