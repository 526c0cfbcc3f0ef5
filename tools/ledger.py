"""The ledger of claims: every number in the text of the notebooks, and the cell that holds it.

    python tools/ledger.py                         # how many numbers are held, and how
    python tools/ledger.py book/05_einsum.ipynb    # those of a page that nothing holds

A number is what is written in digits in a Markdown cell. Passed over are formulas and code, headings,
links, years, the numbers of chapters, figures, tables, exercises, sections and steps, names such as
`float32`, and 0 and 1 by themselves. What holds a number is looked for nearest first: see `HOLDERS`. The page of the site that
shows the ledger is made from `markdown` when the book is built.
"""

import argparse
import ast
import html
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from frame import ROOT, pages
from mdit_py_plugins.anchors.index import slugify
from records import Group, files_read, groups, made_with, settings

# How a number is held, the strongest first, with what the page says of it.
HOLDERS = {
    "asserted": "an assertion of its section has this number",
    "bounded": "an assertion of its section has it between two numbers that are close",
    "shown": "an output of its section shows it, and every run compares that output",
    "data": "a file of an experiment has it, as the mean of its seeds or as one of them",
    "measured": "an output of its section shows it that differs from machine to machine",
    "set": "code of its section, or the settings of an experiment that the page reads, sets it",
    "tested": "a test of the repository compares it with what it measures",
    "elsewhere": "another section, or a chapter that the paragraph names, holds it",
    "cited": "it is another's: its paragraph cites the paper or the thread",
    "reckoned": "it follows from other numbers of its paragraph, or from a convention",
}
UNHELD = "nothing"

# What is no claim: passed over before numbers are looked for.
PASSED_OVER = re.compile(
    r"""^```.*?^```
    |^>\ ```.*?^>\ ```
    |^\#+\ .*?$                                     # a heading
    |^\s*\d+\.\ (?=\S)|^\*\*\d+\.(?:\*\*)?|\[\d+\.\ # the number of an item
    |^\|(?:\s*:?-+:?\s*\|)+$                        # the line below a table's head
    |\$\$.*?\$\$|\$[^$\n]+(?:\n[^$\n]+)?\$          # formulas
    |`[^`]+`                                        # code
    |\]\([^)]*\)                                    # where a link leads
    |<[^>]+>
    |\b(?:19|20)\d\d[a-z]?\b(?!\s+(?:tokens|words|pairs|steps))  # a year
    |\b(?:[Cc]hapters?|[Ff]igures?|[Tt]ables?|[Ee]xercises?|[Ss]ections?|[Pp]ages?|[Aa]ppendix|Solution
      |[Ss]eeds?|[Ss]teps?|[Mm]odel|[Pp]ython|Keras|TensorFlow|WSL|version|release|head|place|position
      |row|word|layer|guests?|unit|column)\s+
      (?:[A-Z]\.)?\d+(?:\.\d+)*(?:[–-]\d+)?(?:(?:,|,?\s+(?:and|or|to))\s+\d+(?:\.\d+)*(?!\s*(?:%|BLEU|points|words|tokens)))*\b
    |\#\d+|\bno\.\ \d+|CC\s+BY\s+4\.0""",
    re.M | re.S | re.X,
)
# A question claims nothing: the choices of a prediction are no results.
QUESTION = re.compile(r"(?:(?<=[.?!:]\s)|(?<=\*\*\s)|^)(?:[^.?!:\n]|[.:](?=\S)|\n(?!\n))*\?", re.M)
NUMBER = re.compile(
    r"(?<![\w.,/#^–-])(?P<sign>[−-]|±)?(?P<first>\d+(?:,\d{3})*(?:\.\d+)?)"
    r"(?:(?P<join>[–/])(?P<second>\d+(?:,\d{3})*(?:\.\d+)?))?(?P<percent>\s?%| per cent)?(?![\w]|[.,]\d)"
)
CITES = re.compile(
    r"arxiv\.org|aclanthology|doi\.org|cdn\.openai|/issues/|/pull/|\bthe paper\b|[Tt]heir paper|et al\."
    r"|\band others \(|Sutskever, Vinyals and Le|Bahdanau, Cho and Bengio|Multi30k"
)
# What a number may count, so that it is no result of a run.
COUNTED = re.compile(
    r"\s+(?:held-out |test |training |English |French |hidden |new |more |other )*(?:words?|tokens?|steps|"
    r"sentences|pairs|units|seeds|numbers|heads|guests|dishes|orders|places|keys|queries|layers|evenings)\b"
)
MEASURES = {"bleu", "accuracy", "right"}  # what a number is of where nobody says
USUAL = {"natural", "once"}  # the order, or the task, where nobody says
SHOWN = 120  # so many characters of an assertion are shown
CLOSE = (
    1.5  # the bounds of an assertion hold a number if the upper is at most so many times the lower
)


@dataclass(frozen=True)
class Number:
    """A number of the text: as it is written, its value and how it may be rounded."""

    text: str
    value: float
    digits: int
    percent: bool = False
    fraction: bool = False
    counts: bool = False  # things: words, steps, sentences

    def equals(self, other: float) -> bool:
        """Whether the other number, rounded as this one is written, is this one."""
        if self.fraction:
            return abs(self.value - other) < 1e-9
        scales = (1, 100) if self.percent else (1,)
        return any(
            abs(abs(self.value) - abs(other) * scale) <= 0.5 * 10**-self.digits + 1e-9
            for scale in scales
        )

    def is_literal(self, other: float) -> bool:
        """Whether the other number is written as this one, or is the share of its per cent."""
        values = {self.value, -self.value} | ({self.value / 100} if self.percent else set())
        return any(abs(value - other) <= 1e-9 * max(1, abs(value)) for value in values)


@dataclass
class Claim:
    """A number of the text, where it stands, and what holds it."""

    number: Number
    page: str
    section: str
    excerpt: str
    holder: str = UNHELD
    where: str = ""  # the cell, the file, or the reason
    said: str = ""  # what it asserts
    runs: str = ""  # seeds and spread


@dataclass
class Code:
    """A code cell, as far as it can hold numbers."""

    place: int
    label: str
    section: str
    asserted: dict[float, str] = field(default_factory=dict)
    bounds: list[tuple[float, float, str]] = field(default_factory=list)
    literals: set[float] = field(default_factory=set)
    shown: list[float] = field(default_factory=list)
    ranges: set[str] = field(default_factory=set)
    compared: bool = True
    asserts: list[str] = field(default_factory=list)
    source: str = ""
    files: dict[str, set[str]] = field(
        default_factory=dict
    )  # of each assertion, and "" of the cell


# The numbers of a text


def numbers(text: str) -> Iterator[tuple[Number, int]]:
    """Every number of a cell's text, with its place; a range of lengths is one."""
    blanked = QUESTION.sub(blank, PASSED_OVER.sub(blank, text))
    for match in NUMBER.finditer(blanked):
        first, join, second = match["first"], match["join"], match["second"]
        percent = bool(match["percent"])
        if second and "/" in join and read(second):
            value = read(first) / read(second)
            yield Number(f"{first}/{second}", value, 9, fraction=True), match.start()
            continue
        if second and "." not in first + second and not percent:
            yield Number(f"{first}–{second}", read(first), 0), match.start()
            continue
        for part in filter(None, (first, second)):
            digits = len(part.partition(".")[2])
            sign = -1 if match["sign"] in ("−", "-") else 1
            shown = ("−" if sign < 0 else "") + part + (" %" if percent else "")
            if part in ("0", "1") and not percent:
                continue
            counts = bool(COUNTED.match(blanked, match.end()))
            yield Number(shown, sign * read(part), digits, percent, counts=counts), match.start()


def blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def read(text: str) -> float:
    return float(text.replace(",", ""))


def excerpt(text: str, place: int, around: int = 42) -> str:
    """The words about a number, on one line, without marks."""
    start, end = max(0, place - around), min(len(text), place + around)
    piece = text[text.find(" ", start) + 1 if start else 0 : text.rfind(" ", 0, end)]
    piece = re.sub(r"\]\([^)\s]*\)?|[*`\[\]]|<[^>]*>|^>\s?", "", piece, flags=re.M)
    return f"… {' '.join(piece.replace('|', ' ').split())} …"


def paragraph(text: str, place: int) -> str:
    """The block of a cell's text in which a place is; a table has the whole cell's words."""
    start = text.rfind("\n\n", 0, place) + 1
    end = text.find("\n\n", place)
    block = text[start : end if end >= 0 else len(text)]
    return text if block.lstrip().startswith("|") else block


# What a cell holds


def code_of(place: int, section: str, cell: dict, from_files: dict[str, set[str]]) -> Code:
    """What a code cell asserts, sets and shows.

    Args:
        from_files: the files of book/data that each name of the page is made from, so far; gets more.
    """
    source = "".join(cell["source"])
    summary = cell["metadata"].get("mystnb", {}).get("code_prompt_show", "")
    label = f"cell [{cell['execution_count']}]" + (f", “{summary}”" if summary else "")
    found = Code(place, label, section, source=source)
    found.compared = "nbval-ignore-output" not in cell["metadata"].get("tags", [])
    python = "\n".join(re.sub(r"^(\s*)[!%].*", r"\1pass", line) for line in source.splitlines())
    tree = ast.parse(python)
    follow(tree.body, from_files)
    found.files[""] = made_from(tree, from_files)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.literals.add(float(node.value))
        if isinstance(node, ast.BinOp) and (value := folded(node)) is not None:
            found.literals.add(value)
        if isinstance(node, ast.For) and any(isinstance(n, ast.Assert) for n in ast.walk(node)):
            # What a loop goes through, and asserts of each.
            text = " ".join(ast.unparse(node).split())
            found.files[text] = made_from(node, from_files)
            for value in filter(None, map(folded, compared_with(node.iter))):
                found.asserted.setdefault(value, text)
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


def follow(statements: list[ast.stmt], from_files: dict[str, set[str]]) -> None:
    """Note of each name that a cell makes from which files it is made."""
    for each in statements:
        if isinstance(each, ast.FunctionDef):
            from_files[each.name] = made_from(each, from_files)
        elif isinstance(each, ast.Assign | ast.AugAssign | ast.For):
            files = made_from(each.iter if isinstance(each, ast.For) else each.value, from_files)
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            for target in targets:
                for name in (node.id for node in ast.walk(target) if isinstance(node, ast.Name)):
                    is_new = isinstance(target, ast.Name | ast.Tuple) and not isinstance(
                        each, ast.AugAssign
                    )
                    before = set() if is_new else from_files.get(name, set())
                    from_files[name] = before | files
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
            # found[key].append(value): the name in front gets what is handed over
            inside = [node.id for node in ast.walk(each.value.func) if isinstance(node, ast.Name)]
            if isinstance(each.value.func, ast.Attribute) and inside:
                old = from_files.get(inside[0], set())
                from_files[inside[0]] = old | made_from(ast.Tuple(elts=each.value.args), from_files)
        for body in ("body", "orelse"):
            if not isinstance(each, ast.FunctionDef):
                follow(getattr(each, body, []), from_files)


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


def read_assertion(node: ast.AST, text: str, found: Code) -> None:
    """The numbers that an assertion has, and the pairs of bounds between which it has something."""
    for each in compared_with(node):
        if (value := folded(each)) is not None:
            found.asserted.setdefault(value, text)
        if isinstance(each, ast.Compare):
            ends = [folded(side) for side in (each.left, *each.comparators)]
            known = [end for end in ends if end is not None]
            if None in ends[1:-1] and len(known) >= 2:
                found.bounds.append((min(known), max(known), text))


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
    texts = [cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")]
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        texts += ["".join(output.get("text", "")), "".join(data.get("text/plain", ""))]
        if "<table" in (table := "".join(data.get("text/html", ""))) and len(table) < 200_000:
            texts.append(
                html.unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", table, flags=re.S))
            )
    shown = " ".join(texts).replace("⁠", "")
    found.shown = [read(text) for text in re.findall(r"\d[\d,]*(?:\.\d+)?", shown)]
    found.ranges |= {text.replace("–", "-") for text in re.findall(r"\d+[–-]\d+", shown)}


# A page


@dataclass
class Page:
    """A notebook: its title, the text of each section and its code."""

    name: str
    title: str
    texts: list[tuple[str, str, int, str]]  # the heading, the part of level 2, the cell, its text
    codes: list[Code]
    reads: list[str]


@cache
def page(name: str) -> Page:
    cells = json.loads((ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    title, heading, texts, codes, source = "", "", [], [], ""
    part, from_files = 0, {}
    for place, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            codes.append(code_of(place, str(part), cell, from_files))
            source += codes[-1].source + "\n"
            continue
        text = "".join(cell["source"])
        title = title or re.match(r"# (.+)", text)[1]
        pieces = re.split(r"^(?=##+ )", text, flags=re.M)
        for piece in pieces:
            if found := re.match(r"(##+) (.+)", piece):
                part += found[1] == "##"
                heading = found[2].strip()
            texts.append((heading, str(part), place, piece))
    return Page(Path(name).name, title, texts, codes, files_read(source))


# What holds a number


def claims(name: str) -> list[Claim]:
    """Every number of a page's text with what holds it."""
    own, found = page(name), []
    for section, part, cell, text in own.texts:
        nearest = sorted(own.codes, key=lambda code: abs(code.place - cell))
        for number, place in numbers(text):
            claim = Claim(number, own.name, section, excerpt(text, place))
            hold(claim, own, nearest, part, paragraph(text, place))
            found.append(claim)
    return found


def hold(claim: Claim, own: Page, nearest: list[Code], part: str, words: str) -> None:
    """Find what holds a claim: in its section, in the data, elsewhere, in what the paragraph cites."""
    here = [code for code in nearest if code.section == part]
    number = claim.number
    if own.name == "index" and claim.section == "The road" and words.lstrip().startswith("#"):
        claim.holder, claim.where = "tested", "test_structure.py, execution.py"
        return
    if (tie := TIED.get((claim.section, number.text))) and tie_holds(number, *tie):
        claim.holder, claim.where = "data", tie[0]
        claim.runs = spread(group_of(*tie[:2]), tie[2])
        return
    order = (asserted, bounded, shown, in_data, measured, literal, in_settings)
    for find in (in_settings, literal, *order) if number.counts else order:
        if held := find(number, here, own, words):
            claim.holder, claim.where, claim.said, claim.runs = held
            return
    if reason := REASONS.get((own.name, number.text)):
        claim.holder, claim.where = "reckoned", reason
        return
    precise = sum(map(str.isdigit, number.text)) >= 5 and not is_range(number)
    if precise and (
        held := asserted(number, nearest, own, words) or shown(number, nearest, own, words)
    ):
        claim.holder, claim.where, claim.said, claim.runs = "elsewhere", *held[1:]
        return
    if cited := CITES.search(words):
        claim.holder, claim.where = "cited", cited_as(words, cited)
        return
    # Elsewhere on the page only what may be a repetition: else small numbers are found by chance.
    digits = sum(map(str.isdigit, number.text))
    repeats = re.match(r"Summary|Exercise|What may be concluded|Both sides", claim.section)
    for find in (asserted, bounded, shown) if repeats or digits > 2 else ():
        if held := find(number, nearest, own, words):
            claim.holder, claim.where, claim.said, claim.runs = "elsewhere", *held[1:]
            return
    for other in chapters_named(words, own) + before(own, number):
        for find in (asserted, bounded, shown):
            if held := find(number, other.codes, other, words):
                claim.holder, claim.said, claim.runs = "elsewhere", *held[2:]
                claim.where = f"{other.title}: {held[1]}"
                return


Held = tuple[str, str, str, str] | None  # how, where, what is said there, the runs


def asserted(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    for code in codes:
        for value, text in code.asserted.items():
            # A bound such as 0.645 is the number 0.65, as far as it is written.
            if number.is_literal(value) or (number.digits > 1 and number.equals(value)):
                return "asserted", code.label, text, runs(number, text, code, own, words)
        if is_range(number) and number.text.replace("–", "-") in code.ranges:
            return "set", code.label, "", ""
    return None


def bounded(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    for code in codes:
        for low, high, text in code.bounds:
            values = (number.value, number.value / 100) if number.percent else (number.value,)
            if 0 < low < high <= CLOSE * low and any(low <= abs(v) <= high for v in values):
                return "bounded", code.label, text, runs(number, text, code, own, words)
    return None


def shown(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    return output(number, [code for code in codes if code.compared], own, words, "shown")


def measured(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    return output(number, [code for code in codes if not code.compared], own, words, "measured")


def output(number: Number, codes: list[Code], own: Page, words: str, kind: str) -> Held:
    for code in codes:
        if any(number.equals(value) for value in code.shown):
            return kind, code.label, "", runs(number, "", code, own, words)
    return None


def in_data(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    """A result of the runs that the paragraph names."""
    for group, result in () if number.counts else matching(number, words, own.reads):
        return "data", group.file, "", spread(group, result)
    return None


def literal(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    for code in codes:
        if any(number.is_literal(value) for value in code.literals):
            return "set", code.label, "", ""
    return None


def in_settings(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    for file in own.reads:
        for name, value in (*settings(file).items(), *made_with(file)):
            if number.is_literal(value):
                return "set", f"{file}, {name.replace('_', ' ')}", "", ""
    return None


def is_range(number: Number) -> bool:
    return bool(re.fullmatch(r"\d+–\d+", number.text))


def cited_as(words: str, found: re.Match) -> str:
    """The words of the link that a paragraph cites by, or what it says."""
    for name, _ in re.findall(r"\[([^]]+)\]\((https?://(?:arxiv|aclanth|doi|cdn)[^)]+)\)", words):
        return " ".join(name.split())
    return found[0].strip("/ ")


def chapters_named(words: str, own: Page) -> list[Page]:
    """The other chapters that a paragraph speaks of."""
    by_number = {int(n[5:7]): n for n in notebooks_in_order() if re.match(r"book/\d\d_", n)}
    lists = re.findall(r"chapters?\s+(\d+(?:(?:,|\s+and|\s+or)\s+\d+)*)", words, re.I)
    found = [int(n) for each in lists for n in re.findall(r"\d+", each)]
    found += [int(n) for n in re.findall(r"\]\((\d\d)_\w+\.ipynb", words)]
    names = [by_number[n] for n in dict.fromkeys(found) if n in by_number]
    return [page(name) for name in names if name != f"book/{own.name}"]


def before(own: Page, number: Number) -> list[Page]:
    """The pages before one, for a number of three digits or more that the book may have had."""
    if sum(map(str.isdigit, number.text)) < 3:
        return []
    names = notebooks_in_order()
    return [page(name) for name in names[: names.index(f"book/{own.name}")]]


# Runs by seed


def names_in(text: str) -> set[str]:
    """What a text has in quotes or in code type: the names of variants, measures and lengths."""
    return set(re.findall(r"[\"'`]([\w-]+)[\"'`]", text))


def matching(number: Number, context: str, files: Iterable[str]) -> list[tuple[Group, str]]:
    """The groups of runs that a text names, with the result whose mean over the seeds is the number."""
    names = names_in(context)
    lengths = {text.replace("–", "-") for text in re.findall(r"\b\d+[–-]\d+\b", context)}
    found = []
    for file in files:
        for group in groups(file):
            of = {str(value) for value in group.of.values() if isinstance(value, str) and value}
            if not of - USUAL or not of - USUAL <= names:
                continue
            for result, values in group.results.items():
                measure, bucket = result.split()[0], re.search(r"\b\d+-\d+\b", result)
                named = measure in names or measure in MEASURES
                if named and not (bucket and lengths and bucket[0] not in lengths):
                    if number.equals(sum(values) / len(values)):
                        found.append((group, result))
    return found


def runs(number: Number, text: str, code: Code, own: Page, words: str) -> str:
    """The seeds and the spread behind what an assertion, or an output, says of the data."""
    files = code.files.get(text, set())
    if not files:
        return ""
    if not number.counts:
        for context in (text, words):
            found = matching(number, context, sorted(files))
            if len({group.name for group, _ in found}) == 1:
                return spread(*found[0])
    for context in (text, words, code.source):
        named = names_in(context)
        kin = [g for f in sorted(files) for g in groups(f) if first_name(g) in named]
        if kin:
            return f"{kin[0].file}: {in_seeds(kin)}"
    return f"{', '.join(sorted(files))}: {in_seeds([g for f in sorted(files) for g in groups(f)])}"


def first_name(group: Group) -> str:
    for key in ("variant", "model", "positions", "score"):
        if key in group.of:
            return str(group.of[key])
    return group.name


def in_seeds(found: list[Group]) -> str:
    """How many seeds groups of runs have."""
    counts = [len(group.seeds) for group in found] or [1]
    low, high = min(counts), max(counts)
    unit = found[0].unit if found else "seeds"
    many = f"one {unit.rstrip('s')}" if high == 1 else f"{high} {unit}"
    return many if low == high else f"{low} to {high} seeds"


def spread(group: Group, result: str) -> str:
    """What a group of runs has found: the seeds, the lowest and the highest."""
    values = group.results[result]
    low, high = (f"{value:,.6g}" for value in (min(values), max(values)))
    apart = low if low == high else f"{low} to {high}"
    return f"{group.file}: {group.name}, {result.replace('_', ' ')}; {in_seeds([group])}, {apart}"


# What no program can find: each with its reason

# A reason that begins with "=" is arithmetic, which a test does again.
REASONS = {
    ("01_translation_as_sequences", "4.67"): "= (2 + 4 + 8) / 3",
    ("01_translation_as_sequences", "215"): "= 356 - 141",
    ("01_translation_as_sequences", "59"): "= 9 + 50",
    ("01_translation_as_sequences", "0.3"): "= 3 / 10",
    ("01_translation_as_sequences", "25"): "the default of `plots.learning_curves`",
    ("01_translation_as_sequences", "64"): "n, set where the network is made",
    ("02_fixed_length_bottleneck", "1,024"): "= 2 * 512",
    ("02_fixed_length_bottleneck", "41"): "= 5 + 720 // 20",
    ("03_bahdanau_attention", "230"): "= 5 * 46",
    ("03_bahdanau_attention", "46"): "= 230 / 5",
    ("03_bahdanau_attention", "15 %"): "= 100 * (1 - 0.85)",
    ("04_reading_alignments", "230"): "= 5 * 46",
    ("04_reading_alignments", "64"): "units of every model of the page",
    ("06_queries_keys_values", "7/8"): "= 1 - 1 / 8",
    ("06_queries_keys_values", "1/16"): "= 1 / 16",
    ("06_queries_keys_values", "3.12"): "a version of Keras",
    ("07_masks_heads_self_attention", "1/1000"): "= 10000 ** (-6 / 8)",
    ("08_transformer", "25"): "= 5 * 5",
    ("08_transformer", "250"): "the steps of every curve of transformer.json",
    ("08_transformer", "920"): "= 20 * 46",
    ("09_what_attention_costs", "300"): "the limit of experiments/attention_costs.py",
    ("09_what_attention_costs", "3.2"): "= 2 ** 1.7",
    ("09_what_attention_costs", "49,000"): "= 12 * 4096",
    ("09_what_attention_costs", "1/16"): "= 1 / 16",
    ("09_what_attention_costs", "10,000"): "given by an exercise",
    ("09_what_attention_costs", "80"): "given by an exercise",
    ("09_what_attention_costs", "16.4"): "= 131.072 / 8",
    ("your_own_sentences", "32"): "the default of `train`",
    ("your_own_sentences", "50"): "every=50 of the training, and an example",
}
# Results of the data whose paragraph does not name the runs, by section: the file, the runs, the
# result, and which of the seeds (a second name: how much less those runs have). A test compares them, too.
TIED = {
    ("Does the draw of lengths decide?", "7"): (
        "one_change.json",
        "moving",
        "bleu 41-50",
        "mean",
        "moving-short",
    ),
    ("Beyond the lengths it has seen", "72"): (
        "one_change.json",
        "bahdanau-30",
        "bleu 41-50",
        "lowest",
    ),
    ("Beyond the lengths it has seen", "85"): (
        "one_change.json",
        "bahdanau-30",
        "bleu 41-50",
        "highest",
    ),
    ("On real sentences", "97"): ("real_sentences.json", "bahdanau", "length_ratio 21-40", "mean"),
}


def group_of(file: str, name: str) -> Group:
    """The runs of a variant in the usual order."""
    (group,) = [
        each
        for each in groups(file)
        if first_name(each) == name and each.of.get("order", "natural") == "natural"
    ]
    return group


def tie_holds(
    number: Number, file: str, name: str, result: str, which: str, less: str = ""
) -> bool:
    """Whether the data still have the number."""
    pick = {"mean": lambda values: sum(values) / len(values), "lowest": min, "highest": max}[which]
    value = pick(group_of(file, name).results[result])
    if less:
        value -= pick(group_of(file, less).results[result])
    return number.equals(value) or number.equals(100 * value)


# The page


def notebooks_in_order() -> list[str]:
    return [name for name in pages() if (ROOT / f"{name}.ipynb").exists()]


def all_claims() -> dict[str, list[Claim]]:
    """The claims of every notebook, in reading order."""
    return {name: claims(name) for name in notebooks_in_order()}


def counted(found: Iterable[Claim]) -> Counter:
    return Counter(claim.holder for claim in found)


def by_chance() -> tuple[dict[str, int], dict[str, int]]:
    """How often a wrong number would be held too, and how many were tried: what the ledger is worth.

    Every number that is no range and no fraction is made larger by an eighth, as it is written.
    """
    held, tried = Counter(), Counter()
    for name in notebooks_in_order():
        own = page(name)
        for section, part, cell, text in own.texts:
            nearest = sorted(own.codes, key=lambda code: abs(code.place - cell))
            for number, place in numbers(text):
                if is_range(number) or number.fraction:
                    continue
                kind = "exact" if number.digits or abs(number.value) >= 100 else "small"
                claim = Claim(made_wrong(number), own.name, section, "")
                hold(claim, own, nearest, part, paragraph(text, place))
                if claim.holder != "cited":  # the paper would have to be asked
                    tried[kind] += 1
                    held[kind] += claim.holder != UNHELD
    return held, tried


def made_wrong(number: Number) -> Number:
    """A number an eighth larger, with as many decimals; at least one more in its last place."""
    unit = 10**-number.digits
    value = round(number.value * 1.125 / unit) * unit
    if abs(value - number.value) < unit / 2:
        value = number.value + unit
    return replace(number, value=value, text=f"{value:,.{number.digits}f}")


def markdown() -> str:
    """How many numbers are held, and how; then each number, a fold for each page."""
    found = all_claims()
    total = counted(claim for each in found.values() for claim in each)
    held, tried = by_chance()
    lines = [f"The text has {sum(total.values()):,} numbers in digits.", ""]
    lines += ["| held | numbers | what that means |", "|---|--:|---|"]
    lines += [f"| {kind} | {total[kind]} | {means} |" for kind, means in HOLDERS.items()]
    lines += [f"| **{UNHELD}** | {total[UNHELD]} | no cell, file or source was found |", ""]
    shares = {kind: f"{100 * held[kind] / tried[kind]:.0f}" for kind in tried}
    lines += [
        "How far can that be trusted? The ledger is made by a program, which finds the same number near "
        "by, and cannot know whether both mean the same. So every number was made larger by an eighth, "
        f"and looked for again. Of those with three digits before the point or with decimals "
        f"{shares['exact']} in 100 were still found somewhere, of the small ones {shares['small']}: for "
        "a small number, read what the line says. The assertions themselves are run again at every "
        "change.",
        "",
    ]
    for name, each in found.items():
        lines += [fold(page(name), each), ""]
    return "\n".join(lines)


def fold(of: Page, found: list[Claim]) -> str:
    """The numbers of one page, section by section, in a fold."""
    free = counted(found)[UNHELD]
    words = f"{of.title}: {len(found)} numbers{f', {free} held by nothing' if free else ''}"
    blocks = [f"<details>\n<summary>{html.escape(words)}</summary>"]
    sections: dict[str, list[Claim]] = {}
    for claim in found:
        sections.setdefault(claim.section, []).append(claim)
    for section, those in sections.items():
        link = f"./{of.name}.ipynb" + (f"#{slugify(section)}" if section else "")
        blocks.append(f"[{section or of.title}]({link})")
        blocks.append(f'<table class="ledger">{"".join(map(row, those))}</table>')
    return "\n\n".join([*blocks, "</details>"])


def row(claim: Claim) -> str:
    """A number, the words around it, and what holds it."""
    said = claim.said if len(claim.said) <= SHOWN else f"{claim.said[:SHOWN]}…"
    holder = f"<b>{claim.holder}</b>" + (f": {html.escape(claim.where)}" if claim.where else "")
    holder += f" <code>{html.escape(said)}</code>" if said else ""
    holder += f"<br>{html.escape(claim.runs)}" if claim.runs else ""
    return (
        f'<tr><th scope="row">{html.escape(claim.number.text)}</th>'
        f"<td>{html.escape(claim.excerpt)}<br><small>{holder}</small></td></tr>"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "page", nargs="?", help="as book/05_einsum.ipynb: its numbers that nothing holds"
    )
    only = parser.parse_args().page
    if only:
        for claim in claims(f"book/{Path(only).stem}"):
            if claim.holder == UNHELD:
                print(f"{claim.number.text:>10}  {claim.section[:30]:30}  {claim.excerpt}")
        return 0
    found = all_claims()
    total = counted(claim for each in found.values() for claim in each)
    for kind in (*HOLDERS, UNHELD):
        print(f"{total[kind]:6} {kind}")
    for name, each in found.items():
        print(f"{sum(c.holder == UNHELD for c in each):6} of {len(each)} held by nothing: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
