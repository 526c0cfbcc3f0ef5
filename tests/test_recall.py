"""The waiter's task of the experiments: evenings, and models that are what they say."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))

import memories
import recall
from memories import DISHES, GUESTS, MODELS, STATES


def evenings(task, number=200):
    return recall.evenings(np.random.default_rng(3), number, task)


@pytest.mark.parametrize("task", recall.TASKS)
def test_the_right_answer_is_what_the_guest_ordered_last(task):
    guest, dish, asked, right = evenings(task)
    for row in range(50):
        ordered = {}
        for t in range(recall.ORDERS):
            ordered[guest[row, t]] = dish[row, t]
            assert ordered[asked[row, t]] == right[row, t]


def test_once_nobody_orders_twice_and_again_eight_guests_do():
    guest, dish, asked, _ = evenings("once")
    assert (np.sort(guest, axis=1) == np.arange(GUESTS)).all()
    assert set(np.unique(dish)) == set(range(DISHES))
    coming = [len(set(row)) for row in evenings("again")[0]]
    assert max(coming) == 8 and np.mean(coming) > 7.5
    # Every order so far is asked for as often as any other.
    places = (guest[:, None, :] == asked[:, :, None]).argmax(axis=2)
    assert abs(places[:, -1].mean() - 15.5) < 2.5 and places[:, 0].max() == 0


@pytest.fixture(scope="module")
def models():
    made = {}

    def model(name):
        if name not in made:
            tf.keras.utils.set_random_seed(0)
            made[name] = MODELS[name]()
            made[name](*np.zeros((3, 1, 4), int))
        return made[name]

    return model


FAMILIES = ["softmax", "softmax-aged", "linear-32", "delta-32", "gru-32"]


@pytest.mark.parametrize("name", FAMILIES)
def test_an_answer_is_made_of_the_pairs_up_to_it(models, name):
    guest, dish, asked, _ = (each[:3, :8] for each in evenings("again"))
    before = models(name)(guest, dish, asked)
    for changed in range(3):
        arrays = [guest.copy(), dish.copy(), asked.copy()]
        arrays[changed][:, 5] = (arrays[changed][:, 5] + 1) % DISHES
        change = np.abs(models(name)(*arrays) - before).max(axis=(0, 2))
        assert change[:5].max() < 1e-6 < change[5]
        later = change[6:].max() > 1e-6
        assert later == (changed < 2), "a pair counts later too, a question does not"


def by_a_loop(model, guest, dish, asked):
    """Linear attention and the delta rule as a state that is written to and read, step by step."""
    face, named, dishes, readout = (
        np.array(w) for w in (model.face, model.named, model.dish, model.readout)
    )
    face = face / np.linalg.norm(face, axis=-1, keepdims=True)
    share = getattr(model, "share", None)
    state, logits = np.zeros((face.shape[1], dishes.shape[1])), []
    for g, d, a in zip(guest, dish, asked, strict=True):
        key, value = face[g], dishes[d]
        if share is not None:
            value = (value - key @ state) / (1 + np.exp(-float(share)))
        state = state + np.outer(key, value)
        logits.append(named[a] @ state @ readout)
    return state, np.array(logits)


@pytest.mark.parametrize("name", ["linear-32", "delta-32"])
def test_all_steps_at_once_are_the_loop(models, name):
    guest, dish, asked, _ = (each[0] for each in evenings("again"))
    state, logits = by_a_loop(models(name), guest, dish, asked)
    at_once = models(name)(guest[None], dish[None], asked[None])[0]
    np.testing.assert_allclose(at_once, logits, atol=1e-5)
    assert state.size == memories.numbers_kept(name, recall.ORDERS) == 32


def test_the_count_of_numbers_is_that_of_the_state(models):
    for name in MODELS:
        family, _, n = name.partition("-")
        if family == "gru":
            assert MODELS[name]().gru.units == int(n) == memories.numbers_kept(name, 5)
    assert all(rows * columns == n for n, (rows, columns) in STATES.items())
    assert memories.numbers_kept("softmax-aged", 3) == 3 * 2 * memories.DEPTH


def test_a_set_does_not_know_which_order_was_the_last(models):
    """Softmax and linear attention weigh both orders of a guest alike; with an age, or δ, not."""
    guest, asked = np.array([[4, 4]]), np.array([[4, 4]])
    dishes = np.array([[1, 2]]), np.array([[2, 1]])
    models("softmax-aged").age.assign(0.5)
    for name, a_set in {
        "softmax": True,
        "linear-32": True,
        "softmax-aged": False,
        "delta-32": False,
        "gru-32": False,
    }.items():
        one, two = (models(name)(guest, dish, asked)[0, 1] for dish in dishes)
        assert (np.abs(one - two).max() < 1e-6) == a_set, name
    key = tf.constant([[[1.0, 0.0], [1.0, 0.0]]])
    value = tf.constant([[[5.0], [3.0]]])
    written = memories.corrections(key, value, 1.0)
    assert written.numpy().ravel().tolist() == [5.0, -2.0]  # 5 + (3 - 5): the last one is left


def test_a_run_is_recorded_once(tmp_path, monkeypatch, capsys):
    small = {"steps": 2, "rates": [0.005, 0.01], "batch_size": 4}
    small["evenings"] = {"test": 1_000, "validation": 1_000}
    for name, value in small.items():
        monkeypatch.setitem(recall.SETTINGS, name, value)
    recall.held_out.cache_clear()
    path = tmp_path / "recall.json"
    monkeypatch.setattr(recall, "use_one_thread", lambda: None)
    command = ["recall.py", "--tasks", "once", "--models", "linear-16", "--output", str(path)]
    monkeypatch.setattr(sys, "argv", [*command, "--seeds", "0"])
    for _ in range(2):
        recall.main(recall.arguments())
    recall.held_out.cache_clear()
    records = recall.Records(path, recall.SETTINGS).read()
    best = min(records["trials"], key=lambda trial: trial["validation_loss"])
    tried = [trial["learning_rate"] for trial in records["trials"]]
    assert min(tried) < best["learning_rate"] < max(tried) or len(tried) == 5
    assert records["runs"] == [best], "the trial of seed 0 is the run of seed 0"
    (run,) = records["runs"]
    assert run["numbers_kept"] == 16 and len(run["accuracy"]) == 32 and run["steps"] == 2
    assert run["parameters"] == 2 * 32 * 4 + 16 * 4 + 4 * 16
