"""What all figures look like: colours, styles of lines, and the axes they are drawn in."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.colors import LinearSegmentedColormap, to_rgb

if TYPE_CHECKING:  # Matplotlib 3.7 has no such module
    from matplotlib.typing import ColorType as Colour

INK = "#222222"
GREY = "#555555"
EDGE = "#999999"
FAINT = "#d9d9d9"
GOLD = "#D55E00"
DEEP = "#08407e"
WEIGHTS = LinearSegmentedColormap.from_list("attention_weights", ["white", DEEP])

# Seven inches at 100 dots per inch are the 700 pixels of the book's text column.
STYLE = {
    "figure.dpi": 100,
    "figure.figsize": (7.0, 4.0),
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "savefig.pad_inches": 0.15,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.facecolor": "white",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "text.parse_math": True,  # for our own formulas; what a caller names is AS_IS
    "text.usetex": False,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.markersize": 7.0,
}

# For text that comes from a caller: a "$" is a dollar, whatever the reader's own settings are.
AS_IS: Final[dict[str, Any]] = {"parse_math": False, "usetex": False}

# The dashes of a line: a name, or an offset and the lengths of marks and gaps.
Dashes: TypeAlias = str | tuple[float, tuple[float, ...]]
# What is drawn under a name: a line, a bar, a bucket of lengths.
Key = TypeVar("Key", bound=Hashable)


class LineStyle(NamedTuple):
    """What one model's line looks like, in every figure."""

    colour: Colour
    marker: str
    dashes: Dashes


# A model keeps its style in the whole book. Models of one kind share a hue and differ in shade,
# marker and dashes; the six that meet most often (fixed, mean, moving, bahdanau, dot, transformer)
# have colours that colour-blind readers can tell apart.
_ORANGE_RED = {
    "fixed": LineStyle("#D55E00", "o", "-"),
    "fixed-long": LineStyle("#8F3B00", "h", "--"),
    "fixed-reversed": LineStyle("#F0894A", "<", "-."),
    "fixed-both-ends": LineStyle("#B04A3A", "p", ":"),
    "no-source": LineStyle("#8A8A8A", "X", (0, (1, 1))),
}
_PURPLE = {
    "mean": LineStyle("#882255", "s", "--"),
    "mean-short": LineStyle("#D79BBB", "s", "-."),
    "mean-summary": LineStyle("#5E1238", "p", "--"),
    "mean-unfed": LineStyle("#A64B7B", "d", ":"),
    "mean-state-only": LineStyle("#C45C96", "<", "--"),
    "mean-held": LineStyle("#40112B", ">", ":"),
}
_YELLOW = {
    "moving": LineStyle("#E69F00", "P", "-."),
    "moving-back": LineStyle("#7A5200", "v", "-."),
    "moving-30": LineStyle("#A87400", "h", ":"),
    "moving-short": LineStyle("#C98A1C", "P", ":"),
}
_BLUE = {
    "bahdanau": LineStyle("#0072B2", "D", "-"),
    "additive-after": LineStyle("#00A0DC", "d", "--"),
    "bahdanau-forward": LineStyle("#003F7D", ">", "-."),
    "bahdanau-unfed": LineStyle("#5B7FD0", "8", ":"),
    "bahdanau-30": LineStyle("#7FB2DC", "d", (0, (3, 1, 1, 1))),
    "bahdanau-long": LineStyle("#1F5F99", "h", "-"),
    "bahdanau-short": LineStyle("#3E9BD6", "D", "-."),
    "bahdanau-summary": LineStyle("#00557F", "D", "--"),
    "bahdanau-held": LineStyle("#2B4A9B", "D", ":"),
    "additive": LineStyle("#56B4E9", "P", (0, (5, 1))),
}
_GREEN = {
    "dot": LineStyle("#009E73", "^", "-."),
    "dot-fed": LineStyle("#00543D", "v", "--"),
    "dot-30": LineStyle("#7CC8A8", "<", (0, (3, 1, 1, 1))),
    "scaled": LineStyle("#7a6a00", "X", (0, (3, 1, 1, 1, 1, 1))),
}
# Transformers, by what tells a word its place; "transformer" has sinusoids and rotations.
_INDIGO = {
    "transformer": LineStyle("#332288", "v", "-"),
    "sinusoidal": LineStyle("#6650C8", "*", "--"),
    "rotary": LineStyle("#8B5FBF", "X", "-."),
    "learned": LineStyle("#9A8FDB", "H", ":"),
}
_OTHER_SCORES = {
    "general": LineStyle("#CC79A7", "v", ":"),
    "concat": LineStyle("#9A6FB0", ">", "--"),
    "textbook": LineStyle("#666666", "h", (0, (1, 1))),
}
_IN_CHUNKS = {
    "dot in chunks": LineStyle("#5FBF9F", "v", (0, (5, 1))),
    "additive in chunks": LineStyle("#1B4F72", "H", "--"),
}
# What is kept of an evening (chapter 9): all pairs, also with their ages (as "scaled" in hue), a state
# of a GRU, a sum, a corrected sum.
_MEMORIES = {
    "softmax": LineStyle("#5C5000", "P", "-"),
    "softmax, aged": LineStyle("#BFB24A", "X", ":"),
    "GRU": LineStyle("#C8452E", "d", "-"),
    "linear": LineStyle("#4DAF4A", "s", "-"),
    "delta": LineStyle("#0B3D2E", "^", "--"),
}
# What no network computes.
_BASELINES = {
    "Model 1": LineStyle("#000000", "d", (0, (6, 2, 1, 2))),
    "diagonal": LineStyle("#444444", "<", ":"),
    "random": LineStyle("#AAAAAA", "8", (0, (1, 1))),
}
MODELS = _ORANGE_RED | _PURPLE | _YELLOW | _BLUE | _GREEN | _INDIGO | _OTHER_SCORES
MODELS |= _IN_CHUNKS | _MEMORIES | _BASELINES
# For a name that is not in MODELS; after these, the styles of models that are not in the figure.
SPARE = (
    LineStyle("#000000", "*", (0, (4, 2))),
    LineStyle("#A3005C", "p", (0, (6, 2, 1, 2))),
)


def line_styles(names: Iterable[str]) -> dict[str, LineStyle]:
    """A style for each name: its own if it has one, otherwise one that is not taken.

    Args:
        names: names of models, in the order in which they are drawn.

    Returns:
        The styles by name, all different.

    Raises:
        ValueError: there are more names than styles.

    Example:
        >>> styles = line_styles(["bahdanau", "trained on this page"])
        >>> styles["bahdanau"].marker, styles["trained on this page"].marker
        ('D', '*')
    """
    names = list(names)
    known = {name: MODELS[name] for name in names if name in MODELS}
    free = [s for s in (*SPARE, *MODELS.values()) if s not in known.values()]
    unknown = [name for name in names if name not in MODELS]
    if len(unknown) > len(free):
        raise ValueError(
            f"names: expected at most {len(MODELS) + len(SPARE)} lines in a figure, "
            f"got {len(names)}"
        )
    styles = known | dict(zip(unknown, free, strict=False))
    return {name: styles[name] for name in names}


def ordered_styles(names: Collection[Key]) -> dict[Key, LineStyle]:
    """For names that have an order (sizes, lengths): from light to dark, each its own marker."""
    shades = plt.get_cmap("viridis")(np.linspace(0.78, 0.05, max(2, len(names))))
    forms = [(s.marker, s.dashes) for s in (*MODELS.values(), *SPARE)]
    if len(names) > len(forms):
        raise ValueError(
            f"names: expected at most {len(forms)} lines in a figure, got {len(names)}"
        )
    return {
        name: LineStyle(tuple(shade), *form)
        for name, shade, form in zip(names, shades, forms, strict=False)
    }


def dark(colour: Colour) -> tuple[float, float, float]:
    """The colour, dark enough for small letters on white."""
    red, green, blue = to_rgb(colour)
    return 0.62 * red, 0.62 * green, 0.62 * blue


@contextmanager
def drawing(
    ax: Axes | None,
    size: tuple[float, float],
    title: str | None = None,
    layout: Literal["constrained", "compressed"] = "constrained",
) -> Iterator[Axes]:
    """The given axes, or those of a new figure of this size in inches, in the book's style."""
    style: Any = STYLE  # newer stubs name every key, older ones none
    with plt.rc_context(style):
        if ax is None:
            ax = plt.subplots(figsize=size, layout=layout)[1]
        yield ax
        if title:
            ax.set_title(title, **AS_IS)


def label_axes(ax: Axes, x: str, y: str) -> None:
    ax.set_xlabel(x, **AS_IS)
    ax.set_ylabel(y, **AS_IS)


def name_ticks(axis: XAxis | YAxis, names: Sequence[object], **options: Any) -> None:
    """The names at 0, 1, 2, …, as they are also where other axes share this one."""
    axis.set_ticks(range(len(names)), labels=[str(name) for name in names], **AS_IS, **options)
    x_or_y, ax = axis.axis_name, axis.axes
    for each in getattr(ax, f"get_shared_{x_or_y}_axes")().get_siblings(ax):
        plt.setp(getattr(each, f"get_{x_or_y}ticklabels")(), **AS_IS)
