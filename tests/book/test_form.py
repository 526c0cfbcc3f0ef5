"""Every page has the form that the book promises (tools/form.py), and each rule sees what breaks it."""

import re

import form
import pytest
import symbols
from frame import ROOT, notebooks


@pytest.mark.parametrize("rule", form.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("page", notebooks(), ids=lambda page: page.stem)
def test_page(page, rule):
    complaints = list(rule(form.read(page)))
    assert not complaints, "\n".join(complaints)


# What is not a notebook, and is read all the same: pages, docstrings, comments, messages.
TEXTS = [
    path
    for pattern in ("*.md", "book/**/*.md", "benchmarks/*.md", "src/**/*.py", "experiments/*.py")
    for path in sorted(ROOT.glob(pattern))
]
# There a verb agrees with its subject, as grammar has it.
OF_GRAMMAR = {"_grammar.py": {"agrees with"}}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_words_of_pages_and_docstrings(path):
    found = {word for word, _ in form.old_english(path.read_text(encoding="utf-8"))}
    assert found <= OF_GRAMMAR.get(path.name, set())


# Cells of pages that were made to be bad, or good


def text(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source, *, summary=None, tags=(), printed=None, data=None):
    tags, metadata = [*tags], {}
    if summary is not None:
        tags.append("hide-input")
        metadata["mystnb"] = {"code_prompt_show": summary}
    outputs = []
    if printed is not None:
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed})
    if data is not None:
        outputs.append({"output_type": "display_data", "data": data})
    return {
        "cell_type": "code",
        "metadata": metadata | {"tags": tags},
        "source": source,
        "outputs": outputs,
    }


SETUP = code("import os", tags=["remove-cell"])
SOLUTION = code("# @title Solution 1\nprint(1)", tags=["hide-cell"])
PICTURE = {"image/png": "…"}
LONG_PLOT = "plots.by_depth(\n    {'dot': dot},\n    limits=(0, 1),\n)\nplt.show()"
FOLDED_ANSWER = (
    "<details>\n<summary>The answer in words</summary>\n\nBecause of the scale.\n\n</details>"
)

BAD = {
    "folds_bookkeeping": [
        [code("import numpy as np\nimport json")],
        [code("assert score == 4")],
        [code("np.testing.assert_allclose(ours, theirs)")],
        [code("total = a + b\nassert total == 3\nassert a < b")],
        [code("a = 1\nb = 2\nassert a < b\nc = 3\nd = 4\ne = 5\nassert c < d")],
        [code("with open('a.json') as file:\n    runs = json.load(file)")],
        [code("runs = json.loads(Path('a.json').read_text())")],
        [code("for name, row in rows.items():\n    print(name, row)")],
        [code("for name in rows:\n    print(name, end=' ')\n    assert rows[name] > 3")],
        [code("print(1)\nprint(2)\nprint(3)\nprint(4)")],
        [code("plots.table(rows, columns)")],
        [code(LONG_PLOT)],
        [code("figure, axes = plt.subplots(1, 2)\naxes[0].plot(x)\naxes[1].plot(y)\nplt.show()")],
    ],
    "says_what_is_folded": [
        [code("assert x > 1", tags=["hide-input"])],
        [code("assert x > 1", summary="")],
        [code("print(1)", tags=["hide-input"])],
        [code("print(1)", summary="Code")],
        [code("assert x > 1", summary="Show code cell source")],
        [code("assert x > 1", summary="The loss falls")],
        [code("import numpy", summary="What this page needs")],
        [code("assert x", summary="Check: x"), code("assert y", summary="Check: x")],
        [code("print(1)", summary="What the lines of the file are made of, " * 2)],
    ],
    "fits_the_column": [
        [code("x = '" + 74 * "a" + "'")],
        [code("# " + 77 * "a", summary="Imports")],
        [code("print(x)", printed=79 * "a")],
        [text("```\n" + 79 * "a" + "\n```")],
        [text("> Run this:\n>\n> ```python\n> " + 77 * "a" + "\n> ```")],
    ],
    "is_short": [[code("x = 1\n" * 25 + "y = 1")]],
    "prints_no_source": [
        [SETUP, code("print(inspect.getsource(functional))")],
        [SETUP, code("from inspect import getsource\nprint(getsource(f))")],
        [SETUP, code("print(open(functional.__file__).read())")],
        [SETUP, code("functional.attention??")],
        [SETUP, code("%psource functional.attention")],
        [SETUP, code("help(functional)")],
    ],
    "prints_no_dictionary": [
        [code("print(scores)", printed="{'fixed': 14.6, 'dot': 93.8}")],
        [code("print(scores)", printed='first {"fixed": [1, 2]}')],
        [code("print(scores)", printed="{8: 0.9, 256: 0.5}")],
        [code("print(scores)", printed="{(0, 1): 0.9}")],
        [code("scores", data={"text/plain": "{'fixed': 14.6}"})],
    ],
    "folds_answers": [
        [text("### Exercise 1: a\n\nTry it."), SOLUTION, text("It is four times as fast.")],
        [text("### Exercise 1: a\n\n<details>\n\nh\n\n</details>\n\nThe answer is 4."), SOLUTION],
        [SOLUTION, text(FOLDED_ANSWER + "\n\nAnd it is four times as fast.")],
        [SOLUTION, code("print('the answer is', 4)")],
    ],
    "captions_its_figures": [
        [code("plt.show()", data=PICTURE), text("The line falls.")],
        [code("plt.show()", data=PICTURE)],
        [code("plt.show()", data=PICTURE), text("**Figure 2.** BLEU by length, four models.")],
        [code("plt.show()", data=PICTURE), text("**Figure 1.** BLEU")],
        [
            code("x = 1\nplots.alignment_map(w, a, b)", data={"text/html": "<div>"}),
            text("It looks."),
        ],
    ],
    "gives_verdicts": [
        [text("> **Predict.** Which?")],
        [
            text("> **Predict.** Which?"),
            text("> **Predict.** And now?"),
            text("**Verdict.** That."),
        ],
        [text("**Verdict.** That."), text("> **Predict.** Which?")],
    ],
    "is_plain_english": [
        [text("It is a lawful product.")],
        [text("Mend the string.")],
        [text("Slip of the pen.")],
    ],
    "names_its_symbols": [
        [text(r"The matrix $\Xi_{ij}$ is new.")],
        [text(r"Here $$ s_i = \overleftarrow{W}_a h_j $$ is new.")],
        [text(r"So is $h''_j$.")],
    ],
    "makes_no_list_by_chance": [
        [text("The sum is $a\n- b$.")],
        [text("Some text.\n\nWith mean 0 and variance\n1. The next sentence.")],
    ],
}
GOOD = [
    SETUP,
    code("import json\n\nimport numpy as np", summary="Imports"),
    text("> **Predict.** What is the sum?"),
    code(
        "for q in range(2):\n    for k in range(3):\n        scores[q, k] += a[q] * b[k]\nprint(scores)"
    ),
    code("score = query @ key\nprint(score)\nassert score == 4", printed="4.0"),
    text("**Verdict.** It is 4. In $e_{ij} = s_{i-1}^\\top h_j$ it costs `$5`."),
    code("plots.contraction_diagram('qd,kd->qk', arrays)\nplt.show()", data=PICTURE),
    text("**Figure 1.** A row of the query meets a row of the key.\n\nBoth are shaded."),
    code(LONG_PLOT, summary="Draw the gradient by depth", data=PICTURE),
    text("**Figure 2.** The gradient against the depth.\n\n```\n" + 78 * "a" + "\n```"),
    code("assert dot > 0.9", summary="Check: the weight is above 0.9"),
    code("plots.table(rows, columns)", summary="Print the scores", data={"text/html": "<table>"}),
    text("## Exercises"),
    text("### Exercise 1: a\n\nTry.\n\n<details>\n<summary>Hint</summary>\n\nh\n\n</details>"),
    SOLUTION,
    text(FOLDED_ANSWER),
    text("## What to read next"),
    code("x = {letter: 1 for letter in 'ab'}", printed="shape (2, 3), {1, 2}, from 1: 2"),
]


@pytest.mark.parametrize(
    "rule, cells", [(rule, cells) for rule in form.RULES for cells in BAD[rule.__name__]]
)
def test_a_rule_sees_what_breaks_it(rule, cells):
    assert len(list(rule(cells))) >= 1


@pytest.mark.parametrize("rule", form.RULES, ids=lambda rule: rule.__name__)
def test_a_rule_lets_a_good_page_be(rule):
    assert list(rule(GOOD)) == []


@pytest.mark.parametrize(
    "formula, found",
    [
        (r"$h_j = [\overrightarrow{h}_j ; \overleftarrow{h}_j]$",
         {"h", "j", "overrightarrow h", "overleftarrow h"}),
        (r"$e_{ij} = v_a^\top \tanh(W_a s_{i-1} + U_a h_j)$",
         {"e", "i", "j", "v_a", "W_a", "s", "U_a", "h"}),
        (r"$\tilde s_i$, $W_a \in \mathbb{R}^{n' \times n}$, $T_x$",
         {"tilde s", "i", "W_a", "n'", "n", "T_x"}),
        (r"$v_{a,c}^2$ and $x^{k}$", {"v_a", "c", "x", "k"}),
        (r"$$\frac{\partial \text{loss}}{\partial Q_{qd}} = \sum_k G_{qk} K_{kd}$$",
         {"Q", "q", "d", "k", "G", "K"}),
        (r"`$x$`, \$5 and 6 $, $\mathrm{softmax}(\alpha)$", {"alpha"}),
        ("```\n$z$\n```\ncosts $3 or $4 today", set()),
    ],
)  # fmt: skip
def test_symbols_of_a_formula(formula, found):
    assert symbols.symbols(formula) == found


def test_the_notation_page_gives_each_symbol_one_row():
    """A second meaning would need a second row."""
    rows = re.findall(r"^\| (.*?) \| ", symbols.NOTATION.read_text(encoding="utf-8"), re.M)
    defined = [sorted(symbols.symbols(row)) for row in rows if "$" in row]
    first = [row[0] if len(row) == 1 else None for row in defined]
    alone = [symbol for symbol in first if symbol]
    assert len(alone) == len(set(alone)), sorted(s for s in set(alone) if alone.count(s) > 1)
