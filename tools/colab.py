"""Run each notebook alone in an empty folder, on Colab's versions, with a stand-in for google.colab.

    python tools/colab.py                       # every notebook, in .venv-colab
    python tools/colab.py book/05_einsum.ipynb

Each notebook is run from its set-up cell to its end; then its set-up cell once more, and after a restart
of the kernel without a network. What Colab has is installed as far as this Python has it.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from elsewhere import chosen, run_each
from frame import ROOT, repository_url, setup_cell, split_address
from nbclient import NotebookClient

VENV = ROOT / ".venv-colab"
BIN = VENV / "bin"
CELL_SECONDS = 900
# https://github.com/googlecolab/backend-info, as far as a notebook of the book meets it.
VERSIONS = """ipykernel==6.17.1 ipython==7.34.0 keras==3.13.2 matplotlib==3.10.0 numpy==2.1.3
protobuf==5.29.6 tensorflow-cpu==2.20.0 pip setuptools""".split()
PRETEND = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')"


def install() -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *VERSIONS], check=True)


def git(*arguments, **options) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, **options)


def commit_files(folder: Path) -> Path:
    """The files as they are now, committed to a repository in the folder, which is returned."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
    )
    repository = folder / "git"
    index = {"GIT_INDEX_FILE": str(folder / "index"), "GIT_DIR": str(repository)}
    here = {"cwd": ROOT, "env": {**os.environ, **index, "GIT_WORK_TREE": str(ROOT)}}
    git("init", "-q", "--bare", str(repository))
    git("add", "--pathspec-from-file=-", "--pathspec-file-nul", input=listed.stdout, **here)
    git("commit", "-q", "-m", "now", **here)
    return repository


@contextlib.contextmanager
def environment(found: Path) -> Iterator[None]:
    """Git finds that repository under the book's address; nothing of this environment is seen."""
    url = repository_url()
    changed = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{found.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": url,
    }
    before = dict(os.environ)
    for name in ("TF_CPP_MIN_LOG_LEVEL", "PYTHONPATH"):
        os.environ.pop(name, None)
    os.environ.update(changed)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run(cells, python: Path, folder: Path, repository: Path, **options):
    """The cells in a new kernel of Colab's kind, in the reader's folder; returns the notebook."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in [PRETEND, *cells]]
    )
    with environment(repository):
        client = NotebookClient(
            notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": folder}}, **options
        )
        client.create_kernel_manager()
        client.km.kernel_spec.argv[0] = str(python)
        client.execute()
    return notebook


def errors(notebook) -> list[str]:
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    return [output.evalue for output in outputs if output.output_type == "error"]


def run_page(path: Path, repository: Path) -> list[str]:
    """What went wrong in a notebook whose reader has nothing but it."""
    uninstall = [BIN / "python", "-m", "pip", "uninstall", "--quiet", "--yes", "attention-helpers"]
    subprocess.run(uninstall, check=True, capture_output=True)
    set_up = setup_cell(repository_url())
    cells = [
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        at = {"python": BIN / "python", "folder": folder, "allow_errors": True}
        found = errors(run([*cells, set_up], repository=repository, **at))
        restarted = run([set_up], repository=folder / "nowhere", **at)
        found += errors(restarted) + [str(out) for out in restarted.cells[-1].outputs]
        if not (folder / split_address(repository_url())[1] / "book").is_dir():
            found.append("the set-up cell did not bring the book")
    return found


def main() -> int:
    paths = chosen(__doc__.splitlines()[0])
    install()
    with tempfile.TemporaryDirectory() as name:
        repository = commit_files(Path(name))

        def run_one(path: Path) -> tuple[bool, str]:
            found = run_page(path, repository)
            return not found, "; ".join(found) or "runs"

        return run_each(paths, run_one)


if __name__ == "__main__":
    sys.exit(main())
