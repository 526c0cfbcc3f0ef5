"""attention_helpers.translator: what every model that translates shares.

The models are tiny, and most are not trained: their weights are drawn large enough for every part
to be felt in the logits.
"""

import contextlib
import functools
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import END_ID, PAD_ID, START_ID, SentencePair, Vocabulary
from attention_helpers.training import masked_crossentropy, train
from attention_helpers.translator import Translator

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


# A model of another kind


@keras.saving.register_keras_serializable(package="tests")
class Table(Translator):
    """The logits of a word, by the source word at its place and the word before it."""

    def __init__(self, *vocabularies, **kwargs):
        super().__init__(*vocabularies, **kwargs)
        shape = len(self.source_vocabulary), *[len(self.target_vocabulary)] * 2
        self.table = self.add_weight(name="table", shape=shape, initializer="zeros")

    def encode(self, source, training=False):
        source = tf.pad(self.source_ids(source), [[0, 0], [0, 1]])  # so that END has a place
        return {"tables": tf.gather(self.table, source)}

    def start_state(self, memory):
        return {"place": tf.zeros(tf.shape(memory["tables"])[:1], tf.int32)}

    def next_word(self, token, state, memory):
        place = tf.minimum(state["place"], tf.shape(memory["tables"])[1] - 1)
        table = tf.gather(memory["tables"], place, batch_dims=1)
        logits = tf.gather(table, self.token_ids(token), batch_dims=1)
        return logits, {"place": state["place"] + 1}, None

    def teacher_force(self, source, target_in, training=False):
        tables = self.encode(source)["tables"]
        target_in = self.target_ids(target_in, tables.shape[0])
        places = tf.minimum(tf.range(tf.shape(target_in)[1]), tf.shape(tables)[1] - 1)
        return tf.gather(tf.gather(tables, places, axis=1), target_in, batch_dims=2), None


def pairs_of_letters(number, seed):
    """Capitals, but for a letter that follows itself: that one is written as a dash."""
    random = np.random.default_rng(seed)
    for _ in range(number):
        words = random.choice(list("abc"), random.integers(1, 6))
        before = ["", *words[:-1]]
        target = [w.upper() if w != b else "-" for w, b in zip(words, before, strict=True)]
        yield SentencePair(tuple(words), tuple(target))


def test_a_table_of_words_trains_translates_searches_is_saved_and_loaded(tmp_path):
    table = Table(list("abc"), [*"ABC", "-"], seed=0)
    pairs = [p for p in pairs_of_letters(200, seed=0) if "-" not in p.target]
    history = train(table, pairs, steps=120, learning_rate=0.3, verbose=False)
    assert history["loss"][0] > 2 > 0.05 > history["loss"][-1]
    unseen = [p for p in pairs_of_letters(60, seed=1) if "-" not in p.target]
    for width in (1, 3):
        translations = table.translate([pair.source for pair in unseen], beam_width=width)
        assert [t.tokens for t in translations] == [pair.target for pair in unseen]
        assert all(t.weights is None for t in translations)
    table.save(tmp_path / "table.keras")
    loaded = Table.load(tmp_path / "table.keras", source_vocabulary=list("abc"))
    sentences = [pair.source for pair in unseen]
    assert loaded.translate(sentences) == table.translate(sentences)
    tokens, weights = loaded.greedy([[4, 5, 0]], max_length=5)
    np.testing.assert_array_equal(tokens, [[4, 5, END_ID]])
    assert weights is loaded.beam_search([[4, 5, 0]], max_length=5).weights is None
    with pytest.raises(ValueError, match="^path: expected a saved Seq2Seq, got .* holds a Table"):
        Seq2Seq.load(tmp_path / "table.keras")


def test_a_model_that_lacks_a_method_says_which():
    bare = Translator(["a"], ["b"])
    calls = {
        "encode": lambda: bare.translate([["a"]]),
        "start_state": lambda: bare.start_state(None),
        "next_word": lambda: bare.next_word([1], None, None),
        "teacher_force": lambda: bare((np.array([[4]]), np.array([[1]]))),
    }
    for name, call in calls.items():
        with pytest.raises(NotImplementedError, match=f"Translator defines no {name}"):
            call()


class Narrow(Table):
    """It gives so many logits, whatever its vocabulary is."""

    words = 3

    def teacher_force(self, source, target_in, training=False):
        logits, weights = super().teacher_force(source, target_in, training)
        return tf.repeat(logits[..., :1], self.words, axis=-1), weights

    def next_word(self, token, state, memory):
        logits, *others = super().next_word(token, state, memory)
        return tf.repeat(logits[..., :1], self.words, axis=-1), *others


@pytest.mark.parametrize("words", [3, 9])
def test_logits_are_as_many_as_the_target_vocabulary(words, monkeypatch):
    monkeypatch.setattr(Narrow, "words", words)
    model, pair = Narrow(list("abc"), [*"ABC", "-"]), SentencePair(("a",), ("A",))
    expected = rf"of teacher_force: expected \(b, q, 8\), as many as the .*, got \(.*, {words}\)"
    with pytest.raises(ValueError, match=expected):
        train(model, [pair], steps=1, verbose=False)
    expected = rf"^logits of next_word: expected \(b, 8\), as many as the .*, got \(.*, {words}\)"
    for beam_width in (1, 2):
        with pytest.raises(ValueError, match=expected):
            model.translate([["a"]], beam_width=beam_width)


def test_teacher_forcing_gives_two_things(monkeypatch):
    monkeypatch.setattr(Table, "teacher_force", lambda self, *_: tf.zeros([1, 1, 8]))
    with pytest.raises(ValueError, match=r"teacher_force: expected \(logits, weights\), got Eager"):
        Table(list("abc"), [*"ABC", "-"])((np.array([[4]]), np.array([[1]])))


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


def test_a_word_out_of_the_vocabulary_is_read_as_unknown():
    model = drawn_model("bahdanau")
    (one,) = model.translate([["a", "cow"]], unknown="replace")
    tokens, weights = model.greedy([[ENGLISH.encode(["a"])[0], 3]], max_length=14)
    assert one.tokens == FRENCH.decode(tokens[0].numpy())
    close(one.weights, weights[0])


@pytest.mark.parametrize("width", [1, 3])
def test_neither_padding_nor_start_is_ever_written(model, width):
    bias = model.decoder.logits.bias
    before = bias.numpy()
    for special in (PAD_ID, START_ID):
        bias.assign(before + 30 * (np.arange(len(before)) == special))
        found = model.beam_search(SOURCE, 6, beam_width=width)
        tokens = model.greedy(SOURCE, 6)[0] if width == 1 else found.tokens
        bias.assign(before)
        for row, length in zip(tokens.numpy(), found.length.numpy(), strict=True):
            assert not {PAD_ID, START_ID} & {*row[:length]} and not row[length:].any()


# As Keras' users call it


def test_a_dict_of_inputs_is_as_good_as_a_pair():
    model = drawn_model("dot")
    expected = model((SOURCE, TARGET_IN))
    close(model({"target_in": TARGET_IN, "source": SOURCE}), expected, atol=0)
    close(model.predict({"source": SOURCE, "target_in": TARGET_IN}, verbose=0), expected)
    close(model.predict([SOURCE, TARGET_IN], batch_size=2, verbose=0), expected)


BAD_INPUTS = {
    "one array": (SOURCE, "got ndarray"),
    "three arrays": ((SOURCE, TARGET_IN, TARGET_IN), "got tuple of 3"),
    "other names": ({"source": SOURCE, "target": TARGET_IN}, r"got dict of \['source', 'target'\]"),
}


@pytest.mark.parametrize(("inputs", "got"), BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_other_inputs_are_refused(inputs, got):
    message = rf"inputs: expected \(source, target_in\), or a dict of the two, {got}"
    with pytest.raises(ValueError, match=message):
        drawn_model("dot").call(inputs)
    model = Seq2Seq(ENGLISH, FRENCH, **SIZES)
    model.compile("adam", masked_crossentropy)
    with pytest.raises(ValueError, match=message.partition("got")[0]):
        model.fit(inputs, TARGET_IN, verbose=0)


def test_an_exported_model_gives_the_same_logits(tmp_path, model):
    model.export(tmp_path / "exported")
    exported = tf.saved_model.load(tmp_path / "exported")
    for rows in (1, 3):
        source, target_in = tf.constant(SOURCE[:rows]), tf.constant(TARGET_IN[:rows, :4])
        expected = model((source, target_in))
        close(exported.serve(source, target_in), expected)
        by_name = exported.signatures["serving_default"](source=source, target_in=target_in)
        close(*by_name.values(), expected)


def test_a_trained_model_is_exported_without_its_dropout(tmp_path):
    model = Seq2Seq(ENGLISH, FRENCH, dropout=0.5, **SIZES, seed=0)
    model.compile("adam", masked_crossentropy)
    model.fit((SOURCE, TARGET_IN), TARGET_IN, verbose=0)
    model.export(tmp_path)
    exported = tf.saved_model.load(tmp_path)
    inputs = tf.constant(SOURCE), tf.constant(TARGET_IN)
    close(exported.serve(*inputs), model(inputs))


def test_what_else_is_done_with_models(capsys):
    model = drawn_model("general")
    expected = model((SOURCE, TARGET_IN))
    close(pickle.loads(pickle.dumps(model))((SOURCE, TARGET_IN)), expected, atol=0)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    close(clone((SOURCE, TARGET_IN)), expected, atol=0)
    assert keras.models.model_from_json(model.to_json()).settings == model.settings
    model.summary()
    assert "encoder" in capsys.readouterr().out
    symbolic = model((keras.Input((5,), dtype="int32"), keras.Input((4,), dtype="int32")))
    assert symbolic.shape == (None, 4, len(FRENCH))


# Dtypes

POLICIES = [
    *(("bfloat16", attention) for attention in (None, "bahdanau", "dot", "general", "concat")),
    ("float16", "bahdanau"),
    ("float64", "bahdanau"),
    *(("mixed_bfloat16", attention) for attention in (None, "bahdanau", "dot", "concat")),
    ("mixed_float16", "general"),
]


@pytest.mark.parametrize(("policy", "attention"), POLICIES)
def test_a_model_computes_translates_and_is_loaded_in_its_policy(tmp_path, policy, attention):
    model = Seq2Seq(ENGLISH, FRENCH, attention=attention, dtype=policy, **SIZES, seed=0)
    dtype = "float32" if policy.startswith("mixed") else policy
    assert {weight.dtype for weight in model.weights} == {dtype}
    logits = model((SOURCE, TARGET_IN))
    assert logits.dtype == policy.removeprefix("mixed_")
    wide = Seq2Seq(ENGLISH, FRENCH, attention=attention, **SIZES, seed=0)
    wide.set_weights([tf.cast(weight, "float32").numpy() for weight in model.weights])
    close(tf.cast(logits, "float32"), wide((SOURCE, TARGET_IN)), atol=0.05)
    memory = model.encode(SOURCE)
    one, state, _ = model.next_word(TARGET_IN[:, 0], memory.state, memory)
    assert one.dtype == state.dtype == logits.dtype
    close(tf.cast(one, "float32"), tf.cast(logits[:, 0], "float32"), atol=0.02)
    for width in (1, 2):
        assert len(model.translate(SENTENCES, beam_width=width, max_length=3)) == 4
    model.save(tmp_path / "model.keras")
    loaded = Seq2Seq.load(tmp_path / "model.keras")
    assert loaded.dtype_policy.name == policy
    np.testing.assert_array_equal(loaded((SOURCE, TARGET_IN)), logits)


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16", "mixed_float16"])
def test_a_model_learns_in_its_policy(policy):
    model = Seq2Seq(["a"], ["b"], dropout=0.1, dtype=policy, **SIZES, seed=0)
    pair = SentencePair(("a", "a"), ("b",))
    loss = train(model, [pair], steps=30, learning_rate=0.02, verbose=False)["loss"]
    assert loss[-1] < 0.5 < loss[0]
    for width in (1, 2):
        assert model.translate([("a", "a")], beam_width=width)[0].tokens == ("b",)


def test_the_global_policy_is_that_of_a_model():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert Seq2Seq(ENGLISH, FRENCH)((SOURCE, TARGET_IN)).dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy(before)


# Files


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


OWN = """
from attention_helpers.seq2seq import Seq2Seq

class Mine(Seq2Seq):
    pass

def mine():
    return Mine(["a"], ["b"], units=4, embedding_dim=4, seed=0)
"""


@pytest.mark.parametrize("where", ["own.py", "__main__"])
def test_a_class_of_ones_own_need_not_be_registered(tmp_path, where):
    (tmp_path / "own.py").write_text(OWN)
    begin = "from own import *" if where == "own.py" else OWN
    for code in ("mine().save('m.keras')", "print(Mine.load('m.keras').translate([['a']]))"):
        done = subprocess.run(
            [sys.executable, "-c", f"{begin}\n{code}"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert "Translation" in done.stdout


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
    "text": (dict(sentences=["a cat"]), TypeError, r"sentences\[0\]: .*'a cat'"),
    "unknown": (
        dict(sentences=[["a", "cow"]]),
        ValueError,
        r"sentences\[0\]\[1\]: .*'cow'.* unknown",
    ),
    "special": (
        dict(sentences=[["a", "<pad>", "cat"]]),
        ValueError,
        r"sentences\[0\]\[1\]: .*<pad>",
    ),
    "start": (
        dict(sentences=[["a"], ["<start>"]], unknown="replace"),
        ValueError,
        r"sentences\[1\]\[0\]: .*<start>",
    ),
    "how unknown": (dict(unknown="skip"), ValueError, "unknown.*'skip'"),
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
