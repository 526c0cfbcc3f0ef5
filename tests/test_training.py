"""attention_helpers.training: the loss, and what `train` does with a model, its pairs and its files."""

import contextlib
import io
import re
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers._progress import Progress
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import SentencePair, Vocabulary, batches_by_length
from attention_helpers.training import masked_crossentropy, train

ENGLISH = Vocabulary(["a", "black", "cat", "dog", "sees", "the"])
FRENCH = Vocabulary(["chat", "chien", "le", "noir", "un", "voit", "."])
SIZES = {"units": 8, "embedding_dim": 6}


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def close(one, other, atol=2e-5):
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=atol)


def differ(one, other, axis=None):
    return ~np.isclose(one, other, rtol=1e-5, atol=1e-6).all(axis=axis)


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
    return [SentencePair(words, words, frozenset(), frozenset()) for words in sentences]


@pytest.fixture(scope="module")
def copier():
    """A model that has learned to copy five words, its history, and what was shown meanwhile."""
    model = Seq2Seq(LETTERS, LETTERS, units=16, embedding_dim=16, seed=0)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        history = train(model, copies(600, seed=0), steps=250, batch_size=32, learning_rate=0.02)
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


# Wrong arguments


PAIR = SentencePair(("a", "cat"), ("un", "chat"), frozenset(), frozenset())
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
        r"pairs.source\[0\]: .*'a cat'",
    ),
    "empty": (
        dict(pairs=[PAIR, PAIR._replace(target=())]),
        ValueError,
        r"pairs.target\[1\]: .*empty",
    ),
    "unknown": (dict(pairs=[PAIR._replace(target=("ours",))]), ValueError, "target.*'ours'"),
    "steps": (dict(steps=0), ValueError, "steps: expected a positive integer, got 0"),
    "batch_size": (
        dict(batch_size=1.5),
        TypeError,
        "batch_size: expected a positive integer, got 1.5",
    ),
    "bins": (dict(bins=0), ValueError, "bins: expected a positive integer, got 0"),
    "learning_rate": (dict(learning_rate=0), ValueError, "learning_rate: .* above 0, got 0"),
    "nan": (dict(learning_rate=float("nan")), ValueError, "learning_rate: .* above 0, got nan"),
    "seed": (dict(seed=-1), ValueError, "seed: .* 0 or more, got -1"),
}


@pytest.mark.parametrize(
    ("changed", "error", "message"), BAD_TRAININGS.values(), ids=BAD_TRAININGS.keys()
)
def test_bad_arguments_of_train_are_named(changed, error, message):
    with pytest.raises(error, match=message):
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
    "logits": ([[1, 2]], draw(2, 5), r"logits: expected \(b, q, v\), got shape \(2, 5\)"),
}


@pytest.mark.parametrize(("target_out", "logits", "message"), BAD_LOSSES.values(), ids=BAD_LOSSES)
def test_bad_arguments_of_the_loss_are_named(target_out, logits, message):
    with pytest.raises(ValueError, match=message):
        masked_crossentropy(target_out, logits)
