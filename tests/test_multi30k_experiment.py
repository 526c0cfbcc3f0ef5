"""experiments/multi30k.py: matched models, what trials choose, names held out, runs that go on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))

import multi30k
import multi30k_names
import multi30k_words
from test_training import Table
from variants import Parts, Variant

from attention_helpers import datasets, text, training
from attention_helpers.translator import Translation

UNKNOWN = text.UNKNOWN
SOURCE = np.array([[5, 6, 7, 8, 9], [10, 11, 12, 0, 0]])
TARGET = np.array([[1, 5, 6, 7, 8, 9], [1, 10, 11, 12, 0, 0]])

# Words


def test_words_are_cut_and_joined_again():
    sentence = "It's 3.5 m long, l'été (old)"
    assert multi30k_words.cut("It's here.") == ("▁It", "'", "s", "▁here", ".")
    words = multi30k_words.Words.train([sentence, "It is long"], size=3)
    assert words.tokens == ["▁It", "'", "▁long"]  # twice each
    assert words.decode(words.encode(sentence)) == sentence


# Names

ENGLISH = [
    "A man in Boston .",
    "Boston is big .",
    "A Blue hat .",
    "Two dogs .",
    "Ann and Rex run .",
]
FRENCH = [
    "Un homme à Boston .",
    "Boston est grande .",
    "Un chapeau bleu .",
    "Deux chiens .",
    "Ann et Rex courent .",
]


def test_names_are_those_that_are_carried_over_within_a_sentence():
    held_out = multi30k_names.held_out_pairs(ENGLISH, FRENCH)
    # The second pair has the name too, as its first word; "Ann" is never seen elsewhere.
    assert held_out == {0: ["Boston"], 1: ["Boston"], 4: ["Rex"]}
    often = ["They see Rome ."] * 21, ["Ils voient Rome ."] * 21
    assert multi30k_names.held_out_pairs(*often) == {}
    translated = ["In Green , Green", "In Green", "In Green"], ["En Green", "En vert", "En vert"]
    assert multi30k_names.held_out_pairs(*translated) == {}


def test_no_training_sentence_has_a_name_that_is_held_out(monkeypatch):
    monkeypatch.setattr(datasets, "load_multi30k", lambda split: (ENGLISH, FRENCH))
    multi30k.sentences.cache_clear()
    kept = multi30k.sentences("train", without_names=True)
    assert kept == ([ENGLISH[2], ENGLISH[3]], [FRENCH[2], FRENCH[3]])
    assert multi30k.sentences("val", without_names=True) == (ENGLISH, FRENCH)
    multi30k.sentences.cache_clear()


def test_an_unknown_word_is_the_source_word_with_the_largest_weight():
    source = ("▁in", "▁Oslo", "▁with", "▁Rex")
    weights = np.array([[0.9, 0, 0.1, 0], [0.1, 0.2, 0, 0.7], [0.2, 0.5, 0.2, 0.1], [0, 0, 1, 0]])
    found = Translation(("▁à", UNKNOWN, UNKNOWN), weights)  # END has a row too
    assert multi30k_names.pointed(source, found) == ("▁à", "▁Rex", "▁Oslo")
    known = {"▁in", "▁with"}
    assert multi30k_names.in_order(source, found, known) == ("▁à", "▁Oslo", "▁Rex")
    assert multi30k_names.in_order(source[:2], found, known) == ("▁à", "▁Oslo", UNKNOWN)


class Speaker:
    """A translator that says the same of every sentence, and looks at the last word of it."""

    def __init__(self, words):
        self.words = words

    def translate(self, sentences, **how):
        return [
            Translation(self.words, np.eye(len(source))[[-1] * (len(self.words) + 1)])
            for source in sentences
        ]


def test_the_scores_of_names_are_those_of_the_sentences_held_out(monkeypatch):
    monkeypatch.setattr(datasets, "load_multi30k", lambda split: (ENGLISH, FRENCH))
    multi30k.sentences.cache_clear()
    words = multi30k_words.Words(["▁A", "▁man", "▁in", "▁.", "."])
    speaker = Speaker(("▁Un", "▁homme", "▁à", UNKNOWN, "▁."))
    scores = multi30k.name_scores(speaker, words, words=True)
    assert multi30k.unknown_scores(speaker, words, ENGLISH, FRENCH)["words"] == 5
    multi30k.sentences.cache_clear()
    assert (scores["sentences"], scores["names"]) == (3, 3)
    assert scores["unknown"]["recall"] == scores["pointed"]["recall"] == 0  # it points at "."
    # In order: "Boston" of the first two, and "Ann", which is not asked for, of the third.
    assert scores["in_order"]["recall"] == round(2 / 3, 4)
    assert scores["in_order"]["bleu"] > scores["unknown"]["bleu"]


def test_an_unknown_word_is_one_wrong_word():
    words = multi30k_words.Words([])
    assert multi30k.joined(words, ("▁Un", UNKNOWN, ".")) == "Un UNK."


# Models


def test_the_five_models_have_as_many_parameters_as_each_other(monkeypatch):
    vocabulary = text.Vocabulary(map(str, range(multi30k.SIZE)))
    how = multi30k.DEFAULTS | {"dropout": 0.1}
    counts = {
        name: multi30k.new_model(name, vocabulary, 0, how).count_params()
        for name in multi30k.MODELS
    }
    assert max(counts.values()) < 1.01 * min(counts.values()), counts
    monkeypatch.setitem(multi30k.MODELS["mean"], "units", 264)
    with pytest.raises(ValueError, match="^mean: expected 1773568 parameters within 1%, got 18"):
        multi30k.new_model("mean", vocabulary, 0, how)


def test_tied_words_are_one_matrix():
    vocabulary = text.Vocabulary([*"abcdefghijklm"])
    parts = Parts(context="dot", units=4, embedding=6, tied=True)
    model = Variant(vocabulary, vocabulary, parts=parts, seed=0)
    logits, _ = model.teacher_force(SOURCE, TARGET)
    sizes = [weight.shape for weight in model.trainable_variables]
    assert sizes.count((17, 6)) == 1 and (6, 17) not in sizes
    memory = model.encode(SOURCE)
    state = model.start_state(memory)
    for i in range(3):
        step, state, _ = model.next_word(TARGET[:, i], state, memory)
        np.testing.assert_allclose(step, logits[:, i], atol=1e-5)
    (words,) = (each for each in model.trainable_variables if each.shape == (17, 6))
    words.assign(np.array(words) + np.eye(17)[16][:, None])  # a word that no sentence here has
    changed, _ = model.teacher_force(SOURCE, TARGET)
    assert np.flatnonzero(np.abs(changed - logits).max(axis=(0, 1)) > 1e-6).tolist() == [16]
    with pytest.raises(ValueError, match="^tied: expected one vocabulary for both languages"):
        Variant(vocabulary, text.Vocabulary([*"abc"]), parts=parts)


# Runs


def asked(folder, *args):
    places = ["--output", str(folder / "out.json"), "--cache", str(folder / "cache")]
    return multi30k.arguments([*args, *places])


def test_trials_choose_by_validation_and_nothing_is_trained_twice(tmp_path, monkeypatch):
    trained = []

    def train_and_score(options, model, seed, **settings):
        trained.append((model, seed, *settings.items()))
        # The lower rate and the smaller dropout are better on the validation sentences.
        return {"validation_loss": settings["learning_rate"] + settings["dropout"] / 100}

    monkeypatch.setattr(multi30k, "train_and_score", train_and_score)
    monkeypatch.setattr(multi30k, "use_one_thread", lambda: None)
    parts = ["--parts", "models", "changes", "--seeds", "0", "1", "--models", "dot", "transformer"]
    multi30k.main(asked(tmp_path, *parts[:2], *parts[-3:], "--trials", "1"))
    assert [each[0] for each in trained] == ["dot", "transformer"]
    for _ in range(2):
        multi30k.main(asked(tmp_path, *parts))
    result = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert len(trained) == len(set(map(str, trained)))
    assert len(result["trials"]) == 6 and len(trained) == 6 + 2 + 2 * len(multi30k.CHANGES)
    for run in result["runs"]:
        low = min(multi30k.RATES["transformer" if run["model"] == "transformer" else "recurrent"])
        changed = multi30k.CHANGES.get(run["change"], {})
        assert run["learning_rate"] == low, run
        assert run["dropout"] == changed.get("dropout", min(multi30k.DROPOUTS)), run
        assert changed.items() <= run.items(), run


DRIVER = """
import os, signal, sys
import test_multi30k_experiment as tests
from attention_helpers import _run

writes, write = [], _run.Checkpoint.write

def then_die(*arguments):
    write(*arguments)
    writes.append(1)
    if len(writes) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

_run.Checkpoint.write = then_die
tests.tiny_run(sys.argv[1])
"""


def tiny_run(folder):
    """The model, what cuts its sentences, and the history of a run on five sentences."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "load_multi30k", lambda split: (ENGLISH, FRENCH))
        patch.setattr(multi30k, "SIZE", 40)
        patch.setattr(multi30k, "EVERY", 2)
        # A model that is traced in no time.
        patch.setattr(multi30k, "new_model", lambda _, words, *how: Table(words, words, seed=0))
        for each in (multi30k.sentences, multi30k.pieces, multi30k.load):
            each.cache_clear()
        options = asked(Path(folder))
        found = multi30k.trained(options, "dot", 0, steps=6, learning_rate=0.01, dropout=0.1)
        for each in (multi30k.sentences, multi30k.pieces, multi30k.load):
            each.cache_clear()
        return found


def test_a_killed_run_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    here = os.path.dirname(__file__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *sys.path])}
    killed = subprocess.run([sys.executable, "-c", DRIVER, str(tmp_path)], env=environment)
    assert killed.returncode == -signal.SIGKILL
    taken, training_step = [], training.training_step

    def counted(*arguments):
        step = training_step(*arguments)
        return lambda *batch: taken.append(1) or step(*batch)

    monkeypatch.setattr(training, "training_step", counted)
    model, _, history = tiny_run(tmp_path)
    assert len(history["loss"]) == 6 and len(taken) == 2
    read, _, again = tiny_run(tmp_path)  # what has ended is read
    assert again["loss"] == history["loss"] and len(taken) == 2
    for one, other in zip(model.get_weights(), read.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
