"""Execute notebooks in place and store them so that two executions differ only where results do.

    python tools/execute_notebooks.py                      # every notebook of the book
    python tools/execute_notebooks.py book/05_einsum.ipynb

A notebook is saved only if it ran without an error, wrote nothing to stderr, shows no path of this
machine, says of a slow cell that it takes a while, and its kernel stayed below the memory that Binder
grants.
"""

import argparse
import hashlib
import json
import re
import sys
import time
from pathlib import Path

import nbformat
from execution import peak_gigabytes
from frame import ROOT, SETUP_METADATA, notebooks, repository_url, setup_cell
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CELL_SECONDS = 900
# Two pixels where a reader's screen of today has two; the width that is shown stays what it was.
SHARP = "--InlineBackend.figure_formats=retina"
KERNEL_GIGABYTES = 1.2
# Longer than this a reader does not wait without being told.
SLOW_SECONDS = 5
SAYS_HOW_LONG = re.compile(r"\b(seconds|minutes?)\b")
# What TensorFlow says when it starts, under its defaults and at every log level.
STARTING = re.compile(
    r"^(WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    r"|I0000 .* oneDNN custom operations are on\..*)\n",
    re.MULTILINE,
)
# Those of slides and of grading are a teacher's own; the book has none.
KEPT_METADATA = ("cellView", "jupyter", "mystnb", "nbgrader", "slideshow", "tags")
MACHINE_PATH = re.compile(r"/(?:root|home|tmp|Users|work|mnt|opt|usr|var)/|[A-Z]:\\\\?Users")


def prepare(notebook: nbformat.NotebookNode, url: str) -> None:
    """Drop empty cells, set the set-up cell and the metadata that cells of one kind share."""
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    for cell in notebook.cells:
        cell.source = cell.source.strip("\n")
        cell.metadata = {key: cell.metadata[key] for key in KEPT_METADATA if key in cell.metadata}
        cell.pop("attachments", None)
        if cell.cell_type == "code" and "hide-cell" in cell.metadata.get("tags", []):
            # A solution stays folded on the page, in JupyterLab and in Colab.
            cell.metadata |= {
                "cellView": "form",
                "jupyter": {"outputs_hidden": True, "source_hidden": True},
            }
            cell.metadata["mystnb"] = dict(cell.metadata.get("mystnb", {})) | {
                "code_prompt_show": "Show the solution",
                "code_prompt_hide": "Hide the solution",
            }
        elif cell.cell_type == "code" and "hide-input" in cell.metadata.get("tags", []):
            cell.metadata["mystnb"] = {"code_prompt_hide": "Hide it"} | dict(
                cell.metadata.get("mystnb", {})
            )
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not code or "google.colab" not in code[0].source:
        raise ValueError("the first code cell is not the set-up cell; see tools/frame.py")
    code[0].source = setup_cell(url)
    code[0].metadata = json.loads(json.dumps(SETUP_METADATA))
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    set_cell_ids(notebook.cells)


def set_cell_ids(cells: list) -> None:
    """Give each cell an id made from its text, so that converting a notebook again keeps the ids."""
    seen = {}
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def run(notebook: nbformat.NotebookNode, folder: Path) -> tuple[list[float], float]:
    """Execute every cell in a new kernel; return the seconds of each, and the kernel's peak of memory."""
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=[SHARP],
        resources={"metadata": {"path": folder}},
    )
    client.record_timing = False
    client.reset_execution_trackers()
    seconds = []
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            start = time.perf_counter()
            client.execute_cell(cell, index)
            seconds.append(time.perf_counter() - start)
        return seconds, peak_gigabytes(client.km.provisioner.pid)


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Count the cells from 1 and leave of each output what a reader would see."""
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        cell.execution_count = count
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if output.output_type in ("display_data", "execute_result"):
                output.metadata = shown_size(output.metadata)


def shown_size(metadata: dict) -> dict:
    """Of an output's metadata the width and the height of a picture, where it has them."""
    kept = {
        kind: {name: values[name] for name in ("height", "width") if name in values}
        for kind, values in metadata.items()
        if isinstance(values, dict)
    }
    return {kind: values for kind, values in kept.items() if values}


def merge_streams(outputs: list) -> list:
    """Join neighbouring pieces of one stream; drop a stream that leaves nothing to see."""
    merged = []
    for output in outputs:
        same = merged and output.output_type == merged[-1].output_type == "stream"
        if same and output.name == merged[-1].name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    for output in merged:
        if output.output_type == "stream":
            output.text = overwrite(output.text)
        if output.get("name") == "stderr":
            output.text = STARTING.sub("", output.text)
    return [output for output in merged if output.output_type != "stream" or output.text]


def overwrite(text: str) -> str:
    """Apply carriage returns as a terminal does: what follows one overwrites its line."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = ""
        for piece in line.split("\r"):
            shown = piece + shown[len(piece) :]
        if shown.strip() or "\r" not in line:
            lines.append(shown.rstrip() if "\r" in line else shown)
    return "\n".join(lines)


def complaints(notebook: nbformat.NotebookNode, gigabytes: float) -> list[str]:
    """Return what must not be stored, one line each."""
    found = []
    if gigabytes > KERNEL_GIGABYTES:
        found.append(f"the kernel took {gigabytes:.2f} GB; at most {KERNEL_GIGABYTES} are allowed")
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            where = f"cell [{cell.execution_count}]"
            if output.get("name") == "stderr":
                found.append(f"{where} wrote to stderr: {output.text.strip()[:400]}")
            text = json.dumps(
                [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
            )
            if match := MACHINE_PATH.search(text):
                found.append(f"{where} shows a path of this machine near {match[0]!r}")
            if " at 0x" in text:
                found.append(f"{where} shows an object's address, which changes with each run")
    return found


def slow_cells(cells: list, seconds: list[float]) -> list[str]:
    """Return the cells that take long, of which neither the text before nor their summary says so."""
    found, text = [], ""
    for cell, took in zip(cells, seconds, strict=True):
        if cell.cell_type == "markdown":
            text = cell.source
            continue
        said = text + cell.metadata.get("mystnb", {}).get("code_prompt_show", "")
        if took > SLOW_SECONDS and not SAYS_HOW_LONG.search(said):
            found.append(
                f"cell [{cell.execution_count}] took {took:.0f} s, and the text before it does not "
                f"speak of seconds or minutes: {cell.source.splitlines()[0]!r}"
            )
    return found


def execute(path: Path, url: str) -> list[str]:
    """Execute one notebook and save it; return what kept it from being saved."""
    start = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    try:
        prepare(notebook, url)
        seconds_of_cells, gigabytes = run(notebook, path.parent)
    except (CellExecutionError, ValueError) as error:
        return [str(error)]
    normalise(notebook)
    found = complaints(notebook, gigabytes) + slow_cells(notebook.cells, seconds_of_cells)
    if not found:
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
        seconds = time.perf_counter() - start
        cells = sum(cell.cell_type == "code" for cell in notebook.cells)
        print(
            f"{path.name}: {cells} code cells, {seconds:.0f} s, peak {gigabytes:.2f} GB", flush=True
        )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook of book/")
    paths = parser.parse_args().notebooks or notebooks()
    if wrong := [path for path in paths if path.suffix != ".ipynb" or not path.is_file()]:
        names = ", ".join(map(str, wrong))
        parser.error(f"expected notebooks, such as book/05_einsum.ipynb, got {names}")
    failed = False
    for path in paths:
        for complaint in execute(path, repository_url(ROOT)):
            failed = True
            print(f"{path.name}: not saved: {complaint}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
