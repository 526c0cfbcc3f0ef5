"""attention_helpers.translator: what every model that translates shares.

The models are tiny, and most are not trained: their weights are drawn large enough for every part
to be felt in the logits.
"""

import contextlib
import functools
import subprocess
import sys

import keras
import numpy as np
import pytest

from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import END_ID, Vocabulary

ENGLISH = Vocabulary(["a", "black", "cat", "dog", "sees", "the"])
FRENCH = Vocabulary(["chat", "chien", "le", "noir", "un", "voit", "."])
SIZES = {"units": 8, "embedding_dim": 6}

SOURCE = np.array([[4, 5, 6, 8, 7], [9, 6, 8, 0, 0], [7, 0, 0, 0, 0]], "int32")
TARGET_IN = np.array([[1, 8, 4, 7, 9], [1, 6, 4, 9, 0], [1, 5, 0, 0, 0]], "int32")
SENTENCES = [["the", "cat", "sees"], ["dog"], ["a", "black", "cat", "sees", "dog"], ["a", "dog"]]


@functools.cache
def drawn_model(attention):
    """A model whose weights, biases included, are far from zero."""
    model = Seq2Seq(ENGLISH, FRENCH, attention=attention, **SIZES, seed=0)
    # With the weights that 0 draws, a model writes one word again and again.
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.7, weight.shape) for weight in model.weights])
    return model


@pytest.fixture(params=[None, "bahdanau", "dot", "general", "concat"], ids=str)
def model(request):
    return drawn_model(request.param)


@pytest.fixture(params=["bahdanau", "dot", "general", "concat"])
def attentive(request):
    return drawn_model(request.param)


def close(one, other, atol=2e-5):
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=atol)


# Translation


def test_translations_come_in_the_order_of_the_sentences(model):
    together = model.translate(SENTENCES, max_length=9, batch_size=3)
    assert len({translation.tokens for translation in together}) > 1
    for words, translation in zip(SENTENCES, together, strict=True):
        (alone,) = model.translate([words], max_length=9)
        assert translation.tokens == alone.tokens
        if model.settings["attention"] is None:
            assert translation.weights is None
        else:
            close(translation.weights, alone.weights)


@contextlib.contextmanager
def end_made_likelier(model, by):
    """END's logit raised by so much; the bias is put back afterwards."""
    bias = model.decoder.logits.bias
    before = bias.numpy()
    bias.assign(before + by * (np.arange(len(before)) == END_ID))
    yield
    bias.assign(before)


def test_a_translation_stops_at_end_or_at_the_limit(attentive):
    with end_made_likelier(attentive, by=1e6):
        for words, (tokens, weights) in zip(SENTENCES, attentive.translate(SENTENCES), strict=True):
            assert tokens == () and weights.shape == (1, len(words))  # the row of END
    with end_made_likelier(attentive, by=-1e6):
        for limit in (1, 6, np.int64(3)):
            for words, (tokens, weights) in zip(
                SENTENCES, attentive.translate(SENTENCES, max_length=limit), strict=True
            ):
                assert len(tokens) == limit and weights.shape == (limit, len(words))
        for width in (1, 2):
            for words, translation in zip(
                SENTENCES, attentive.translate(SENTENCES, beam_width=width), strict=True
            ):  # the limit is that of each sentence, whatever else is in the batch
                assert len(translation.tokens) == 2 * len(words) + 10
                assert translation.weights.shape == (2 * len(words) + 10, len(words))


def test_no_sentences_give_no_translations(model):
    assert model.translate([]) == []


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_saved_model_is_the_same_model(tmp_path, model):
    model.save(tmp_path / "model.keras")
    loaded = Seq2Seq.load(tmp_path / "model.keras", source_vocabulary=ENGLISH)
    close(model((SOURCE, TARGET_IN)), loaded((SOURCE, TARGET_IN)), atol=0)
    assert loaded.settings == model.settings
    assert (loaded.source_vocabulary, loaded.target_vocabulary) == (ENGLISH, FRENCH)


def test_a_saved_model_translates_in_another_process(tmp_path):
    model = drawn_model("bahdanau")
    model.save(tmp_path / "model.keras")
    code = (
        "import sys; from attention_helpers.seq2seq import Seq2Seq; "
        "model = Seq2Seq.load(sys.argv[1]); "
        "print(model.translate([sys.argv[2:]], max_length=7)[0].tokens)"
    )
    path, words = tmp_path / "model.keras", SENTENCES[2]
    done = subprocess.run(
        [sys.executable, "-c", code, path, *words], capture_output=True, text=True
    )
    assert done.stdout.strip() == str(model.translate([words], max_length=7)[0].tokens), done.stderr


def test_another_vocabulary_is_refused_on_loading(tmp_path):
    drawn_model("dot").save(tmp_path / "model.keras")
    other = Vocabulary(["a", "black", "cow", "dog", "sees", "the"])
    message = "source_vocabulary: .* 10 tokens .* number 6: 'cat' saved, 'cow' given"
    with pytest.raises(ValueError, match=message):
        Seq2Seq.load(tmp_path / "model.keras", source_vocabulary=other)
    with pytest.raises(ValueError, match="target_vocabulary: .*11 tokens.*, got 10 tokens"):
        Seq2Seq.load(tmp_path / "model.keras", target_vocabulary=ENGLISH)


def test_a_file_that_holds_no_seq2seq_is_refused(tmp_path):
    (tmp_path / "text.keras").write_text("no archive")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    for name, got in {
        "text": "text.keras: ",
        "missing": "missing",
        "other": "a Sequential",
    }.items():
        with pytest.raises(ValueError, match=f"path: expected a saved Seq2Seq, got .*{got}"):
            Seq2Seq.load(tmp_path / f"{name}.keras")


BAD_CALLS = {
    "empty": (dict(sentences=[["a"], []]), ValueError, r"sentences\[1\]: .*empty sentence"),
    "text": (dict(sentences=["a cat"]), TypeError, r"sentences\[0\]: .*the string 'a cat'"),
    "unknown": (dict(sentences=[["a", "cow"]]), ValueError, r"sentences\[0\]: .*'cow'.* unknown"),
    "max_length": (
        dict(max_length=0),
        ValueError,
        "max_length: expected a positive integer, got 0",
    ),
    "batch_size": (
        dict(batch_size=0),
        ValueError,
        "batch_size: expected a positive integer, got 0",
    ),
}


BAD_CALLS |= {
    "beam_width": (dict(beam_width=0), ValueError, "beam_width: expected a positive .*, got 0"),
    "width, float": (dict(beam_width=2.0), TypeError, "beam_width: expected a positive .* got 2.0"),
    "width, True": (dict(beam_width=True), TypeError, "beam_width: expected a .* got True"),
    "penalty": (dict(length_penalty=-1), ValueError, "length_penalty: .* 0 or more, got -1"),
    "penalty, nan": (dict(length_penalty=float("nan")), ValueError, "length_penalty: .* got nan"),
    "penalty, inf": (dict(length_penalty=float("inf")), ValueError, "length_penalty: .* got inf"),
    "penalty, text": (dict(length_penalty="1"), TypeError, "length_penalty: .* got '1'"),
}


@pytest.mark.parametrize(("changed", "error", "message"), BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_arguments_of_translate_are_named(changed, error, message):
    with pytest.raises(error, match=message):
        drawn_model("dot").translate(**{"sentences": [["a"]], **changed})


BAD_SEARCHES = {
    "float": (SOURCE * 1.0, 4, "source: expected an integer dtype, got float64"),
    "one row": (SOURCE[0], 4, r"source: expected ids of shape \(batch, length\)"),
    "id": (SOURCE + 2, 4, "source: expected ids .* from 0 to 9, got 10"),
    "max_length": (SOURCE, 0, "max_length: expected 1 or more, got 0"),
    "one of them": (SOURCE, [4, -1, 4], "max_length: expected 1 or more, got -1"),
    "two of three": (SOURCE, [4, 4], r"max_length: .* an integer or \(3,\) of them, .* \(2,\)"),
    "float limit": (SOURCE, 4.0, "max_length: expected an integer dtype, got float32"),
}


@pytest.mark.parametrize(
    ("source", "max_length", "message"), BAD_SEARCHES.values(), ids=BAD_SEARCHES
)
def test_bad_arguments_of_a_search_are_named(source, max_length, message):
    model = drawn_model("dot")
    for search in (model.greedy, model.beam_search):
        with pytest.raises(ValueError, match=message):
            search(source, max_length)
