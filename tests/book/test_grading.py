"""`check` in the two programs that teachers grade notebooks with, where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from frame import ROOT
from nbformat.v4 import new_code_cell, new_notebook

RIGHT = "lambda matrix: np.einsum('qq->', matrix)"
WRONG = "lambda matrix: np.einsum('qk->', matrix)"  # one of three cases passes
IMPORTS = "import numpy as np\nfrom attention_helpers.exercises import check"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def marked(source, name, **more):
    """A cell as nbgrader marks it."""
    marks = {"grade_id": name, "schema_version": 3, "locked": False, "task": False, **more}
    return new_code_cell(source, metadata={"nbgrader": marks})


def nbgrader(folder, command, assignment):
    """Run one of its commands, which looks for `alembic` among the programs."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = [sys.executable, "-m", "nbgrader", command, assignment]
    subprocess.run(
        command, cwd=folder, check=True, capture_output=True, env=os.environ | {"PATH": path}
    )


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
        nbgrader(tmp_path, command, "one")
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        submission = gradebook.find_submission("one", "ada")
        assert (submission.score, submission.max_score) == (score, 3)


def test_nbgrader_marks_a_students_copy(tmp_path):
    """As the page for teachers says: two marks for each exercise with a check, and no clearing."""
    pytest.importorskip("nbgrader")
    import student
    from nbgrader.api import Gradebook

    book = nbformat.read(ROOT / "book/05_einsum.ipynb", as_version=4)
    solutions = [cell.source for cell in book.cells if student.is_solution(cell)]
    most = {1: 10, 2: 2, 3: 1}  # as in the table of book/teaching.md
    student.make(tmp_path / "source/page5", [ROOT / "book/05_einsum.ipynb"], strip=True)
    path = tmp_path / "source/page5/05_einsum.ipynb"
    page = nbformat.read(path, as_version=4)
    for cell in page.cells:
        marks = {"schema_version": 3, "task": False}
        if cell.metadata.get("exercise") in most:
            marks |= {"grade": False, "solution": True, "locked": False, "grade_id": cell.id}
            cell.metadata["nbgrader"] = marks
        elif number := cell.metadata.get("check"):
            marks |= {"grade": True, "solution": False, "locked": True, "grade_id": cell.id}
            cell.metadata["nbgrader"] = marks | {"points": most[number]}
    nbformat.write(page, path)
    settings = ("ClearSolutions.enabled = False", "Execute.timeout = 600")
    config = "\n".join(["c = get_config()", *(f"c.{line}" for line in settings)])
    (tmp_path / "nbgrader_config.py").write_text(config, encoding="utf-8")
    nbgrader(tmp_path, "generate_assignment", "page5")
    released = nbformat.read(tmp_path / "release/page5/05_einsum.ipynb", as_version=4)
    heads = [cell.source for cell in released.cells if "def project_to_heads(" in cell.source]
    assert len(heads) == 1 and "YOUR CODE" not in heads[0]
    for cell in released.cells:  # Ada has answered the first two
        if cell.metadata.get("exercise") in (1, 2):
            cell.source = solutions[cell.metadata["exercise"] - 1]
    shutil.copytree(tmp_path / "release/page5", tmp_path / "submitted/ada/page5")
    nbformat.write(released, tmp_path / "submitted/ada/page5/05_einsum.ipynb")
    nbgrader(tmp_path, "autograde", "page5")
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        submission = gradebook.find_submission("page5", "ada")
        assert (submission.score, submission.max_score) == (12, 13)


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
