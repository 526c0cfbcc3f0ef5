"""The experiments of chapters 8 and 9 that no other test has: heads, curves, costs."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))

import attention_costs
import transformer
from transformer import VARIANTS, VOCABULARIES, Timed, aer_of_heads, trainer_of

from attention_helpers import corpus, metrics
from attention_helpers.text import START_ID
from attention_helpers.transformer import Transformer

EXPERIMENTS = Path(transformer.__file__).parent
PAIRS = corpus.generate_pairs(8, seed=2, split="test")


def by_hand(model, layer, heads):
    """The error rate of the mean of some heads of a layer, a sentence at a time."""
    links = []
    for pair in PAIRS:
        source = [VOCABULARIES[0].encode(pair.source)]
        target_in = [[START_ID, *VOCABULARIES[1].encode(pair.target)]]
        weights = model.cross_attention(source, target_in)[0].numpy()[layer, heads].mean(axis=0)
        rows = weights[: len(pair.target)]  # the row that predicts each word; the last one, the end
        links.append({(j, i) for i, j in enumerate(rows.argmax(axis=-1))})
    sure, possible = zip(*((pair.sure, pair.possible) for pair in PAIRS), strict=True)
    return metrics.alignment_error_rate(links, sure, possible)


def test_each_head_is_scored_by_the_rows_that_predict():
    model = Transformer(*VOCABULARIES, layers=2, units=16, heads=2, inner=8, seed=3)
    found = aer_of_heads(model, PAIRS)
    assert np.shape(found) == (2, 3)
    for layer in range(2):
        wanted = [by_hand(model, layer, heads) for heads in ([0], [1], [0, 1])]
        assert found[layer] == pytest.approx(wanted, abs=1e-4)
    assert len(set(np.ravel(found))) == 6  # or nothing would be told apart


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_what_its_name_says(name):
    variant, base = VARIANTS[name], name.removesuffix("-30").removesuffix("-short")
    assert variant.get("lengths") == ("30" if name.endswith("-30") else None)
    assert variant.get("steps") == (2_400 if name.endswith("-short") else None)
    assert variant.get("rate_of", name) == base
    if base == "bahdanau":
        return
    model = trainer_of(variant).model
    assert model.settings["positions"] == (None if base == "none" else base)
    assert model.count_params() == 271_424 + (16_384 if base == "learned" else 0)


def test_a_curve_is_of_validation_sentences_and_of_seconds():
    asked = []

    def translate(sources):
        asked.append(sources)
        return [SimpleNamespace(tokens=("le", "chat", ".")) for _ in sources]

    def train(pairs, steps, rate, seed, watch):
        for step in range(0, 501, 50):
            watch(step, seconds=step / 10)
        return {"train_seconds": 50.0}

    fake = SimpleNamespace(model=SimpleNamespace(translate=translate), train=train, loss=None)
    history = Timed(fake).train({}, 500, 0.1, 0)
    assert [(stop["step"], stop["seconds"]) for stop in history["curve"]] == [(250, 25), (500, 50)]
    assert history["train_seconds"] == 50
    held_out = transformer.held_out_pairs(
        "natural", transformer.VALIDATION_SEED, transformer.CURVE_PER_LENGTH
    )
    assert asked == 2 * [[pair.source for pair in held_out]]


def test_costs_of_a_short_length_by_a_real_process(tmp_path):
    output = tmp_path / "new" / "costs.json"
    command = [sys.executable, EXPERIMENTS / "attention_costs.py", "--rounds", "2"]
    subprocess.run([*command, "--lengths", "64", "--output", output], check=True)
    result = json.loads(output.read_text(encoding="utf-8"))
    both = [
        (program, mode) for program in attention_costs.PROGRAMS for mode in attention_costs.MODES
    ]
    runs = [(run["program"], run["mode"]) for run in result["runs"]]
    assert runs == [*both, ("matrix product", "forward")]
    assert all(len(run["seconds"]) == 2 and min(run["seconds"]) > 0 for run in result["runs"])


def test_a_program_is_left_out_where_one_tensor_is_too_large():
    def programs(length):
        return {program for program, _ in attention_costs.runs_of(length)}

    assert programs(1024) == set(attention_costs.PROGRAMS)
    assert programs(2048) == set(attention_costs.PROGRAMS) - {"additive"}
    assert programs(10_000) == {"dot in chunks", "additive in chunks"}


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
def test_the_bytes_of_the_dense_program_are_at_least_its_scores():
    command = [sys.executable, EXPERIMENTS / "attention_costs.py", "--bytes-of"]
    found = {
        program: int(subprocess.check_output([*command, program, "forward", "2048"]))
        for program in ("dot", "additive in chunks")
    }
    assert found["dot"] > 4 * 2048**2  # its scores
    assert (
        found["additive in chunks"] < 4 * 64 * 2048**2 / 10
    )  # its hidden units, were they all there
