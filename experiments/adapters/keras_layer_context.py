import keras

from attention_helpers.conformance import check_attention

keras.utils.set_random_seed(0)
layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)


def attention(query, key, value, mask):  # without the weights it takes another way
    return layer(query, value, key, attention_mask=mask)


declared = {"kind": None, "projected": True, "value_depth": 4, "masks": "full"}
report = check_attention(attention, framework="tensorflow", weights="none", **declared)
