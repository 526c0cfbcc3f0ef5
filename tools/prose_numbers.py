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
      |row|word|layer|guests?|unit|column|[Rr]ooms?)\s+
      (?:[A-Z]\.)?\d+(?:\.\d+)*(?:[–-]\d+)?(?:(?:,|,?\s+(?:and|or|to))\s+\d+(?:\.\d+)*(?!\s*(?:%|BLEU|points|words|tokens)))*\b
    |(?<![\w.,–-])\d(?:\s\d)+(?![\w.,–-]*\d)             # digits of an example: 3 1 4
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


def is_usual(value: float) -> bool:
    """Whether half the cells of a page may have a number: 3, 64, 100."""
    return abs(value) <= 12 or abs(value) < 1000 and not (value % 16 and value % 50)


# A number after these is a bound: "more than 25".
BOUND = re.compile(
    r"(?:more than|less than|fewer than|above|over|below|under|at least|at most|up to|beyond|within|between"
    r"|between \S+ and|longer than|larger than|smaller than|from|\d\S* to)\s+(?:about\s+)?[−±(]*$"
)
# Words that say nothing of what a number is of, in the text and in code.
EMPTY = set(
    """about above after all and are array assert axis back been before below both but can cannot check code
    dict does draw each else enumerate even every false few find first float for found from get gives had half
    has have here how int into isclose item its key last least len less like list make many max mean means min
    more most much name need new none not nothing now number numpy off once one only open other our out over
    part per plot print range round run same second set show shown solution some sorted still str sum table
    take test testing than that the their them then there these they third this those three time torch true
    tuple two under value was way were what when where which who why will with without would you your zip"""
    .split()
)  # fmt: skip
TERM = re.compile(r"[A-Z]?[a-zé]{2,}|[A-Z]{2,}|(?<![\w.])\d+(?:\.\d+)?(?!\w)")


def terms(text: str) -> frozenset[str]:
    """The words of a text or of code that say what it is of, in the singular: `n_steps` has *step*.

    Numbers that are not everywhere are such words too: 22 and 97 of a sentence may be one assertion's.
    """
    found = (term.lower() for term in TERM.findall(text))
    singular = (re.sub(r"(?<=[^s])s$", "", re.sub(r"ies$", "y", term)) for term in found)
    return frozenset(
        each
        for each in singular
        if (len(each) > 2 and each not in EMPTY if each[0].isalpha() else not is_usual(float(each)))
    )


def beside(text: str, start: int, end: int, near: int) -> frozenset[str]:
    """The terms beside a number: so many words on each side in its clause, or its row and column."""
    line_start, line_end = text.rfind("\n", 0, start) + 1, (text + "\n").find("\n", end)
    line = text[line_start:line_end]
    if line.startswith("|"):
        head = text[: text.find("\n|-", 0) if "\n|-" in text else 0].rpartition("\n")[2].split("|")
        column = text.count("|", line_start, start)
        return terms(f"{line.split('|')[1]} {head[column] if column < len(head) else ''}")
    clean = re.compile(r"\]\([^)]*\)")
    left = re.split(r"[.!?;](?=\s)|\n\n|\n- ", clean.sub(" ", text[:start]))[-1]
    right = re.split(r"[.!?;](?=\s)|\n\n|\n- ", clean.sub(" ", text[end:]))[0]
    return terms(" ".join([*left.split()[-near:], *right.split()[:near]]))


@dataclass(frozen=True)
class Number:
    """A number of the text: as it is written, its value and how it may be rounded."""

    text: str
    value: float
    digits: int
    percent: bool = False
    fraction: bool = False
    counts: bool = False  # things: words, steps, sentences
    near: frozenset[str] = frozenset()  # the terms beside it
    is_bound: bool = False  # it stands after "more than" or the like
    of_many: bool = False  # it is the 100 of "99 of 100"

    @property
    def is_range(self) -> bool:
        return bool(re.fullmatch(r"\d+–\d+", self.text))

    @property
    def is_small(self) -> bool:
        """A whole number below 1,000: a page has many cells that have it by chance."""
        return not self.digits and not self.fraction and abs(self.value) < 1000

    @property
    def is_usual(self) -> bool:
        return is_usual(self.value)

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
            value, front = sign * read(part), " ".join(text[: match.start()].split()[-5:]) + " "
            # A number that half the cells have has to stand close to its word.
            width = 3 if is_usual(value) else 6
            terms_near = beside(text, match.start(), match.end(), width) - {part}
            yield (
                Number(
                    shown,
                    value,
                    digits,
                    percent,
                    counts=counts,
                    near=terms_near,
                    is_bound=bool(BOUND.search(front) or re.match(r" to \d", text[match.end() :])),
                    of_many=bool(re.search(r"\d\S* of (?:the )?$", front)),
                ),
                match.start(),
            )


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
