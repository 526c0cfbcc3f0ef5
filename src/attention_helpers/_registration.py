"""Keras finds the package's layers in a file before anything has imported them.

`keras.saving.load_model` looks a class up under its registered name, and it is registered when its
module runs, which needs TensorFlow. So that `import attention_helpers` is enough, and yet imports
neither, stand-ins are registered as soon as Keras is there. A stand-in imports the module when Keras
asks for the class; the class itself then takes its place.
"""

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

PACKAGE = "attention_helpers"


class _Class:
    """Stands for a layer or a model, of which Keras needs `from_config` only."""

    def __init__(self, name: str) -> None:
        self.name = name

    def from_config(self, config: dict[str, Any]) -> Any:
        return getattr(import_module(PACKAGE), self.name).from_config(config)


def _function(name: str) -> Callable[..., Any]:
    """Stands for a loss, which Keras takes as it finds it, and calls."""

    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(import_module(PACKAGE), name)(*arguments, **options)

    call.__name__ = name
    return call


class _AfterImport:
    """An entry of `sys.meta_path` that calls a function once a module has been imported."""

    def __init__(self, name: str, then: Callable[[Any], None]) -> None:
        self.name, self.then = name, then

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name == self.name else None
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                sys.meta_path.remove(self)
                self.then(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def register(names: Iterable[str]) -> None:
    """Registers stand-ins under these public names, now or as soon as Keras has been imported."""

    def then(keras: Any) -> None:
        known = keras.saving.get_custom_objects()
        for name in names:
            key = f"{PACKAGE}>{name}"
            if key not in known and name[0].isupper():
                known[key] = _Class(name)
            elif key not in known:  # a function must be known by its name too, to be saved again
                keras.saving.register_keras_serializable(PACKAGE)(_function(name))

    if keras := sys.modules.get("keras"):
        then(keras)
    else:
        sys.meta_path.insert(0, _AfterImport("keras", then))
