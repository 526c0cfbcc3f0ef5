"""Keras layers that own the weights of attention.

All of them are called as `layer(query, value, key=None, ...)`, and each position of the query gets
the mean of the values that it attends to. Query, value and key have the same number of axes: a state
`(b, n)` of a decoder is one query a sentence, `state[:, None]`. What may be attended to is what
**every** mask allows:

- the explicit one, `attention_mask`: boolean, broadcastable to `(..., q, k)`, True = may attend;
- `value_mask` and `key_mask`, boolean `(..., k)`, and `query_mask`, boolean `(..., q)`: True where
  there is a word. Where one of them is not given, Keras fills in the mask that its tensor carries
  (from `Embedding(mask_zero=True)`, say), eagerly and in a functional model alike;
- with `use_causal_mask=True`, no key later than the query, both counted from the first position.

A position of the query with nothing to attend to gets weights of zero and so a context of zero; that
holds for every position which `query_mask` masks. The context carries the mask of the query on.
"""

from .bahdanau import BahdanauAttention
from .cache import AttentionCache, update_cache
from .luong import LuongAttention
from .multi_head import MultiHeadAttention

__all__ = [
    "AttentionCache",
    "BahdanauAttention",
    "LuongAttention",
    "MultiHeadAttention",
    "update_cache",
]
