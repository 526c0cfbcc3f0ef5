"""What the measurements share: runs taken in turn, rows of one table, and the table.

A row says how many times better a program is than its peer: the median over the rounds of the
peer's time by the program's (of sentences a second and the like, the other way round; of memory,
the peer's bytes by the program's), with the least and the greatest of the rounds.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")


class Row(NamedTuple):
    case: str
    mode: str  # eager, graph, XLA, …
    program: str
    value: float
    unit: str
    peer: str = ""
    better: tuple[float, ...] = ()  # than the peer, of each round
    aim: float | None = None  # what `better` should reach
    remark: str = ""


def interleaved(runs: dict, rounds: int) -> dict:
    """The seconds of each run, taken in turn; a first round warms up and is not counted."""
    seconds = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: times[1:] for name, times in seconds.items()}


def by_round(peer: list[float], program: list[float]) -> tuple[float, ...]:
    """How many times faster the program was than its peer, from the seconds of each round."""
    return tuple(one / other for one, other in zip(peer, program, strict=True))


def line(row: Row) -> str:
    value = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.3g}"
    text = f"{row.case:41} {row.mode:6} {row.program:28} {value:>7} {row.unit:12}"
    if row.better:
        middle, low, high = statistics.median(row.better), min(row.better), max(row.better)
        text += f" {middle:6.2f}× {row.peer}"
        if len(row.better) > 1:
            text += f" ({low:.2f}–{high:.2f})"
        if row.aim is not None:
            text += f", {'reaches' if middle >= row.aim else 'MISSES'} {row.aim:.2g}×"
    return " ".join([text, row.remark]).rstrip()


def run(
    description: str, measure: Callable[[argparse.Namespace], Iterable[Row]], **options
) -> None:
    """The command line of a benchmark: measures, prints each row, writes the JSON."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    for name, settings in options.items():
        parser.add_argument(f"--{name}", **settings)
    arguments = parser.parse_args()
    rows = []
    for row in measure(arguments):
        print(line(row), flush=True)
        rows.append(row)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps([row._asdict() for row in rows], indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
