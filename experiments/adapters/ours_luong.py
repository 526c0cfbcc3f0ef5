from attention_helpers import LuongAttention
from attention_helpers.conformance import check_attention

layer = LuongAttention("dot")


def attention(query, key, value, mask):
    return layer(query, value, key, attention_mask=mask)


report = check_attention(attention, framework="tensorflow", kind="dot_product", masks="full")
