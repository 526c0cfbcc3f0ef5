"""TensorFlow, PyTorch and JAX, where an attention is written in them; none is imported otherwise."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from .options import Array
from .registry import NotApplicableError

Call: TypeAlias = Callable[..., Any]

_MODULES = {"tensorflow": "tensorflow", "torch": "torch", "jax": "jax", "jaxlib": "jax"}


def framework_of(tensor: Any) -> str | None:
    """The framework whose tensor it is, by its type's name."""
    names = (kind.__module__.partition(".")[0] for kind in type(tensor).__mro__)
    return next((_MODULES[name] for name in names if name in _MODULES), None)


def to_numpy(tensor: Any) -> Array:
    """The numbers of anything that NumPy can read, and of a PyTorch tensor that it refuses."""
    if framework_of(tensor) == "torch":
        tensor = tensor.detach().cpu()
    return np.asarray(tensor)


def to_tensor(framework: str | None) -> Callable[[Array], Any]:
    """From NumPy arrays to what an attention takes. PyTorch shares their memory."""
    if framework is None:
        return np.asarray
    module = import_module(framework)
    make = {"tensorflow": "convert_to_tensor", "torch": "as_tensor"}.get(framework)
    return getattr(module, make) if make else module.numpy.asarray  # type: ignore[no-any-return]


def gradients(
    framework: str, context_of: Call, arrays: tuple[Array, ...], upstream: Array
) -> list[Array]:
    """The gradients of Σ context · upstream, one for each array."""
    return [np.asarray(x, float) for x in _GRADIENTS[framework](context_of, arrays, upstream)]


def _tensorflow(context_of: Call, arrays: tuple[Array, ...], upstream: Array) -> list[Any]:
    tf = import_module("tensorflow")
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        total = tf.reduce_sum(context_of(*tensors) * upstream)
    found = tape.gradient(total, tensors)
    if all(gradient is None for gradient in found):
        raise NotApplicableError("the context carries no gradient: was a tensor made an array?")
    return [
        0 * a if g is None else tf.convert_to_tensor(g) for g, a in zip(found, arrays, strict=True)
    ]


def _torch(context_of: Call, arrays: tuple[Array, ...], upstream: Array) -> list[Any]:
    torch = import_module("torch")
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    total = (context_of(*tensors) * torch.as_tensor(upstream)).sum()
    if not total.requires_grad:
        raise NotApplicableError("the context carries no gradient: no_grad, detach, or an array?")
    found = torch.autograd.grad(total, tensors, allow_unused=True)
    return [0 * a if g is None else to_numpy(g) for g, a in zip(found, arrays, strict=True)]


def _jax(context_of: Call, arrays: tuple[Array, ...], upstream: Array) -> list[Any]:
    jax = import_module("jax")

    def total(*tensors: Any) -> Any:
        return (context_of(*tensors) * upstream).sum()

    return list(jax.grad(total, argnums=tuple(range(len(arrays))))(*arrays))


_GRADIENTS: dict[str, Callable[..., list[Any]]] = {
    "tensorflow": _tensorflow,
    "torch": _torch,
    "jax": _jax,
}
