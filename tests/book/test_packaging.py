"""The package as others get it: ranges, wheel, an install beside nothing else, type hints."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest
from frame import ROOT

import attention_helpers

README = (ROOT / "README.md").read_text(encoding="utf-8")


def read_toml():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# Ranges


def test_one_extra_installs_tensorflow_on_every_platform():
    from packaging.requirements import Requirement

    extras = read_toml()["project"]["optional-dependencies"]
    keras, tensorflow = extras["tensorflow"]
    assert extras["tensorflow-cpu"][0] == keras
    asked = [Requirement(text) for text in extras["tensorflow-cpu"][1:]]
    assert {str(each.specifier) for each in asked} == {str(Requirement(tensorflow).specifier)}
    for system in ("linux", "darwin", "win32"):
        for machine in ("x86_64", "aarch64", "arm64", "AMD64"):
            where = {"sys_platform": system, "platform_machine": machine}
            assert sum(each.marker.evaluate(where) for each in asked) == 1, where


def test_the_oldest_versions_are_asked_for_by_name():
    """`make test-oldest` installs the lowest of what is asked for, and the newest of all else."""
    project = read_toml()["project"]
    extras = project["optional-dependencies"]
    for text in (*project["dependencies"], *extras["tensorflow-cpu"], *extras["test"]):
        assert re.match(r"[a-z-]+>=[\d.]+(;|$)|attention-helpers\[", text), text


def test_the_requirements_hold_what_the_tests_need():
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    extras = read_toml()["project"]["optional-dependencies"]
    for text in (*extras["test"], *extras["tensorflow-cpu"]):
        name = re.match(r"[a-z-]+", text).group()
        assert name == "attention-helpers" or f"\n{name}==" in pins, name


def test_the_changelog_and_the_citation_have_the_version():
    """The source names it; pyproject.toml reads it there."""
    import yaml

    assert read_toml()["project"]["dynamic"] == ["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == attention_helpers.__version__
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.M)
    assert heads and heads[0][0] in ("Unreleased", attention_helpers.__version__)
    kinds = set(re.findall(r"^### (.+)$", text, re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


# Wheel and sdist


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the wheel, built from a copy, so that nothing is left in the repository."""
    pytest.importorskip("setuptools", "77", reason="the build backend is not installed here")
    folder = tmp_path_factory.mktemp("built")
    tree = folder / "tree"
    copytree(ROOT / "src", tree / "src", ignore=ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copy(ROOT / name, tree)
    backend = "from setuptools import build_meta; build_meta.build_wheel('..')"
    environment = {**os.environ, "PYTHONPATH": ""}
    subprocess.run(
        [sys.executable, "-c", backend], cwd=tree, check=True, capture_output=True, env=environment
    )
    return folder


def test_the_wheel_holds_what_the_source_holds(built):
    """`make dist` checks more, but only where something is released."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = (ROOT / "src").rglob("*")
    assert held == {
        path.relative_to(ROOT / "src").as_posix()
        for path in files
        if path.suffix == ".py" or path.name == "py.typed"
    }


def test_the_readme_runs_from_the_wheel_in_an_environment_of_its_own(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    paths = "import sysconfig; print(sysconfig.get_path('purelib'))"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    packages = subprocess.run(
        [python, "-c", paths], capture_output=True, text=True, check=True, env=environment
    ).stdout.strip()
    with zipfile.ZipFile(wheel) as archive:  # what an installer does with a wheel of plain Python
        archive.extractall(packages)
    # Its dependencies are those of this environment, which needs no network.
    here = "\n".join(path for path in sys.path if path.endswith(("site-packages", "dist-packages")))
    Path(packages, "dependencies.pth").write_text(here)
    code, printed = re.search(r"```python\n(.*?)```\s+```text\n(.*?)```", README, re.S).groups()
    code += "import attention_helpers; print(attention_helpers.__file__)\n"
    run = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(printed)
    assert Path(run.stdout.removeprefix(printed).strip()).is_relative_to(packages)


# Type hints


WITHOUT_TENSORFLOW = {"text", "corpus", "datasets", "metrics", "exercises", "conformance"}


@pytest.mark.parametrize("name", sorted(WITHOUT_TENSORFLOW & set(attention_helpers._NAMES)))
def test_annotations_can_be_read_at_run_time(name):
    from inspect import isfunction
    from typing import get_type_hints

    module = getattr(attention_helpers, name)
    for function in filter(isfunction, (getattr(module, each) for each in module.__all__)):
        assert "return" in get_type_hints(function)


# Releases


def test_a_release_is_published_without_a_password():
    import yaml

    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    publish = jobs["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"]["name"] == "pypi"
    assert "password:" not in text and "secrets." not in text
    steps = [step.get("run", "") for step in jobs["build"]["steps"]]
    assert any("make dist" in step for step in steps)
