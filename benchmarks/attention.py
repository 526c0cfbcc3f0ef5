"""Attention beside Keras', NumPy's and, where it is installed, PyTorch's: seconds and memory.

    python benchmarks/attention.py [--rounds 5] [--cases dot chunked additive] [--json FILE]

All programs of a case get the same numbers, each in the layout that it documents, and run in turn in
one process. The times are medians; a ratio is the median over the rounds of the peer's time by ours,
so above 1 says that ours is faster. `peak` is the part of this machine's own speed in multiplying
large matrices that a program reaches with its two products, if it does nothing else.

Memory is measured in a process of its own for each program: the most that the process ever held
while it ran, less what it held before and what it returned (Linux only).
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import tensorflow as tf

from attention_helpers.functional import (
    additive_attention,
    chunked_additive_attention,
    chunked_attention,
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


# The programs: a name, and a function of the arrays (batch, heads, time, depth) that gives another,
# which runs once. What changes the layout is done before.


def heads_last(arrays):
    return [tf.constant(np.ascontiguousarray(x.swapaxes(1, 2))) for x in arrays]


def tensorflow_programs(arrays):
    """Functions of tensors, with their tensors."""
    heads_first, others = [tf.constant(x) for x in arrays], heads_last(arrays)
    _, heads, _, depth = arrays[0].shape
    layer = keras.layers.MultiHeadAttention(heads, depth)
    layer.build(*([(None, None, heads * depth)] * 2))
    return {
        "ours": (lambda q, k, v: scaled_dot_product_attention(q, k, v)[0], heads_first),
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


def dot_case(batch, heads, length, depth, rounds):
    """One length: every program in every mode."""
    arrays = [draw(batch, heads, length, depth) for _ in range(3)]
    runs = {}
    for mode, compiled in MODES.items():
        for name, (function, tensors) in tensorflow_programs(arrays).items():
            runs[name, mode] = calling(compiled(function), tensors)
    runs["NumPy", "eager"] = lambda: by_numpy(*arrays)
    if importlib.util.find_spec("torch"):
        runs["torch SDPA", "eager"] = by_torch(arrays)
    seconds = interleaved(runs, rounds)
    products = 4 * batch * heads * length**2 * depth  # floating-point operations
    return [
        {
            "case": f"dot product, T = {length}",
            "mode": mode,
            "program": name,
            "milliseconds": 1000 * statistics.median(times),
            "keras.ops by it": ratio(seconds["keras.ops", mode], times),
            "operations per second": products / statistics.median(times),
        }
        for (name, mode), times in seconds.items()
    ]


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
    seconds = interleaved(runs, rounds)
    return [
        {
            "case": f"additive, T = {length}",
            "mode": mode,
            "program": name,
            "milliseconds": 1000 * statistics.median(times),
            "Keras by it": ratio(seconds["Keras", mode], times),
        }
        for (name, mode), times in seconds.items()
    ]


def chunked_case(batch, heads, length, depth, rounds):
    """Dense beside chunks: the forward pass, and with the gradients."""
    tensors = [tf.constant(draw(batch, heads, length, depth)) for _ in range(3)]
    programs = {"dense": dense, "in chunks": chunked_attention}
    rows = []
    for what, wrap in {"forward": lambda f: f, "and gradients": with_gradients}.items():
        runs = {
            (name, mode): calling(MODES[mode](wrap(function)), tensors)
            for mode in ("graph", "XLA")
            for name, function in programs.items()
        }
        seconds = interleaved(runs, rounds)
        rows += [
            {
                "case": f"chunks, T = {length}, {what}",
                "mode": mode,
                "program": name,
                "milliseconds": 1000 * statistics.median(times),
                "dense by it": ratio(seconds["dense", mode], times),
            }
            for (name, mode), times in seconds.items()
        ]
    return rows


def dense(query, key, value):
    return scaled_dot_product_attention(query, key, value)[0]


def with_gradients(function):
    def run(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            result = function(*tensors)
        return tape.gradient(result, tensors)

    return run


# Time


def calling(function, tensors):
    def run():
        result = function(*tensors)
        (result[0] if isinstance(result, tuple | list) else result).numpy()  # waits for the end

    return run


def interleaved(runs, rounds):
    """The seconds of each run, taken in turn; the first round warms up and is not counted."""
    seconds = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: times[1:] for name, times in seconds.items()}


def ratio(peer, ours):
    return statistics.median(one / other for one, other in zip(peer, ours, strict=True))


def matrix_product_speed(rounds, size=2048):
    """Floating-point operations a second in one large matrix product."""
    matrix = tf.constant(draw(size, size))
    run = {"": lambda: tf.matmul(matrix, matrix).numpy()}
    return 2 * size**3 / min(interleaved(run, rounds)[""])


# Memory


def keras_additive():
    layer = keras.layers.AdditiveAttention()
    return lambda q, k, v: layer([q, v, k])


def ours_additive(attend):
    weight = tf.constant(draw(256))
    return lambda q, k, v: attend(q, k, v, weight)


MEMORY = {
    "chunks": {"dense": lambda: dense, "in chunks": lambda: chunked_attention},
    "additive": {
        "ours": lambda: ours_additive(lambda *x: additive_attention(*x)[0]),
        "ours, in chunks": lambda: ours_additive(chunked_additive_attention),
        "Keras": keras_additive,
    },
}


def memory_case(kind, shape, programs, mode="graph"):
    """The extra memory of each program, forward and with the gradients, each in its own process."""
    rows = []
    for program in programs:
        for what in ("forward", "and gradients"):
            command = [sys.executable, __file__, "--memory-of", kind, program, what, mode]
            output = subprocess.run(
                [*command, *map(str, shape)], check=True, capture_output=True, text=True
            ).stdout
            rows.append(
                {
                    "case": f"memory, {kind}, T = {shape[-2]}, {what}",
                    "mode": mode,
                    "program": program,
                    "mebibytes": float(output.split()[-1]) / MEBIBYTE,
                }
            )
    return rows


def extra_memory(kind, program, what, mode, *shape):
    """Bytes held at most while the program runs, beyond what is there before and what it returns."""
    function = MEMORY[kind][program]()
    *batch, length, depth = map(int, shape)
    run = tf.function(
        with_gradients(function) if what == "and gradients" else function,
        input_signature=[tf.TensorSpec([*batch, None, depth])] * 3,  # traced for any length
        jit_compile=mode == "XLA",
    )
    run(*[tf.constant(draw(*batch, 16, depth)) for _ in range(3)])  # what is allocated only once
    tensors = [tf.constant(draw(*batch, length, depth)) for _ in range(3)]
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", default=["dot", "chunked", "additive"])
    parser.add_argument("--lengths", nargs="+", type=int, default=[128, 512, 1024])
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    parser.add_argument("--memory-of", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        print(extra_memory(*arguments.memory_of))
        return
    speed = matrix_product_speed(arguments.rounds)
    print(f"one product of large matrices: {speed / 1e9:.0f} · 10⁹ operations a second\n")
    rows = []
    for case in cases(arguments):
        new = case()
        show(new, speed)
        rows += new
    if arguments.json:
        text = json.dumps({"matrix product, operations per second": speed, "rows": rows}, indent=1)
        arguments.json.write_text(text + "\n")


def cases(arguments):
    """Functions that measure one case each."""
    rounds, chosen = arguments.rounds, arguments.cases
    if "dot" in chosen:
        for length in arguments.lengths:
            yield lambda length=length: dot_case(32, 8, length, 64, rounds)
    if "chunked" in chosen:
        for length in (1024, 4096):
            yield lambda length=length: chunked_case(1, 8, length, 64, rounds)
            yield lambda length=length: memory_case("chunks", (1, 8, length, 64), MEMORY["chunks"])
    if "additive" in chosen:
        for length in (30, 200):
            yield lambda length=length: additive_case(64, length, 256, rounds)
            yield lambda length=length: memory_case(
                "additive", (64, length, 256), MEMORY["additive"]
            )


def show(rows, speed):
    for row in rows:
        cells = [f"{row['case']:40}{row['mode']:7}{row['program']:18}"]
        for key, value in row.items():
            if key == "milliseconds":
                cells.append(f"{value:10.2f} ms")
            elif key == "mebibytes":
                cells.append(f"{value:10.1f} MiB")
            elif key == "operations per second":
                cells.append(f"{value / speed:6.0%} of peak")
            elif key.endswith("by it"):
                cells.append(f"{value:7.2f}×")
        print(" ".join(cells), flush=True)
    print()


if __name__ == "__main__":
    main()
