import torch

from attention_helpers.conformance import check_attention

torch.manual_seed(0)
layer = torch.nn.MultiheadAttention(8, num_heads=2, batch_first=True).eval()


def attention(query, key, value, mask):  # without the weights it takes another way
    hidden = None if mask is None else ~mask.repeat_interleave(2, dim=0)
    return layer(query, key, value, attn_mask=hidden, need_weights=False)[0]


declared = {"kind": None, "projected": True, "depth": 8, "value_depth": 8, "masks": "full"}
report = check_attention(attention, framework="torch", weights="none", **declared)
