import keras

from attention_helpers import BahdanauAttention
from attention_helpers.conformance import check_attention

keras.utils.set_random_seed(0)
layer = BahdanauAttention(6)


def attention(query, key, value, mask):
    return layer(query, value, key, attention_mask=mask)


report = check_attention(attention, framework="tensorflow", kind=None, masks="full")
