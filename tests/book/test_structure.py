"""Every notebook is stored as the book promises: executed, checked, readable, in one form."""

import json
import re

import nbformat
import pytest
from execute_notebooks import set_cell_ids
from frame import (
    ROOT,
    SETUP_METADATA,
    notebooks,
    pages,
    repository_url,
    setup_cell,
    sources,
    split_address,
)

import attention_helpers

CHAPTER = re.compile(r"\d\d_\w+")
IGNORED_SHARE = 0.20
WORDS_A_CODE_LINE = (5, 15)  # aimed at: 8 to 12
MACHINE_PATH = re.compile(r"/(?:root|home|tmp|Users|work|mnt|opt|usr|var)/|[A-Z]:\\\\?Users")
DIRECTIVE = re.compile(
    r"^\s*(?:`{3,}\{|:{3,}|\([\w-]+\)=\s*$)|\{[\w:-]+\}`|\\label\{", re.MULTILINE
)

NOTEBOOKS = notebooks()
INDEX = ROOT / "book/index.ipynb"
CHAPTERS = [path for path in NOTEBOOKS if CHAPTER.fullmatch(path.stem)]


def cells_of(path, kind=None):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    return [cell for cell in cells if kind in (None, cell["cell_type"])]


def tags_of(cell):
    return cell["metadata"].get("tags", [])


def prose_of(path):
    """The Markdown of a notebook without its code, where `{` and `:::` mean nothing."""
    text = "\n\n".join(cell["source"] for cell in cells_of(path, "markdown"))
    return re.sub(r"(`{3,})(?!\{)[^`]*?\1|(?<![}`])`[^`\n]+`", "", text)


def headings_of(path):
    return re.findall(r"^(#{1,6}) +(.+?)\s*$", prose_with_names(path), re.MULTILINE)


def prose_with_names(path):
    text = "\n\n".join(cell["source"] for cell in cells_of(path, "markdown"))
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    return request.param


def test_pages_of_the_contents_exist_and_every_notebook_is_listed():
    listed = pages()
    assert len(listed) == len(set(listed))
    for page in listed:
        assert len(sources(page)) == 1, page
    assert {f"book/{path.stem}" for path in NOTEBOOKS} <= set(listed)
    assert CHAPTERS, "no chapters found"


def test_chapters_stand_in_the_order_of_their_numbers():
    numbered = [page for page in pages() if CHAPTER.fullmatch(page.removeprefix("book/"))]
    assert numbered == sorted(numbered)


def test_is_executed_in_order_from_one(notebook):
    counts = [cell["execution_count"] for cell in cells_of(notebook, "code")]
    assert counts == list(range(1, len(counts) + 1))
    for cell in cells_of(notebook, "code"):
        for output in cell["outputs"]:
            if output["output_type"] == "execute_result":
                assert output["execution_count"] == cell["execution_count"]


def test_outputs_hold_no_error_no_stderr_and_nothing_of_this_machine(notebook):
    for cell in cells_of(notebook, "code"):
        for output in cell["outputs"]:
            assert output["output_type"] != "error", cell["source"]
            assert output.get("name") != "stderr", cell["source"]
            text = json.dumps([output.get("text", ""), output.get("data", {}).get("text/plain")])
            assert not MACHINE_PATH.search(text), text
            assert " at 0x" not in text, text


def test_every_figure_says_what_it_shows(notebook):
    for cell in cells_of(notebook, "code"):
        figures = 0
        for output in cell["outputs"]:
            data = output.get("data", {})
            figures += any(kind.startswith("image/") for kind in data)
            html = "".join(data.get("text/html", ""))
            for svg in re.findall(r"<svg\b.*?</svg>", html, re.DOTALL):
                assert "<title" in svg or "aria-label" in svg, cell["source"]
        assert figures <= 1, f"one figure a cell: {cell['source']}"
        if figures:
            alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) >= 20, f"no alt text: {cell['source']}"
            assert cell["source"].rstrip().endswith("plt.show()"), cell["source"]
    for alt in re.findall(r"!\[([^\]]*)\]\(", prose_of(notebook)):
        assert len(alt) >= 20, f"no alt text: {alt!r}"


def test_no_cell_is_empty(notebook):
    for cell in cells_of(notebook):
        assert cell["source"].strip(), "an empty cell"


def test_the_first_code_cell_is_the_set_up_cell(notebook):
    first, *others = cells_of(notebook, "code")
    assert first["source"] == setup_cell(repository_url())
    assert first["metadata"] == SETUP_METADATA
    assert not any("google.colab" in cell["source"] for cell in others)


def test_metadata_is_normalised(notebook):
    stored = json.loads(notebook.read_text(encoding="utf-8"))
    assert stored["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    ids = [cell["id"] for cell in stored["cells"]]
    assert len(ids) == len(set(ids))
    for cell in stored["cells"]:
        assert set(cell["metadata"]) <= {"cellView", "jupyter", "mystnb", "tags"}
        known = {"hide-cell", "hide-input", "nbval-ignore-output", "remove-cell", "slide"}
        known |= {"remove-input"} if notebook == INDEX else set()
        assert set(tags_of(cell)) <= known, "a tag that keeps a cell from being compared?"


def test_has_one_title_and_skips_no_level(notebook):
    levels = [len(marks) for marks, _ in headings_of(notebook)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert cells_of(notebook)[0]["source"].startswith("# ")
    for upper, lower in zip(levels, levels[1:], strict=False):
        assert lower <= upper + 1, headings_of(notebook)


def test_prose_is_plain_markdown(notebook):
    """Raw directives and roles would show as text in Colab and JupyterLab."""
    found = DIRECTIVE.search(prose_of(notebook))
    assert found is None, found[0]


def test_links_lead_to_pages_of_the_book(notebook):
    listed = {page.removeprefix("book/") for page in pages()}
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(notebook)):
        if not re.match(r"https?://|#|_static/", target):
            name = target.split("#")[0]
            assert name.rsplit(".", 1)[0] in listed, target
            assert (notebook.parent / name).exists(), target


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_no_code_was_changed_after_it_was_executed(path):
    """An id is made from the text when a notebook is executed; pictures are compared by nobody."""
    cells = nbformat.read(path, as_version=4).cells
    stored = [cell.id for cell in cells]
    set_cell_ids(cells)
    changed = [
        cell.source
        for cell, old in zip(cells, stored, strict=True)
        if cell.cell_type == "code" and cell.id != old
    ]
    assert not changed, f"type: make execute NB=book/{path.stem}"


def test_the_road_of_the_first_page_names_every_chapter_with_its_minutes():
    """Prose at 120 words a minute; the author rounds, and may be wrong by a third."""
    road = dict(
        re.findall(
            r"^\| \[.+?\]\((\d\d_\w+)\.ipynb\) \| .+ \| (\d+) \| \d+ \|$", prose_of(INDEX), re.M
        )
    )
    assert list(road) == [path.stem for path in CHAPTERS]
    for path in CHAPTERS:
        words = sum(len(cell["source"].split()) for cell in cells_of(path, "markdown"))
        assert 2 / 3 < float(road[path.stem]) / (words / 120) < 4 / 3, (path.stem, words / 120)
    hours = {6: "six", 7: "seven", 8: "eight", 9: "nine"}[round(sum(map(int, road.values())) / 60)]
    for text in (prose_of(INDEX), (ROOT / "README.md").read_text(encoding="utf-8")):
        assert f"about {hours} hours in all" in " ".join(text.split())


def test_every_module_has_its_page_in_the_reference():
    """In reading order, below the page of the package, which lists them too."""
    modules = list(attention_helpers._NAMES)
    assert [page for page in pages() if page.startswith("book/api/")] == [
        f"book/api/{name}" for name in modules
    ]
    text = (ROOT / "book/api.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[`(\w+)`\]\(api/(\w+)\.md\) \|", text, re.M) == [
        (name, name) for name in modules
    ]
    for name in modules:
        page = (ROOT / f"book/api/{name}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# `{name}`: ")
        assert f"automodule:: attention_helpers.{name}\n" in page


def test_links_to_pages_of_directives_lead_to_the_site(notebook):
    """Elsewhere `api.md` would show its directives. test_site.py finds the names in the built pages."""
    assert not re.search(r"\]\((?:api|references)[\w/]*\.md", prose_of(notebook))


def test_chapter_links_to_the_reference(chapter):
    owner, name = split_address(repository_url())
    site = rf"https://{owner}\.github\.io/{name}/book/api/\w+\.html#attention_helpers\."
    assert re.search(rf"\]\({site}", prose_of(chapter))


def test_chapter_title_carries_its_number(chapter):
    assert headings_of(chapter)[0][1].startswith(f"{int(chapter.stem[:2])}. ")


def test_chapter_has_its_frame(chapter):
    sections = [name for marks, name in headings_of(chapter) if len(marks) == 2]
    assert sections[0] == "What you will be able to do"
    assert sections[-3:] == ["Summary", "Exercises", "What to read next"]
    assert "> **Predict.**" in prose_with_names(chapter)


def test_exercises_have_hints_and_executed_solutions(chapter):
    cells = cells_of(chapter)
    tasks = [i for i, c in enumerate(cells) if re.match(r"### Exercise \d+: .", c["source"])]
    assert len(tasks) >= 3
    for number, index in enumerate(tasks, start=1):
        task, solution = cells[index], cells[index + 1]
        assert task["source"].startswith(f"### Exercise {number}: ")
        # Without the blank lines the Markdown inside is not read as such.
        assert "<details>\n<summary>Hint</summary>\n\n" in task["source"]
        assert "\n\n</details>" in task["source"]
        assert solution["source"].startswith(f"# @title Solution {number}\n")
        assert tags_of(solution)[:1] == ["hide-cell"]
        assert solution["metadata"]["jupyter"]["source_hidden"]
        assert solution["outputs"] or "assert" in solution["source"]
    folded = sum("hide-cell" in tags_of(cell) for cell in cells)
    assert folded == len(tasks), "only solutions are folded away"


def test_prose_carries_the_code(chapter):
    words = sum(len(c["source"].split()) for c in cells_of(chapter, "markdown"))
    code = [line for c in cells_of(chapter, "code") for line in c["source"].splitlines()]
    ratio = words / sum(bool(line.strip()) for line in code)
    print(f"{chapter.stem}: {ratio:.1f} words a line of code")
    low, high = WORDS_A_CODE_LINE
    assert low <= ratio <= high


def test_few_outputs_are_ignored_and_each_is_asserted_afterwards():
    code = ignored = 0
    for path in NOTEBOOKS:
        cells = cells_of(path, "code")
        code += len(cells)
        for index, cell in enumerate(cells):
            if "nbval-ignore-output" in tags_of(cell):
                ignored += 1
                rest = [cell, *cells[index + 1 : index + 4]]
                assert any("assert" in c["source"] for c in rest), cell["source"]
    print(f"{ignored} of {code} code cells have their output ignored")
    assert ignored <= IGNORED_SHARE * code
