"""The one place that imports TensorFlow and Keras, to say how to get what is missing."""

try:
    import tensorflow as tf
except ModuleNotFoundError as error:
    if error.name != "tensorflow":
        raise  # installed, but something that it needs is not: its own message says more
    raise ImportError(
        "this part of attention_helpers needs TensorFlow: "
        'pip install "attention-helpers[tensorflow]"'
    ) from error

import keras

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"attention_helpers needs Keras on TensorFlow, got the backend {keras.backend.backend()!r}: "
        'set os.environ["KERAS_BACKEND"] = "tensorflow" before the first import of Keras'
    )

# The decorator of the classes that Keras saves, and finds again under this name.
serializable = keras.saving.register_keras_serializable(package="attention_helpers")

__all__ = ["keras", "serializable", "tf"]
