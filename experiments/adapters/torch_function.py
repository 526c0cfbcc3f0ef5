from torch.nn.functional import scaled_dot_product_attention

from attention_helpers.conformance import check_attention


def attention(query, key, value, mask):
    return scaled_dot_product_attention(query, key, value, attn_mask=mask)


every = ("float16", "float32", "float64")
declared = {"weights": "none", "heads": True, "dtypes": every}
report = check_attention(attention, framework="torch", **declared)
