"""The numbers that the text of a page has in digits: what a claim can be wrong about.

Passed over are formulas and code, headings, links, questions, years, the numbers of chapters, figures,
tables, exercises, sections and steps, names such as `float32`, and 0 and 1 by themselves.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

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
# What a number may count, so that it is no result of a run.
COUNTED = re.compile(
    r"\s+(?:held-out |test |training |English |French |hidden |new |more |other )*(?:words?|tokens?|steps|"
    r"sentences|pairs|units|seeds|numbers|heads|guests|dishes|orders|places|keys|queries|layers|evenings)\b"
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

    @property
    def figures(self) -> int:
        """How many digits it has from the first one that is not 0."""
        return len(re.sub(r"\D", "", self.text).lstrip("0"))

    def equals(self, other: float) -> bool:
        """Whether the other number, rounded as this one is written, is this one."""
        if self.fraction:
            return abs(self.value - other) < 1e-9
        off, own, other = 0.5 * 10**-self.digits + 1e-9, abs(self.value), abs(other)
        return abs(own - other) <= off or (self.percent and abs(own - 100 * other) <= off)

    def is_literal(self, other: float) -> bool:
        """Whether the other number is written as this one, or is the share of its per cent."""
        values = {self.value, -self.value} | ({self.value / 100} if self.percent else set())
        return any(abs(value - other) <= 1e-9 * max(1, abs(value)) for value in values)


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
    piece = re.sub(r"\]\([^)\s]*\)?|[*`\[\]$]|<[^>]*>|^>\s?", "", piece, flags=re.M)
    return f"… {' '.join(piece.replace('|', ' ').split())} …"


def paragraph(text: str, place: int) -> str:
    """The block of a cell's text in which a place is; a table has the whole cell's words."""
    start = text.rfind("\n\n", 0, place) + 1
    end = text.find("\n\n", place)
    block = text[start : end if end >= 0 else len(text)]
    return text if block.lstrip().startswith("|") else block


def made_wrong(number: Number) -> Number:
    """A number an eighth larger, with as many decimals; at least one more in its last place."""
    unit = 10**-number.digits
    value = round(number.value * 1.125 / unit) * unit
    if abs(value - number.value) < unit / 2:
        value = number.value + unit
    return replace(number, value=value, text=f"{value:,.{number.digits}f}")
