"""Attention written with `tf.einsum`, and all that the book's notebooks import.

The submodules load when they are first used, so that `import attention_helpers` costs nothing and
works without TensorFlow. `corpus`, `datasets`, `metrics` and `plots` never need it.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what an editor or a type checker finds under the lazy names
    from . import corpus as corpus
    from . import datasets as datasets
    from . import exercises as exercises
    from . import functional as functional
    from . import layers as layers
    from . import metrics as metrics
    from . import plots as plots
    from . import seq2seq as seq2seq

__version__ = "0.1.0"

# In reading order: each module imports only those before it.
_SUBMODULES = [
    "masks",
    "functional",
    "chunked",
    "layers",
    "text",
    "corpus",
    "datasets",
    "seq2seq",
    "metrics",
    "plots",
    "exercises",
]


def __getattr__(name: str) -> ModuleType:
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
