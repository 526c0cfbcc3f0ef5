"""A student's copy has the exercises and no solution; with the solutions put back it is the book."""

import ast
import itertools
import re
import subprocess
import sys

import nbformat
import pytest
import student
from frame import ROOT, notebooks
from nbclient import NotebookClient
from packaging.requirements import Requirement

from attention_helpers import exercises

WITH_EXERCISES = [path for path in notebooks() if "Solution 1" in path.read_text(encoding="utf-8")]


def read(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(params=WITH_EXERCISES, ids=lambda path: path.stem)
def book(request):
    return read(request.param)


def test_every_chapter_has_exercises():
    assert len(WITH_EXERCISES) >= 8


def test_no_solution_and_no_answer_is_left(book):
    kept = "\n".join(cell.source for cell in student.student_copy(book).cells)
    assert "Solution" not in kept and "The answer in words" not in kept
    assert kept.count("<summary>Hint</summary>") == sum(
        "<summary>Hint</summary>" in cell.source for cell in book.cells
    )
    outputs = str([c.outputs for c in student.student_copy(book).cells if "exercise" in c.metadata])
    assert re.fullmatch(r"[\[\], ]*", outputs)


def test_each_exercise_is_followed_by_a_cell_for_it(book):
    cells = student.student_copy(book).cells
    asked = [n for n, cell in enumerate(cells) if re.search(r"^### Exercise \d", cell.source, re.M)]
    assert asked
    for n in asked:
        number = int(re.search(r"### Exercise (\d+)", cells[n].source)[1])
        assert cells[n + 1].metadata["exercise"] == number
        assert cells[n + 1].source.startswith(f"# Exercise {number}")
        ast.parse(cells[n + 1].source)


def test_empty_cells_check_what_they_define(book):
    cells = student.student_copy(book).cells
    for answer, cell in itertools.pairwise(cells):
        if "check" in cell.metadata:
            assert answer.metadata["exercise"] == cell.metadata["check"]
            defined = set(re.findall(r"^def (\w+)|^(\w+) = \{$", answer.source, re.M))
            checked = re.findall(r'check\("(\w+)", (\w+)\)', cell.source)
            assert {name for _, name in checked} <= {name for names in defined for name in names}
            names = [name for name, _ in checked]
            assert {*names} <= {*exercises.names()} and len({*names}) == len(names)


def test_a_table_of_strings_is_asked_for_without_them():
    cells = student.student_copy(read(ROOT / "book/05_einsum.ipynb")).cells
    answer, checks = next(p for p in itertools.pairwise(cells) if "check" in p[1].metadata)
    assert '"trace": "?"' in answer.source and "->" not in answer.source
    assert "for name, equation in equations.items():\n    points += check(name," in checks.source


def test_the_page_for_teachers_lists_the_exercises_with_a_check():
    text = (ROOT / "book/teaching.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[\d+\]\((\w+)\.ipynb\) \| (\d+) \| ([\d, ()]+) \|$", text, re.M)
    expected = []
    for path in WITH_EXERCISES:
        cells = student.student_copy(read(path)).cells
        checked = [
            f"{cell.metadata['check']} ({points(answer, cell)})"
            for answer, cell in itertools.pairwise(cells)
            if "check" in cell.metadata
        ]
        if re.match(r"\d\d_", path.name):
            count = str(sum("exercise" in cell.metadata for cell in cells))
            expected.append((path.stem, count, ", ".join(checked)))
    assert listed == expected


def points(answer, check):
    """One for each call; a loop makes as many as the table has rows."""
    calls = check.source.count(".points")
    rows = answer.source.count(': "?"')
    return calls - 1 + rows if "\nfor name, " in check.source else calls


def test_the_solutions_put_back_make_the_book_again(book):
    filled = student.with_solutions(student.student_copy(book), book)
    code = [cell.source for cell in filled.cells if cell.cell_type == "code"]
    assert code == [cell.source for cell in book.cells if cell.cell_type == "code"]


def printed(notebook):
    return "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )


def test_a_students_copy_runs_and_passes_with_the_solutions_alone(tmp_path):
    """In a folder where nothing else is, in a kernel of its own."""
    student.make(tmp_path / "student", [ROOT / "book/05_einsum.ipynb"], strip=True)
    names = {path.name for path in (tmp_path / "student").iterdir()}
    assert {"05_einsum.ipynb", "data", "requirements.txt"} <= names
    copied = read(tmp_path / "student/05_einsum.ipynb")
    book = read(ROOT / "book/05_einsum.ipynb")
    filled = student.with_solutions(copied, book)
    for notebook in (copied, filled):
        resources = {"metadata": {"path": tmp_path / "student"}}
        NotebookClient(notebook, timeout=300, resources=resources).execute()
    assert "✗ project_to_heads(" in printed(copied)
    checks = re.findall(r"^([✓✗]) ", printed(filled), re.M)
    assert len(checks) > 10 and set(checks) == {"✓"}


def test_the_value_of_a_checking_cell_is_the_points(tmp_path):
    """A program that grades takes the value of a cell; one without a value would give all points."""
    book = read(ROOT / "book/05_einsum.ipynb")
    solutions = [cell.source for cell in book.cells if student.is_solution(cell)]
    empty, answered = student.student_copy(book), student.student_copy(book)
    for cell in answered.cells:
        if "exercise" in cell.metadata:
            cell.source = solutions[cell.metadata["exercise"] - 1]
    points = []
    for notebook in (empty, answered):
        resources = {"metadata": {"path": ROOT / "book"}}
        NotebookClient(notebook, timeout=300, resources=resources).execute()
        of = [c.outputs[-1] for c in notebook.cells if "check" in c.metadata]
        points.append([float(output.data["text/plain"]) for output in of])
    assert points == [[0, 0, 0], [10, 2, 1]]


def test_the_package_beside_a_students_copy_is_this_one(tmp_path):
    student.make(tmp_path / "student", [], strip=True)
    (wheel,) = (tmp_path / "student").glob("*.whl")
    first, *others = (tmp_path / "student/requirements.txt").read_text().splitlines()
    assert first == f"./{wheel.name}[subwords]"
    assert all(re.match(r"[a-z-]+==[\d.]+", line) for line in others) and len(others) >= 6
    for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")):
        here = {"sys_platform": system, "platform_machine": machine, "python_version": "3.11"}
        brought = [r for r in map(Requirement, others) if not r.marker or r.marker.evaluate(here)]
        assert sum(r.name.startswith("tensorflow") for r in brought) == 1, (system, machine)
    command = [
        sys.executable,
        "-c",
        "import attention_helpers as a; print(a.__version__, a.__file__)",
    ]
    found = subprocess.check_output(command, env={"PYTHONPATH": str(wheel)}, text=True)
    assert str(wheel) in found and wheel.name.split("-")[1] == found.split()[0]
