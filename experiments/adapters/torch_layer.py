import torch

from attention_helpers.conformance import check_attention

torch.manual_seed(0)
layer = torch.nn.MultiheadAttention(8, num_heads=2, batch_first=True).eval()


def attention(query, key, value, mask):  # its masks are True where ours are False
    hidden = None if mask is None else ~mask.repeat_interleave(2, dim=0)  # one for each head
    return layer(query, key, value, attn_mask=hidden, average_attn_weights=False)


declared = {"kind": None, "projected": True, "depth": 8, "value_depth": 8, "masks": "full"}
report = check_attention(attention, framework="torch", **declared)
