"""What attention costs against the length T: seconds and bytes, dense and in chunks, forward and backward.

    python experiments/attention_costs.py
    python experiments/attention_costs.py --rounds 3 --lengths 64 256 1024 --output /tmp/costs.json

One sentence, one head, depths of 64, TensorFlow's defaults: a `tf.function` without XLA, oneDNN, as
many threads as it likes. All programs of a length run in turn in one process, each round in another
order, so that whatever else the machine does, and whatever ran just before, disturbs all alike.
Memory is measured in a process of its own for each program: the most that it ever held while it ran,
less what it held before (Linux only). Where one tensor alone would take more than 300 MB, a program is
left out.

Writes book/data/attention_costs.json, whole: seconds of one run are not mixed with those of another.
"""

import argparse
import ctypes
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from common import DATA, write

from attention_helpers._tensorflow import tf
from attention_helpers.chunked import chunked_additive_attention, chunked_attention
from attention_helpers.functional import additive_attention, scaled_dot_product_attention

DEPTH, PRODUCT, LARGEST = 64, 2048, 300 * 10**6
LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)
PROGRAMS = {
    "dot": lambda q, k, v, _: scaled_dot_product_attention(q, k, v)[0],
    "additive": lambda *tensors: additive_attention(*tensors)[0],
    "dot in chunks": lambda q, k, v, _: chunked_attention(q, k, v),
    "additive in chunks": chunked_additive_attention,
}
MODES = ("forward", "forward and backward")


def largest_tensor(program, length):
    """Bytes of the largest tensor that a program holds; of one in chunks, those of a block count little."""
    return {"dot": 4 * length**2, "additive": 4 * DEPTH * length**2}.get(program, 0)


def draw(length):
    """Query, key, value `(1, T, d)` and the score kernel `(d,)`."""
    shapes = [(1, length, DEPTH)] * 3 + [(DEPTH,)]
    return [tf.random.stateless_normal(shape, [0, i]) for i, shape in enumerate(shapes)]


def compiled(program, mode):
    attend = PROGRAMS[program]

    def forward_and_backward(*tensors):
        wanted = tensors if program.startswith("additive") else tensors[:3]
        with tf.GradientTape() as tape:
            tape.watch(wanted)
            total = tf.reduce_sum(attend(*tensors))
        return tape.gradient(total, wanted)

    return tf.function(attend if mode == "forward" else forward_and_backward)


def runs_of(length):
    for program in PROGRAMS:
        if largest_tensor(program, length) <= LARGEST:
            yield from ((program, mode) for mode in MODES)


def seconds_of(runs, rounds):
    """Seconds of each run, taken in turn; a first round warms up and is not counted."""
    seconds, order = {name: [] for name in runs}, random.Random(0)
    for number in range(rounds + 1):
        for name, (call, tensors) in order.sample([*runs.items()], len(runs)):
            start = time.perf_counter()
            result = call(*tensors)
            (result[0] if isinstance(result, list | tuple) else result).numpy()  # waits for the end
            if number:
                seconds[name].append(round(time.perf_counter() - start, 7))
    return seconds


def measure(lengths, rounds):
    for length in lengths:
        tensors = draw(length)
        matrix = tf.random.stateless_normal((PRODUCT, PRODUCT), [0, 9])
        runs = {run: (compiled(*run), tensors) for run in runs_of(length)}
        runs["matrix product", "forward"] = tf.function(tf.matmul), (matrix, matrix)
        for (program, mode), seconds in seconds_of(runs, rounds).items():
            yield {"program": program, "mode": mode, "length": length, "seconds": seconds}


def extra_bytes(program, mode, length):
    """The most bytes that the process holds while the program runs, less what it held before."""
    call, tensors = compiled(program, mode), draw(length)
    call(*draw(32))  # what is allocated only once, on few numbers
    call.get_concrete_function(*tensors)  # traced, not run: the graph is not what is asked for
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = peak_bytes()
    call(*tensors)
    return max(peak_bytes() - before, 0)


def peak_bytes():
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def measure_memory(lengths):
    for length in lengths:
        for program, mode in runs_of(length):
            command = [sys.executable, __file__, "--bytes-of", program, mode, str(length)]
            found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            yield {"program": program, "mode": mode, "length": length, "bytes": int(found)}


def main(options):
    result = {
        "settings": {"depth": DEPTH, "rounds": options.rounds, "product": PRODUCT},
        "machine": {"cores": len(os.sched_getaffinity(0)), "tensorflow": tf.__version__},
        "runs": [],
        "memory": [],
    }
    for kind, records in {
        "runs": measure(options.lengths, options.rounds),
        "memory": measure_memory([n for n in options.lengths if n >= 1024]),
    }.items():
        for record in records:
            result[kind].append(record)
            print(*record.values(), flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    write(options.output, result)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--lengths", nargs="+", type=int, default=list(LENGTHS))
    parser.add_argument("--output", type=Path, default=DATA / "attention_costs.json")
    parser.add_argument("--bytes-of", nargs=3, help=argparse.SUPPRESS)  # of a child
    return parser.parse_args()


if __name__ == "__main__":
    options = arguments()
    if options.bytes_of:
        program, mode, length = options.bytes_of
        print(extra_bytes(program, mode, int(length)))
    else:
        main(options)
