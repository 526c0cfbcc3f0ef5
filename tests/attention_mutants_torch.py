"""Bugs that are PyTorch's own: each a right attention with one thing wrong."""

import torch
from attention_mutants import Mutant, register
from torch.nn import functional

MUTANTS: list[Mutant] = []
_wrong = register(MUTANTS)


def wrong(caught_by, **options):
    return _wrong(caught_by, framework="torch", **options)


def scaled(query, key):
    return query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5


def masked_softmax(scores, mask):
    if mask is None:
        return scores.softmax(-1)
    low = torch.finfo(scores.dtype).min
    return scores.masked_fill(~mask, low).softmax(-1).masked_fill(~mask, 0.0)


def attention(query, key, value, mask):
    """The right one."""
    weights = masked_softmax(scaled(query, key), mask)
    return weights @ value, weights


def layer(**options):
    torch.manual_seed(0)
    return torch.nn.MultiheadAttention(8, 2, **options).eval()


LAYER = {"kind": None, "projected": True, "depth": 8, "value_depth": 8}


@wrong("polarity", museum=True, masks="full", **LAYER)
def our_mask_given_to_the_layer(query, key, value, mask):
    """In `torch.nn.MultiheadAttention` True hides."""
    mask = None if mask is None else mask.repeat_interleave(2, 0)
    return layer(batch_first=True)(query, key, value, attn_mask=mask)


@wrong("polarity", museum=True, masks="keys", **LAYER)
def our_mask_given_as_padding(query, key, value, mask):
    padding = None if mask is None else mask[:, 0]
    return layer(batch_first=True)(query, key, value, key_padding_mask=padding)


@wrong("sentences_apart", masks="none", positions=True, weights="none", **LAYER)
def batch_first_forgotten(query, key, value, mask):
    return layer()(query, key, value)[0]


@wrong("mask_used", museum=True)
def masked_fill_that_nobody_takes(query, key, value, mask):
    """It returns a new tensor; keras-team/keras-io#1964 is the like."""
    scores = scaled(query, key)
    if mask is not None:
        scores.masked_fill(~mask, -1e9)
    weights = scores.softmax(-1)
    return weights @ value, weights


@wrong("padding_invariance", museum=True)
def one_e_minus_nine(query, key, value, mask):
    scores = scaled(query, key)
    weights = (scores if mask is None else scores.masked_fill(~mask, 1e-9)).softmax(-1)
    return weights @ value, weights


@wrong("mask_before_softmax", weights="none")
def a_mask_of_numbers_is_added(query, key, value, mask):
    """`attn_mask` in floating point is a bias."""
    bias = None if mask is None else mask.float()
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)


@wrong("empty_row", museum=True)
def minus_infinity(query, key, value, mask):
    """pytorch/pytorch#26098."""
    scores = scaled(query, key)
    weights = (scores if mask is None else scores.masked_fill(~mask, -torch.inf)).softmax(-1)
    return weights @ value, weights


@wrong("gradients_of_an_empty_row", museum=True)
def nan_to_num(query, key, value, mask):
    """huggingface/transformers#17306: the forward pass looks right."""
    if mask is None:
        return attention(query, key, value, mask)
    bias = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
    weights = torch.nan_to_num((scaled(query, key) + bias).softmax(-1), 0.0)
    return weights @ value, weights


@wrong("float16", dtypes=("float16",))
def minus_one_e_nine_in_sixteen_bits(query, key, value, mask):
    scores = scaled(query, key)
    weights = (scores if mask is None else scores.masked_fill(~mask, -1e9)).softmax(-1)
    return weights @ value, weights


@wrong("softmax_over_keys")
def softmax_over_dim_one(query, key, value, mask):
    weights = scaled(query, key).softmax(1)
    return weights @ value, weights


@wrong("formula", museum=True)
def view_for_transpose(query, key, value, mask):
    """bentrevett/pytorch-seq2seq#148."""
    turned = key.reshape(*key.shape[:-2], key.shape[-1], key.shape[-2])
    weights = masked_softmax(query @ turned / key.shape[-1] ** 0.5, mask)
    return weights @ value, weights


@wrong("every_key_counts", museum=True, masks="none", weights="none", **LAYER)
def heads_by_view(query, key, value, mask):
    """bentrevett/pytorch-seq2seq#83: (b, q, h·d) is read as (b, h, q, d), and each head sees half the words."""
    split = (x.reshape(len(x), 2, x.shape[1], 4) for x in (query, key, value))
    return attention(*split, None)[0].reshape(query.shape)


@wrong("scale", museum=True, weights="none")
def a_root_that_multiplies(query, key, value, mask):
    """`scale` is the factor itself."""
    root = key.shape[-1] ** 0.5
    return functional.scaled_dot_product_attention(query, key, value, mask, scale=root)


@wrong("same_twice")
def dropout_that_is_always_on(query, key, value, mask):
    """`torch.nn.functional.dropout` has training=True."""
    _, weights = attention(query, key, value, mask)
    weights = functional.dropout(weights, 0.1)
    return weights @ value, weights


@wrong("same_twice", weights="none")
def dropout_p_in_inference(query, key, value, mask):
    return functional.scaled_dot_product_attention(query, key, value, mask, dropout_p=0.1)


@wrong("causal_alignment", museum=True, causal="last", masks="none", weights="none")
def is_causal_with_a_cache(query, key, value, mask):
    """It counts from the first key: one query sees one key only."""
    return functional.scaled_dot_product_attention(query, key, value, is_causal=True)


@wrong("the_present_counts", causal=True, masks="none")
def a_triangle_without_its_diagonal(query, key, value, mask):
    past = torch.ones(query.shape[1], key.shape[1], dtype=torch.bool).tril(-1)
    return attention(query, key, value, past)


@wrong("nothing_from_the_future", causal=True, masks="none")
def triu_for_tril(query, key, value, mask):
    return attention(query, key, value, torch.ones(query.shape[1], key.shape[1]).triu() > 0)


@wrong("input_unchanged")
def mul_with_an_underscore(query, key, value, mask):
    weights = masked_softmax(query.mul_(key.shape[-1] ** -0.5) @ key.transpose(-1, -2), mask)
    return weights @ value, weights


@wrong("gradients_reach_all")
def a_detached_key(query, key, value, mask):
    return attention(query, key.detach(), value, mask)
