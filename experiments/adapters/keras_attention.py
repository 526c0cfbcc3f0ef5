import keras

from attention_helpers.conformance import check_attention

layer = keras.layers.Attention()


def attention(query, key, value, mask):  # in Keras' order: query, value, key
    masks = None if mask is None else [None, mask[:, 0]]
    return layer([query, value, key], mask=masks, return_attention_scores=True)


declared = {"kind": "dot_product", "masks": "keys"}
report = check_attention(attention, framework="tensorflow", **declared)
