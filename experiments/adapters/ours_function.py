from attention_helpers import scaled_dot_product_attention
from attention_helpers.conformance import check_attention

every = ("float16", "float32", "float64")
report = check_attention(
    scaled_dot_product_attention, framework="tensorflow", heads=True, dtypes=every
)
