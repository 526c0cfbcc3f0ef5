"""Copies of the book for a class, in _build/class: a student's, and a teacher's with everything.

    python tools/student.py                       # every notebook
    python tools/student.py book/05_einsum.ipynb

A student's notebook has neither solutions nor answers in words. Where a solution stood there is a
cell with the head of each function that is asked for, and the call of `check` that tests it. Beside
the notebooks lie the data, the package as a wheel, and the versions that the book was made with.
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

CLASS = ROOT / "_build/class"
ANSWER = "<summary>The answer in words</summary>"
# What a student's machine needs beside the package, in the versions of requirements.txt.
NEEDED = ("ipykernel", "jupyterlab", "keras", "matplotlib", "numpy", "tensorflow-cpu")


def student_copy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without its solutions; each exercise's cell says which solution it stood for."""
    copied = copy.deepcopy(notebook)
    copied.cells = [
        exercise_cell(cell) if is_solution(cell) else cell
        for cell in copied.cells
        if ANSWER not in cell.source
    ]
    return copied


def is_solution(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and "hide-cell" in cell.metadata.get("tags", [])


def exercise_cell(solution: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An empty cell in place of a solution."""
    number = re.match(r"# @title Solution (\d+)\n", solution.source)[1]
    source = "\n\n\n".join([f"# Exercise {number}", *empty_functions(solution.source)])
    checks = "\n".join(calls_of_check(solution.source))
    cell = nbformat.v4.new_code_cell(f"{source}\n\n\n{checks}" if checks else source)
    cell.metadata = nbformat.from_dict({"exercise": int(number), "tags": ["exercise"]})
    cell.id = f"exercise-{number}"
    return cell


def empty_functions(source: str) -> list[str]:
    """The head of each function that is checked, with nothing in it."""
    checked = {name for call in checked_calls(source) for name in names_in(call)}
    return [
        f"{ast.get_source_segment(source, function).split(':' + chr(10))[0]}:\n    ..."
        for function in ast.parse(source).body
        if isinstance(function, ast.FunctionDef) and function.name in checked
    ]


def calls_of_check(source: str) -> list[str]:
    """Each call that checks a function of the reader's, as it stands in the solution, once."""
    heads = {
        function.name
        for function in ast.parse(source).body
        if isinstance(function, ast.FunctionDef)
    }
    calls = [call for call in checked_calls(source) if isinstance(call.args[1], ast.Name)]
    texts = [ast.get_source_segment(source, call) for call in calls if call.args[1].id in heads]
    return [*dict.fromkeys(texts)]


def checked_calls(source: str) -> list[ast.Call]:
    """Each call of `check` or `exercises.check`."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"check", "exercises.check"}
    ]


def names_in(call: ast.Call) -> set[str]:
    return {node.id for node in ast.walk(call.args[1]) if isinstance(node, ast.Name)}


def with_solutions(
    student: nbformat.NotebookNode, teacher: nbformat.NotebookNode
) -> nbformat.NotebookNode:
    """The student's copy with the teacher's solutions in the cells of the exercises."""
    solutions = [cell for cell in teacher.cells if is_solution(cell)]
    filled = copy.deepcopy(student)
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
    shutil.copy(ROOT / "book/references.bib", folder)
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
