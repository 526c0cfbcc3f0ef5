"""The package itself: silent, lazy, and useful without TensorFlow."""

import subprocess
import sys
from collections import Counter
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

import attention_helpers

WITHOUT_TENSORFLOW = "import sys; sys.modules['tensorflow'] = None; sys.modules['keras'] = None; "
COMMAND = 'pip install "attention-helpers[tensorflow]"'


def run(code, folder=None):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def test_version_is_that_of_the_distribution():
    assert attention_helpers.__version__ == version("attention-helpers")


def test_importing_prints_nothing_and_loads_nothing():
    done = run(
        "import sys; before = set(sys.modules); import attention_helpers; "
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "module", ["corpus", "datasets", "metrics", "plots", "exercises", "conformance"]
)
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
    keras += "keras.saving = types.SimpleNamespace(get_custom_objects=dict); "
    keras += "keras.saving.register_keras_serializable = lambda package: lambda function: None; "
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


# Every public name, from the top


def public_modules():
    """The public modules and folders of the package, by name."""
    paths = Path(attention_helpers.__file__).parent.glob("[a-z]*")
    names = (path.stem for path in paths if path.suffix == ".py" or (path / "__init__.py").exists())
    return {name: import_module(f"attention_helpers.{name}") for name in sorted(names)}


def test_the_table_of_names_is_that_of_the_modules():
    """It stands in `__init__.py`, because importing the modules is what it spares."""
    table = {module: names.split() for module, names in attention_helpers._NAMES.items()}
    assert table == {name: list(module.__all__) for name, module in public_modules().items()}


def test_no_name_stands_for_two_things():
    names = [*attention_helpers._NAMES, *" ".join(attention_helpers._NAMES.values()).split()]
    assert not [name for name, count in Counter(names).items() if count > 1]


def test_every_name_is_that_of_its_module():
    for module in public_modules().values():
        for name in module.__all__:
            assert getattr(attention_helpers, name) is getattr(module, name)
            assert name in dir(attention_helpers)
            # A file of a folder would hide a function of its name: `plots.alignment`.
            assert not isinstance(getattr(module, name), ModuleType), f"{module.__name__}.{name}"


def test_type_checkers_are_told_of_every_module():
    """They do not follow the table: below `if TYPE_CHECKING` stand the imports that it spares."""
    source = Path(attention_helpers.__file__).read_text(encoding="utf-8")
    for name in attention_helpers._NAMES:
        assert f"    from . import {name} as {name}\n" in source
        assert f"    from .{name} import *\n" in source


def test_a_name_loads_its_module_and_none_below_it():
    done = run(
        WITHOUT_TENSORFLOW + "from attention_helpers import alignment_error_rate; "
        "print({'attention_helpers.plots', 'attention_helpers.exercises'} & set(sys.modules))"
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'attention_helpers' has no attribute 'nothing'"):
        _ = attention_helpers.nothing
    with pytest.raises(ImportError, match="cannot import name 'Bahdanau'"):
        from attention_helpers import Bahdanau  # noqa: F401


# Files of Keras

SAVE = """
import keras, numpy as np
from attention_helpers import BahdanauAttention, LuongAttention, MultiHeadAttention, Seq2Seq
from attention_helpers import masked_crossentropy
query, value = keras.Input((3, 4)), keras.Input((5, 4))
additive, _ = BahdanauAttention(6)(query, value)
general, _ = LuongAttention("general")(query, value)
keras.Model([query, value], [additive, general, MultiHeadAttention(2, 4)(query, value)]).save("layers.keras")
ids = np.full((3, 2), 4)
model = Seq2Seq(list("ab"), list("cd"), units=4, embedding_dim=4, seed=0)
model.compile("adam", masked_crossentropy)
model.fit((ids, ids), ids, verbose=0)
model.save("seq2seq.keras")
plain = keras.Sequential([keras.Input((2,)), keras.layers.Embedding(5, 5)])
plain.compile("adam", masked_crossentropy)
plain.fit(ids, ids, verbose=0)
plain.save("loss.keras")
"""

# None of the three has imported what the next one needs.
LOAD = """
for file, module in [("loss", ""), ("layers", "layers"), ("seq2seq", "seq2seq")]:
    assert f"attention_helpers.{module}" not in sys.modules
    model = keras.saving.load_model(f"{file}.keras")
    model.save("again.keras")
    again = keras.saving.load_model("again.keras")
    assert not module or f"attention_helpers.{module}" in sys.modules
    for one, other in zip(model.weights, again.weights, strict=True):
        assert (one.numpy() == other.numpy()).all()
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    done = run(SAVE, folder)
    assert done.returncode == 0, done.stderr
    return folder


# Whether a package is installed is often asked before it is imported.
ASKED = "attention_helpers, importlib.util; importlib.util.find_spec('keras'); import keras"


@pytest.mark.parametrize("imports", ["attention_helpers, keras", "keras, attention_helpers", ASKED])
def test_keras_loads_a_file_after_importing_the_package_alone(saved, imports):
    """Saved by one program, it is loaded by another, which has imported no module of the package."""
    done = run(f"import sys, {imports}" + LOAD, saved)
    assert done.returncode == 0, done.stderr


def test_what_keras_may_find_is_registered_under_its_public_name():
    keras = pytest.importorskip("keras")
    public_modules()
    registered = keras.saving.get_custom_objects()
    ours = {key: value for key, value in registered.items() if key.startswith("attention_helpers>")}
    assert {key.partition(">")[2] for key in ours} == set(attention_helpers._REGISTERED)
    for key, value in ours.items():
        assert value is getattr(attention_helpers, key.partition(">")[2])
