import torch

from attention_helpers.conformance import check_attention

torch.manual_seed(0)
layer = torch.nn.MultiheadAttention(8, num_heads=2, batch_first=True).eval()


def attention(query, key, value, mask):  # True in `key_padding_mask` is padding
    padding = None if mask is None else ~mask[:, 0]
    return layer(query, key, value, key_padding_mask=padding)


declared = {"kind": None, "projected": True, "depth": 8, "value_depth": 8, "masks": "keys"}
report = check_attention(attention, framework="torch", **declared)
