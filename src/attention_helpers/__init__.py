"""Attention written with `tf.einsum`, and all that the book's notebooks import.

The submodules load when they are first used, so that `import attention_helpers` costs nothing and
works without TensorFlow. `corpus`, `datasets`, `metrics` and `plots` never need it.
"""

from importlib import import_module

__version__ = "0.1.0"

# In reading order: each module imports only those before it.
_SUBMODULES = [
    "functional",
    "layers",
    "corpus",
    "datasets",
    "seq2seq",
    "metrics",
    "plots",
    "exercises",
]


def __getattr__(name):
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_SUBMODULES])
