import keras

from attention_helpers import MultiHeadAttention
from attention_helpers.conformance import check_attention

keras.utils.set_random_seed(0)
layer = MultiHeadAttention(num_heads=2, key_dim=4)


def attention(query, key, value, mask):
    return layer(query, value, key, attention_mask=mask, return_attention_scores=True)


def step(query, key, value, cache):
    cache = cache or layer.empty_cache(len(query), length=64)
    return layer(query, value, key, cache=cache, use_causal_mask=True)


declared = {"kind": None, "projected": True, "value_depth": 4, "masks": "full", "step": step}
report = check_attention(attention, framework="tensorflow", **declared)
