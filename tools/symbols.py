r"""The symbols of the formulas in a text, and those that the notation page explains.

A symbol is a letter with its accent and the subscripts that are names, not indices: `W_a` is one,
`h_j` is `h`, `v_{a,c}` is `v_a`, `\overrightarrow{h}_j` is `overrightarrow h`.

python tools/symbols.py book/05_einsum.ipynb
"""

import json
import re
import sys
from pathlib import Path

from frame import ROOT

NOTATION = ROOT / "book/notation.md"
# Letters that count places: as a subscript they say which one, not which symbol.
INDICES = set("ijkqtclmnhbdsupoe") | {"T_x", "T_y"}
# A subscript that is a name, where the same letter may also count.
NAMES = {"W_a", "U_a", "v_a", "b_a", "W_s", "W_o", "U_o", "V_o", "C_o", "W_c", "W_g", "T_x", "T_y"}
NAMES |= {f"{matrix}_{gate}" for matrix in "WUCVb" for gate in "zrh"} | {"W_x", "W_y", "W_h"}
NAMES |= {"W_Q", "W_K", "W_V", "W_O"}
GREEK = set(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi "
    "rho varrho sigma tau upsilon phi varphi chi psi omega ell Gamma Delta Theta Lambda Xi Pi Sigma "
    "Upsilon Phi Psi Omega".split()
)
ACCENTS = set("overrightarrow overleftarrow tilde hat bar vec widetilde widehat".split())
# Commands whose argument is words, or no symbol of ours.
WORDS = set("text textrm mathrm mathtt operatorname textbf texttt mathbb begin end".split())

FENCES = re.compile(r"^ *>? *```.*?^ *>? *```", re.M | re.S)
INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$(?=\S)([^$]+?)(?<=\S)\$(?![\d$])", re.S)
TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[a-zA-Z]|\d+|'|.", re.S)


def formulas(text: str) -> list[str]:
    """Return the formulas of a text in Markdown, `$…$` and `$$…$$`."""
    text = INLINE_CODE.sub("", FENCES.sub("", text))
    return [one or two for one, two in FORMULA.findall(text)]


def symbols(text: str) -> set[str]:
    r"""Return the symbols of all formulas of a text in Markdown.

    >>> sorted(symbols(r"$\alpha_{ij} = \tilde s_i$, $v_{a,c} W_a$"))
    ['W_a', 'alpha', 'c', 'i', 'j', 'tilde s', 'v_a']
    """
    return {symbol for formula in formulas(text) for symbol in of_formula(formula)}


def of_formula(formula: str) -> set[str]:
    tokens = [token for token in TOKEN.findall(formula) if not token.isspace()]
    return set(_walk(tokens))


def _walk(tokens: list[str]):
    at = 0
    while at < len(tokens):
        token = tokens[at]
        name = token.removeprefix("\\")
        at += 1
        accent = ""
        if token.startswith("\\") and name in WORDS:
            _, at = _argument(tokens, at)
            continue
        if token.startswith("\\") and name in ACCENTS:
            inside, at = _argument(tokens, at)
            letters = [each for each in inside if _is_letter(each)]
            if len(letters) != 1:
                yield from _walk(inside)
                continue
            accent, name, token = f"{name} ", letters[0].removeprefix("\\"), letters[0]
        if not _is_letter(token):
            continue
        while at < len(tokens) and tokens[at] == "'":
            name, at = name + "'", at + 1
        subscript: list[str] = []
        while at < len(tokens) and tokens[at] in "_^":
            mark = tokens[at]
            inside, at = _argument(tokens, at + 1)
            if mark == "_":
                subscript = inside
            elif not _is_transpose(inside):
                yield from _walk(inside)
            while at < len(tokens) and tokens[at] == "'":
                name, at = name + "'", at + 1
        if subscript and f"{name}_{subscript[0]}" in NAMES:
            yield f"{accent}{name}_{subscript[0]}"
            subscript = subscript[1:]
        else:
            yield accent + name
        yield from _walk(subscript)


def _is_letter(token: str) -> bool:
    return (token.isalpha() and token.isascii()) or token.removeprefix("\\") in GREEK


def _is_transpose(tokens: list[str]) -> bool:
    return tokens in (["\\top"], ["T"], ["\\prime"])


def _argument(tokens: list[str], at: int) -> tuple[list[str], int]:
    """Return the tokens of the group or the token at a place, and the place after it."""
    if at >= len(tokens) or tokens[at] != "{":
        return tokens[at : at + 1], at + 1
    depth, end = 1, at + 1
    while end < len(tokens) and depth:
        depth += {"{": 1, "}": -1}.get(tokens[end], 0)
        end += 1
    return tokens[at + 1 : end - 1], end


def symbols_of_the_notation_page() -> set[str]:
    """Return every symbol that the notation page explains."""
    return symbols(NOTATION.read_text(encoding="utf-8"))


def main() -> int:
    missing = set()
    for name in sys.argv[1:]:
        cells = json.loads(Path(name).read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        found = symbols(text)
        missing |= found - symbols_of_the_notation_page()
        print(f"{name}: {' '.join(sorted(found))}")
    print(f"not on the notation page: {' '.join(sorted(missing)) or 'none'}")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
