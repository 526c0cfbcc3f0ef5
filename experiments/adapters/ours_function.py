from attention_helpers import scaled_dot_product_attention as attention
from attention_helpers.conformance import check_attention

every = ("float16", "float32", "float64")
report = check_attention(attention, framework="tensorflow", heads=True, dtypes=every)
