"""The interactive figures in a real JupyterLab: in a notebook that is not trusted, and in one that is.

An untrusted notebook, which every notebook from elsewhere is, loses `<svg>`, `<style>`, ids and
names, and its inputs are switched off; tables, pictures with a data address and inline styles stay.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import browser as real
import nbformat
import numpy as np
import pytest
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook, new_output

from attention_helpers import plots

SOURCE = ["the", "old", "minister", "does", "not", "sign"]
TARGET = ["l'", "ancien", "ministre", "ne", "signe", "pas"]
WEIGHTS = np.full((6, 6), 0.05) + 0.7 * np.eye(6)
GOLD = {(0, 0), (1, 1)}, {(0, 0), (1, 1), (3, 4)}
FIGURES = [
    plots.alignment_map(WEIGHTS, SOURCE, TARGET, GOLD, title="Who looks where"),
    plots.weights_over_training([0, 250], [np.full((6, 6), 1 / 6), WEIGHTS], SOURCE, TARGET),
    plots.unrolled_steps(SOURCE[:3], np.linspace(-1, 1, 12).reshape(4, 3)),
    plots.decoding_steps(SOURCE, TARGET, WEIGHTS, words=[1]),
]
# Asks nobody for news; and dark, where what is not told to be white is dark.
SETTINGS = {
    "notification": {"fetchNews": "false", "checkForUpdates": False},
    "themes": {"theme": "JupyterLab Dark"},
}
MAP, TRAINING, UNROLLED, DECODING = range(4)


def notebook():
    cells = []
    for count, figure in enumerate(FIGURES, 1):
        data = {"text/html": figure._repr_html_(), "text/plain": repr(figure)}
        output = new_output("execute_result", data, execution_count=count)
        cells.append(new_code_cell("plots", execution_count=count, outputs=[output]))
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=metadata)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, need):
    """The address of a JupyterLab that keeps everything it writes in a folder of its own."""
    pytest.importorskip("jupyterlab")
    need(real.installed(), "no Chrome or Chromium")
    home = tmp_path_factory.mktemp("lab")
    settings = home / "settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    for name, values in SETTINGS.items():
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
    names = {"CONFIG_DIR": "config", "DATA_DIR": "data", "RUNTIME_DIR": "runtime"}
    names = {f"JUPYTER_{name}": folder for name, folder in names.items()}
    names |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    environment = os.environ | {name: str(home / folder) for name, folder in names.items()}
    (home / "book").mkdir()
    (home / "data").mkdir()
    for name in ("untrusted", "trusted"):
        nbformat.write(notebook(), home / f"book/{name}.ipynb")
    NotebookNotary(data_dir=str(home / "data")).sign(nbformat.read(home / "book/trusted.ipynb", 4))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    options = f"--no-browser --allow-root --ip=127.0.0.1 --port={port} --IdentityProvider.token="
    command = [sys.executable, "-m", "jupyterlab", *options.split()]
    command += [f"--ServerApp.root_dir={home / 'book'}", "--LabApp.extension_manager=readonly"]
    with (
        open(home / "log", "w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            wait_for(f"{address}/api", server, home / "log")
            yield address
        finally:
            server.terminate()


def wait_for(address, server, log):
    for _ in range(900):
        if server.poll() is not None:
            break
        with contextlib.suppress(URLError), urlopen(address):
            return
        time.sleep(0.1)
    pytest.fail("JupyterLab does not answer:\n" + log.read_text()[-2000:])


@pytest.fixture(scope="module")
def browser(lab):
    with real.open_browser() as browser:
        yield browser


@contextlib.contextmanager
def opened(browser, lab, name):
    """A notebook in the lab: the page, and the outputs of its cells."""
    with browser.new_page(viewport={"width": 1400, "height": 4000}) as page:
        page.goto(f"{lab}/lab/tree/{name}.ipynb?reset")
        page.locator("body[data-jp-theme-name='JupyterLab Dark']").wait_for(
            state="attached", timeout=60_000
        )
        outputs = page.locator(".jp-OutputArea-output.jp-RenderedHTMLCommon")
        outputs.nth(len(FIGURES) - 1).wait_for(timeout=60_000)
        yield page, outputs


# Elements whose own text is too faint on the nearest background: less than 4.5 to 1.
FAINT = """(root) => {
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => parts(colour).slice(0, 3).map((c) => c / 255)
  .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0.05);
const ground = (e) => {
  const colour = getComputedStyle(e).backgroundColor;
  return (parts(colour)[3] ?? 1) > 0.5 ? colour : ground(e.parentElement);
};
return [...root.querySelectorAll('*')]
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .filter((e) => e.checkVisibility({visibilityProperty: true}))
  .filter((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
    return Math.max(a, b) / Math.min(a, b) < 4.5;
  })
  .map((e) => e.outerHTML);
}"""


def rows_seen(table):
    """What a table shows, without its first row."""
    return [row.split() for row in table.inner_text().strip().split("\n")][1:]


ROWS = [
    [word, *(".75" if x == y else ".05" for x in range(len(SOURCE)))]
    for y, word in enumerate(TARGET)
]


def test_an_untrusted_notebook_shows_every_word_and_number(browser, lab):
    with opened(browser, lab, "untrusted") as (page, outputs):
        assert page.locator(".jp-OutputArea-output style, .jp-OutputArea-output svg").count() == 0
        for figure, output in zip(FIGURES, outputs.all(), strict=True):
            assert output.evaluate(FAINT) == []
            text = output.inner_text()
            # No style and no drawing is left as text, and nothing that would not work is offered.
            assert not re.search(r"[{}]|stroke|next →|keys", text), text
            assert output.locator("input:visible, label:visible, button:visible").count() == 0
            for frame in getattr(figure, "frames", []):
                assert frame.caption in text

        tables = outputs.locator("table")
        assert tables.count() == 3
        assert rows_seen(tables.nth(0)) == rows_seen(tables.nth(2)) == ROWS
        colours = (
            tables.nth(0)
            .locator("td")
            .evaluate_all("(cells) => cells.map((cell) => getComputedStyle(cell).backgroundColor)")
        )
        assert len(set(colours)) == 2 and colours[0] == colours[7] != colours[1]
        borders = (
            tables.nth(0)
            .locator("td")
            .evaluate_all("(cells) => cells.map((cell) => getComputedStyle(cell).borderTopStyle)")
        )
        assert {borders[0], borders[7]} == {"solid"} and borders[6 * 4 + 3] == "dashed"

        pictures = outputs.locator("img")
        assert pictures.count() == len(FIGURES[UNROLLED].frames) + len(FIGURES[DECODING].frames)
        drawn = pictures.evaluate_all(
            "(all) => all.map((i) => i.checkVisibility() && i.naturalWidth && i.alt.length > 20)"
        )
        assert all(drawn)


def test_a_trusted_notebook_has_all_that_the_site_has(browser, lab):
    with opened(browser, lab, "trusted") as (page, outputs):
        for output in outputs.all():
            assert output.evaluate(FAINT) == []
        slanted = "(span) => getComputedStyle(span).transform"
        assert outputs.nth(MAP).locator("thead span").first.evaluate(slanted) != "none"
        for number in (TRAINING, UNROLLED, DECODING):
            output, frames = outputs.nth(number), FIGURES[number].frames
            shown = output.locator(".frame p:visible")
            assert shown.all_inner_texts() == [f"1 / {len(frames)} {frames[0].caption}"]
            output.locator("input").first.focus()
            page.keyboard.press("ArrowRight")  # JupyterLab would go to another cell
            assert shown.all_inner_texts() == [f"2 / {len(frames)} {frames[1].caption}"]
            output.get_by_text("← back").locator("visible=true").click()
            assert shown.all_inner_texts() == [f"1 / {len(frames)} {frames[0].caption}"]
