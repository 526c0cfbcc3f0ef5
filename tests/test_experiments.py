"""The experiments' own parts: a model that is not what its name says would spoil every figure."""

import json
import sys
import types
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))

import copying
import heads
import one_change
import orders
import real_sentences
import room
import runs
from common import HELD_OUT_SEED, Records, held_out_pairs, score_translations, training_pairs
from runs import TEST_PER_LENGTH, VALIDATION_PER_LENGTH, VALIDATION_SEED, parts_of
from variants import Variant

from attention_helpers import corpus, plots
from attention_helpers._tensorflow import tf
from attention_helpers.metrics import Forced

VOCABULARIES = corpus.source_vocabulary(), corpus.target_vocabulary()
SOURCE = np.array([[5, 6, 7, 8, 9], [10, 11, 12, 0, 0]])
TARGET = np.array([[1, 5, 6, 7, 8, 9], [1, 10, 11, 12, 0, 0]])
ALL = one_change.VARIANTS | room.VARIANTS


def test_every_variant_has_a_line_of_its_own_in_the_figures():
    of_pages = {"general", "concat"}  # scores that chapter 6 draws beside them
    assert of_pages | set(one_change.VARIANTS) <= set(plots.MODELS)


@pytest.fixture(scope="module")
def models():
    made = {}

    def model(name):
        if name not in made:
            made[name] = Variant(*VOCABULARIES, parts=parts_of(ALL[name]), seed=0)
        return made[name]

    return model


DIFFERENT = [name for name in ALL if not name.endswith(("-long", "-short", "-30", "-256", "-512"))]


@pytest.mark.parametrize("name", DIFFERENT)
def test_step_by_step_it_says_what_it_says_under_teacher_forcing(models, name):
    model = models(name)
    logits, weights = model.teacher_force(SOURCE, TARGET)
    memory = model.encode(SOURCE)
    state = model.start_state(memory)
    for i in range(4):
        step, state, looked = model.next_word(TARGET[:, i], state, memory)
        np.testing.assert_allclose(step, logits[:, i], atol=1e-5)
        np.testing.assert_allclose(looked, weights[:, i], atol=1e-6)


@pytest.mark.parametrize("name", DIFFERENT)
def test_padding_changes_nothing(models, name):
    together, weights = models(name).teacher_force(SOURCE, TARGET)
    alone, own = models(name).teacher_force(SOURCE[1:, :3], TARGET[1:, :4])
    np.testing.assert_allclose(together[1:, :4], alone, atol=1e-5)
    np.testing.assert_allclose(weights[1:, :4, :3], own, atol=1e-6)


def sees(model, source=SOURCE):
    """Whether another word at a place changes the first logits: booleans (k,)."""
    before = model.teacher_force(source[:1], TARGET[:1, :1])[0]
    changed = []
    for k in range(source.shape[1]):
        other = source[:1].copy()
        other[0, k] += 20
        after = model.teacher_force(other, TARGET[:1, :1])[0]
        changed.append(bool(np.abs(after - before).max() > 1e-6))
    return changed


def test_without_a_source_no_word_of_it_matters(models):
    assert not any(sees(models("no-source")))


@pytest.mark.parametrize(
    "name", ["mean", "fixed", "fixed-both-ends", "bahdanau", "mean-state-only"]
)
def test_every_word_of_the_source_matters(models, name):
    assert all(sees(models(name)))


def test_the_context_is_the_only_way_from_the_source(models):
    """With the context set to zero, nothing of the source is left, but for s_0 made of it."""
    for name, expected in {"mean": False, "mean-summary": True}.items():
        model = models(name)
        memory = model.encode(SOURCE)
        memory["one"] = tf.zeros_like(memory["one"])
        memory["value"] = tf.zeros_like(memory["value"])
        logits, *_ = model.next_word(TARGET[:, 0], model.start_state(memory), memory)
        same = np.allclose(logits[0], logits[1], atol=1e-6)
        assert same is not expected, name


def test_the_moving_context_is_the_annotation_of_its_place(models):
    walks = {  # past the end it stays where it is
        "moving": [[0, 1, 2, 3, 4, 4], [0, 1, 2, 2, 2, 2]],
        "moving-back": [[4, 3, 2, 1, 0, 0], [2, 1, 0, 0, 0, 0]],
    }
    for name, places in walks.items():
        _, weights = models(name).teacher_force(SOURCE, TARGET)
        assert weights.numpy().argmax(axis=-1).tolist() == places, name
        assert set(np.unique(weights)) == {0.0, 1.0}


def test_the_mean_weighs_all_words_alike(models):
    _, weights = models("mean").teacher_force(SOURCE, TARGET)
    np.testing.assert_allclose(weights[1, 0], [1 / 3, 1 / 3, 1 / 3, 0, 0], atol=1e-6)


def test_reversed_reads_the_same_words_from_the_end(models):
    forward, back = models("fixed"), models("fixed-reversed")
    back.set_weights(forward.get_weights())
    mirror = np.array([[9, 8, 7, 6, 5], [12, 11, 10, 0, 0]])
    np.testing.assert_allclose(
        back.teacher_force(mirror, TARGET)[0], forward.teacher_force(SOURCE, TARGET)[0], atol=1e-5
    )


def test_before_or_after_the_step_asks(models):
    """s_{i-1} has not read y_{i-1}, s_i has: only then does the word change the weights."""
    other = TARGET.copy()
    other[:, 0] = 30
    for name, expected in {"bahdanau": False, "additive-after": True, "dot": True}.items():
        first = models(name).teacher_force(SOURCE, TARGET)[1][:, 0]
        second = models(name).teacher_force(SOURCE, other)[1][:, 0]
        assert (np.abs(first - second).max() > 1e-7) == expected, name


def test_unfed_leaves_the_context_out_of_the_state(models):
    for name, expected in {"bahdanau": True, "bahdanau-unfed": False, "dot": False}.items():
        model = models(name)
        states = []
        for source in (SOURCE, SOURCE + (SOURCE > 0)):
            memory = model.encode(source)
            state = model.start_state(memory)
            for i in range(2):
                _, state, _ = model.next_word(TARGET[:, i], state, memory)
            states.append(state[0])
        assert (np.abs(states[0] - states[1]).max() > 1e-6) == expected, name


@pytest.mark.parametrize("order", orders.ORDERS)
def test_an_order_moves_words_and_links_together(order):
    for pair in corpus.generate_pairs(200, seed=5):
        moved = orders.ORDERS[order](pair)
        assert sorted(moved.target) == sorted(pair.target)
        for links in ("sure", "possible"):
            words = [
                sorted((p.source[i], p.target[j]) for i, j in getattr(p, links))
                for p in (pair, moved)
            ]
            assert words[0] == words[1]


def test_mirrored_and_clauses_are_what_they_say():
    """One "whereas", *tandis que*: what stands behind it comes first."""
    pair = next(
        pair
        for pair in corpus.generate_pairs(2_000, seed=1, length=14)
        if "whereas" in pair.source and not {"and", "but", "because"} & set(pair.source)
    )
    assert orders.mirrored(pair).target == pair.target[::-1]
    moved = orders.clauses(pair).target
    at = pair.target.index("tandis")
    assert moved[-1] == "." and moved == (
        *pair.target[at + 2 : -1],
        *pair.target[at : at + 2],
        *pair.target[:at],
        ".",
    )
    begin = pair.source[0], pair.source[pair.source.index("whereas") + 1]
    assert orders.alphabetical(pair).target == (pair.target if begin[0] <= begin[1] else moved)


def test_alphabetical_sorts_three_clauses_and_keeps_the_conjunctions():
    source = "my cats sleep and a dog falls but he laughs .".split()
    target = "mes chats dorment et un chien tombe mais il rit .".split()
    links = frozenset((i, i) for i in range(11))
    pair = orders.SentencePair(tuple(source), tuple(target), links, links)
    moved = orders.alphabetical(pair)
    assert " ".join(moved.target) == "un chien tombe et il rit mais mes chats dorment ."
    assert {(source[i], moved.target[j]) for i, j in moved.sure} == set(
        zip(source, target, strict=True)
    )


def test_lengths_are_uniform_and_the_sets_disjoint():
    pairs = training_pairs("natural", 0, 3)
    lengths = [len(pair.source) for of_bucket in pairs.values() for pair in of_bucket]
    assert sorted(lengths) == sorted(list(range(5, 51)) * 3)
    assert (
        max(len(p.source) for ps in training_pairs("natural", 0, 3, "30").values() for p in ps)
        == 30
    )
    sizes = {HELD_OUT_SEED: TEST_PER_LENGTH, VALIDATION_SEED: VALIDATION_PER_LENGTH}
    sets = [{p.source for p in held_out_pairs("natural", *each)} for each in sizes.items()]
    sets.append({pair.source for of_bucket in pairs.values() for pair in of_bucket})
    assert not sets[0] & sets[1] and not sets[0] & sets[2] and not sets[1] & sets[2]


def test_scores_by_hand():
    pairs = [
        orders.SentencePair(
            tuple("abcdef"), tuple("uvwxyz"), frozenset({(0, 0)}), frozenset({(0, 0)})
        )
    ]
    weights = np.tile([0.25, 0.75], (7, 1))  # every word looks at the second of the source
    said = [Forced(np.array([True] * 6 + [False]), np.zeros(7), weights)]
    scores = score_translations(pairs, [tuple("uvXxy")], said, looks=True)
    assert scores["first_wrong"] == {"5-10": 2.0}
    assert scores["free_first_five"] == {"5-10": 0.8}
    assert scores["forced_first_five"] == {"5-10": 1.0}
    assert scores["forced_accuracy"] == {"5-10": round(6 / 7, 4)}
    assert scores["length_ratio"] == {"5-10": round(5 / 6, 4)}
    assert scores["exact_match"] == scores["forced_exact_match"] == {"5-10": 0.0}
    assert scores["aer"] == {"5-10": 1.0, "all": 1.0}


def test_records_resume_and_refuse_other_settings(tmp_path):
    path = tmp_path / "runs.json"
    one, other = Records(path, {"steps": 1}), Records(path, {"steps": 1})
    one.add("runs", {"variant": "mean", "seed": 0, "bleu": {}})
    other.add("runs", {"variant": "mean", "seed": 1, "bleu": {}})
    assert one.has("runs", variant="mean", seed=1) and not one.has("runs", variant="mean", seed=2)
    with pytest.raises(SystemExit, match="other settings"):
        Records(path, {"steps": 2})


def test_records_count_with_which_versions_they_were_made(tmp_path):
    """Also a file from before versions were noted goes on; its older records have none."""
    path = tmp_path / "runs.json"
    path.write_text(json.dumps({"settings": {}, "trials": [], "runs": [{"seed": 0}]}))
    for seed in (1, 2):
        Records(path, {}).add("runs", {"seed": seed})
    (made,) = json.loads(path.read_text())["versions"]
    assert made["records"] == 2 and made["numpy"] == np.__version__
    assert {"Python", "tensorflow", "keras"} <= set(made)


class ReadsOneHalf:
    """Writes what the backward half says at the word's own place, unless it has just entered."""

    source_vocabulary = types.SimpleNamespace(encode=list)

    def encode(self, rows):
        forward, backward = rows + 1000, rows
        value = tf.constant(np.stack([forward, backward], axis=-1), tf.float32)
        return Memory(value, state=0)

    def next_word(self, word, i, memory):
        said = memory.value.numpy()[:, i, 1].astype(int)
        return np.eye(2000)[np.where(said == word, 0, said)], i + 1, None


class Memory(NamedTuple):
    value: Any
    state: Any


@pytest.mark.parametrize(
    "best, tried",
    [
        (0.004, {0.002, 0.004, 0.008}),
        (0.001, {0.0005, 0.001, 0.002, 0.004, 0.008}),  # at an end first: on, until it is not
        (0.1, {0.002, 0.004, 0.008, 0.016, 0.032}),  # five are enough
    ],
)
def test_trials_go_on_beyond_a_best_rate_at_the_end(tmp_path, best, tried):
    records = Records(tmp_path / "runs.json", {})

    def run(rate):
        assert not records.has("trials", variant="mean", learning_rate=rate), "tried twice"
        return {"validation_loss": abs(rate - best)}

    records.add("trials", {"variant": "fixed", "learning_rate": best, "validation_loss": -1.0})
    found = records.best_trial([0.002, 0.004, 0.008], run, variant="mean")
    assert found["learning_rate"] == min(tried, key=lambda rate: abs(rate - best))
    of_mean = [t for t in records.read()["trials"] if t["variant"] == "mean"]
    assert {trial["learning_rate"] for trial in of_mean} == tried


def test_room_tries_each_rate_in_whole_runs_and_trains_the_chosen_once(tmp_path, monkeypatch):
    trained = []

    def train_and_score(trainer, variant, order, seed, rate):
        trained.append((variant.get("steps", runs.STEPS), seed, rate))
        return {"learning_rate": rate, "bleu": {"5-10": rate}}

    def validation_loss(trainer, order):
        _, _, rate = trained[-1]
        return {"validation_loss": abs(rate - 0.005)}  # the test sentences would choose another

    monkeypatch.setattr(runs, "recurrent", lambda variant: None)
    monkeypatch.setattr(runs, "train_and_score", train_and_score)
    monkeypatch.setattr(runs, "validation_loss", validation_loss)
    monkeypatch.setattr(runs, "use_one_thread", lambda: None)
    output = tmp_path / "room.json"
    names = ["ends-32-long", "ends-32"]
    asked = types.SimpleNamespace(
        output=output, kind="variant", names=names, orders=None, seeds=[0, 1]
    )
    runs.run_all(room.VARIANTS, (), asked, whole_trials=True)
    runs.run_all(room.VARIANTS, (), asked, whole_trials=True)
    steps = runs.STEPS
    trials = [(steps, 0, rate) for rate in (0.0025, 0.005, 0.01)]  # until the best is at no end
    others = [(steps, 1, 0.005), (3 * steps, 0, 0.005), (3 * steps, 1, 0.005)]
    assert sorted(trained) == sorted(trials + others)
    found = json.loads(output.read_text(encoding="utf-8"))["runs"]
    assert {(run["variant"], run["seed"], run["learning_rate"]) for run in found} == {
        (name, seed, 0.005) for name in names for seed in (0, 1)
    }


def test_exchanges_say_whose_word_is_written():
    rows = [np.arange(10, 15), np.arange(20, 25), np.arange(30, 35), np.arange(40, 45)]
    found = copying.exchanges(
        ReadsOneHalf(), [types.SimpleNamespace(source=r) for r in rows], "both"
    )
    whose = {
        name: max(shares, key=shares.get) for name, shares in found.items() if any(shares.values())
    }
    assert whose == {
        "nothing": "ours",
        "half": "theirs",
        "left": "ours",
        "word": "theirs",
        "other half": "ours",
        "nothing, entered": "ours",
        "left, entered": "ours",
        "half, entered": "theirs",
    }
    due = found.pop("nothing, due")
    assert not any(due.values())
    assert all(max(shares.values()) == 1.0 for shares in found.values())


def test_answers_are_the_digits_that_stand_before():
    rows = np.arange(6)[None]
    assert heads.answers(rows, 3)[0, 3:].numpy().tolist() == [[2, 1, 0], [3, 2, 1], [4, 3, 2]]


def test_heads_share_their_parameters_and_a_wide_layer_has_four_times_as_many():
    count = {}
    for looks, number, change in [(4, 1, ""), (4, 4, ""), (1, 2, ""), (4, 1, "wide")]:
        model = heads.Digits(looks, number, change)
        assert model(np.zeros((2, 5), int)).shape == (2, 5, looks, 10)
        count[number, change] = model.attention.count_params()
    assert count[1, ""] == count[2, ""] == count[4, ""] == 4 * 64**2
    assert count[1, "wide"] == 4 * count[1, ""]


def test_the_first_places_have_no_answer_and_count_for_no_task():
    model, rows = heads.Digits(1, 1, ""), np.zeros((2, 7), int)
    loss, logits, right = heads.losses(model, rows, 1)
    assert loss.shape == (2, 3, 1) and logits.shape == (2, 3, 1, 10) and right.shape == (2, 3, 1)


def test_real_sentences_choose_by_validation_and_train_nothing_twice(tmp_path, monkeypatch):
    trained = []

    def train_and_score(variant, seed, learning_rate):
        trained.append((variant, seed, learning_rate))
        loss = abs(learning_rate - 0.006)  # the test sentences would choose another rate
        return {"validation_loss": loss, "bleu": {"all": learning_rate}}

    monkeypatch.setattr(real_sentences, "train_and_score", train_and_score)
    monkeypatch.setattr(real_sentences, "training_sentences", dict)
    monkeypatch.setattr(real_sentences, "use_one_thread", lambda: None)
    output = tmp_path / "real.json"
    asked = types.SimpleNamespace(output=output, variants=["mean", "bahdanau-all"], seeds=[0, 1])
    real_sentences.main(asked)
    real_sentences.main(asked)
    runs = json.loads(output.read_text(encoding="utf-8"))["runs"]
    assert {(run["variant"], run["seed"], run["learning_rate"]) for run in runs} == {
        (variant, seed, 0.006) for variant in asked.variants for seed in (0, 1)
    }
    trials = [(v, 0, rate) for v in ("mean", "bahdanau") for rate in real_sentences.RATES]
    others = [("mean", 1, 0.006), ("bahdanau-all", 0, 0.006), ("bahdanau-all", 1, 0.006)]
    assert sorted(trained) == sorted(trials + others)
