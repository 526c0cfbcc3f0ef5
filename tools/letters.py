"""The letters of the einsum strings of a text, and those that the notation page gives to axes.

python tools/letters.py       # every string of the book and the package, with where it stands
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from frame import ROOT, notebooks
from symbols import NOTATION, formulas

# A string with an arrow between quotes or backticks, or with the letters of `...` before it.
EQUATION = re.compile(r"""["'`]([A-Za-z.…]+(?:,[A-Za-z.…]+)*->[A-Za-z.…]*)["'`]""")
# One with gaps, that a program fills: its letters are known only then.
WITH_GAPS = re.compile(r"""f["']([^"'\s]*\{[^"'\s]*->[^"'\s]*)["']""")
ROW = re.compile(r"^\| `(\w)` \| (.+?) \|", re.M)
# A bare v in a formula: which v? An axis, a vector and a parameter bear that name.
BARE_V = re.compile(r"(?<![A-Za-z\\_])v(?![A-Za-z_])")


def equations(text: str) -> list[str]:
    """Return the einsum strings of a text.

    >>> equations('tf.einsum("...qd,kd->qk", query, key)  # `qd->q`')
    ['...qd,kd->qk', 'qd->q']
    """
    return EQUATION.findall(text)


def patterns(source: str) -> list[str]:
    """Return the axes that a module hands to `tensors`, which checks them, or calls AXES."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tensors":
            first = node.args[0] if node.args else None
            found += [each.value for each in ast.walk(first) if is_text(each)] if first else []
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            names = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(ast.unparse(name) == "AXES" for name in names):
                values = [each for each in ast.walk(node.value) if isinstance(each, ast.Dict)]
                found += [v.value for each in values for v in each.values if is_text(v)]
    return [each for each in found if re.fullmatch(r"[A-Za-z.,]+", each)]


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def letters(equation: str) -> set[str]:
    """Return the letters of an einsum string, or of the axes of several arrays."""
    return set(re.sub(r"[^A-Za-z]", "", equation))


def letters_of_the_notation_page() -> dict[str, str]:
    """Return what each letter of an axis means, by the table "One letter per axis"."""
    text = NOTATION.read_text(encoding="utf-8")
    rows = ROW.findall(text.partition("## One letter per axis")[2].partition("\n## ")[0])
    twice = [letter for letter, _ in rows if [first for first, _ in rows].count(letter) > 1]
    if twice:
        raise ValueError(f"the notation page gives two rows to {', '.join(sorted(set(twice)))}")
    return dict(rows)


def modules() -> list[Path]:
    return sorted((ROOT / "src").rglob("*.py"))


def pages() -> list[Path]:
    return [*sorted((ROOT / "book").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def source_of_the_package() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in modules())


def prose_of(page: Path) -> str:
    """Return the Markdown of a notebook or a page."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def strings_of_the_book() -> Iterator[tuple[str, str]]:
    """Yield where a string stands, and the string: of every notebook, page and module."""
    for path in notebooks():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for equation in equations("".join(cell["source"])):
                yield path.name, equation
    for path in [*pages(), *modules(), *sorted((ROOT / "experiments").glob("*.py"))]:
        for equation in equations(path.read_text(encoding="utf-8")):
            yield path.name, equation
    for path in modules():
        for pattern in patterns(path.read_text(encoding="utf-8")):
            yield path.name, pattern


def bare_v(text: str) -> list[str]:
    r"""Return the formulas of a text in which a v stands without a subscript.

    >>> bare_v(r"$v_a^\top a$ and $v_j = h_j$, but $v^\top a$")
    ['v^\\top a']
    """
    return [each for each in formulas(text) if BARE_V.search(re.sub(r"\\[A-Za-z]+", " ", each))]


def main() -> int:
    known = letters_of_the_notation_page()
    unknown = False
    for place, string in sorted(set(strings_of_the_book())):
        missing = sorted(letters(string) - set(known))
        unknown |= bool(missing)
        print(place, string, f"not on the notation page: {' '.join(missing)}" if missing else "")
    return int(unknown)


if __name__ == "__main__":
    sys.exit(main())
