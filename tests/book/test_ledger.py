"""Every number of the text is held by something (tools/ledger.py), and every file of results is listed."""

import json
import re

import cell_numbers
import ledger
import prose_numbers
import pytest
import records
from frame import ROOT, repository_url
from ledger_ties import REASONS, TIED
from prose_numbers import Number

CLAIMS = ledger.all_claims()


@pytest.mark.parametrize("name", CLAIMS)
def test_no_number_is_held_by_nothing(name):
    """Assert it in a cell of its section, or say in ledger_ties.py why no cell can."""
    free = [c for c in CLAIMS[name] if c.holder == ledger.UNHELD]
    said = "\n".join(f"{c.number.text} in {c.section!r}: {c.excerpt}" for c in free)
    assert not free, said


@pytest.mark.parametrize(("where", "text"), REASONS)
def test_a_reason_is_used_and_its_arithmetic_is_right(where, text):
    reason = REASONS[where, text]
    of = [c for claims in CLAIMS.values() for c in claims if where in (c.page, c.section)]
    (number, *_) = [c.number for c in of if c.number.text == text and c.where == reason]
    if reason.startswith("="):
        assert text not in reason.split() and re.search(r"[-+*]|\w\s/\s\w", reason), (
            "it proves itself"
        )
        assert text.replace("/", " / ") != reason.removeprefix("= ")
        value = cell_numbers.folded_text(reason.removeprefix("= "))
        shown = len(text.replace(",", "").rstrip("0"))  # 49,000 has two digits that tell something
        assert number.equals(value) or f"{value:.{shown}g}" == f"{number.value:.{shown}g}"


@pytest.mark.parametrize(("section", "text"), TIED)
def test_what_is_tied_to_the_data_is_there(section, text):
    of = [c for claims in CLAIMS.values() for c in claims if c.section == section]
    (claim, *_) = [c for c in of if c.number.text == text]
    assert claim.holder == ("reckoned" if len(TIED[section, text]) > 4 else "data")
    assert ledger.tie_holds(claim.number, *TIED[section, text])
    assert not ledger.tie_holds(prose_numbers.made_wrong(claim.number), *TIED[section, text])


def test_numbers_with_decimals_cannot_be_changed_unnoticed():
    """A ledger that finds everything would hold nothing."""
    wrong = ledger.by_chance()["exact"]
    assert wrong[ledger.UNHELD] > 0.7 * wrong.total()
    assert wrong["asserted"] + wrong["bounded"] < 0.1 * wrong.total()


def test_small_numbers_that_are_wrong_are_hardly_found():
    wrong = ledger.by_chance()["small"]
    assert wrong["asserted"] + wrong["bounded"] < 0.02 * wrong.total()
    assert wrong[ledger.UNCHECKED] > 0.85 * wrong.total()


def test_only_small_numbers_and_ranges_are_not_checked():
    every = [c for claims in CLAIMS.values() for c in claims if c.holder == ledger.UNCHECKED]
    assert all(c.number.is_small or c.number.is_range for c in every)
    assert not [c.excerpt for c in every if c.number.digits or abs(c.number.value) >= 1000]


def held(text, source, *, near=""):
    """How a number is held by one cell with this source, with such words beside it."""
    code = cell_numbers.code_of(0, 0, "", cell(source), {})
    own = cell_numbers.Page("a", "A", [("", 0, 0, "")], [code], [])
    ((number, _),) = prose_numbers.numbers(f"{near} {text}.")
    claim = ledger.Claim(number, "a", "", "")
    ledger.hold(claim, own, [code], 0, "")
    return claim.holder


def test_a_small_number_needs_a_word_that_it_shares_with_the_cell():
    assert held("22", "assert round(bleu) == 22", near="BLEU of") == "asserted"
    assert held("22", "assert round(bleu) == 22", near="cups of") == "not checked"
    assert held("64", "STEPS = 64", near="steps:") == "set"
    assert held("64", "STEPS = 64", near="a width of") == "not checked"
    assert held("2,200", "STEPS = 2200", near="cups of") == "set"


def test_the_end_of_an_inequality_is_no_number_that_is_asserted():
    assert held("0.48", "assert 0.48 < x", near="It is") == "set"
    assert held("0.48", "assert 0.48 < x", near="It is more than") == "asserted"
    assert held("0.48", "assert x == [0.48]", near="It is") == "asserted"
    assert held("0.55", "assert 0.48 < x", near="It is") == "nothing"
    assert held("0.51", "assert 0.9 > rates > 0.4", near="It is") == "nothing"
    assert held("0.51", "assert 0.5 < rates < 0.52", near="It is") == "bounded"


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("[A (2014)](https://arxiv.org/1). Then [B (2015)](https://arxiv.org/2) has 17.82.", "B (2015)"),
        ("[A (2014)](https://arxiv.org/1).\n\nThat paper has 17.82.", "A (2014)"),
        ("[A (2014)](https://arxiv.org/1) had one. Ours, 12 steps on, has none.", ""),
        ("[A (2014)](https://arxiv.org/1) had 12 of them.", "A (2014)"),
        ("It costs 40 points. See [A (2014)](https://arxiv.org/1).", ""),
    ],
)  # fmt: skip
def test_what_is_cited_last_before_a_number(text, cited):
    *_, (number, place) = prose_numbers.numbers(text)
    words = prose_numbers.paragraph(text, place)
    assert ledger.cited_as(number, words, text[:place]) == cited


def test_the_strongest_numbers_are_asserted_with_their_seeds():
    """One line of each kind, known by hand."""
    known = {
        ("Beyond the lengths it has seen", "54"): ("asserted", "sinusoidal-30", "3 seeds"),
        ("What it babbles", "0.3"): ("reckoned", "", ""),
        ("Both sides of the history", "13.93"): ("cited", "", ""),
        ("What a count of numbers leaves out", "0.45"): ("asserted", "recall.json", "5 seeds"),
    }
    every = [c for claims in CLAIMS.values() for c in claims]
    for (section, text), (holder, *parts) in known.items():
        (claim, *_) = [c for c in every if (c.section, c.number.text) == (section, text)]
        assert claim.holder == holder and all(part in claim.runs for part in parts), claim


# The parts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is 22.5 against 1,024, or −3.", ["22.5", "1,024", "−3"]),
        ("A share of 91 %, or 44 per cent.", ["91 %", "44 %"]),
        ("At 41–50 tokens 2/9 of them, from 0 to 1.", ["41–50", "2/9"]),
        (
            "Chapter 3, Figure 2, section 3.2.1, seeds 0, 1 and 2 of 2017 with `x = 5` and $n = 4$.",
            [],
        ),
        ("# 5. Title\n\n1. One.\n\nfloat32 [7](8.md) RNNsearch-50", ["7"]),
        ("Is it 15, 30 or 45? It is 12.", ["12"]),
        ("In room 12 it gives 3 1 4 for 4 1 3 in 5 steps.", ["5"]),
        ("> **Predict.** It has 13. What will it be: 15, 30 or\n> 90?", ["13"]),
    ],
)
def test_numbers_of_a_text(text, found):
    assert [number.text for number, _ in prose_numbers.numbers(text)] == found


def cell(source, **more):
    return {"source": source, "metadata": {}, "outputs": [], "execution_count": 1} | more


def test_numbers_of_a_cell():
    source = "assert round(x[7], 2) == 0.33 and 4 < y < 6\nassert np.isclose(z, 2 * 50, atol=9)"
    code = cell_numbers.code_of(0, 0, "", cell(source), {})
    found = {value for value, _ in code.asserted}
    assert {0.33, 100} <= found and not {4, 6, 7, 9} & found
    assert {value for value, _ in code.ends} == {4, 6}
    assert [(low, high) for low, high, _ in code.bounds] == [(4, 6)]


def test_outputs_that_differ_by_machine_are_only_measured():
    output = [{"output_type": "stream", "name": "stdout", "text": "12.5 words"}]
    for tags, kind in (([], "shown"), (["nbval-ignore-output"], "measured")):
        code = cell_numbers.code_of(
            0, 0, "", cell("x", outputs=output, metadata={"tags": tags}), {}
        )
        own = cell_numbers.Page("a", "A", [("", 0, 0, "")], [code], [])
        claim = ledger.Claim(Number("12.5", 12.5, 1), "a", "", "")
        ledger.hold(claim, own, [code], 0, "")
        assert claim.holder == kind


def test_what_is_made_from_a_file_is_followed():
    files = {}
    source = (
        'runs = json.loads(Path("data/room.json").read_text())["runs"]\n'
        "found = {}\n"
        "for run in runs:\n    part = found[run['a']]\n    part.append(run['b'])\n"
        "def mean(name):\n    return found[name]\n"
        "other = 5\n"
    )
    cell_numbers.code_of(0, 0, "", cell(source), files)
    assert files["found"] == files["mean"] == {"room.json"} and not files["other"]


# The files of results


# Chapter 10 will read it; its runs take many hours, and are kept as they are made.
BEFORE_ITS_PAGE = {"multi30k.json"}


def test_each_file_is_read_by_a_page_and_made_by_a_script():
    for file in records.files():
        waits = file in BEFORE_ITS_PAGE
        assert bool(records.readers(file)) != waits, f"no page reads {file}, or one does now"
        assert records.script_of(file), f"no script writes {file}"


def test_a_file_of_another_shape_is_listed_as_far_as_it_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "DATA", tmp_path)
    (tmp_path / "list.json").write_text('[{"a": 1}]')
    (tmp_path / "none.json").write_text('{"versions": {"torch": "2.9"}, "runs": {"a": 1}}')
    (tmp_path / "programs.json").write_text(
        '{"properties": 61, "programs": [{"framework": "JAX", "version": "0.9"}]}'
    )
    for function in (records.load, records.groups, records.made_with):
        function.cache_clear()
    text = records.markdown(repository_url())
    assert "### list.json" in text and "- Versions: torch 2.9" in text
    assert "- Hours of training" not in text and "- Command: `—`" in text
    assert "- Holds: 61 properties, 1 programs\n- Versions: JAX 0.9" in text


def test_what_a_file_holds_is_called_by_its_name():
    assert records.holds("attention_costs.json") == "59 timings; of each variant 9 rounds"
    assert records.holds("conformance.json") == "61 properties, 15 programs"
    assert records.set_to("room.json").endswith("; runs of 4,000 or 12,000 steps")
    assert records.readers("conformance.json") == ["api/conformance"]
    assert "book/data" not in records.about(records.script_of("conformance.json"))


def test_the_hours_count_a_whole_trial_once():
    room = json.loads((ROOT / "book/data/room.json").read_text(encoding="utf-8"))
    trained = {
        (r["variant"], r["learning_rate"], r["steps"], r["seed"]): r["train_seconds"]
        for r in room["runs"] + room["trials"]
    }
    assert records.seconds("room.json") == pytest.approx(sum(trained.values()))


def test_the_page_lists_every_file_and_every_number(site):
    html = (site / "book/reproducibility.html").read_text(encoding="utf-8")
    assert all(f">{file}<" in html for file in records.files())
    assert html.count('<th scope="row">') == sum(map(len, CLAIMS.values()))
    assert all(
        f'<details id="ledger-{c.page.replace("_", "-")}">' in html for (c, *_) in CLAIMS.values()
    )
    assert "experiment-records" not in html and html.count('<table class="ledger">') > 100
