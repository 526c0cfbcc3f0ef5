"""What an import costs beside TensorFlow's own, each in a process of its own.

python benchmarks/importing.py [--rounds 5] [--json FILE]
"""

import statistics
import subprocess
import sys

import common
from common import Row

MODULES = ("attention_helpers", "attention_helpers.functional", "attention_helpers.seq2seq")
AIM = 1 / 1.1


def importing(module):
    return lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True)


def measure(arguments):
    peer = "tensorflow"
    seconds = common.interleaved(
        {module: importing(module) for module in (peer, *MODULES)}, arguments.rounds
    )
    for module, times in seconds.items():
        yield Row(
            "import",
            "",
            module,
            statistics.median(times),
            "s",
            peer,
            common.by_round(seconds[peer], times) if module != peer else (),
            None if module == peer else AIM,
        )


if __name__ == "__main__":
    common.run(__doc__, measure, settings=[common.DEFAULTS])
