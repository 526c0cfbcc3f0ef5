"""Attention beside Keras', NumPy's and, where it is installed, PyTorch's: seconds and memory.

    python benchmarks/attention.py [--rounds 5] [--cases dot chunked additive] [--json FILE]

All programs of a case get the same numbers, each in the layout that it documents, and run in turn in
one process. `of peak` is the part of this machine's own speed in multiplying large matrices that a
program reaches with its two products, if it does nothing else.

Memory is measured in a process of its own for each program: the most that the process ever held
while it ran, less what it held before and what it returned (Linux only).
"""

import ctypes
import importlib.util
import statistics
import subprocess
import sys
from pathlib import Path
from unittest import mock

import common
import keras
import numpy as np
import tensorflow as tf
from common import Row

from attention_helpers import chunked
from attention_helpers.chunked import chunked_additive_attention, chunked_attention
from attention_helpers.functional import (
    additive_attention,
    project,
    scaled_dot_product_attention,
)

MODES = {
    "eager": lambda function: function,
    "graph": tf.function,
    "XLA": lambda function: tf.function(function, jit_compile=True),
}
MEBIBYTE = 2**20
tf.get_logger().setLevel(
    "ERROR"
)  # many functions are traced once each, which TensorFlow wonders at


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def calling(function, tensors):
    def run():
        result = function(*tensors)
        (result[0] if isinstance(result, tuple | list) else result).numpy()  # waits for the end

    return run


def rows_of(case, seconds, peer, aims, remark=lambda middle: ""):
    """A row for each program and mode; the best of ours in each mode is named and has the aim."""
    rows = []
    for (program, mode), times in seconds.items():
        middle = statistics.median(times)
        others = seconds[peer, mode] if program != peer and (peer, mode) in seconds else []
        ratios = common.by_round(others, times) if others else ()
        rows.append(
            Row(case, mode, program, 1000 * middle, "ms", peer, ratios, remark=remark(middle))
        )
    yield from rows
    for mode, aim in aims.items():
        ours = common.best(r for r in rows if r.mode == mode and r.program.startswith("ours"))
        yield ours._replace(program=f"best of ours: {ours.program}", aim=aim, remark="")


# Dot product


def heads_last(arrays):
    return [tf.constant(np.ascontiguousarray(x.swapaxes(1, 2))) for x in arrays]


def dense(query, key, value):
    return scaled_dot_product_attention(query, key, value)[0]


def tensorflow_programs(arrays):
    """Functions of tensors, with their tensors."""
    heads_first, others = [tf.constant(x) for x in arrays], heads_last(arrays)
    _, heads, _, depth = arrays[0].shape
    layer = keras.layers.MultiHeadAttention(heads, depth)
    layer.build(*([(None, None, heads * depth)] * 2))
    return {
        "ours": (dense, heads_first),
        "ours, in chunks": (chunked_attention, heads_first),
        "keras.ops": (keras.ops.dot_product_attention, others),
        "Keras MHA, core": (lambda q, k, v: layer._compute_attention(q, k, v)[0], others),
    }


def by_numpy(query, key, value):
    scores = query @ key.swapaxes(-1, -2) * query.shape[-1] ** -0.5
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return scores / scores.sum(axis=-1, keepdims=True) @ value


def by_torch(arrays):
    import torch

    tensors = [torch.from_numpy(x) for x in arrays]
    return lambda: torch.nn.functional.scaled_dot_product_attention(*tensors).numpy()


def dot_case(batch, heads, length, depth, rounds, speed):
    """One length: every program in every mode."""
    arrays = [draw(batch, heads, length, depth) for _ in range(3)]
    runs = {}
    for mode, compiled in MODES.items():
        for name, (function, tensors) in tensorflow_programs(arrays).items():
            runs[name, mode] = calling(compiled(function), tensors)
    runs["NumPy", "eager"] = lambda: by_numpy(*arrays)
    if importlib.util.find_spec("torch"):
        runs["torch SDPA", "eager"] = by_torch(arrays)
    seconds = common.interleaved(runs, rounds)
    products = 4 * batch * heads * length**2 * depth  # floating-point operations
    case = f"dot product, T = {length}"
    yield from rows_of(
        case,
        seconds,
        "keras.ops",
        dict.fromkeys(MODES, 1.2),
        lambda t: f"[{products / t / speed:.0%} of peak]",
    )
    for mode in ("graph", "XLA"):
        for program in ("ours", "ours, in chunks"):
            if torch := seconds.get(("torch SDPA", "eager")):
                times = seconds[program, mode]
                ratios = common.by_round(torch, times)
                middle = 1000 * statistics.median(times)
                yield Row(case, mode, program, middle, "ms", "torch SDPA", ratios, 0.5)


def matrix_product_speed(rounds, size=2048):
    """Floating-point operations a second in one large matrix product."""
    matrix = tf.constant(draw(size, size))
    run = {"": lambda: tf.matmul(matrix, matrix).numpy()}
    return 2 * size**3 / min(common.interleaved(run, rounds)[""])


# Chunks


def with_gradients(function):
    def run(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            result = function(*tensors)
        return tape.gradient(result, tensors)

    return run


def chunked_case(batch, heads, length, depth, rounds):
    """Dense beside chunks: the forward pass, and with the gradients."""
    tensors = [tf.constant(draw(batch, heads, length, depth)) for _ in range(3)]
    programs = {"dense": dense, "ours, in chunks": chunked_attention}
    for what, wrap in {"forward": lambda f: f, "and gradients": with_gradients}.items():
        runs = {
            (name, mode): calling(MODES[mode](wrap(function)), tensors)
            for mode in ("graph", "XLA")
            for name, function in programs.items()
        }
        seconds = common.interleaved(runs, rounds)
        yield from rows_of(
            f"chunks, T = {length}, {what}", seconds, "dense", {"graph": 1 / 1.2, "XLA": 1 / 1.2}
        )


# Additive


def additive_programs(arrays):
    query, key, value, weight = (tf.constant(x) for x in arrays)
    layer = keras.layers.AdditiveAttention()
    layer.build([query.shape, value.shape, key.shape])
    layer.set_weights([arrays[3]])
    return {
        "ours": (lambda *x: additive_attention(*x)[0], [query, key, value, weight]),
        "ours, in chunks": (chunked_additive_attention, [query, key, value, weight]),
        "Keras": (lambda q, k, v: layer([q, v, k]), [query, key, value]),
    }


def additive_case(batch, length, depth, rounds):
    """One length: every program in every mode."""
    arrays = [*(draw(batch, length, depth) for _ in range(3)), draw(depth)]
    runs = {
        (name, mode): calling(compiled(function), tensors)
        for mode, compiled in MODES.items()
        for name, (function, tensors) in additive_programs(arrays).items()
    }
    seconds = common.interleaved(runs, rounds)
    yield from rows_of(f"additive, T = {length}", seconds, "Keras", {"graph": 2, "XLA": 1.5})


def without_tanh(query, key, score_kernel):
    hidden = query[:, :, None, :] + key[:, None, :, :]
    return project(hidden, score_kernel[:, None])[..., 0], None  # no gradients: forward only


def sum_alone(query, key, score_kernel):
    return (query[:, :, None, :] + key[:, None, :, :])[..., 0], None


def passes_case(batch, length, depth, rounds):
    """What each pass over the hidden units costs a graph: the score in chunks, with fewer of them."""
    tensors = [tf.constant(draw(batch, length, depth)) for _ in range(3)] + [
        tf.constant(draw(depth))
    ]
    runs = {}
    for name, score in {
        "ours, in chunks": chunked._additive,
        "… without tanh": without_tanh,
        "… sum of query and key alone": sum_alone,
    }.items():
        run = calling(tf.function(chunked_additive_attention), tensors)
        with mock.patch.object(chunked, "_additive", score):
            run()  # traced here, once
        runs[name, "graph"] = run
    runs["ours, in chunks", "XLA"] = calling(MODES["XLA"](chunked_additive_attention), tensors)
    yield from rows_of(f"additive, T = {length}, passes", common.interleaved(runs, rounds), "", {})


# Memory


def keras_additive():
    layer = keras.layers.AdditiveAttention()
    return lambda q, k, v: layer([q, v, k])


def ours_additive(attend):
    weight = tf.constant(draw(256))
    return lambda q, k, v: attend(q, k, v, weight)


MEMORY = {
    "chunks": {"dense": lambda: dense, "ours, in chunks": lambda: chunked_attention},
    "additive": {
        "Keras": keras_additive,
        "ours": lambda: ours_additive(lambda *x: additive_attention(*x)[0]),
        "ours, in chunks": lambda: ours_additive(chunked_additive_attention),
    },
}
MEMORY_AIMS = {"chunks": 1 / 0.2, "additive": 1 / 0.5}


def memory_case(kind, shape, mode="graph"):
    """The extra memory of each program, forward and with the gradients, each in its own process."""
    peer, *_ = MEMORY[kind]
    for what in ("forward", "and gradients"):
        mebibytes = {}
        for program in MEMORY[kind]:
            command = [sys.executable, __file__, "--memory-of", kind, program, what, mode]
            output = subprocess.run(
                [*command, *map(str, shape)], check=True, capture_output=True, text=True
            ).stdout
            mebibytes[program] = float(output.split()[-1]) / MEBIBYTE
            better = () if program == peer else (mebibytes[peer] / mebibytes[program],)
            yield Row(
                f"memory of {kind}, T = {shape[-2]}, {what}",
                mode,
                program,
                mebibytes[program],
                "MiB",
                peer,
                better,
                MEMORY_AIMS[kind] if better else None,
            )


def extra_memory(kind, program, what, mode, *shape):
    """Bytes held at most while the program runs, beyond what is there before and what it returns."""
    function = MEMORY[kind][program]()
    run = MODES[mode](with_gradients(function) if what == "and gradients" else function)
    tensors = [tf.constant(draw(*map(int, shape))) for _ in range(3)]
    # What is allocated only once; on few numbers, for TensorFlow keeps what it has had for the next run.
    run(*(tensor[..., :2, :] for tensor in tensors))
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # or the next run would find its memory ready
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = resident("VmHWM")
    results = run(*tensors)
    results = results if isinstance(results, tuple | list) else [results]
    returned = sum(x.numpy().nbytes for x in results)
    return resident("VmHWM") - before - returned


def resident(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"no {field}: memory is measured on Linux only")


# The table


def measure(arguments):
    rounds, cases = arguments.rounds, arguments.cases
    speed = matrix_product_speed(rounds)
    yield Row("matrix product, 2048²", "eager", "tf.matmul", speed / 1e9, "10⁹/s")
    if "dot" in cases:
        for length in arguments.lengths:
            yield from dot_case(32, 8, length, 64, rounds, speed)
    if "chunked" in cases:
        for batch, length in ((8, 1024), (1, 4096)):
            yield from chunked_case(batch, 8, length, 64, rounds)
            yield from memory_case("chunks", (batch, 8, length, 64))
    if "additive" in cases:
        for length in (30, 200):
            yield from additive_case(64, length, 256, rounds)
            yield from memory_case("additive", (64, length, 256))
            yield from passes_case(64, length, 256, rounds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory-of"]:
        print(extra_memory(*sys.argv[2:]))
    else:
        common.run(
            __doc__,
            measure,
            cases={"nargs": "+", "default": ["dot", "chunked", "additive"]},
            lengths={"nargs": "+", "type": int, "default": [128, 512, 1024]},
        )
