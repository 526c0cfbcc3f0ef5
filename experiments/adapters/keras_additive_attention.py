import keras

from attention_helpers.conformance import check_attention

layer = keras.layers.AdditiveAttention(use_scale=False)


def attention(query, key, value, mask):  # in Keras' order: query, value, key
    masks = None if mask is None else [None, mask[:, 0]]
    return layer([query, value, key], mask=masks, return_attention_scores=True)


declared = {"kind": "additive", "masks": "keys"}
report = check_attention(attention, framework="tensorflow", **declared)
