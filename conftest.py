"""What all tests share; the kernels that nbval starts inherit the environment."""

import os

import hypothesis
import pytest

# Elsewhere each run draws other examples; in CI a change is judged by the same ones each time.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

# As in the Makefile and in the notebooks' set-up cell.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")


def is_cell(item):
    return "nbval" in type(item).__module__


def pytest_runtest_setup(item):
    if is_cell(item):
        import execution

        execution.start(item.parent.path)


def pytest_runtest_teardown(item, nextitem):
    if is_cell(item) and (nextitem is None or nextitem.parent is not item.parent):
        import execution

        execution.store(item.parent.path, item.parent.kernel.km.provisioner.pid)


@pytest.fixture(autouse=True)
def _figures_without_a_window(request):
    """Draw without a screen, and close what a test has drawn."""
    if is_cell(request.node):
        yield  # a notebook draws in its own process, with its own backend
        return
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def need():
    """Skip a test that lacks something here, and say what; in CI lacking it is a failure."""

    def need(present, reason):
        if present:
            return
        if os.environ.get("CI"):
            pytest.fail(f"missing in CI: {reason}")
        pytest.skip(reason)

    return need


@pytest.fixture(scope="session")
def site(need):
    """The folder of the built HTML."""
    from frame import HTML

    need(HTML.is_dir(), "the book is not built; type `make book` first")
    return HTML
