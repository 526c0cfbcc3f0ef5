"""A notebook to begin a chapter with: it has the form that the tests ask for, and says what goes where.

    python tools/new_page.py 12_my_topic "My topic"

Then name it in `_toc.yml`, and type `make execute NB=book/12_my_topic` and `make page NB=12`.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat
from execute_notebooks import prepare
from frame import ROOT, repository_url, setup_cell, site_url
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

OPENING = """\
# {number}. {title}

A question, as a reader of the chapters before would ask it. What is here to answer it, in three
sentences."""
GOALS = """\
## What you will be able to do

- Say what the answer is, and what it does not cover.
- Write it in a few lines, and compare them with the package.

You need [chapter 3](03_bahdanau_attention.ipynb). What else is needed is said here."""
QUESTION = """\
## The first question

Prose before code, eight to twelve words for each line of it. One idea a paragraph. Each symbol stands
on the page [Notation](notation.md). The package's own version is linked, as
[`masked_softmax`]({site}/book/api/functional.html#attention_helpers.functional.masked_softmax) here.

> **Predict.** What will the three weights be, and what do they sum to?"""
CODE = """\
scores = np.array([2.0, 1.0, -2.0])
weights = np.exp(scores) / np.exp(scores).sum()
print(weights.round(2))"""
CHECK = """\
ours = masked_softmax(scores, np.ones(3, bool))
np.testing.assert_allclose(weights, ours, rtol=1e-6)"""
VERDICT = """\
**Verdict.** What was seen, in the words of the prediction; and what this one run does not show."""
SUMMARY = """\
## Summary

- One sentence for each thing that is to be remembered."""
EXERCISE = """\
### Exercise {n}: {name}

Write `my_softmax(scores)` without looking above, and test it with `check("softmax", my_softmax)`. Then
a question, whose answer needs a thought. Which weights do two equal scores get?

<details>
<summary>Hint</summary>

Something to think about, not the first line of the solution.

</details>"""
SOLUTION = """\
# @title Solution {n}
def my_softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


check("softmax", my_softmax)"""
ANSWER = """\
<details>
<summary>The answer in words</summary>

Equal ones.

</details>"""
NEXT = """\
## What to read next

- [Chapter 4](04_reading_alignments.ipynb), with a reason."""


def folded(source: str, summary: str):
    metadata = {"tags": ["hide-input"], "mystnb": {"code_prompt_show": summary}}
    return new_code_cell(source, metadata=metadata)


def page(number: int, title: str) -> nbformat.NotebookNode:
    url = repository_url()
    imports = "import numpy as np\n\nfrom attention_helpers.exercises import check\n"
    imports += "from attention_helpers.functional import masked_softmax"
    cells = [
        new_markdown_cell(OPENING.format(number=number, title=title)),
        new_markdown_cell(GOALS),
        new_code_cell(setup_cell(url)),
        folded(imports, "Imports"),
        new_markdown_cell(QUESTION.format(site=site_url())),
        new_code_cell(CODE),
        folded(CHECK, "Check: the weights are those of the package"),
        new_markdown_cell(VERDICT),
        new_markdown_cell(SUMMARY),
        new_markdown_cell("## Exercises"),
    ]
    for n, what in enumerate(("a softmax", "another one", "a third one"), start=1):
        cells += [
            new_markdown_cell(EXERCISE.format(n=n, name=what)),
            new_code_cell(SOLUTION.format(n=n), metadata={"tags": ["hide-cell"]}),
            new_markdown_cell(ANSWER),
        ]
    notebook = new_notebook(cells=[*cells, new_markdown_cell(NEXT)])
    prepare(notebook, url)
    return notebook


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="of the file: two digits, and words joined by _")
    parser.add_argument("title")
    parser.add_argument("--folder", type=Path, default=ROOT / "book")
    options = parser.parse_args()
    if not re.fullmatch(r"\d\d(_[a-z0-9]+)+", options.name):
        parser.error(f"name: expected one such as 12_my_topic, got {options.name!r}")
    path = options.folder / f"{options.name}.ipynb"
    if there := sorted(options.folder.glob(f"{options.name[:2]}_*.ipynb")):
        parser.error(f"name: {there[0]} is there already")
    nbformat.write(page(int(options.name[:2]), options.title), path)
    print(f"{path}: name it in _toc.yml and in the road of book/index.ipynb, then")
    print(f"make execute NB=book/{options.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
