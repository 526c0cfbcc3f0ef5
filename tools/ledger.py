"""The ledger of claims: every number in the text of the notebooks, and the cell that holds it.

    python tools/ledger.py                         # how many numbers are held, and how
    python tools/ledger.py book/05_einsum.ipynb    # those of a page that nothing holds

`prose_numbers.py` says which numbers count, `cell_numbers.py` what the cells assert and show, and
`ledger_ties.py` has what no program can find. What holds a number is looked for nearest first. The
page of the site that shows the ledger is made from `markdown` when the book is built.
"""

import argparse
import html
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cell_numbers import Code, Page, page
from frame import ROOT, pages
from ledger_ties import REASONS, TIED
from mdit_py_plugins.anchors.index import slugify
from prose_numbers import Number, excerpt, made_wrong, numbers, paragraph, terms
from records import Group, groups, made_with, settings

# How a number is held, the strongest first, with what the page says of it.
HOLDERS = {
    "asserted": "an assertion of its section has this number",
    "bounded": "an assertion of its section has it between two numbers that are close",
    "shown": "an output of its section shows it, and every run compares that output",
    "data": "a file of an experiment has it, as the mean of its seeds or as one of them",
    "measured": "an output of its section shows it that differs from machine to machine",
    "set": "code of its section, or the settings of an experiment that it reads, sets it",
    "tested": "a test of the repository compares it with what it measures",
    "elsewhere": "another section, or a chapter that the paragraph names, holds it",
    "cited": "it is another's: its paragraph cites the paper or the thread",
    "reckoned": "it follows from other numbers of its paragraph, or from a convention",
    "not checked": "a small whole number; the program cannot tell which cell it is of",
}
UNCHECKED, UNHELD = "not checked", "nothing"

# What says that a number is another's: a link, or names with a year.
CITES = re.compile(
    r"\[(?P<link>[^]]+)\]\(https?://[^)]*(?:arxiv|aclanth|doi\.org|cdn\.openai|/issues/|/pull/)[^)]*\)"
    r"|(?P<names>(?:[A-Z]\w+(?:, | and | et al\. ?|,? ))+\((?:19|20)\d\d\w?\))"
    r"|(?P<paper>\b[Tt]h(?:e|at|eir) paper\b|\bPyTorch's thread\b|et al\."
    r"|\band others \(|Sutskever, Vinyals and Le|Bahdanau, Cho and Bengio)"
)
MEASURES = {"bleu", "accuracy", "right"}  # what a number is of where nobody says
USUAL = {"natural", "once"}  # the order, or the task, where nobody says
MEASURED = re.compile(r"BLEU|AER|error|point|accuracy|right|per cent|%|length", re.I)
SHOWN = 120  # so many characters of an assertion are shown
# The bounds of an assertion hold a number if the upper is at most so many times the lower.
CLOSE = 1.7


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


# What holds a number


def claims(name: str) -> list[Claim]:
    """Every number of a page's text with what holds it."""
    own, found = page(name), []
    for section, part, cell, text in own.texts:
        nearest = sorted(own.codes, key=lambda code: abs(code.place - cell))
        for number, place in numbers(text):
            claim = Claim(number, own.name, section, excerpt(text, place))
            hold(claim, own, nearest, part, paragraph(text, place), text[:place])
            found.append(claim)
    return found


def hold(
    claim: Claim, own: Page, nearest: list[Code], part: int, words: str, front: str = ""
) -> None:
    """Find what holds a claim: in its section, in the data, elsewhere, in what the paragraph cites.

    Args:
        claim: gets what holds it.
        own: its page.
        nearest: the code cells of the page, the nearest first.
        part: the section of level 2.
        words: its paragraph.
        front: the text of its cell before it.
    """
    section = [code for code in nearest if code.part == part]
    here = [code for code in section if code.section == claim.section]
    number = claim.number
    distinct = number.figures > 2  # another one may be found by chance
    if own.name == "index" and claim.section == "The road" and words.lstrip().startswith("#"):
        claim.holder, claim.where = "tested", "test_structure.py, execution.py"
        return
    if tie := TIED.get((claim.section, number.text)):
        if tie_holds(number, *tie):
            claim.holder, claim.where, claim.runs = tied(*tie)
            return
    if number.of_many and abs(number.value) == 100:  # "99 of 100": a way to say a share
        claim.holder = UNCHECKED
        return
    order = (asserted, bounded, shown, in_data, measured, literal, in_settings)
    order = (in_settings, literal, *order) if number.counts else order
    for codes in (here, section if distinct or number.counts or not here else []):
        for find in order:
            if held := find(number, codes, own, words):
                claim.holder, claim.where, claim.said, claim.runs = held
                return
    reason = REASONS.get((claim.section, number.text))
    if not number.is_small:  # a small number is of many things on one page
        reason = reason or REASONS.get((own.name, number.text))
    if reason:
        claim.holder, claim.where = "reckoned", reason
        return
    precise = number.figures >= 5 and not number.is_range
    if precise and (
        held := asserted(number, nearest, own, words) or shown(number, nearest, own, words)
    ):
        claim.holder, claim.where, claim.said, claim.runs = "elsewhere", *held[1:]
        return
    if cited := cited_as(number, words, front):
        claim.holder, claim.where = "cited", cited
        return
    # Elsewhere on the page only what may be a repetition: else small numbers are found by chance.
    repeats = re.match(r"Summary|Exercise|What may be concluded|Both sides", claim.section)
    may_repeat = repeats or distinct and not number.is_small
    for find in (asserted, bounded, shown) if may_repeat else ():
        held = find(number, nearest, own, words)
        if held and (not number.is_small or len(number.near & terms(held[2])) > 1):
            claim.holder, claim.where, claim.said, claim.runs = "elsewhere", *held[1:]
            return
    for other in (
        []
        if number.is_small or number.figures < 2
        else chapters_named(words, own) + before(own, number)
    ):
        for find in (asserted, shown):
            if held := find(number, other.codes, other, words):
                claim.holder, claim.said, claim.runs = "elsewhere", *held[2:]
                claim.where = f"{other.title}: {held[1]}"
                return
    if number.is_small or number.is_range:
        claim.holder = UNCHECKED


Held = tuple[str, str, str, str] | None  # how, where, what is said there, the runs


def shares(number: Number, text: str, about: str = "") -> bool:
    """Whether code may be of the same thing: it has a word that stands beside a small number.

    Args:
        number: any; one that is not small needs no such word.
        text: the code, or a line of an output.
        about: the summary of the cell, whose words count too, but for the numbers that are everywhere.
    """
    return not number.is_small or bool(number.near & terms(text + (about * (not number.is_usual))))


def asserted(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    for code in codes:
        # The end of an inequality holds what the text calls a bound, as in "more than 25".
        for value, text in (*code.asserted, *(code.ends if number.is_bound else ())):
            # 0.645 in an assertion is the number 0.65, as far as it is written.
            same = number.is_literal(value) or (number.digits > 1 and number.equals(value))
            if same and not number.is_range and shares(number, text, code.about):
                return "asserted", code.label, text, runs(number, text, code, own, words)
        if number.is_range and number.text.replace("–", "-") in code.ranges:
            return "set", code.label, "", ""
    return None


def bounded(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    for code in () if number.is_range else codes:
        for low, high, text in code.bounds:
            values = (number.value, number.value / 100) if number.percent else (number.value,)
            close = 0 < low < high <= CLOSE * low and any(low < abs(v) < high for v in values)
            # Bounds that are not tight hold only what shares a word with them.
            tight = not number.is_small and high <= 1.3 * low
            if close and (tight or number.near & terms(f"{text} {code.about}")):
                return "bounded", code.label, text, runs(number, text, code, own, words)
    return None


def shown(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    return output(number, [code for code in codes if code.compared], own, words, "shown")


def measured(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    return output(number, [code for code in codes if not code.compared], own, words, "measured")


def output(number: Number, codes: list[Code], own: Page, words: str, kind: str) -> Held:
    for code in codes:
        for value, line in () if number.is_range else code.shown:
            if number.equals(value) and shares(number, line):
                return kind, code.label, "", runs(number, "", code, own, words)
    return None


def in_data(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    """A result of the runs that the paragraph names; a small number has its measure beside it."""
    if number.counts or number.is_small and not MEASURED.search(" ".join(number.near)):
        return None
    for group, result in matching(number, words, own.reads):
        return "data", group.file, "", spread(group, result)
    return None


def literal(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    for code in codes:
        for value, line in code.literals:
            if number.is_literal(value) and not number.is_range and shares(number, line):
                return "set", code.label, "", ""
    return None


def in_settings(number: Number, codes: list[Code], own: Page, words: str) -> Held:
    """A setting of a file that the section reads; its name stands beside a small number."""
    if number.of_many or number.is_range:
        return None
    spoken = number.near if number.is_small else terms(words)
    files = sorted({file for code in codes for each in code.files.values() for file in each})
    for file in files if number.is_small else (*files, *own.reads):
        for name, value in (*settings(file).items(), *made_with(file)):
            if number.is_literal(value) and (number.digits or spoken & terms(name)):
                return "set", f"{file}, {name.replace('_', ' ')}", "", ""
    return None


def cited_as(number: Number, words: str, front: str) -> str:
    """What is cited last before a number: in its paragraph, before a small number in its sentence."""
    if is_table := front.rpartition("\n")[2].startswith("|"):
        if number.is_small and not number.near & {"paper", "thread", "report"}:
            return ""
    near = front if is_table else front.rpartition("\n\n")[2]
    near = re.split(r"(?<!al)\.\s", near)[-1] if number.is_small and not is_table else near
    found = [*CITES.finditer(near)]
    if not found:
        return ""
    if found[-1]["paper"]:  # "that paper" is the one that was named before
        named = [each for each in CITES.finditer(front) if not each["paper"]]
        found = named or found
    return " ".join((found[-1]["link"] or found[-1]["names"] or found[-1]["paper"]).split())


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
    if number.figures < 3 or number.digits:
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


def brief(value: float) -> str:
    """A result with as many digits as tell something."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def spread(group: Group, result: str) -> str:
    """What a group of runs has found: the seeds, the lowest and the highest."""
    values = group.results[result]
    low, high = (brief(value) for value in (min(values), max(values)))
    apart = low if low == high else f"{low} to {high}"
    return f"{group.file}: {group.name}, {result.replace('_', ' ')}; {in_seeds([group])}, {apart}"


def group_of(file: str, name: str) -> Group:
    """The runs of a variant in the usual order."""
    (group,) = [
        each
        for each in groups(file)
        if first_name(each) == name and each.of.get("order", "natural") == "natural"
    ]
    return group


def tied(file: str, name: str, result: str, which: str, less: str = "") -> tuple[str, str, str]:
    """How a tie holds a number: as a result of the data, or as a difference of two."""
    if not less:
        return "data", file, spread(group_of(file, name), result)
    means = [sum(v) / len(v) for n in (name, less) for v in [group_of(file, n).results[result]]]
    values = group_of(file, name).results[result]
    value = {"mean": means[0], "lowest": min(values), "highest": max(values)}[which]
    said = f"{file}, {result}: {name}, {which} {brief(value)}; {less}, mean {brief(means[1])}"
    return "reckoned", "a difference", said


def tie_holds(
    number: Number, file: str, name: str, result: str, which: str, less: str = ""
) -> bool:
    """Whether the data still have the number."""
    pick = {"mean": lambda values: sum(values) / len(values), "lowest": min, "highest": max}[which]
    value = pick(group_of(file, name).results[result])
    if less:
        others = group_of(file, less).results[result]
        value = abs(value - sum(others) / len(others))
    return number.equals(value) or number.equals(100 * value)


# The page


@cache
def notebooks_in_order() -> list[str]:
    return [name for name in pages() if (ROOT / f"{name}.ipynb").exists()]


def all_claims() -> dict[str, list[Claim]]:
    """The claims of every notebook, in reading order."""
    return {name: claims(name) for name in notebooks_in_order()}


def counted(found: Iterable[Claim]) -> Counter:
    return Counter(claim.holder for claim in found)


def by_chance() -> dict[str, Counter]:
    """What would hold numbers that are wrong: those that can be told from a table, and the small ones.

    Every number that is no range and no fraction is made larger by an eighth. Where a paper is cited,
    the paper would have to be asked, so these are left out.
    """
    found = {"exact": Counter(), "small": Counter()}
    for name in notebooks_in_order():
        own = page(name)
        for section, part, cell, text in own.texts:
            nearest = sorted(own.codes, key=lambda code: abs(code.place - cell))
            for number, place in numbers(text):
                if number.is_range or number.fraction or section == "The road":
                    continue
                claim = Claim(made_wrong(number), own.name, section, "")
                hold(claim, own, nearest, part, paragraph(text, place), text[:place])
                if claim.holder != "cited":
                    found["small" if number.is_small else "exact"][claim.holder] += 1
    return found


def markdown() -> str:
    """How many numbers are held, and how; then each number, a fold for each page."""
    found = all_claims()
    total = counted(claim for each in found.values() for claim in each)
    lines = [f"The text has {sum(total.values()):,} numbers in digits.", ""]
    lines += ["| numbers | held, and what that means |", "|--:|---|"]
    lines += [f"| {total[kind]} | **{kind}**: {means} |" for kind, means in HOLDERS.items()]
    lines += [f"| {total[UNHELD]} | **{UNHELD}**: no cell, file or source was found |", ""]
    lines += [worth(by_chance()), ""]
    for name, each in found.items():
        lines += [fold(page(name), each), ""]
    return "\n".join(lines)


def worth(wrong: dict[str, Counter]) -> str:
    """How often the ledger would not have noticed a wrong number."""
    exact, small = wrong["exact"], wrong["small"]
    found = [each["asserted"] + each["bounded"] for each in (exact, small)]
    return (
        "Would it notice a wrong number? To see, each number was made larger by an eighth and looked "
        "for again (not ranges, fractions and what a paper is cited for). There were "
        f"{exact.total()} numbers with decimals or from 1,000 on. For {exact[UNHELD]} of them the program "
        f"then found nothing, and for {found[0]} it still found an assertion. Of the {small.total()} smaller "
        f"whole numbers {small[UNCHECKED] + small[UNHELD]} were not checked then, and {found[1]} were found "
        "in an assertion."
    )


def fold(of: Page, found: list[Claim]) -> str:
    """The numbers of one page, section by section, in a fold."""
    free, unknown = counted(found)[UNHELD], counted(found)[UNCHECKED]
    summary = f"{of.title}: {len(found)} numbers, {unknown} not checked"
    summary += f", {free} held by nothing" if free else ""
    anchor = f"ledger-{of.name.replace('_', '-')}"
    blocks = [f'<details id="{anchor}">\n<summary>{html.escape(summary)}</summary>']
    sections: dict[str, list[Claim]] = {}
    for claim in found:
        sections.setdefault(claim.section, []).append(claim)
    for section, those in sections.items():
        words = re.sub(r"\$[^$]*\$", "", section)  # MyST leaves formulas out of an anchor
        link = f"./{of.name}.ipynb" + (f"#{slugify(words)}" if section else "")
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
