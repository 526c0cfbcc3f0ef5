"""The form of a page, as rules that a program can hold: what is folded, how wide, what is named.

python tools/form.py                      # every notebook of the book
python tools/form.py book/05_einsum.ipynb

Each rule takes the cells of a notebook and yields complaints; `RULES` lists them.
"""

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from frame import notebooks
from symbols import symbols, symbols_of_the_notation_page

COLUMNS = 78  # what the page's column holds at 1280 pixels
LINES = 25
DRAW_LINES = 2  # a longer plotting call is folded
PRINTED_ROWS = 4  # as many calls of `print` in a cell are a table

# What prints the source of a package: names that the reader has not met.
PRINTS_SOURCE = re.compile(
    r"getsource|inspect\.|__file__|%psource|%pycat|%pinfo2?|%load\b|\?\?|linecache|help\("
)
LOADS = re.compile(r"\bjson\.loads?\(|\bnp\.load\(")
PRINTED_DICT = re.compile(r"""\{\s*(?:'[^'\n]*'|"[^"\n]*"|-?\d+(?:\.\d+)?|\([^()\n]*\))\s*: """)
# English that is hard for readers whose second language it is, with the plain word for it.
OLD_ENGLISH = {
    "mend": "fix",
    "mends": "fixes",
    "mended": "fixed",
    "lawful": "valid",
    "lest": "so that … not",
    "whilst": "while",
    "amongst": "among",
    "thereof": "of it",
    "therein": "in it",
    "hitherto": "so far",
    "upon": "on",
    "nought": "zero",
    "shall": "will",
    "agrees with": "matches",
    "anew": "again",
    "afresh": "again",
    "spelt": "written",
    "slip of the pen": "typing error",
    "in vain": "for nothing",
    "hence": "so",
    "thence": "from there",
    "whence": "from where",
    "whereby": "by which",
    "thereby": "by this",
    "henceforth": "from here on",
}
PROMPTS = {"code_prompt_show", "code_prompt_hide"}
ANSWER = re.compile(r"<details>\n<summary>The answer in words</summary>\n\n.*\n\n</details>", re.S)
CAPTION = re.compile(r"\*\*Figure (\d+)\.\*\* \S.{15}")


def read(path: Path) -> list[dict]:
    """Return the cells of a notebook, the source of each as one text."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    return cells


def code_of(cells: list[dict]) -> list[dict]:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def is_folded(cell: dict) -> bool:
    """Folded, or not shown on the site: the set-up everywhere, the first figure's code on the first page."""
    return bool({"hide-input", "hide-cell", "remove-cell", "remove-input"} & set(tags(cell)))


def start(cell: dict) -> str:
    return repr(cell["source"][:60])


def parse(cell: dict) -> list[ast.stmt]:
    """Return the statements of a cell, those of IPython (`!git`, `%cd`) left out."""
    lines = cell["source"].splitlines()
    python = [re.sub(r"^(\s*)[!%].*", r"\1pass", line) for line in lines]
    return ast.parse("\n".join(python)).body


# What a statement is for


def called(node: ast.AST) -> str:
    """Return the name of what an expression calls, such as `plots.table`; else nothing."""
    if isinstance(node, ast.Expr | ast.Assign):
        node = node.value
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def kind(statement: ast.stmt) -> str:
    """Return what a statement is for: import, load, assert, table, draw, print, or teach."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return "import"
    name = called(statement)
    if isinstance(statement, ast.Assign) and not name.startswith(("plots.", "plt.")):
        return "load" if LOADS.search(ast.unparse(statement)) else "teach"
    if isinstance(statement, ast.Assert) or ".testing.assert" in name:
        return "assert"
    if name.endswith("plots.table") or name == "table":
        return "table"
    if re.match(r"(?:plots|plt|axe?s?|figure|fig)\b", name):
        return "draw"
    if name in ("print", "display"):
        return "print"
    if isinstance(statement, ast.For | ast.While | ast.If | ast.With):
        inside = {kind(each) for each in statement.body if not isinstance(each, ast.Pass)}
        if isinstance(statement, ast.With) and LOADS.search(ast.unparse(statement)):
            return "load"
        if inside == {"assert"}:
            return "assert"
        loops = isinstance(statement, ast.For | ast.While)
        if inside <= {"print", "assert"} and "print" in inside and loops:
            return "table"
        if inside <= {"draw"}:
            return "draw"
    return "teach"


def height(statement: ast.stmt) -> int:
    return (statement.end_lineno or statement.lineno) - statement.lineno + 1


def bookkeeping(cell: dict) -> str:
    """Return the kind of bookkeeping that takes more than half of a cell; else nothing."""
    lines = {}
    for statement in parse(cell):
        if ast.unparse(statement) != "plt.show()":
            name = kind(statement)
            lines[name] = lines.get(name, 0) + height(statement)
    if lines.get("print", 0) >= PRINTED_ROWS:
        lines["table"] = lines.get("table", 0) + lines.pop("print")
    if lines.get("draw", 0) <= DRAW_LINES:
        lines.pop("draw", None)
    kept = {name: n for name, n in lines.items() if name not in ("teach", "print")}
    if sum(kept.values()) * 2 <= sum(lines.values()):
        return ""
    return max(kept, key=lambda name: kept[name])


# The rules


def folds_bookkeeping(cells: list[dict]) -> Iterator[str]:
    """A cell that mostly imports, loads, asserts, prints a table or draws is folded."""
    for cell in code_of(cells):
        if not is_folded(cell) and (what := bookkeeping(cell)):
            yield f"a cell that is mostly for this, not folded: {what}: {start(cell)}"
        asserts = sum(kind(each) == "assert" for each in parse(cell))
        if not is_folded(cell) and asserts > 1:
            yield f"{asserts} assertions in a cell that is not folded: {start(cell)}"


def says_what_is_folded(cells: list[dict]) -> Iterator[str]:
    """What is folded has a summary, each its own on a page; that of a check begins with Check."""
    seen = set()
    for cell in code_of(cells):
        if "hide-input" not in tags(cell):
            continue
        summary = cell["metadata"].get("mystnb", {}).get("code_prompt_show", "")
        if len(summary) < 7 or "code cell" in summary:
            yield f"a folded cell without a summary: {start(cell)}"
        elif summary in seen:
            yield f"the summary of two cells: {summary!r}"
        elif len(summary) > 76:
            yield f"a summary that takes two lines: {summary!r}"
        elif bookkeeping(cell) == "assert" and not summary.startswith("Check: "):
            yield f"the summary of a check does not begin with 'Check: ': {summary!r}"
        elif bookkeeping(cell) == "import" and not summary.startswith("Imports"):
            yield f"the summary of imports does not begin with 'Imports': {summary!r}"
        seen.add(summary)


def fits_the_column(cells: list[dict]) -> Iterator[str]:
    """Code, visible or folded, code in Markdown, and what is printed: nothing scrolls sideways."""
    for cell in cells:
        texts = [cell["source"]]
        if cell["cell_type"] == "markdown":
            texts = re.findall(r"^ *>? *```.*?^ *>? *```", cell["source"], re.M | re.S)
        for output in cell.get("outputs", []):
            text = output.get("text", "")
            if output.get("output_type") == "execute_result":
                text = output["data"].get("text/plain", "")
                text = "" if "text/html" in output["data"] else text
            texts.append("".join(text))
        for line in "\n".join(texts).splitlines():
            if len(line) > COLUMNS:
                yield f"{len(line)} columns, at most {COLUMNS} are allowed: {line[:60]!r}"


def is_short(cells: list[dict]) -> Iterator[str]:
    """A cell of code has at most 25 lines."""
    for cell in code_of(cells):
        if (lines := cell["source"].count("\n") + 1) > LINES:
            yield f"a cell of {lines} lines, at most {LINES} are allowed: {start(cell)}"


def prints_no_source(cells: list[dict]) -> Iterator[str]:
    """A page has its own clean version of what it explains, and links to the package's."""
    for cell in code_of(cells)[1:]:
        if found := PRINTS_SOURCE.search(cell["source"]):
            yield f"prints the source of a package: {found[0]!r} in {start(cell)}"


def prints_no_dictionary(cells: list[dict]) -> Iterator[str]:
    """Results stand in tables (`plots.table`) or sentences."""
    for cell in code_of(cells):
        for output in cell.get("outputs", []):
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            if found := PRINTED_DICT.search("".join(text)):
                yield f"prints a dictionary near {found[0]!r}: {start(cell)}"


def folds_answers(cells: list[dict]) -> Iterator[str]:
    """An exercise is a task with a folded hint, a folded solution, and its answer in a fold."""
    for index, cell in enumerate(cells):
        if re.match(r"### Exercise \d+", cell["source"]):
            if cell["source"].rpartition("</details>")[2].strip():
                yield f"text after the hint of an exercise: {start(cell)}"
        if "hide-cell" not in tags(cell):
            continue
        for after in cells[index + 1 :]:
            if after["cell_type"] == "code":
                yield f"code after a solution, outside of its fold: {start(after)}"
            elif not ANSWER.fullmatch(after["source"].strip()):
                if not re.match(r"##+ ", after["source"]):
                    yield f"an answer that is not folded: {start(after)}"
                break


def captions_its_figures(cells: list[dict]) -> Iterator[str]:
    """The cell below a figure begins with its caption, **Figure 1.** and what it shows."""
    number = 0
    for index, cell in enumerate(cells):
        if cell["cell_type"] != "code" or not is_figure(cell) or "hide-cell" in tags(cell):
            continue
        number += 1
        below = cells[index + 1]["source"] if index + 1 < len(cells) else ""
        found = CAPTION.match(below)
        if not found:
            yield f"no caption **Figure {number}.** below the figure of {start(cell)}"
        elif int(found[1]) != number:
            yield f"Figure {found[1]} is the {number}th figure of the page"


def is_figure(cell: dict) -> bool:
    """Whether a cell shows a picture, or a figure that a page shows as HTML."""
    shown = [output.get("data", {}) for output in cell.get("outputs", [])]
    drawn = [each for each in parse(cell) if kind(each) == "draw"]
    html = (
        drawn and re.match(r"plots\.", called(drawn[-1])) and any("text/html" in d for d in shown)
    )
    return bool(html) or any(t.startswith("image/") for data in shown for t in data)


def gives_verdicts(cells: list[dict]) -> Iterator[str]:
    """After **Predict.** comes, before the next one, **Verdict.**"""
    text = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    marks = re.findall(r"\*\*(Predict|Verdict)\.\*\*", text)
    expected = ["Predict", "Verdict"] * (len(marks) // 2 + 1)
    for place, (mark, wanted) in enumerate(zip(marks, expected, strict=False)):
        if mark != wanted:
            yield f"mark {place + 1} of the predictions is {mark}, expected {wanted}"
            return
    if marks and marks[-1] == "Predict":
        yield "the last prediction has no verdict"


def old_english(text: str) -> Iterator[tuple[str, str]]:
    """Yield each word of OLD_ENGLISH that a text has, with the plain one."""
    for word, plain in OLD_ENGLISH.items():
        if re.search(rf"\b{word}\b", text, re.I):
            yield word, plain


def is_plain_english(cells: list[dict]) -> Iterator[str]:
    """Words that a reader of English as a second language would have to look up."""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for word, plain in old_english(cell["source"]):
                yield f"{word!r}: say {plain!r}: {start(cell)}"


def names_its_symbols(cells: list[dict]) -> Iterator[str]:
    """Every symbol of a formula stands on the notation page."""
    known = symbols_of_the_notation_page()
    used = {}
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for symbol in symbols(cell["source"]):
                used.setdefault(symbol, start(cell))
    for symbol in sorted(used.keys() - known):
        yield f"{symbol} is not on the notation page: {used[symbol]}"


# This begins a list even in the middle of a paragraph; of the numbers only the first does.
ITEM = re.compile(r"\s*(?:[-+*]|1[.)])\s")
LISTED = re.compile(r"\s*(?:[-+*]|\d+[.)])\s")


def makes_no_list_by_chance(cells: list[dict]) -> Iterator[str]:
    """No line in the middle of a paragraph begins with a minus, or with "1."."""
    for cell in cells:
        if cell["cell_type"] != "markdown":
            continue
        text = re.sub(r"^```.*?^```", "", cell["source"], flags=re.DOTALL | re.MULTILINE)
        for paragraph in re.split(r"\n\s*\n", text):
            listed = LISTED.match(paragraph)
            for line in paragraph.splitlines()[1:]:
                if ITEM.match(line) and not listed:
                    yield f"a line that begins a list in a paragraph: {line[:60]!r}"


RULES = (
    folds_bookkeeping,
    says_what_is_folded,
    fits_the_column,
    is_short,
    prints_no_source,
    prints_no_dictionary,
    folds_answers,
    captions_its_figures,
    gives_verdicts,
    is_plain_english,
    names_its_symbols,
    makes_no_list_by_chance,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook of book/")
    found = 0
    for path in parser.parse_args().notebooks or notebooks():
        cells = read(path)
        for rule in RULES:
            for complaint in rule(cells):
                found += 1
                print(f"{path.name}: {rule.__name__}: {complaint}")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
