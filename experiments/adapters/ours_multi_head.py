import keras

from attention_helpers import MultiHeadAttention
from attention_helpers.conformance import check_attention

keras.utils.set_random_seed(0)
layer = MultiHeadAttention(num_heads=2, key_dim=4)


def attention(query, key, value, mask):
    return layer(query, value, key, attention_mask=mask, return_attention_scores=True)


declared = {"kind": None, "projected": True, "value_depth": 4, "masks": "full"}
report = check_attention(attention, framework="tensorflow", **declared)
