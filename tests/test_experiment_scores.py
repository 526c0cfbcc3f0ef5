"""The experiment of chapter 6: its scores are those of the package, and start where it says."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))

import scores

from attention_helpers.functional import additive_scores, dot_product_scores, general_scores

DEPTH = 8


@pytest.fixture(scope="module")
def waiters():
    return {score: scores.Waiters(score, DEPTH) for score in scores.SCORES}


def test_each_score_is_the_package_s():
    rng = np.random.default_rng(0)
    query = rng.normal(size=(len(scores.SEEDS), 2, 3, DEPTH)).astype("float32")
    key = rng.normal(size=(len(scores.SEEDS), 2, 4, DEPTH)).astype("float32")
    for score in scores.SCORES:
        weights = scores.new_weights(score, DEPTH)
        found = scores.scores_of(score, query, key, weights).numpy()
        for seed in scores.SEEDS:
            w = {name: array[seed] for name, array in weights.items()}
            if score == "dot":
                expected = dot_product_scores(query[seed], key[seed])
            elif score == "general":
                expected = general_scores(query[seed], key[seed], w["W"])
            else:
                projected = query[seed] @ w["W"], key[seed] @ w["U"]
                expected = additive_scores(*projected, w["v_a"][:, 0])
            np.testing.assert_allclose(found[seed], expected, atol=1e-4)


def test_general_and_additive_have_as_many_parameters_but_for_v_a():
    sizes = {
        score: sum(array[0].size for array in scores.new_weights(score, DEPTH).values())
        for score in scores.SCORES
    }
    assert sizes["general"] - sizes["dot"] == DEPTH**2
    assert sizes["additive"] - sizes["general"] == DEPTH // 2


@pytest.mark.parametrize("score", scores.SCORES)
@pytest.mark.parametrize("start, spread", [("one", 1.0), ("root", DEPTH**0.5)])
def test_starts_at_the_spread_it_says(waiters, monkeypatch, score, start, spread):
    monkeypatch.setattr(scores, "STEPS", 0)
    waiters[score].train(start, 0.01, scores.SEEDS)
    assert waiters[score].spread() == pytest.approx(spread, rel=1e-3)


def test_a_run_does_not_see_the_one_before(waiters, monkeypatch):
    monkeypatch.setattr(scores, "STEPS", 3)
    losses = []
    for _ in range(2):
        waiters["dot"].train("one", 0.01, scores.SEEDS)
        losses.append(waiters["dot"].validation_loss())
    assert losses[0] == losses[1]


def test_the_seat_asked_for_is_that_of_the_guest():
    guest, dish, asked, seat = scores.evenings(np.random.default_rng(0), 20)
    assert guest.shape == dish.shape == (5, 20, scores.SEATS)
    assert np.array_equal(np.take_along_axis(guest, seat, axis=-1), asked)
    assert all(len(set(row)) == scores.SEATS for row in guest.reshape(-1, scores.SEATS).tolist())
