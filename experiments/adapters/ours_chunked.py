from attention_helpers import chunked_attention
from attention_helpers.conformance import check_attention


def attention(query, key, value, mask):
    return chunked_attention(query, key, value, mask, causal=True, chunk_size=64)


declared = {"causal": "last", "weights": "none", "heads": True}
report = check_attention(attention, framework="tensorflow", **declared)
