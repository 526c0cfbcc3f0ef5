"""attention_helpers.training: the loss, and what `train` does with a model, its pairs and its files."""

import contextlib
import io
import itertools
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers import training
from attention_helpers._progress import Progress
from attention_helpers._run import Checkpoint, describe_weights, is_close
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import PAD_ID, SentencePair, Vocabulary, batches_by_length, pad
from attention_helpers.training import masked_crossentropy, train
from attention_helpers.translator import Translator

ENGLISH = Vocabulary(["a", "black", "cat", "dog", "sees", "the"])
FRENCH = Vocabulary(["chat", "chien", "le", "noir", "un", "voit", "."])
SIZES = {"units": 8, "embedding_dim": 6}


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def close(one, other, atol=2e-5):
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=atol)


def differ(one, other, axis=None):
    return ~np.isclose(one, other, rtol=1e-5, atol=1e-6).all(axis=axis)


@keras.saving.register_keras_serializable("tests")
class Table(Translator):
    """The next word by the last one and by which words the source has. It has no loop."""

    def __init__(self, *vocabularies, rate=0.0, **kwargs):
        super().__init__(*vocabularies, **kwargs)
        self.rate, size = rate, len(self.target_vocabulary)
        self.of_source = keras.layers.Embedding(
            len(self.source_vocabulary), size, dtype=self.dtype_policy
        )
        self.of_last = keras.layers.Embedding(size, size, dtype=self.dtype_policy)
        self.dropout = keras.layers.Dropout(rate, dtype=self.dtype_policy)

    def teacher_force(self, source, target_in, training=False):
        source = self.source_ids(source)
        is_word = tf.cast(source != PAD_ID, self.compute_dtype)[..., None]
        words = tf.reduce_sum(self.of_source(source) * is_word, axis=1, keepdims=True)
        logits = words + self.of_last(self.target_ids(target_in))
        return self.dropout(logits, training=training), None

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


# The loss


def test_the_loss_is_the_mean_over_tokens_and_ignores_padding():
    logits, target = draw(2, 3, 5), np.array([[3, 4, 2], [2, 0, 0]])
    by_hand = [
        -np.log(np.exp(logits[b, q, target[b, q]]) / np.exp(logits[b, q]).sum())
        for b, q in [(0, 0), (0, 1), (0, 2), (1, 0)]
    ]
    close(masked_crossentropy(target, logits), np.mean(by_hand), atol=1e-6)
    changed = logits.copy()
    changed[1, 1:] = draw(2, 5, seed=9) * 100
    close(masked_crossentropy(target, changed), np.mean(by_hand), atol=1e-6)


WAYS = {
    "eager": lambda function: function,
    "graph": tf.function,
    "XLA": lambda function: tf.function(function, jit_compile=True),
}


def loss_and_gradient(target, logits, way):
    @WAYS[way]
    def both(target, logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = masked_crossentropy(target, logits)
        return loss, tape.gradient(loss, logits)

    loss, gradient = both(tf.constant(target), tf.constant(logits))
    return float(loss), gradient.numpy()


@pytest.mark.parametrize("way", WAYS)
def test_padding_counts_for_nothing_whatever_its_logits(way):
    rows = [[logit, 0, 0, 0, 9] for logit in (0.0, -np.inf, np.inf, np.nan)]
    for dtype in ("float16", "float32"):
        loss, gradient = loss_and_gradient([[4, 0, 0, 0]], np.array([rows], dtype), way)
        assert loss == pytest.approx(np.log(4 + np.exp(9)) - 9, abs=2e-6)
        assert np.isfinite(gradient).all() and gradient[0, 0].any() and not gradient[0, 1:].any()


@pytest.mark.parametrize("way", WAYS)
def test_padding_alone_is_a_loss_of_zero(way):
    for logit in (0.0, np.nan):
        loss, gradient = loss_and_gradient([[0, 0]], np.full((1, 2, 3), logit, "float32"), way)
        assert loss == 0 and not gradient.any()


@pytest.mark.parametrize("way", WAYS)
def test_a_word_that_cannot_be_is_no_fault_unless_it_is_the_target(way):
    """A model that cannot write PAD gives it -inf, which a factor of 0 would make NaN."""
    no_pad = [-np.inf, 0, 0, 0, 9]
    for dtype in ("float16", "float32"):
        logits = np.array([[no_pad, no_pad]], dtype)
        loss, gradient = loss_and_gradient([[4, 0]], logits, way)
        assert loss == pytest.approx(np.log(3 + np.exp(9)) - 9, abs=2e-6)
        assert np.isfinite(gradient).all() and gradient[0, 0, 0] == 0
    assert masked_crossentropy([[4, 3]], logits[:, :, [3, 1, 2, 0, 4]]) == np.inf


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_a_smoothed_loss_is_the_crossentropy_with_a_share_for_every_word(smoothing):
    logits, target = draw(2, 3, 5), np.array([[3, 4, 2], [2, 0, 0]])
    log_p = np.log(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True))
    shares = (1 - smoothing) * np.eye(5)[target] + smoothing / 5
    by_hand = -(shares * log_p).sum(axis=-1)[target != PAD_ID].mean()
    close(masked_crossentropy(target, logits, smoothing), by_hand, atol=1e-6)


def test_padding_counts_for_nothing_in_a_smoothed_loss():
    logits, target = tf.Variable(draw(1, 3, 5)), np.array([[3, 0, 0]])
    logits[0, 1:].assign([[np.inf] * 5, [np.nan] * 5])
    with tf.GradientTape() as tape:
        loss = masked_crossentropy(target, logits, smoothing=0.2)
    close(loss, masked_crossentropy(target[:, :1], logits[:, :1], smoothing=0.2), atol=1e-6)
    assert not np.any(tape.gradient(loss, logits)[0, 1:])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"])
def test_ids_of_every_integer_type(dtype):
    target, logits = np.array([[3, 4, 0]]), draw(1, 3, 5)
    assert masked_crossentropy(target.astype(dtype), logits) == masked_crossentropy(target, logits)


def test_a_large_vocabulary_in_16_bits():
    """log 100,000 is summed over more words than float16 can count."""
    for dtype in (tf.float16, tf.bfloat16):
        loss = masked_crossentropy([[99_999, 1]], tf.zeros((1, 2, 100_000), dtype))
        assert float(loss) == pytest.approx(np.log(100_000), abs=1e-5)


def test_sums_over_many_tokens_of_16_bits():
    """64 sentences of 50 words at 32 nats: more than float16 can hold."""
    logits = np.zeros((64, 50, 4))
    logits[..., 0] = 32
    loss = masked_crossentropy(np.ones((64, 50), int), tf.constant(logits, tf.float16))
    np.testing.assert_allclose(loss, 32, atol=1e-4)


def test_a_compiled_model_is_saved_with_its_loss_and_its_name(tmp_path):
    model = Seq2Seq(ENGLISH, FRENCH, **SIZES, name="mine")
    model.compile("adam", masked_crossentropy)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert (loaded.name, loaded.loss) == ("mine", masked_crossentropy)


# Training

LETTERS = Vocabulary(list("abcdef"))


def copies(number, seed):
    random = np.random.default_rng(seed)
    sentences = [tuple(random.choice(list("abcdef"), 5)) for _ in range(number)]
    return [SentencePair(words, words) for words in sentences]


@pytest.fixture(scope="module")
def copier():
    """A model that has learned to copy five words, its history, and what was shown meanwhile."""
    model = Seq2Seq(LETTERS, LETTERS, units=16, embedding_dim=16, seed=0)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        history = train(
            model,
            copies(600, seed=0),
            steps=250,
            batch_size=32,
            learning_rate=0.02,
            jit_compile=False,
        )
    return model, history, shown.getvalue()


def test_training_learns_to_copy_and_where_to_look(copier):
    model, history, _ = copier
    unseen = copies(100, seed=1)
    translations = model.translate([pair.source for pair in unseen])
    right = [t.tokens == p.target for t, p in zip(translations, unseen, strict=True)]
    assert np.mean(right) > 0.9
    looks = [
        t.weights[:5].argmax(axis=1) for t, good in zip(translations, right, strict=True) if good
    ]
    assert np.mean(np.array(looks) == np.arange(5)) > 0.9
    assert len(history["loss"]) == 250
    assert np.mean(history["loss"][-20:]) < 0.3 < 1.5 < history["loss"][0]


def test_history_counts_target_tokens_and_end_by_the_second(copier):
    _, history, _ = copier
    assert history["tokens_per_second"] * history["seconds"] == pytest.approx(250 * 32 * 6)


def test_progress_is_seen_and_wiped_out(copier):
    _, _, shown = copier
    assert "\n" not in shown
    lines = shown.split("\r")
    assert any(re.match(r"step \d+/250, loss \d\.\d{3}, \d+ s left", line) for line in lines)
    assert lines[-1] == "" and lines[-2].strip() == ""
    assert len(lines[-2]) >= max(map(len, lines))


def test_progress_is_rewritten_at_most_twice_a_second(capsys):
    progress, losses, start = Progress(10**6), [], time.perf_counter()
    for _ in range(1000):
        losses.append(1.0)
        progress.update({"loss": losses})
    seconds = time.perf_counter() - start
    assert 1 <= capsys.readouterr().out.count("step") <= 2 + 2 * seconds


def test_a_seed_gives_the_same_training_and_the_first_loss_is_that_of_eager_code(capsys):
    pairs, histories = copies(40, seed=0), []
    for _ in range(2):
        model = Seq2Seq(LETTERS, LETTERS, attention="dot", **SIZES, seed=3)
        before = model.get_weights()
        histories.append(train(model, pairs, steps=6, batch_size=8, seed=1, verbose=False)["loss"])
    assert histories[0] == histories[1]
    assert np.isfinite(histories).all()  # fewer steps than a warm-up takes
    assert all(differ(a, b) for a, b in zip(before, model.get_weights(), strict=True) if a.any())
    assert capsys.readouterr().out == ""
    sources = [LETTERS.encode(pair.source) for pair in pairs]
    targets = [LETTERS.encode(pair.target, start=True, end=True) for pair in pairs]
    source, target_in, target_out = next(batches_by_length(sources, targets, 8, steps=1, seed=1))
    model.set_weights(before)
    close(histories[0][0], masked_crossentropy(target_out, model((source, target_in))), 1e-5)


def test_the_loss_that_is_trained_is_smoothed_and_the_one_that_judges_is_not():
    pairs, how = copies(8, seed=0), dict(steps=1, batch_size=8, bins=1, verbose=False)
    losses = {}
    for smoothing in (0.0, 0.3):
        model = Seq2Seq(LETTERS, LETTERS, attention="dot", **SIZES, seed=3)
        history = train(model, pairs, smoothing=smoothing, validation=pairs, **how)
        batch = pad_pairs(pairs)
        losses[smoothing] = history["loss"][0]
        close(history["validation_loss"], [masked_crossentropy(batch[2], model(batch[:2]))])
    model = Seq2Seq(LETTERS, LETTERS, attention="dot", **SIZES, seed=3)
    close(losses[0.3], masked_crossentropy(batch[2], model(batch[:2]), 0.3))
    assert abs(losses[0.3] - losses[0.0]) > 1e-4


def pad_pairs(pairs):
    """One batch of all pairs: the source, and the target without its end and without its start."""
    target = pad([LETTERS.encode(pair.target, start=True, end=True) for pair in pairs])
    source = pad([LETTERS.encode(pair.source) for pair in pairs])
    return source, target[:, :-1], target[:, 1:]


def table(rate=0.3):
    """A model whose training needs its random state: it drops out."""
    return Table(LETTERS, LETTERS, rate=rate, seed=0)


def letters(number, seed=0, longest=4):
    """Pairs without links, of sentences and their letters in order."""
    random = np.random.default_rng(seed)
    sources = [
        random.choice(list("abcdef"), random.integers(1, longest + 1)) for _ in range(number)
    ]
    return [SentencePair(tuple(words), tuple(sorted(words))) for words in sources]


def test_any_translator_is_trained():
    """Also one whose weights are only made when it is called."""
    model = table(rate=0.0)
    history = train(model, letters(50), steps=60, bins=1, learning_rate=0.1, verbose=False)
    assert len(model.weights) == 2
    assert np.mean(history["loss"][-5:]) < 0.75 * history["loss"][0]


def test_the_seconds_of_compilation_are_told_apart():
    history = train(table(), letters(50), steps=4, bins=2, batch_size=4, verbose=False)
    assert 0 < history["compile_seconds"] < history["seconds"]
    one_step = train(table(), letters(50), steps=1, bins=1, batch_size=4, verbose=False)
    assert one_step["compile_seconds"] > 0.5 * one_step["seconds"]


def test_training_without_xla_is_the_same_training(monkeypatch):
    """It is traced once, for all shapes."""
    traces, teacher_force = [], Table.teacher_force

    def counted(*arguments, **named):
        traces.append(not tf.executing_eagerly())
        return teacher_force(*arguments, **named)

    monkeypatch.setattr(Table, "teacher_force", counted)
    settings = dict(steps=8, bins=4, batch_size=4, verbose=False)
    one = train(table(0.0), letters(40), **settings)
    assert sum(traces) > 1
    traces.clear()
    other = train(table(0.0), letters(40), **settings, jit_compile=False)
    assert sum(traces) == 1
    close(one["loss"], other["loss"])


def test_time_left_is_that_of_steps_that_do_not_compile(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    progress, losses = Progress(steps=12, done=1), [1.0]
    for seconds, is_new in [(30, True), (2, False), (40, True), (4, False)]:
        if is_new:
            progress.compiling(len(losses) + 1, 18, 17)
        now += seconds
        losses.append(1.0)
        progress.update({"loss": losses}, seconds if is_new else 0.0)
    shown = [line.strip() for line in capsys.readouterr().out.split("\r") if line.strip()]
    assert shown == [
        "step 2/12, compiling for sentences of 18 and 17 tokens",
        "step 2/12, loss 1.000",
        "step 3/12, loss 1.000, 18 s left",
        "step 4/12, compiling for sentences of 18 and 17 tokens",
        "step 4/12, loss 1.000, 16 s left",
        "step 5/12, loss 1.000, 21 s left",
    ]


def test_compiling_is_shown(copier):
    assert "step 1/250, compiling for sentences of 5 and 6 tokens" in copier[2]


# Validation


def nats_per_token(model, pairs):
    """One sentence after the other, without padding."""
    nats = tokens = 0
    for pair in pairs:
        target = LETTERS.encode(pair.target, start=True, end=True)
        logits = model((np.array([LETTERS.encode(pair.source)]), np.array([target[:-1]])))[0]
        chances = np.asarray(logits, float) - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        nats -= chances[np.arange(len(target) - 1), target[1:]].sum()
        tokens += len(target) - 1
    return nats / tokens


def test_validation_is_the_mean_over_all_tokens():
    model, held_out = table(), letters(21, seed=1)
    history = train(
        model, letters(50), steps=7, bins=1, batch_size=8, validation=held_out, every=3,
        verbose=False,
    )  # fmt: skip
    assert history["validation_steps"] == [3, 6, 7]
    assert history["best_step"] == 7
    assert history["validation_loss"][-1] == pytest.approx(
        nats_per_token(model, held_out), abs=1e-5
    )


def test_the_best_weights_are_kept_and_patience_runs_out():
    """What is learned by heart in training is worse for other sentences."""
    model, held_out = table(rate=0.0), letters(20, seed=1)
    history = train(
        model, letters(4), steps=400, bins=1, learning_rate=0.3, validation=held_out, every=5,
        patience=3, verbose=False,
    )  # fmt: skip
    losses, steps = history["validation_loss"], history["validation_steps"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3 and len(history["loss"]) == steps[-1] < 400
    assert history["best_step"] == steps[best]
    assert losses[-1] > losses[best] + 0.01
    assert nats_per_token(model, held_out) == pytest.approx(losses[best], abs=1e-5)


# Own data


class Two(NamedTuple):
    source: tuple
    target: tuple


def test_long_pairs_are_left_out_and_counted(capsys):
    pairs = [*letters(30), Two(tuple("a" * 9), ("a",)), Two(("a",), tuple("a" * 9))]
    history = train(table(), pairs, steps=1, bins=1, max_length=8, validation=[*pairs, pairs[-1]])
    assert history["left_out"] == 2 and history["validation_left_out"] == 3
    shown = capsys.readouterr().out
    assert "left out: 2 pairs with more than 8 tokens on a side\n" in shown
    assert "validation left out: 3 pairs with more than 8 tokens on a side\n" in shown
    history = train(table(), pairs, steps=1, bins=1, max_length=9)
    assert history["left_out"] == 0 and "left out" not in capsys.readouterr().out
    assert "validation_left_out" not in history
    with pytest.raises(ValueError, match="max_length: expected 9 or more, .* of pairs, got 8"):
        train(table(), pairs[-2:], steps=1, max_length=8)


def test_unknown_words_are_replaced_if_that_is_wanted():
    pairs = [Two(("a", "z"), ("z", "b"))]
    with pytest.raises(ValueError, match=r"^pairs\[0\]\.source\[1\]: .*'z'"):
        train(table(), pairs, steps=1)
    history = train(table(0.0), pairs, steps=1, unknown="replace", validation=pairs, verbose=False)
    model = table(0.0)
    expected = masked_crossentropy([[3, 5, 2]], model((np.array([[4, 3]]), np.array([[1, 3, 5]]))))
    assert history["loss"] == [pytest.approx(float(expected), abs=1e-5)]


def test_a_pair_that_is_far_longer_is_named():
    pairs = [*letters(200), Two(tuple("ab" * 60), ("a",)), *letters(5, seed=1)]
    message = r"pairs\[200\] has 120 tokens, 99 of 100 pairs at most 4: .*max_length=4 leaves"
    with pytest.warns(UserWarning, match=message):
        train(table(), pairs, steps=1, batch_size=2, bins=1, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        train(table(), pairs, steps=1, batch_size=2, bins=1, max_length=100, verbose=False)


# Averages of weights


def weights_of_steps(steps, momentum):
    """The weights after each step, and then those that `train` ends with when it averages."""
    pairs, found, model = letters(50), [], table(0.0)
    step = training.training_step

    def seen(*arguments):
        taken = step(*arguments)

        def one(*batch):
            loss = taken(*batch)
            found.append(model.get_weights())
            return loss

        return one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "training_step", seen)
        history = train(model, pairs, steps=steps, average=momentum, bins=1, verbose=False)
    return history["loss"], found, model.get_weights()


def test_the_averages_are_those_of_the_formula_and_training_goes_on_without_them():
    losses, of_steps, last = weights_of_steps(4, momentum=0.7)
    average = of_steps[0]
    for weights in of_steps[1:]:
        average = [0.7 * a + 0.3 * w for a, w in zip(average, weights, strict=True)]
    for one, other in zip(average, last, strict=True):
        close(one, other, atol=1e-6)
    plain, same_steps, ends = weights_of_steps(4, momentum=None)
    assert plain == losses
    for one, other in zip([*of_steps[-1], *same_steps[-1]], [*ends, *ends], strict=True):
        np.testing.assert_array_equal(one, other)


def test_averages_are_measured_and_kept_also_when_a_run_is_read_again(tmp_path):
    held_out, ended = letters(20, seed=1), []
    for _ in range(2):
        model = table()
        history = run(model, tmp_path / "run.npz", validation=held_out, average=0.5, smoothing=0.1)
        ended.append(without_times(history))
        assert history["best_step"] == 12
        batch = pad_pairs(held_out)
        close(history["validation_loss"][-1], masked_crossentropy(batch[2], model(batch[:2])))
    assert ended[0] == ended[1]
    again = table()
    run(again, tmp_path / "plain.npz", validation=None, average=0.5, smoothing=0.1)
    read = table()
    run(read, tmp_path / "plain.npz", validation=None, average=0.5, smoothing=0.1)
    for model in (again, read):
        close(masked_crossentropy(batch[2], model(batch[:2])), history["validation_loss"][-1])


# Runs that go on

RUN = dict(steps=12, bins=1, batch_size=8, every=3, learning_rate=0.1, verbose=False)


def run(model, checkpoint=None, **changed):
    arguments = {"pairs": letters(50), "validation": letters(20, seed=1), **RUN, **changed}
    return train(model, checkpoint=checkpoint, **arguments)


def without_times(history):
    times = ("seconds", "compile_seconds", "tokens_per_second")
    return {name: value for name, value in history.items() if name not in times}


@pytest.fixture(scope="module")
def whole():
    """A run without an interruption: its model and its history."""
    model = table()
    return model, without_times(run(model))


def same(model, history, whole):
    assert without_times(history) == whole[1]
    for one, other in zip(model.get_weights(), whole[0].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


KILLED = """
import os, signal, sys
import numpy as np
import test_training as tests

writes, savez = [], np.savez

def half(file, **arrays):
    writes.append(1)
    savez(file, **arrays)
    if len(writes) == 3:
        file.flush()
        file.truncate(file.tell() // 2)
        os.kill(os.getpid(), signal.SIGKILL)

np.savez = half
tests.run(tests.table(), sys.argv[1])
"""


def test_a_killed_run_goes_on_as_if_nothing_had_been(tmp_path, whole):
    """It is killed by force in the midst of writing, and goes on from what it wrote before."""
    path = tmp_path / "run.npz"
    here = os.path.dirname(__file__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *sys.path])}
    killed = subprocess.run([sys.executable, "-c", KILLED, path], env=environment)
    assert killed.returncode == -signal.SIGKILL
    assert sorted(each.name for each in tmp_path.iterdir()) == ["run.npz", "run.npz.part"]
    model = table()
    history = run(model, path)
    assert history["loss"][:6] == whole[1]["loss"][:6]
    same(model, history, whole)
    assert [each.name for each in tmp_path.iterdir()] == ["run.npz"]


def test_a_run_that_has_ended_is_read(tmp_path, whole, monkeypatch):
    path = tmp_path / "run.npz"
    run(table(), path)
    content = path.read_bytes()
    model = table()
    monkeypatch.setattr(training, "training_step", once_built(training.training_step))
    same(model, run(model, path), whole)
    assert path.read_bytes() == content


def once_built(training_step):
    """Only the optimiser is made: a step would raise."""

    def build(*arguments):
        training_step(*arguments)

    return build


def test_a_run_out_of_patience_is_over_when_read(tmp_path):
    changed = dict(pairs=letters(4), steps=400, every=5, patience=3, learning_rate=0.3)
    histories = [run(table(0.0), tmp_path / "run", **changed) for _ in range(2)]
    assert len(histories[0]["loss"]) < 400
    assert without_times(histories[0]) == without_times(histories[1])


OTHERS = {
    "steps": (dict(steps=13), "steps: expected 12, as in the run that .*run.npz holds, got 13"),
    "batch_size": (dict(batch_size=9), "batch_size: expected 8, .* got 9"),
    "learning_rate": (dict(learning_rate=0.2), "learning_rate: expected 0.1, .* got 0.2"),
    "seed": (dict(seed=1), "seed: expected 0, .* got 1"),
    "bins": (dict(bins=2), "bins: expected 1, .* got 2"),
    "every": (dict(every=2), "every: expected 3, .* got 2"),
    "patience": (dict(patience=2), "patience: expected None, .* got 2"),
    "max_length": (dict(max_length=9), "max_length: expected None, .* got 9"),
    "jit_compile": (dict(jit_compile=False), "jit_compile: expected True, .* got False"),
    "unknown": (dict(unknown="replace"), "unknown: expected 'error', .* got 'replace'"),
    "smoothing": (dict(smoothing=0.1), "smoothing: expected None, .* got 0.1"),
    "average": (dict(average=0.9), "average: expected None, .* got 0.9"),
    "pairs": (dict(pairs=letters(50, seed=2)), "pairs: expected '50 with the checksum .* got '50"),
    "validation": (dict(validation=None), "validation: expected '20 with .* got None"),
    "rate": (dict(model=table(0.1)), "model.rate: expected '0.3', .* got '0.1'"),
    "vocabulary": (
        dict(model=Table(LETTERS, list("abcdefg"))),
        "model.target_vocabulary: expected .*, got",
    ),
    "kind": (
        dict(model=Seq2Seq(LETTERS, LETTERS)),
        "model: expected 'Table', .* got 'Seq2Seq'",
    ),
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run.npz"
    run(table(), path)
    return path


@pytest.mark.parametrize(("changed", "message"), OTHERS.values(), ids=OTHERS)
def test_a_run_with_other_arguments_is_refused(begun, changed, message):
    content = begun.read_bytes()
    with pytest.raises(ValueError, match=f"^{message}"):
        run(**{"model": table(), "checkpoint": begun, **changed})
    assert begun.read_bytes() == content


@pytest.mark.parametrize("seed", [1, None])
def test_a_run_of_a_model_with_other_initial_weights_is_refused(begun, seed):
    content = begun.read_bytes()
    message = (
        f"^checkpoint: {begun} holds a run of a model with other initial weights .another seed"
    )
    with pytest.raises(ValueError, match=message):
        run(Table(LETTERS, LETTERS, rate=0.3, seed=seed), begun)
    assert begun.read_bytes() == content


def test_weights_are_known_by_their_values_and_order_but_not_by_roundings():
    model = Seq2Seq(LETTERS, LETTERS, **SIZES, seed=0)
    weights, own = model.get_weights(), describe_weights(model)
    model.set_weights([weight * (1 + 1e-7) for weight in weights])
    assert is_close(describe_weights(model), own)
    model.set_weights([weight[::-1] for weight in weights])
    assert not is_close(describe_weights(model), own)
    model.set_weights(weights)
    assert describe_weights(model) == own
    for seed in (1, 2):
        assert not is_close(describe_weights(Seq2Seq(LETTERS, LETTERS, **SIZES, seed=seed)), own)


def test_a_loss_that_is_no_number_is_told_once(monkeypatch):
    training_step, count = training.training_step, itertools.count(1)

    def broken(*arguments):
        take = training_step(*arguments)
        return lambda *batch: take(*batch) * (1.0 if next(count) == 1 else np.nan)

    monkeypatch.setattr(training, "training_step", broken)
    with pytest.warns(UserWarning, match="loss: not a number from step 2 on .3 of 4 steps") as told:
        train(table(rate=0.0), letters(20), steps=4, verbose=False)
    assert len(told) == 1 and told[0].filename == __file__


def test_a_validation_without_a_number_has_no_best_step(monkeypatch):
    monkeypatch.setattr(training, "loss_of_all", lambda *_: lambda: np.nan)
    assert run(table(), steps=2, every=1)["best_step"] is None


def test_a_loss_that_is_no_number_is_not_the_best(monkeypatch):
    losses = iter([np.nan, 2.0, np.nan, 1.0, 3.0])
    monkeypatch.setattr(training, "loss_of_all", lambda *_: lambda: next(losses))
    history = run(table(), steps=5, every=1, patience=2)
    assert history["best_step"] == 4 and history["validation_steps"] == [1, 2, 3, 4, 5]


def test_arrays_of_16_bits_are_kept(tmp_path):
    """Of weights that are not trained; bfloat16 is no type of NumPy's files."""
    array = tf.constant([1.5, -2.0], tf.bfloat16).numpy()
    Checkpoint(tmp_path / "run", {}).write({}, [array], [])
    saved = Checkpoint(tmp_path / "run", {}).read([(2,)])
    assert saved.variables[0].tolist() == [1.5, -2.0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_of_16_bits_are_refused(dtype):
    """Adam's steps are rounded away: the loss would stay where it is, or rise."""
    message = f'^model: expected weights of 32 bits or more, got {dtype}, .*dtype="mixed_{dtype}"'
    for model in (
        Seq2Seq(LETTERS, LETTERS, **SIZES, dtype=dtype),
        Table(LETTERS, LETTERS, dtype=dtype),  # which has no weights before it is called
    ):
        with pytest.raises(ValueError, match=message):
            train(model, letters(20), steps=1, verbose=False)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_16_bits_with_weights_of_32_learn(dtype):
    model = Table(LETTERS, LETTERS, seed=0, dtype=dtype)
    history = train(model, letters(50), steps=60, bins=1, learning_rate=0.1, verbose=False)
    assert np.mean(history["loss"][-5:]) < 0.75 * history["loss"][0]


def test_what_is_no_checkpoint_is_refused(tmp_path):
    for name, content in {"text": b"words", "empty": b"", "half": b"PK\x03\x04"}.items():
        path = tmp_path / name
        path.write_bytes(content)
        message = f"^checkpoint: expected a checkpoint of train, got {path}$"
        with pytest.raises(ValueError, match=message):
            run(table(), path)
        assert path.read_bytes() == content
    for folder in (tmp_path, ".", "", ".."):
        with pytest.raises(ValueError, match="^checkpoint: expected a file, got the folder"):
            run(table(), folder)
    with pytest.raises(ValueError, match="checkpoint: expected a file in a folder that exists"):
        run(table(), tmp_path / "none" / "run")
    with pytest.raises(TypeError, match="checkpoint: expected a path, got 5"):
        run(table(), 5)


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path, writes, savez = tmp_path / "run", [], np.savez

    def full(file, **arrays):
        savez(file, **arrays)
        writes.append(1)
        if len(writes) == 2:
            raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        run(table(), path)
    assert [each.name for each in tmp_path.iterdir()] == ["run"]
    assert run(table(), path)["validation_steps"] == [3, 6, 9, 12]


# Wrong arguments


PAIR = SentencePair(("a", "cat"), ("un", "chat"))
BAD_TRAININGS = {
    "model": (dict(model=keras.Sequential()), TypeError, "model: .* Translator, got Sequential"),
    "pairs": (dict(pairs=None), TypeError, "pairs: expected a list of sentence pairs, got None"),
    "plain tuples": (
        dict(pairs=[(("a",), ("b",))]),
        TypeError,
        r"pairs\[0\]: expected source and target, .* got tuple",
    ),
    "no pairs": (dict(pairs=[]), ValueError, "pairs: expected at least one .* got none"),
    "text": (
        dict(pairs=[PAIR._replace(source="a cat")]),
        TypeError,
        r"pairs\[0\]\.source: .*'a cat'",
    ),
    "empty": (
        dict(pairs=[PAIR, PAIR._replace(target=())]),
        ValueError,
        r"pairs\[1\]\.target: .*empty",
    ),
    "unknown": (
        dict(pairs=[PAIR._replace(target=("ours",))]),
        ValueError,
        r"pairs\[0\]\.target\[0\].*'ours'",
    ),
    "steps": (dict(steps=0), ValueError, "steps: expected a positive integer, got 0"),
    "batch_size": (
        dict(batch_size=1.5),
        TypeError,
        "batch_size: expected a positive integer, got 1.5",
    ),
    "jit_compile": (
        dict(jit_compile="yes"),
        ValueError,
        "jit_compile: expected one of True, False",
    ),
    "bins": (dict(bins=0), ValueError, "bins: expected a positive integer, got 0"),
    "patience": (
        dict(patience=1),
        ValueError,
        "patience: expected None where there is no validation, got 1",
    ),
    "every": (dict(every=0), ValueError, "every: expected a positive integer, got 0"),
    "max_length": (dict(max_length=0), ValueError, "max_length: expected a positive integer"),
    "special": (
        dict(pairs=[PAIR, PAIR._replace(source=("a", "<pad>"))]),
        ValueError,
        r"pairs\[1\]\.source\[1\]: expected a word, .*<pad>",
    ),
    "choice": (dict(unknown="no"), ValueError, "unknown: expected one of 'error', 'replace'"),
    "no validation": (dict(validation=[]), ValueError, "validation: expected at least one pair"),
    "wrong validation": (
        dict(validation=[PAIR._replace(target=("ours",))]),
        ValueError,
        r"validation\[0\]\.target\[0\]: .*'ours'",
    ),
    "learning_rate": (dict(learning_rate=0), ValueError, "learning_rate: .* above 0, got 0"),
    "smoothing": (dict(smoothing=1), ValueError, "smoothing: .* 0 or more, below 1, got 1"),
    "average": (dict(average=0.0), ValueError, "average: .* above 0, below 1, got 0.0"),
    "average of text": (dict(average="yes"), TypeError, "average: expected a finite number"),
    "nan": (dict(learning_rate=float("nan")), ValueError, "learning_rate: .* above 0, got nan"),
    "seed": (dict(seed=-1), ValueError, "seed: .* 0 or more, got -1"),
}


@pytest.mark.parametrize(
    ("changed", "error", "message"), BAD_TRAININGS.values(), ids=BAD_TRAININGS.keys()
)
def test_bad_arguments_of_train_are_named(changed, error, message):
    with pytest.raises(error, match=f"^{message}"):
        train(
            **{"model": Seq2Seq(ENGLISH, FRENCH, **SIZES), "pairs": [PAIR], "steps": 1, **changed}
        )


BAD_LOSSES = {
    "shape": ([[1, 2, 3]], draw(1, 2, 5), r"target_out: .* \(1, 2, 5\), got shape \(1, 3\)"),
    "broken": (
        [[1.0, 2.5]],
        draw(1, 2, 5),
        "target_out: .*integer dtype, or whole numbers, got 2.5",
    ),
    "nan": ([[1.0, np.nan]], draw(1, 2, 5), "target_out: .*or whole numbers, got nan"),
    "half": (
        np.array([[1, 2]], "float16"),
        draw(1, 2, 5),
        "target_out: expected an integer dtype, got float16",
    ),
    "no array": (
        [[1, 2], [3]],
        draw(1, 2, 5),
        "target_out: expected an array or a tensor, got list",
    ),
    "no word": (
        [[7, 0]],
        draw(1, 2, 3),
        "target_out: expected ids of the vocabulary, from 0 to 2, got 7",
    ),
    "logits": ([[1, 2]], draw(2, 5), r"logits: expected \(b, q, o\), got shape \(2, 5\)"),
}


@pytest.mark.parametrize(("target_out", "logits", "message"), BAD_LOSSES.values(), ids=BAD_LOSSES)
def test_bad_arguments_of_the_loss_are_named(target_out, logits, message):
    with pytest.raises(ValueError, match=message):
        masked_crossentropy(target_out, logits)


def test_a_bad_smoothing_is_named():
    for smoothing, error in [(-0.1, ValueError), (1, ValueError), ("much", TypeError)]:
        with pytest.raises(error, match="^smoothing: expected a finite number, 0 or more, below 1"):
            masked_crossentropy([[1, 2]], draw(1, 2, 5), smoothing)
