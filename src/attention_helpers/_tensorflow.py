"""The one place that imports TensorFlow, to say how to get it where it is missing."""

try:
    import tensorflow as tf
except ModuleNotFoundError as error:
    if error.name != "tensorflow":
        raise  # installed, but something that it needs is not: its own message says more
    raise ImportError(
        "this part of attention_helpers needs TensorFlow: "
        'pip install "attention-helpers[tensorflow]"'
    ) from error

__all__ = ["tf"]
