"""attention_helpers.exercises: right answers pass however they are written, wrong ones are caught."""

from inspect import signature

import numpy as np
import pytest
import tensorflow as tf
from answers_on_bugs import RIGHT_ON_BUGS, WRONG_ON_BUGS
from answers_on_costs import RIGHT_ON_COSTS, WRONG_ON_COSTS
from sacrebleu.metrics import BLEU

from attention_helpers import functional, masks, metrics
from attention_helpers.exercises import check, names
from attention_helpers.exercises.cases import EXERCISES

# One right answer to each, in another way than the reference: in TensorFlow where it can be.
RIGHT = {
    "recurrent_states": lambda words, w, u, b: keras_states(words, w, u, b),
    "perplexity": lambda probabilities: np.prod(1 / probabilities) ** (1 / len(probabilities)),
    "ngram_precision": lambda translation, reference, n: sacrebleu_precision(
        translation, reference, n
    ),
    "padding_mask": masks.padding_mask,
    "masked_mean": lambda losses, mask: tf.reduce_mean(tf.boolean_mask(losses, mask)),
    "gru_state": lambda state, candidate, update: state + update * (candidate - state),
    "mean_state": lambda states, mask: [
        tf.reduce_mean(row[of_row], axis=0) for row, of_row in zip(states, mask, strict=True)
    ],
    "softmax": tf.nn.softmax,
    "additive_attention_for_one_query": lambda query, key, w, u, v: [
        x[0] for x in functional.additive_attention(query[None] @ w, key @ u, key, v)
    ],
    "additive_scores": functional.additive_scores,
    "weights_without_tanh": lambda query, key, v: np.tile(tf.nn.softmax(key @ v), (len(query), 1)),
    "gradient_of_scores": lambda weights, value, gradient: (
        (np.diag(weights) - np.outer(weights, weights)) @ value @ gradient
    ),
    "links_from_weights": metrics.links_from_weights,
    "alignment_error_rate": metrics.alignment_error_rate,
    "lowest_error_rate": lambda sure, possible: metrics.alignment_error_rate(
        {(j, i) for i, j in ({i: j for j, i in possible} | {i: j for j, i in sure}).items()},
        sure,
        possible,
    ),
    "cut_off": lambda weights, place: tf.math.divide_no_nan(
        kept := weights * (1 - tf.one_hot(place, weights.shape[-1])),
        tf.reduce_sum(kept, axis=-1, keepdims=True),
    ),
    "inner_product": lambda a, b: tf.einsum("d,d->", a, b),
    "outer_product": lambda a, b: tf.einsum("q,k->qk", a, b),
    "column_sums": lambda matrix: tf.einsum("qk->k", matrix),
    "diagonal": lambda matrix: tf.linalg.diag_part(matrix),
    "trace": lambda matrix: tf.einsum("qq->", matrix),
    "matrix_product": lambda a, b: tf.einsum("qd,dk->qk", a, b),
    "row_norms": lambda matrix: tf.einsum("qd,qd->q", matrix, matrix),
    "transposed_product": lambda a, b: tf.einsum("dq,dk->qk", a, b),
    "bilinear": lambda a, matrix, b: tf.einsum("n,nm,m->", a, matrix, b),
    "batch_matrix_product": lambda a, b: tf.einsum("bqd,bdk->bqk", a, b),
    "dot_product_scores": functional.dot_product_scores,
    "context_vectors": lambda weights, value: tf.einsum("bqk,bkv->bqv", weights, value),
    "general_scores": lambda query, kernel, key: tf.einsum("qn,nm,km->qk", query, kernel, key),
    "project_to_heads": lambda x, kernel: tf.einsum("bqm,mhd->bqhd", x, kernel),
    "context_with_heads": lambda weights, value: tf.einsum("bhqk,bkhv->bqhv", weights, value),
    "masked_softmax": functional.masked_softmax,
    "scaled_dot_product_attention": functional.scaled_dot_product_attention,
    "causal_mask": masks.causal_mask,
    "packed_mask": lambda sentence: masks.combine_masks(
        masks.padding_mask(sentence),
        masks.causal_mask(sentence.shape[1]),
        tf.equal(sentence[:, :, None], sentence[:, None, :]),
    ),
    "walk_on": lambda vector, steps: walked(vector, steps),
    "grouped_scores": lambda query, key: (
        functional.dot_product_scores(
            tf.reshape(query, (len(query), key.shape[1], -1, *query.shape[2:])), key[:, :, None]
        )
        .numpy()
        .reshape(*query.shape[:3], -1)
    ),
    "window_mask": lambda length, width: masks.combine_masks(
        masks.local_mask(length, window=width - 1), masks.causal_mask(length)
    ),
}
# Chapter 8
RIGHT |= {
    "layer_norm": lambda x, gain, bias: tf.nn.batch_normalization(
        x, *tf.nn.moments(x, axes=[-1], keepdims=True), bias, gain, 1e-5
    ),
    "transformer_parameters": lambda words, d, inner, layers: (
        (words + 4) * d + layers * (12 * d * d + 24 * d + 4 * d * inner + 2 * inner)
    ),
}


def walked(vector, steps):
    """By complex numbers: cos + i sin of a sum is the product of those of its terms."""
    speed = 10_000.0 ** (-np.arange(0, len(vector), 2) / len(vector))
    after = (vector[1::2] + 1j * vector[0::2]) * np.exp(1j * steps * speed)
    return np.stack([after.imag, after.real], axis=-1).ravel()


def walk(vector, steps, base=10_000.0, sign=1, joined=False):
    """`walk_on`, with a wrong base, direction or layout."""
    speed = base ** (-np.arange(0, len(vector), 2) / len(vector))
    half = len(vector) // 2
    sine, cosine = (vector[:half], vector[half:]) if joined else (vector[0::2], vector[1::2])
    sin, cos = sign * np.sin(steps * speed), np.cos(steps * speed)
    pairs = [sine * cos + cosine * sin, cosine * cos - sine * sin]
    return np.concatenate(pairs) if joined else np.stack(pairs, axis=-1).ravel()


def keras_states(words, w, u, b):
    layer = tf.keras.layers.SimpleRNN(len(b), return_sequences=True)
    layer.build((None, None, words.shape[-1]))
    layer.set_weights([w, u, b])
    return layer(words[None])[0]


def sacrebleu_precision(translation, reference, n):
    scorer = BLEU(tokenize="none", smooth_method="none", force=True, max_ngram_order=n)
    score = scorer.corpus_score([" ".join(translation)], [[" ".join(reference)]])
    return score.precisions[n - 1] / 100


def states_from(step):
    """A wrong answer to `recurrent_states`, from its step."""

    def answer(words, w, u, b):
        states = [np.zeros_like(b)]
        for word in words:
            states.append(step(word, states[-1], w, u, b))
        return states[1:]

    return answer


def shared_of(ngrams, translation, reference, n):
    """How many n-grams of the translation are in the reference, however often it has them."""
    there = set(ngrams(reference, n))
    return sum(gram in there for gram in ngrams(translation, n))


def ngrams_of(words, n):
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]


def plain_softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


def softmax_then_mask(scores, mask):
    return tf.nn.softmax(scores) * mask


def multiply_then_softmax(scores, mask):
    return tf.nn.softmax(scores * mask)


def mask_in_numpy(scores, mask):
    return plain_softmax(np.where(mask, scores, -np.inf))


def subtract_a_thousand(scores, mask):
    return tf.nn.softmax(scores - 1e3 * ~mask)


def lowest_number_only(scores, mask):
    return tf.nn.softmax(tf.where(mask, scores, scores.dtype.type(-1e9)))


def without_the_rest(weights, place):
    return weights * (np.arange(weights.shape[-1]) != place)


def attend(query, key, value, scale=1.0, axis=-1):
    weights = tf.nn.softmax(query @ key.T * np.float32(scale), axis=axis)
    return weights @ value, weights


def additive(query, key, w, u, v, activation=np.tanh):
    weights = plain_softmax(activation(query @ w + key @ u) @ v)
    return weights @ key, weights


# Mistakes that readers make, with the hint that they should get.
WRONG = [
    (
        "recurrent_states",
        states_from(lambda x, s, w, u, b: np.tanh(x @ w) + s @ u + b),
        "from a state of zeros",
    ),
    (
        "recurrent_states",
        lambda words, w, u, b: np.tanh(words @ w + b),
        "the old state goes in as well",
    ),
    (
        "recurrent_states",
        states_from(lambda x, s, w, u, b: np.tanh(x @ w + u @ s + b)),
        "the old state goes in as well",
    ),
    (
        "recurrent_states",
        lambda words, w, u, b: states_from(lambda x, s, w, u, b: np.tanh(x @ w + s @ u + b))(
            words, w, u, b
        )[-1:],
        "the old state goes in as well",
    ),
    ("perplexity", lambda p: -np.log(p).mean(), "as unsure as among 4"),
    ("perplexity", lambda p: np.mean(1 / p), "first the mean of -log p"),
    ("perplexity", lambda p: 1 / np.mean(p), "first the mean of -log p"),
    ("perplexity", lambda p: 2 ** -np.log(p).mean(), "as unsure as among 4"),
    ("perplexity", lambda p: np.exp(-np.log(p).sum()), "first the mean of -log p"),
    (
        "ngram_precision",
        lambda t, r, n: shared_of(ngrams_of, t, r, 1) / len(t),
        "four words hold three pairs",
    ),
    (
        "ngram_precision",
        lambda t, r, n: shared_of(ngrams_of, t, r, n) / len(ngrams_of(t, n)),
        "at most as often as the reference has it",
    ),
    (
        "ngram_precision",
        lambda t, r, n: sacrebleu_precision(r, t, n),
        "divide by the n-grams of the translation",
    ),
    ("padding_mask", lambda tokens: tokens != 0, "an axis of size 1"),
    ("padding_mask", lambda tokens: (tokens == 0)[..., None, :], "True where there is a token"),
    ("padding_mask", lambda tokens: (tokens != 0)[:, None, :], "no batch axis"),
    ("padding_mask", lambda tokens: (tokens != 0).astype("float32")[..., None, :], "True where"),
    ("masked_mean", lambda losses, mask: np.mean(losses), "number of tokens"),
    ("masked_mean", lambda losses, mask: np.mean(losses * mask), "number of tokens"),
    (
        "masked_mean",
        lambda losses, mask: np.mean((losses * mask).sum(axis=1) / mask.sum(axis=1)),
        "every token counts the same",
    ),
    ("gru_state", lambda s, c, z: z * s + (1 - z) * c, "the new state is the candidate"),
    ("gru_state", lambda s, c, z: s + z * c, "the new state is the candidate"),
    ("mean_state", lambda states, mask: states.mean(axis=1), "counts for nothing"),
    ("mean_state", lambda states, mask: states.mean(axis=-1), "axis 1"),
    (
        "mean_state",
        lambda states, mask: np.einsum("bkn,bk->bn", states, mask) / mask.shape[1],
        "divide by the number of words",
    ),
    (
        "mean_state",
        lambda states, mask: np.einsum("bkn,bk->bn", states, mask) * len(mask) / mask.sum(),
        "its own number of words",
    ),
    ("softmax", plain_softmax, "exp overflows"),
    ("softmax", lambda scores: tf.nn.softmax(scores, axis=0), "each row sums to one"),
    ("softmax", lambda scores: np.exp(scores), "equal scores, equal weights"),
    ("softmax", lambda scores: np.exp(scores) / np.exp(scores).sum(), "each row sums to one"),
    (
        "additive_attention_for_one_query",
        lambda *arguments: additive(*arguments, activation=lambda x: x),
        "the sum inside the tanh",
    ),
    (
        "additive_attention_for_one_query",
        lambda query, key, w, u, v: additive(query, key, u, w, v),
        "one key",
    ),
    (
        "additive_attention_for_one_query",
        lambda *arguments: additive(*arguments)[::-1],
        "one key",
    ),
    ("additive_attention_for_one_query", lambda *a: additive(*a)[0], "one key"),
    ("additive_scores", lambda q, k, v: np.tanh(q + k) @ v, "v . tanh"),
    ("additive_scores", lambda q, k, v: (np.tanh(q[:, None]) + np.tanh(k)) @ v, "v . tanh"),
    (
        "additive_scores",
        lambda q, k, v: np.tanh(k[:, None] + q) @ v,
        "every query meets every key",
    ),
    (
        "weights_without_tanh",
        lambda q, k, v: tf.nn.softmax(functional.additive_scores(q, k, v)),
        "which term depends on the key?",
    ),
    ("weights_without_tanh", lambda q, k, v: tf.nn.softmax(k @ v), "which term depends on the key"),
    ("weights_without_tanh", lambda q, k, v: tf.nn.softmax(k @ v)[None], "one row of weights"),
    ("gradient_of_scores", lambda w, h, g: w * (h @ g), "one annotation is the context itself"),
    (
        "gradient_of_scores",
        lambda w, h, g: w * ((h - h.mean(axis=0)) @ g),
        "an annotation without weight",
    ),
    ("gradient_of_scores", lambda w, h, g: (h - w @ h) @ g, "the weighted mean"),
    ("gradient_of_scores", lambda w, h, g: w * ((w @ h - h) @ g), "the weighted mean"),
    (
        "links_from_weights",
        lambda weights: {(t, int(s)) for t, s in enumerate(weights.argmax(axis=1))},
        "a link is (source position, target position)",
    ),
    (
        "links_from_weights",
        lambda weights: {(s, int(t)) for s, t in enumerate(weights.argmax(axis=0))},
        "a link is (source position, target position)",
    ),
    (
        "alignment_error_rate",
        lambda a, s, p: 1 - (len(a & s) + len(a & p)) / (len(a) + len(p)),
        "a possible link is allowed",
    ),
    (
        "alignment_error_rate",
        lambda a, s, p: 1 - 2 * len(a & s) / (len(a) + len(s)),
        "possible, though not sure, is no error",
    ),
    ("lowest_error_rate", lambda sure, possible: 0.0, "the other is missed"),
    (
        "lowest_error_rate",
        lambda sure, possible: metrics.alignment_error_rate(sure, sure, possible),
        "the other is missed",
    ),
    (
        "lowest_error_rate",
        lambda sure, possible: (
            1 - 2 * len({i for _, i in sure}) / (len({i for _, i in possible}) + len(sure))
        ),
        "takes a possible one",
    ),
    (
        "lowest_error_rate",
        lambda sure, possible: 1 - 2 * len({j for j, _ in sure}) / (2 * len(sure)),
        "one can be proposed",
    ),
    ("cut_off", lambda weights, place: np.delete(weights, place, axis=-1), "gets 0"),
    ("cut_off", without_the_rest, "divided by what is left"),
    (
        "cut_off",
        lambda weights, place: without_the_rest(weights, place) / (1 - weights[..., place].max()),
        "keep the axis of the sum",
    ),
    (
        "cut_off",
        lambda weights, place: without_the_rest(weights, place) / (1 - weights[..., place, None]),
        "zeros, not 0/0",
    ),
    ("inner_product", lambda a, b: a * b, "multiply, and sum"),
    ("outer_product", lambda a, b: np.einsum("q,k->kq", a, b), "all pairs"),
    ("outer_product", lambda a, b: a * b, "all pairs"),
    ("column_sums", lambda matrix: np.einsum("qk->q", matrix), "keep the index of the columns"),
    ("diagonal", lambda matrix: matrix[0], "walks down its diagonal"),
    ("trace", lambda matrix: np.einsum("qk->", matrix), "walks down its diagonal"),
    ("trace", lambda matrix: np.einsum("qq->q", matrix), "a single number"),
    ("matrix_product", lambda a, b: np.einsum("qd,kd->qk", a, b), "the index that the two share"),
    ("matrix_product", lambda a, b: a * b, "the index that the two share"),
    ("row_norms", lambda matrix: np.einsum("qd,qd->d", matrix, matrix), "of its numbers"),
    ("row_norms", lambda matrix: np.einsum("qd->q", matrix), "of its numbers"),
    ("row_norms", lambda matrix: np.einsum("qd,qd->", matrix, matrix), "of its numbers"),
    ("transposed_product", lambda a, b: a[0] @ b[:1], "stands first in both"),
    ("transposed_product", lambda a, b: np.einsum("dq,dk->kq", a, b), "stands first in both"),
    ("bilinear", lambda a, matrix, b: a @ matrix * b, "one number"),
    ("bilinear", lambda a, matrix, b: b[: len(a)] @ matrix @ np.resize(a, len(b)), "one number"),
    (
        "bilinear",
        lambda a, m, b: a @ (m.T if m.shape[0] == m.shape[1] else m) @ b,
        "the first axis",
    ),
    (
        "batch_matrix_product",
        lambda a, b: np.einsum("bqd,cdk->bqk", a, b),
        "the batch index occurs in both",
    ),
    ("dot_product_scores", lambda q, k: np.einsum("bqd,bkd->bkq", q, k), "rows are queries"),
    ("dot_product_scores", lambda q, k: np.einsum("bqd,ckd->bqk", q, k), "its own keys only"),
    ("context_vectors", lambda w, v: np.einsum("bqk,bqv->bkv", w, v), "all the weight on one key"),
    ("context_vectors", lambda w, v: np.einsum("bkq,bkv->bqv", w, v), "all the weight"),
    ("context_vectors", lambda w, v: np.einsum("bqk,ckv->bqv", w, v), "its own values"),
    ("general_scores", lambda q, w, k: q @ w.T @ k.T, "the first axis of the kernel"),
    ("project_to_heads", lambda x, w: np.einsum("bqm,mhd->bhqd", x, w), "(b, q, m) and kernel"),
    (
        "context_with_heads",
        lambda w, v: np.einsum("bhqk,bkhv->bhqv", w, v),
        "one head",
    ),
    ("context_with_heads", lambda w, v: np.einsum("bhqk,bkgv->bqhv", w, v), "give (b, q, h, v)"),
    (
        "context_with_heads",
        lambda w, v: np.einsum("bhqk,bkhv->bqhv", w[:, ::-1], v),
        "(b, q, h, v)",
    ),
    ("context_with_heads", lambda w, v: np.einsum("bhqk,ckhv->bqhv", w, v), "its own values"),
    ("masked_softmax", lambda scores, mask: tf.nn.softmax(scores), "must not count"),
    ("masked_softmax", softmax_then_mask, "mask before the softmax"),
    ("masked_softmax", multiply_then_softmax, "mask before the softmax"),
    ("masked_softmax", lambda scores, mask: functional.masked_softmax(scores, ~mask), "all is"),
    ("masked_softmax", mask_in_numpy, "exp overflows"),
    ("masked_softmax", subtract_a_thousand, "not small enough"),
    ("masked_softmax", lowest_number_only, "zeros, not 0/0"),
    ("scaled_dot_product_attention", attend, "the square root of d"),
    (
        "scaled_dot_product_attention",
        lambda *a: attend(*a, scale=1 / a[0].shape[-1]),
        "square root",
    ),
    ("scaled_dot_product_attention", lambda *a: attend(*a, axis=0), "over the keys"),
    (
        "scaled_dot_product_attention",
        lambda *a: attend(*a, scale=a[2].shape[-1] ** -0.5),
        "the square root of d",
    ),
    (
        "scaled_dot_product_attention",
        lambda q, k, v: attend(k, q, v, scale=q.shape[-1] ** -0.5),
        "over the keys",
    ),
    ("causal_mask", lambda n: np.triu(np.ones((n, n), bool)), "what is not later"),
    ("causal_mask", lambda n: ~np.tri(n, dtype=bool), "sees itself"),
    ("causal_mask", lambda n: np.tri(n, k=-1, dtype=bool), "sees itself"),
    ("causal_mask", lambda n: np.tri(n), "sees itself"),
    ("packed_mask", lambda s: RIGHT["packed_mask"](np.minimum(s, 1)), "no other sentence"),
    ("packed_mask", lambda s: np.tri(s.shape[1], dtype=bool)[None], "no other sentence"),
    ("packed_mask", lambda s: s[:, :, None] == s[:, None, :], "itself and those before"),
    (
        "packed_mask",
        lambda s: np.tri(s.shape[1], dtype=bool) & (s[:, :, None] == s[:, None, :]),
        "also from padding",
    ),
    (
        "packed_mask",
        lambda s: (
            np.tri(s.shape[1], dtype=bool) & (s[:1, :, None] == s[:1, None]) & (s[:1, None] != 0)
        ),
        "for each row",
    ),
    ("packed_mask", lambda s: ~RIGHT["packed_mask"](s).numpy(), "itself and those before"),
    ("window_mask", lambda n, w: np.tri(n, dtype=bool), "nothing else"),
    ("window_mask", lambda n, w: RIGHT["window_mask"](n, w).numpy().T, "no later one"),
    ("window_mask", lambda n, w: RIGHT["window_mask"](n, w + 1), "nothing else"),
    ("window_mask", lambda n, w: masks.local_mask(n, window=w - 1), "no later one"),
    ("walk_on", lambda v, s: v, "sine and cosine of a sum"),
    ("walk_on", lambda v, s: walk(v, s, sign=-1), "sine and cosine of a sum"),
    ("walk_on", lambda v, s: walk(v[::-1], s)[::-1], "sine and cosine of a sum"),
    ("walk_on", lambda v, s: walk(v, s, base=1.0), "its own speed"),
    ("walk_on", lambda v, s: walk(v, s, joined=True), "its own speed"),
    ("walk_on", lambda v, s: walk(v, abs(s)), "a negative number of steps"),
    ("grouped_scores", lambda q, k: q @ np.swapaxes(k, -1, -2), "neighbours share"),
    ("grouped_scores", lambda q, k: q @ np.swapaxes(k[:, :1], -1, -2), "each has its own"),
    (
        "grouped_scores",
        lambda q, k: q @ np.swapaxes(np.tile(k, (1, q.shape[1] // k.shape[1], 1, 1)), -1, -2),
        "neighbours share",
    ),
    (
        "grouped_scores",
        lambda q, k: q @ np.swapaxes(np.repeat(k[:1], q.shape[1] // k.shape[1], 1), -1, -2),
        "its own keys only",
    ),
]
WRONG += [
    ("layer_norm", lambda x, g, b: g * x / np.sqrt(x.var(-1, keepdims=True)) + b, "first its mean"),
    (
        "layer_norm",
        lambda x, g, b: g * (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + 1e-5) + b,
        "the square root of its variance",
    ),
    ("layer_norm", lambda x, g, b: b * RIGHT["layer_norm"](x, 1.0, 0.0) + g, "first its mean"),
    ("layer_norm", lambda x, g, b: g * (RIGHT["layer_norm"](x, 1.0, b)), "in this order"),
    (
        "layer_norm",
        lambda x, g, b: g * (x - x.mean()) / np.sqrt(x.var() + 1e-5) + b,
        "its own mean",
    ),
    (
        "layer_norm",
        lambda x, g, b: g * (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) + b,
        "add 1e-5",
    ),
    (
        "transformer_parameters",
        lambda words, d, inner, layers: words * d + layers * 10 * d,
        "no layer",
    ),
    (
        "transformer_parameters",
        lambda w, d, inner, n: RIGHT["transformer_parameters"](w, d, inner, n) - n * 12 * d,
        "each with a bias of d",
    ),
    (
        "transformer_parameters",
        lambda w, d, inner, n: (
            RIGHT["transformer_parameters"](w, d, inner, n) - n * 4 * (d * d + d)
        ),
        "has two of them",
    ),
    (
        "transformer_parameters",
        lambda w, d, inner, n: RIGHT["transformer_parameters"](w, d, inner, n) - n * 2 * inner,
        "a bias of the inner width",
    ),
]


RIGHT |= RIGHT_ON_COSTS | RIGHT_ON_BUGS
WRONG += WRONG_ON_COSTS + WRONG_ON_BUGS


def test_every_exercise_has_a_right_and_a_wrong_answer_here():
    assert list(RIGHT) == names()
    assert {name for name, _, _ in WRONG} == set(names())


@pytest.mark.parametrize(("name", "answer"), RIGHT.items(), ids=RIGHT.keys())
def test_a_right_answer_passes(capsys, name, answer):
    assert check(name, answer)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"✓ {name}: all ")


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG, ids=[name for name, _, _ in WRONG])
def test_a_mistake_gets_its_hint(capsys, name, answer, hint):
    assert not check(name, answer)
    out = capsys.readouterr().out
    assert out.startswith(f"✗ {name}(")
    assert hint in out.splitlines()[-1]
    assert out.splitlines()[-1].startswith("  hint ")


def test_the_arguments_of_a_case_are_those_of_the_reference():
    for name, exercise in EXERCISES.items():
        assert exercise.reference.__name__ == name
        for case in exercise.cases:
            assert list(case.arguments) == list(signature(exercise.reference).parameters)


def test_a_reference_leaves_its_arguments_alone():
    for name, exercise in EXERCISES.items():
        assert check(name, exercise.reference)
