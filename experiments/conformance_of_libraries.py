"""What the attention of Keras, PyTorch, JAX and this package does not hold: book/data/conformance.json.

python experiments/conformance_of_libraries.py
python experiments/conformance_of_libraries.py --page    # no runs: the tables of the page alone

Each program of `experiments/adapters` whose framework is installed here is run, and its records
replace those in the file: run this once in each environment that has one of them. The tables of
book/api/conformance.md are written again.
"""

import argparse
import json
import runpy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from common import DATA, write

from attention_helpers import conformance
from attention_helpers.conformance import check_attention, properties

ADAPTERS = Path(__file__).resolve().parent / "adapters"
PATH = DATA / "conformance.json"
PAGE = DATA.parent / "api/conformance.md"
MARKS = {
    "table": ("<!-- table of conformance.json -->\n", "<!-- end of the table -->\n"),
    "properties": ("<!-- properties -->\n", "<!-- end of the properties -->\n"),
}
# By program: its framework, and what it checks.
PROGRAMS = {
    "torch_function": ("torch", "`scaled_dot_product_attention`, with a mask"),
    "torch_function_causal": ("torch", "`scaled_dot_product_attention`, causal"),
    "torch_layer": ("torch", "`MultiheadAttention`, weights returned"),
    "torch_layer_context": ("torch", "`MultiheadAttention`, the context alone"),
    "torch_layer_padding": ("torch", "`MultiheadAttention`, `key_padding_mask`"),
    "keras_attention": ("keras", "`Attention`, weights returned"),
    "keras_additive_attention": ("keras", "`AdditiveAttention`, weights returned"),
    "keras_layer": ("keras", "`MultiHeadAttention`, weights returned"),
    "keras_layer_context": ("keras", "`MultiHeadAttention`, the context alone"),
    "jax_function": ("jax", "`dot_product_attention`"),
    "ours_function": ("tensorflow", "`scaled_dot_product_attention`"),
    "ours_chunked": ("tensorflow", "`chunked_attention`, causal"),
    "ours_bahdanau": ("tensorflow", "`BahdanauAttention`"),
    "ours_luong": ("tensorflow", "`LuongAttention`"),
    "ours_multi_head": ("tensorflow", "`MultiHeadAttention`"),
}
TITLES = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX", "tensorflow": "TensorFlow"}


def record(program):
    """What a program finds, and what an empty row gives, whatever it declares."""
    calls = []

    def recorded(attention, **options):
        calls.append((attention, options))
        return check_attention(attention, **options)

    conformance.check_attention = recorded
    try:
        report = runpy.run_path(str(ADAPTERS / f"{program}.py"))["report"]
    finally:
        conformance.check_attention = check_attention
    verdicts = [outcome.verdict for outcome in report]
    framework, what = PROGRAMS[program]
    return {
        "program": program,
        "framework": TITLES[framework],
        "version": import_module(framework).__version__.partition("+")[0],
        "what": what,
        "passed": verdicts.count("passed"),
        "not_applicable": verdicts.count("not applicable"),
        "failures": {name: report[name].message for name in report.failures},
        "empty_row": empty_row(*calls[-1]),
    }


def empty_row(attention, options):
    """The one of the choices that holds of an empty row; None if it takes no mask, or none holds."""
    for choice in ("zeros", "mean", "nan"):
        asked = {**options, "empty_row": choice, "only": ["empty_row", "empty_sentence"]}
        verdicts = {outcome.verdict for outcome in check_attention(attention, **asked)}
        if verdicts == {"passed"}:
            return choice
    return None


def table(records):
    """The Markdown table of the records."""
    rows = [
        "| library | checked | an empty row | properties that fail | that hold |",
        "|---|---|---|---|---|",
    ]
    for each in records:
        failures = ", ".join(f"`{name}`" for name in each["failures"]) or "none"
        empty = {"nan": "NaN", None: "–"}.get(each["empty_row"], each["empty_row"])
        ours = "this package, " if each["program"].startswith("ours") else ""
        library = f"{ours}{each['framework']} {each['version']}"
        rows.append(f"| {library} | {each['what']} | {empty} | {failures} | {each['passed']} |")
    return "\n".join(rows) + "\n"


def list_of_properties():
    """The names with their reasons and sources, as a Markdown table."""
    rows = ["| property | why | from |", "|---|---|---|"]
    rows += [f"| `{each.name}` | {each.why} | {each.source} |" for each in properties()]
    return "\n".join(rows) + "\n"


def written(page, records):
    """The page with the two tables between their marks."""
    parts = {"table": table(records), "properties": list_of_properties()}
    for name, (start, end) in MARKS.items():
        before, rest = page.split(start)
        page = f"{before}{start}\n{parts[name]}\n{end}{rest.split(end)[1]}"
    return page


def run_all():
    """The stored records, with those of what is installed here made again."""
    old = json.loads(PATH.read_text(encoding="utf-8"))["programs"] if PATH.exists() else []
    records = {each["program"]: each for each in old}
    for program, (framework, _) in PROGRAMS.items():
        if find_spec(framework) is None:
            print(f"{program}: {framework} is not installed here, what is stored stays")
            continue
        records[program] = record(program)
        print(program, records[program]["failures"], records[program]["empty_row"], flush=True)
    kept = [records[program] for program in PROGRAMS if program in records]
    write(PATH, {"properties": len(properties()), "programs": kept})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", action="store_true", help="write the tables of the page alone")
    if not parser.parse_args().page:
        run_all()
    records = json.loads(PATH.read_text(encoding="utf-8"))["programs"]
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), records), encoding="utf-8")


if __name__ == "__main__":
    main()
