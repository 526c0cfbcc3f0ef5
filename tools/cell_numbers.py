"""The numbers that the code cells of a page assert, set and show, and from which data they are made."""

import ast
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from frame import ROOT
from prose_numbers import read
from records import files_read


@dataclass
class Code:
    """A code cell, as far as it can hold numbers."""

    place: int
    label: str
    about: str  # its summary
    part: int  # the section of level 2 in which it stands
    section: str
    asserted: list[tuple[float, str]] = field(default_factory=list)
    ends: list[tuple[float, str]] = field(default_factory=list)  # of inequalities
    bounds: list[tuple[float, float, str]] = field(default_factory=list)
    literals: list[tuple[float, str]] = field(default_factory=list)  # with the line of code
    shown: list[tuple[float, str]] = field(default_factory=list)  # with the line and the head
    ranges: set[str] = field(default_factory=set)
    compared: bool = True
    asserts: list[str] = field(default_factory=list)
    source: str = ""
    files: dict[str, set[str]] = field(
        default_factory=dict
    )  # of each assertion, and "" of the cell


def code_of(
    place: int, part: int, section: str, cell: dict, from_files: dict[str, set[str]]
) -> Code:
    """What a code cell asserts, sets and shows.

    Args:
        from_files: the files of book/data that each name of the page is made from, so far; gets more.
    """
    source = "".join(cell["source"])
    summary = cell["metadata"].get("mystnb", {}).get("code_prompt_show", "")
    label = f"cell [{cell['execution_count']}]" + (f", “{summary}”" if summary else "")
    found = Code(place, label, summary, part, section, source=source)
    found.compared = "nbval-ignore-output" not in cell["metadata"].get("tags", [])
    lines = source.splitlines()
    python = "\n".join(re.sub(r"^(\s*)[!%].*", r"\1pass", line) for line in lines)
    tree = ast.parse(python)
    follow(tree.body, from_files)
    found.files[""] = made_from(tree, from_files)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.literals.append((float(node.value), lines[node.lineno - 1]))
        if isinstance(node, ast.BinOp) and (value := folded(node)) is not None:
            found.literals.append((value, lines[node.lineno - 1]))
        if isinstance(node, ast.For) and any(isinstance(n, ast.Assert) for n in ast.walk(node)):
            # What a loop goes through, and asserts of each.
            text = " ".join(ast.unparse(node).split())
            found.files[text] = made_from(node, from_files)
            for value in filter(None, map(folded, compared_with(node.iter))):
                found.asserted.append((value, text))
        if isinstance(node, ast.Assert) or is_assertion(node):
            text = " ".join(ast.unparse(node).split())
            found.asserts.append(text)
            found.files[text] = made_from(node, from_files)
            read_assertion(node, text, found)
    found.ranges = set(re.findall(r"\b\d+-\d+\b", source))
    read_outputs(cell, found)
    return found


def made_from(node: ast.AST, from_files: dict[str, set[str]]) -> set[str]:
    """The files of book/data from which what a piece of code speaks of is made."""
    found, nodes = set(), [*ast.walk(node)]
    own = {each.arg for each in nodes if isinstance(each, ast.arg)}
    own |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for each in nodes:
        if isinstance(each, ast.Name) and (each.id not in own or isinstance(node, ast.Module)):
            found |= from_files.get(each.id, set())
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            found |= set(files_read(each.value))
    return found


def names_of(node: ast.AST | None) -> list[str]:
    """The names in a piece of code, from the outside in."""
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)] if node else []


def front(node: ast.AST) -> str:
    """The name with which a piece of code begins: `found` of `found[key].append(1)`."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def follow(
    statements: list[ast.stmt], from_files: dict[str, set[str]], within: dict | None = None
) -> None:
    """Note of each name that a cell makes from which files it is made.

    Args:
        statements: of the cell, or of a loop or a condition in it.
        from_files: the files of each name so far; gets more.
        within: of a name that is a piece of another one, the other one; for the calls within this one.
    """
    within = {} if within is None else within
    for each in statements:
        if isinstance(each, ast.FunctionDef):
            from_files[each.name] = made_from(each, from_files)
            continue
        if isinstance(each, ast.Assign | ast.AugAssign | ast.For):
            value = each.iter if isinstance(each, ast.For) else each.value
            for target in each.targets if isinstance(each, ast.Assign) else [each.target]:
                is_new = isinstance(target, ast.Name | ast.Tuple) and not isinstance(
                    each, ast.AugAssign
                )
                for name in names_of(target):
                    before = set() if is_new else from_files.get(name, set())
                    from_files[name] = before | made_from(value, from_files)
                    within[name] = [front(value)] if isinstance(value, ast.Subscript) else []
        elif isinstance(each, ast.With):
            for item in each.items:
                for name in names_of(item.optional_vars):
                    from_files[name] = made_from(item.context_expr, from_files)
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
            # found[key].append(value): the name in front gets what is handed over, and what it is of
            got = front(each.value)
            for name in (got, *within.get(got, [])):
                files = made_from(ast.Tuple(elts=each.value.args), from_files)
                from_files[name] = from_files.get(name, set()) | files
        for body in ("body", "orelse"):
            follow(getattr(each, body, []), from_files, within)


def is_assertion(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ".testing.assert" in ast.unparse(node.func)


def folded(node: ast.AST) -> float | None:
    """The value of arithmetic on literals, such as 64 * 64 or 10**-5; None for anything else."""
    if not all(
        isinstance(n, ast.BinOp | ast.UnaryOp | ast.Constant | ast.operator | ast.unaryop)
        for n in ast.walk(node)
    ):
        return None
    try:
        return float(eval(compile(ast.Expression(node), "", "eval"), {"__builtins__": {}}))  # noqa: S307
    except (TypeError, ValueError, ArithmeticError):
        return None


def folded_text(text: str) -> float | None:
    """The value of arithmetic in a text."""
    return float(eval(text, {"__builtins__": {}}))  # noqa: S307


def read_assertion(node: ast.AST, text: str, found: Code) -> None:
    """The numbers that an assertion has, and the pairs of bounds between which it has something."""
    parts = [*compared_with(node)]
    ends = {id(end) for each in parts if isinstance(each, ast.Compare) for end in ends_of(each)}
    for each in parts:
        if (value := folded(each)) is not None:
            (found.ends if id(each) in ends else found.asserted).append((value, text))
        if isinstance(each, ast.Compare):
            sides = [folded(side) for side in (each.left, *each.comparators)]
            known = [side for side in sides if side is not None]
            if None in sides[1:-1] and len(known) >= 2:
                found.bounds.append((min(known), max(known), text))


def ends_of(node: ast.Compare) -> Iterator[ast.expr]:
    """The sides of the inequalities of a comparison, and what lists among them have."""
    sides = [node.left, *node.comparators]
    for operator, *pair in zip(node.ops, sides[:-1], sides[1:], strict=True):
        if isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            for side in pair:
                yield from ast.walk(side) if isinstance(side, ast.List | ast.Tuple) else [side]


def compared_with(node: ast.AST) -> Iterator[ast.expr]:
    """The parts of an assertion, without places in lists, digits of `round` and tolerances."""
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.Subscript) and name == "slice":
            continue
        if isinstance(node, ast.Call) and name == "keywords":
            continue
        parts = value if isinstance(value, list) else [value]
        if (
            isinstance(node, ast.Call)
            and name == "args"
            and ast.unparse(node.func).endswith("round")
        ):
            parts = parts[:1]
        for part in parts:
            if isinstance(part, ast.expr):
                yield part
            if isinstance(part, ast.AST):
                yield from compared_with(part)


def read_outputs(cell: dict, found: Code) -> None:
    """The numbers of what a cell has printed, of its tables and of what its figures say they show."""
    alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
    texts = re.split(r"(?<=[.;:])\s", alt)
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        texts += ["".join(output.get("text", "")), "".join(data.get("text/plain", ""))]
        if "<table" in (table := "".join(data.get("text/html", ""))) and len(table) < 200_000:
            one_line = table.replace("\n", " ")
            texts.append(
                html.unescape(
                    re.sub(r"<style.*?</style>|<(?!/tr>)[^>]+>", " ", one_line, flags=re.S)
                )
            )
    lines = []
    for text in texts:
        rows = [row for row in re.split(r"\n|</tr>", text.replace("⁠", "")) if row.strip()]
        lines += [f"{row}\n{rows[0]}" for row in rows]
    for line in lines:
        row = line.partition("\n")[0]
        found.shown += [(read(n), line) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", row)]
    shown = " ".join(lines)
    found.ranges |= {text.replace("–", "-") for text in re.findall(r"\d+[–-]\d+", shown)}


@dataclass
class Page:
    """A notebook: its title, the text of each section and its code."""

    name: str
    title: str
    texts: list[tuple[str, int, int, str]]  # the heading, the part of level 2, the cell, its text
    codes: list[Code]
    reads: list[str]


@cache
def page(name: str) -> Page:
    cells = json.loads((ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    title, heading, texts, codes, source = "", "", [], [], ""
    part, from_files = 0, {}
    for place, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            codes.append(code_of(place, part, heading, cell, from_files))
            source += codes[-1].source + "\n"
            continue
        text = "".join(cell["source"])
        title = title or re.match(r"# (.+)", text)[1]
        pieces = re.split(r"^(?=##+ )", text, flags=re.M)
        for piece in pieces:
            if found := re.match(r"(##+) (.+)", piece):
                part += found[1] == "##"
                heading = found[2].strip()
            texts.append((heading, part, place, piece))
    return Page(Path(name).name, title, texts, codes, files_read(source))
