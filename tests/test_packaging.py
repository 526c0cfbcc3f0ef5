"""The package as others get it: ranges, wheel, an install beside nothing else, type hints."""

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import check_dist
import pytest
from frame import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
OLDEST = dict(
    re.findall(r"^([a-z-]+)==([\d.]+)\.\*$", (ROOT / "tools/oldest.txt").read_text(), re.M)
)


def read_toml():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# Ranges


def test_the_oldest_versions_are_the_lower_bounds():
    project = read_toml()["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["tensorflow-cpu"], *extras["subwords"]]
    bounds = dict(re.match(r"([a-z-]+)>=([\d.]+)", text).groups() for text in asked)
    keras = OLDEST.copy().pop("keras")  # it comes with TensorFlow
    assert {"keras": keras, **bounds} == OLDEST


def test_one_extra_installs_tensorflow_on_every_platform():
    from packaging.requirements import Requirement

    extras = read_toml()["project"]["optional-dependencies"]
    assert extras["tensorflow"] == [f"tensorflow>={OLDEST['tensorflow']}"]
    markers = [Requirement(text).marker for text in extras["tensorflow-cpu"]]
    for system in ("linux", "darwin", "win32"):
        for machine in ("x86_64", "aarch64", "arm64", "AMD64"):
            where = {"sys_platform": system, "platform_machine": machine}
            assert sum(marker.evaluate(where) for marker in markers) == 1, where


def test_the_requirements_hold_what_the_tests_need():
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    extras = read_toml()["project"]["optional-dependencies"]
    for text in (*extras["test"], *extras["tensorflow-cpu"]):
        name = re.match(r"[a-z-]+", text).group()
        assert name == "attention-helpers" or f"\n{name}==" in pins, name


def test_the_changelog_has_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = read_toml()["project"]["version"]
    heads = re.findall(r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.M)
    assert heads and heads[0][0] in ("Unreleased", version)
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
    for name in ("pyproject.toml", "MANIFEST.in", *(check_dist.TOP - {"PKG-INFO", "setup.cfg"})):
        copy(ROOT / name, tree)
    backend = (
        "from setuptools import build_meta as b; b.build_sdist('..'); print(b.build_wheel('..'))"
    )
    environment = {**os.environ, "PYTHONPATH": ""}
    subprocess.run(
        [sys.executable, "-c", backend], cwd=tree, check=True, capture_output=True, env=environment
    )
    return folder


def test_wheel_and_sdist_hold_the_package_and_nothing_else(built, capsys):
    assert check_dist.main(built) == 0, capsys.readouterr().err
    assert "hold the package and nothing else" in capsys.readouterr().out


def test_what_should_not_be_in_them_is_named(built, tmp_path, capsys):
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    with zipfile.ZipFile(copy(wheel, tmp_path), "a") as archive:
        archive.writestr("attention_helpers/chapter.ipynb", "{}")
    with tarfile.open(tmp_path / sdist.name, "w:gz") as archive:
        archive.add(ROOT / "README.md", "attention_helpers-0/README.md")
        archive.add(ROOT / "README.md", "attention_helpers-0/book/data/numbers.json")
    assert check_dist.main(tmp_path) == 1
    said = capsys.readouterr().err
    assert f"{wheel.name}: it holds attention_helpers/chapter.ipynb" in said
    assert f"{sdist.name}: it holds book/data/numbers.json" in said
    assert f"{sdist.name}: it lacks attention_helpers/py.typed" in said
    assert f"{sdist.name}: it lacks LICENSE" in said


def test_a_folder_without_both_is_not_a_release(tmp_path, capsys):
    assert check_dist.main(tmp_path) == 1
    assert "expected one wheel and one sdist" in capsys.readouterr().err


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


def test_every_public_function_is_annotated():
    """Also where mypy is not: the annotations are what an editor shows."""
    import ast

    bare = []
    for name in ("corpus", "datasets", "exercises", "metrics", "plots"):
        tree = ast.parse((ROOT / f"src/attention_helpers/{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                hints = [a.annotation for a in given if a.arg not in ("self", "cls")]
                if node.returns is None or None in hints:
                    bare.append(f"{name}.{node.name}")
    assert bare == []


@pytest.mark.parametrize("name", ["corpus", "datasets", "exercises", "metrics"])
def test_annotations_can_be_read_at_run_time(name):
    import importlib
    from inspect import isfunction
    from typing import get_type_hints

    module = importlib.import_module(f"attention_helpers.{name}")
    for function in filter(isfunction, vars(module).values()):
        if function.__module__ == module.__name__:
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
