import jax

from attention_helpers.conformance import check_attention


def attention(query, key, value, mask):  # JAX has the words before the heads: (b, q, h, d)
    query, key, value = (array.swapaxes(1, 2) for array in (query, key, value))
    context = jax.nn.dot_product_attention(query, key, value, mask=mask)
    return context.swapaxes(1, 2)


declared = {"heads": "only", "value_depth": None, "masks": "full", "weights": "none"}
report = check_attention(attention, framework="jax", **declared)
