from torch.nn.functional import scaled_dot_product_attention

from attention_helpers.conformance import check_attention


def attention(query, key, value, mask):
    return scaled_dot_product_attention(query, key, value, is_causal=True)


declared = {"causal": "first", "masks": "none", "weights": "none", "heads": True}
report = check_attention(attention, framework="torch", **declared)
