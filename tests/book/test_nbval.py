"""The comparison that `make test` relies on: what differs must fail, so that a successor can be put in.

nbval has had no release since March 2024. Whatever takes its place has to pass these tests.
"""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

SEVEN = [new_output("stream", name="stdout", text="7\n")]
SAYS = [new_output("stream", name="stderr", text="careful\n")]
RESULT = [new_output("execute_result", {"text/plain": "7"}, execution_count=1)]
PICTURE = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\nplt.show()"
DRAWN = [
    new_output(
        "display_data", {"text/plain": "<Figure size 640x480 with 1 Axes>", "image/png": "x"}
    )
]


def run(folder, *cells):
    """Whether a notebook of these cells passes."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=list(cells), metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "page.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    command += ["--nbval-cell-timeout=20", "-q", "page.ipynb"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode == 0


def cell(source, outputs=(), tags=()):
    return new_code_cell(
        source, outputs=list(outputs), execution_count=1, metadata={"tags": list(tags)}
    )


@pytest.mark.parametrize(
    "same",
    [
        cell("print(3 + 4)", SEVEN),
        cell("3 + 4", RESULT),
        cell("import sys\n_ = sys.stderr.write('careful\\n')", SAYS),
        cell(PICTURE, DRAWN),  # its pixels may differ, its size may not
        cell("print(5)", SEVEN, tags=["nbval-ignore-output"]),
    ],
)
def test_what_is_as_stored_passes(tmp_path, same):
    assert run(tmp_path, same)


@pytest.mark.parametrize(
    "other",
    [
        cell("print(3 + 5)", SEVEN),  # another number
        cell("3 + 5", RESULT),
        cell("3 + 4", SEVEN),  # another kind of output
        cell("pass", SEVEN),  # an output is missing
        cell("print(3 + 4)", [*SEVEN, *SAYS]),
        cell("print(3 + 4)\nimport sys\n_ = sys.stderr.write('careful\\n')", SEVEN),  # one too many
        cell(PICTURE.replace("plt.show", "plt.gcf().set_size_inches(3, 3); plt.show"), DRAWN),
        cell("raise ValueError('no')", SEVEN),
        cell("assert 3 + 4 == 8", tags=["nbval-ignore-output"]),  # only the output is ignored
    ],
)
def test_what_differs_fails(tmp_path, other):
    assert not run(tmp_path, other)


def test_a_notebook_that_ends_early_fails(tmp_path):
    assert not run(tmp_path, cell("import os; os._exit(1)"), cell("print(3 + 4)", SEVEN))
