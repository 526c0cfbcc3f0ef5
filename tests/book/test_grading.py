"""`check` in the two programs that teachers grade notebooks with, where they are installed."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

RIGHT = "lambda matrix: np.einsum('qq->', matrix)"
WRONG = "lambda matrix: np.einsum('qk->', matrix)"  # one of three cases passes
IMPORTS = "import numpy as np\nfrom attention_helpers.exercises import check"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def marked(source, name, **more):
    """A cell as nbgrader marks it."""
    marks = {"grade_id": name, "schema_version": 3, "locked": False, "task": False, **more}
    return new_code_cell(source, metadata={"nbgrader": marks})


@pytest.mark.parametrize(("answer", "score"), [(RIGHT, 3), (WRONG, 1)])
def test_nbgrader_gives_the_points_of_check(tmp_path, answer, score):
    pytest.importorskip("nbgrader")
    from nbgrader.api import Gradebook

    def assignment(answer):
        return new_notebook(
            cells=[
                new_code_cell(IMPORTS),
                marked(f"my_trace = {answer}", "answer", grade=False, solution=True),
                marked(
                    '3 * check("trace", my_trace).points',
                    "trace",
                    grade=True,
                    solution=False,
                    points=3,
                    locked=True,
                ),
            ],
            metadata=KERNEL,
        )

    for folder, notebook in (("source", assignment(RIGHT)), ("submitted/ada", assignment(answer))):
        (tmp_path / folder / "one").mkdir(parents=True)
        nbformat.write(notebook, tmp_path / folder / "one/page.ipynb")
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command, "one"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            env=os.environ
            | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},  # alembic
        )
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        submission = gradebook.find_submission("one", "ada")
        assert (submission.score, submission.max_score) == (score, 3)


OTTER_TEST = """from otter.test_files import test_case

OK_FORMAT = False
name = "trace"
points = 3


@test_case()
def test_trace(my_trace):
    from attention_helpers.exercises import check

    assert check("trace", my_trace)
"""


@pytest.mark.parametrize(("answer", "score"), [(RIGHT, 3), (WRONG, 0)])
def test_otter_takes_check_as_a_test(tmp_path, monkeypatch, answer, score):
    otter = pytest.importorskip("otter")
    import numpy as np

    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/trace.py").write_text(OTTER_TEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    grader = otter.Notebook(tests_dir=str(tmp_path / "tests"))
    result = grader.check("trace", global_env={"my_trace": eval(answer, {"np": np}), "np": np})
    assert (result.score, result.possible) == (score, 3)
