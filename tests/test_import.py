"""The package itself: silent, lazy, and useful without TensorFlow."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import attention_helpers

WITHOUT_TENSORFLOW = "import sys; sys.modules['tensorflow'] = None; sys.modules['keras'] = None; "
COMMAND = 'pip install "attention-helpers[tensorflow]"'


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_version_is_that_of_the_distribution():
    assert attention_helpers.__version__ == version("attention-helpers")


def test_importing_prints_nothing_and_loads_nothing():
    done = run(
        "import sys; before = set(sys.modules); import attention_helpers; "
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("module", ["corpus", "datasets", "metrics", "plots", "exercises"])
def test_imports_without_tensorflow(module):
    code = f"from attention_helpers import {module}; print({module}.__name__)"
    done = run(WITHOUT_TENSORFLOW + code)
    assert (done.stdout, done.stderr) == (f"attention_helpers.{module}\n", "")


@pytest.mark.parametrize(
    "code",
    [
        "import attention_helpers.functional",
        "from attention_helpers import layers",
        "from attention_helpers.seq2seq import Seq2Seq",
        "import attention_helpers; attention_helpers.functional",
    ],
)
def test_what_needs_tensorflow_names_the_command_that_installs_it(code):
    done = run(WITHOUT_TENSORFLOW + code)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert last.endswith(COMMAND)


def test_another_backend_of_keras_is_refused():
    # The backend is read from a stand-in: none but TensorFlow is installed here.
    keras = "import types; sys.modules['tensorflow'] = types.ModuleType('tensorflow'); "
    keras += "keras = types.ModuleType('keras'); sys.modules['keras'] = keras; "
    keras += "keras.backend = types.SimpleNamespace(backend=lambda: 'jax'); "
    done = run("import sys; " + keras + "import attention_helpers.layers")
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: attention_helpers needs Keras on TensorFlow, got")
    assert "'jax'" in last


def test_submodules_load_on_first_use():
    done = run(
        "import sys, attention_helpers; assert 'attention_helpers.metrics' not in sys.modules; "
        "print(attention_helpers.metrics.bucket_name((5, 10)), 'metrics' in dir(attention_helpers))"
    )
    assert (done.stdout, done.stderr) == ("5-10 True\n", "")


def test_every_module_can_be_reached():
    folder = Path(attention_helpers.__file__).parent
    modules = {path.stem for path in folder.glob("[a-z]*.py")}
    assert modules <= set(dir(attention_helpers))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'attention_helpers' has no attribute 'nothing'"):
        _ = attention_helpers.nothing
