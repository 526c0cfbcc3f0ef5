"""Copies of the book for a class, in _build/class: a student's, and a teacher's with everything.

    python tools/student.py                       # every notebook
    python tools/student.py book/05_einsum.ipynb

A student's notebook has neither solutions nor answers in words. Where a solution stood there is a
cell with the head of each function that is asked for, and one that checks them, whose value is the
points. Beside the notebooks lie the data, the package as a wheel, and the versions that the book was
made with.
"""

import argparse
import ast
import copy
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from frame import ROOT, notebooks, pins

CHECKED = re.compile(r"\b(?:exercises\.)?check(\(.*\))$", re.MULTILINE)
CLASS = ROOT / "_build/class"
ANSWER = "<summary>The answer in words</summary>"
# What a student's machine needs beside the package, in the versions of requirements.txt.
NEEDED = ("ipykernel", "jupyterlab", "keras", "matplotlib", "numpy", "tensorflow", "tensorflow-cpu")


def student_copy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without its solutions; each exercise's cell says which solution it stood for."""
    copied = copy.deepcopy(notebook)
    cells = [cell for cell in copied.cells if ANSWER not in cell.source]
    copied.cells = []
    for cell in cells:
        copied.cells += exercise_cells(cell) if is_solution(cell) else [cell]
    return copied


def is_solution(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and "hide-cell" in cell.metadata.get("tags", [])


def exercise_cells(solution: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """In place of a solution an empty cell, and one that checks what is written there."""
    number = int(re.match(r"# @title Solution (\d+)\n", solution.source)[1])
    checks = statements_with_checks(solution.source)
    empty = empty_answers(solution.source, checks) or ["# Your answer, in code or in words:"]
    answer = "\n\n\n".join([f"# Exercise {number}", *empty])
    cells = [new_cell("exercise", number, answer)]
    if checks:
        cells.append(new_cell("check", number, points_of(checks)))
    return cells


def points_of(checks: list[str]) -> str:
    """A cell whose value is the sum of the points, whatever the notebook has imported."""
    imported = "from attention_helpers.exercises import check\n\n"
    if len(checks) == 1:
        return imported + CHECKED.sub(r"check\1.points", checks[0])
    added = [CHECKED.sub(r"points += check\1.points", each) for each in checks]
    return imported + "\n".join(["points = 0", *added, "points"])


def new_cell(kind: str, number: int, source: str) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata = nbformat.from_dict({kind: number, "tags": [kind]})
    cell.id = f"{kind}-{number}"
    return cell


def statements_with_checks(source: str) -> list[str]:
    """The statements that check something of the reader's: each exercise of the package once."""
    kept, seen = [], set()
    for statement in ast.parse(source).body:
        text = ast.get_source_segment(source, statement)
        exercises = {ast.unparse(call.args[0]) for call in checked_calls(text)}
        if isinstance(statement, ast.Expr | ast.For) and exercises - seen:
            seen |= exercises
            kept.append(text)
    return kept


def empty_answers(source: str, checks: list[str]) -> list[str]:
    """The head of what is checked: of each function, with nothing in it, and of a table of strings."""
    checked = {
        node.id for node in ast.walk(ast.parse("\n".join(checks))) if isinstance(node, ast.Name)
    }
    empty = []
    for statement in ast.parse(source).body:
        text = ast.get_source_segment(source, statement)
        if isinstance(statement, ast.FunctionDef) and statement.name in checked:
            empty.append(f"{text.split(':' + chr(10))[0]}:\n    ...")
        elif isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) in checked:
            empty.append(re.sub(r': ".*?"', ': "?"', text))
    return empty


def checked_calls(source: str) -> list[ast.Call]:
    """Each call of `check` or `exercises.check`."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"check", "exercises.check"}
    ]


def with_solutions(
    student: nbformat.NotebookNode, teacher: nbformat.NotebookNode
) -> nbformat.NotebookNode:
    """The student's copy with the teacher's solutions in the cells of the exercises."""
    solutions = [cell for cell in teacher.cells if is_solution(cell)]
    filled = copy.deepcopy(student)
    filled.cells = [cell for cell in filled.cells if "check" not in cell.metadata]
    places = [n for n, cell in enumerate(filled.cells) if "exercise" in cell.metadata]
    for place, solution in zip(places, solutions, strict=True):
        filled.cells[place] = copy.deepcopy(solution)
    return filled


def needed() -> list[str]:
    """Of the versions of requirements.txt those that a student names; what they need, pip finds."""
    return [line for line in pins() if re.split(r"[=\[ ;]", line)[0] in NEEDED]


def make(folder: Path, paths: list[Path], strip: bool) -> None:
    """One of the two copies."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "book/data", folder / "data", ignore=shutil.ignore_patterns("*.lock"))
    for name in ("references.bib", "notation.md"):
        shutil.copy(ROOT / "book" / name, folder)
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        nbformat.write(student_copy(notebook) if strip else notebook, folder / path.name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    (wheel,) = folder.glob("*.whl")
    requirements = [f"./{wheel.name}[subwords]", *needed()]
    (folder / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook of book/")
    paths = parser.parse_args().notebooks or notebooks()
    for name, strip in (("student", True), ("teacher", False)):
        make(CLASS / name, paths, strip)
        print(f"{(CLASS / name).relative_to(ROOT)}: {len(paths)} notebooks")
    print("In each: python -m pip install -r requirements.txt, then jupyter lab")
    return 0


if __name__ == "__main__":
    sys.exit(main())
