"""Break the package in small ways, one at a time, and count the breaks that no test notices.

    python tools/mutants.py                       the mathematics, the layers and the metrics
    python tools/mutants.py metrics               one module, or all files of a folder
    python tools/mutants.py layers/multi_head     one of them
    python tools/mutants.py metrics --sample 20
    python tools/mutants.py metrics --list

A break ("mutant") changes one operator, number, condition or call of a module in a copy of `src`.
It dies if the module's tests or its docstrings' examples fail. TensorFlow is imported once: every
mutant is tried in a fork of this process. Survivors are printed with their line; those that cannot
be noticed, because the program does the same, stand in EQUIVALENT with the reason.

(mutmut forks too, but what it puts around each function hides the arguments of `__init__` from Keras,
so that no layer can be made; cosmic-ray starts Python and TensorFlow again for every mutant.)
"""

import argparse
import ast
import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "attention_helpers"
TESTS = ROOT / "tests"
# What is broken unless the command names something else.
DEFAULT = ("_tensors", "_doors", "masks", "functional", "chunked", "layers", "metrics")
# Which tests must notice, beside those that carry the module's name; the quickest first, for a mutant
# dies at the first test that fails.
ALSO = {
    "_tensors": ["functional", "chunked"],
    "_doors": ["functional", "chunked"],
    "functional": ["extremes", "equalities"],
    "chunked": ["extremes"],
    "layers/base": ["layers", "layers_keras", "bahdanau", "luong"],
    "metrics/_checks": ["metrics_translations", "metrics_positions", "metrics_ibm"],
}
SECONDS = 600  # a mutant that runs for longer does not end: it is dead
SHARE = 0.9  # that must die

COMPARISONS = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
OPERATORS = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.BitAnd: "|",
    ast.BitOr: "&",
    ast.Pow: "*",
    ast.MatMult: "*",
}

# "module.function: old → new": why nobody can notice.
_WIDENED = "one axis more or less is broadcast beforehand, with the same result"
EQUIVALENT = {
    "functional.softmax: scores.shape.rank <= 5 → scores.shape.rank < 5": (
        "rows of five axes are flattened too, with the same result"
    ),
    "functional.scaled_dot_product: 2 → 3": _WIDENED,
    "_tensors.add: max(ranks) > 5 → max(ranks) >= 5": _WIDENED,
    "_tensors.widen: axes < 4 → axes <= 4": "both ways of widening give the same",
    "_tensors.widen: 4 → 5": "both ways of widening give the same",
    "chunked.chunked_additive_attention: 64 → 65": "the size of a chunk changes no result",
    "chunked._over: full > 1 → full >= 1": "a loop that runs once",
    "metrics/alignments._weight_rows: np.abs(sums - 1) > ROW_TOLERANCE → "
    "np.abs(sums - 1) >= ROW_TOLERANCE": (
        "a sum exactly at the tolerance, which is no promise to the last digit"
    ),
    "metrics/alignments._link_sets: True → False": "strict=: the lengths have been compared before",
    "metrics/alignments.links_from_weights: True → False": (
        "strict=: one source is found for each target"
    ),
    "metrics/alignments.attention_entropy: 1 → 2": "with one key the entropy is 0 anyway",
    "metrics/translations._corpus_interval: 12 → 13": "one digit more of what sacreBLEU prints",
    "metrics/translations.exact_match: True → False": (
        "strict=: the lengths have been compared before"
    ),
}


class Mutant(NamedTuple):
    module: str
    function: str
    line: int
    start: int  # offsets in the source, in characters
    end: int
    old: str
    new: str

    @property
    def name(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.module}.{self.function}: {old} → {new}"


class _Finder(ast.NodeVisitor):
    """The places of one module that can be broken, with the text to put there."""

    def __init__(self, module: str, text: str) -> None:
        self.module, self.text, self.function = module, text, ""
        self.mutants: list[Mutant] = []
        lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line))
        self.lines = lines

    def offset(self, line: int, column: int) -> int:
        # ast counts bytes of UTF-8, Python strings characters.
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def segment(self, node: ast.AST) -> tuple[int, int, str]:
        start = self.offset(node.lineno, node.col_offset)
        end = self.offset(node.end_lineno, node.end_col_offset)
        return start, end, self.text[start:end]

    def add(self, node: ast.AST, new: str) -> None:
        start, end, old = self.segment(node)
        if self.function and new != old:
            self.mutants.append(
                Mutant(self.module, self.function, node.lineno, start, end, old, new)
            )

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self.function = self.function, node.name
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        for statement in node.body:
            self.visit(statement)
        self.function = outer

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and self.function:  # the annotation itself does nothing
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.add(node, "pass")  # what it says is compared by the tables of bad calls

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        pass

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self.add(node, "pass")
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
            left, right = self.segment(node.left)[2], self.segment(node.comparators[0])[2]
            self.add(node, f"{left} {COMPARISONS[type(node.ops[0])]} {right}")
        elif isinstance(node.ops[0], ast.Eq | ast.Lt | ast.LtE):
            first, second = (self.segment(n)[2] for n in (node.left, node.comparators[0]))
            rest = self.text[
                self.segment(node.comparators[0])[1] : self.segment(node)[1]
            ]  # a == b == c
            self.add(node, f"{first} {COMPARISONS[type(node.ops[0])]} {second}{rest}")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        new = OPERATORS.get(type(node.op))
        if new:
            left, right = self.segment(node.left), self.segment(node.right)
            between = self.text[left[1] : right[0]]
            # Parentheses around an operand stand between the operands.
            at = min((i for i, c in enumerate(between) if c in "+-*/@&|"), default=None)
            if at is not None:
                length = 2 if between[at : at + 2] in ("**", "//") else 1
                changed = between[:at] + new + between[at + length :]
                start, end, old = self.segment(node)
                self.add(node, old[: left[1] - start] + changed + self.text[right[0] : end])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        joint = " or " if isinstance(node.op, ast.And) else " and "
        parts = [self.segment(value)[2] for value in node.values]
        self.add(node, "(" + joint.join(f"({part})" for part in parts) + ")")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub | ast.Invert):
            self.add(node, f"({self.segment(node.operand)[2]})")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.add(node.test, f"(not ({self.segment(node.test)[2]}))")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            self.add(node.test, f"(not ({self.segment(node.test)[2]}))")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self.add(node, str(not value))
        elif isinstance(value, int | float):
            self.add(node, f"{value + 1}")
        elif isinstance(value, str) and "->" in value:  # einsum: the result transposed
            left, _, right = value.rpartition("->")
            swapped = right[:-2] + right[:-3:-1] if len(right) > 1 else right
            self.add(node, f'"{left}->{swapped}"')


def modules_in(names: Iterable[str]) -> list[str]:
    """The modules of these names, `layers/bahdanau`, in which a folder stands for its files."""
    found: list[str] = []
    for name in names:
        inside = sorted((SOURCE / name).glob("*.py")) or [SOURCE / f"{name}.py"]
        found += [path.relative_to(SOURCE).with_suffix("").as_posix() for path in inside]
    return [name for name in found if (SOURCE / f"{name}.py").exists() and "__init__" not in name]


def tests_of(module: str) -> list[Path]:
    """Those that carry the module's name, with or without that of its folder, and those of ALSO."""
    folder, _, name = module.lstrip("_").rpartition("/")
    names = [f"{folder}_{name}", name, folder, *ALSO.get(module, [])]
    paths = [
        path for name in filter(None, names) for path in sorted(TESTS.glob(f"**/test_{name}.py"))
    ]
    return list(dict.fromkeys(paths))


def mutants_of(module: str) -> list[Mutant]:
    text = (SOURCE / f"{module}.py").read_text(encoding="utf-8")
    finder = _Finder(module, text)
    finder.visit(ast.parse(text))
    return [m for m in dict.fromkeys(finder.mutants) if m.name not in EQUIVALENT]


def sample(mutants: list[Mutant], size: int) -> list[Mutant]:
    """The same sample every time, in the order of the lines."""
    chosen = random.Random(0).sample(mutants, min(size, len(mutants)))
    return sorted(chosen, key=lambda m: (m.module, m.start, m.new))


def broken(mutant: Mutant) -> str:
    text = (SOURCE / f"{mutant.module}.py").read_text(encoding="utf-8")
    return text[: mutant.start] + mutant.new + text[mutant.end :]


def survives(module: str, text: str, folder: Path) -> bool:
    """Whether the tests pass with `text` in place of the module."""
    copy = folder / "attention_helpers"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / f"{module}.py").write_text(text, encoding="utf-8")
    child = os.fork()
    if child == 0:
        _run_tests(module, folder)
    for _ in range(SECONDS * 10):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run_tests(module: str, folder: Path) -> None:
    """In the fork: never returns."""
    code = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        sys.path.insert(0, str(folder))
        # A test that starts Python again must find the copy too.
        os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *sys.path])
        sys.dont_write_bytecode = True
        import pytest

        tests = map(str, tests_of(module))
        example = str(folder / "attention_helpers" / f"{module}.py")
        arguments = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
        code = int(pytest.main([*arguments, "-c", str(ROOT / "pyproject.toml"), example, *tests]))
    finally:
        os._exit(code)


def warm_up(modules: list[str]) -> None:
    """Import what is slow, and none of the package, before the forks."""
    import matplotlib.pyplot  # noqa: F401
    import sacrebleu  # noqa: F401

    if not all(module.startswith("metrics") for module in modules):
        import hypothesis  # noqa: F401
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
    assert "attention_helpers" not in sys.modules


def run(modules: list[str], size: int) -> Iterator[tuple[Mutant, bool]]:
    with tempfile.TemporaryDirectory() as folder:
        for module in modules:
            whole = (SOURCE / f"{module}.py").read_text(encoding="utf-8")
            if not survives(module, whole, Path(folder)):
                sys.exit(f"{module}: its tests fail as it is: nothing can be told from a break")
            for mutant in sample(mutants_of(module), size):
                yield mutant, survives(module, broken(mutant), Path(folder))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help=f"default: {', '.join(DEFAULT)}")
    parser.add_argument("--sample", type=int, default=sys.maxsize, help="so many of each module")
    parser.add_argument("--list", action="store_true", help="print the mutants, run nothing")
    given = parser.parse_args()
    for name in given.modules:
        if not modules_in([name]):
            parser.error(f"expected modules of the package, such as metrics, got {name}")
    modules = modules_in(given.modules or DEFAULT)
    if untested := [module for module in modules if not tests_of(module)]:
        parser.error(f"no tests carry the name of {', '.join(untested)}; see ALSO")
    size = given.sample
    if given.list:
        for module in modules:
            for mutant in sample(mutants_of(module), size):
                print(f"{mutant.line:5} {mutant.name}")
        return 0
    warm_up(modules)
    enough = True
    for module, mutants in itertools.groupby(run(modules, size), lambda pair: pair[0].module):
        dead = total = 0
        for mutant, survived in mutants:
            total, dead = total + 1, dead + (not survived)
            if survived:
                print(f"survived  line {mutant.line}  {mutant.name}", flush=True)
        print(f"{module}: {dead} of {total} mutants died", flush=True)
        enough &= dead >= SHARE * total
    return int(not enough)


if __name__ == "__main__":
    sys.exit(main())
