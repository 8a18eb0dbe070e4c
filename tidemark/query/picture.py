"""Charts as PNG and SVG pictures."""

import io
import warnings
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tidemark.query.chart import Chart

_MOST_TICKS = 12


def picture(chart: Chart, form: Literal["png", "svg"]) -> bytes:
    """Return the chart as a picture."""
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(chart.title)
    _DRAW[chart.kind](axes, chart)
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        figure.savefig(buffer, format=form)  # a sign that the font lacks is drawn as a box
    return buffer.getvalue()


def _bars(axes: Axes, chart: Chart) -> None:
    ((name, heights),) = chart.curves.items()
    places = range(len(heights))
    axes.barh(places, heights)
    axes.set_yticks(places, chart.labels, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel(name)


def _lines(axes: Axes, chart: Chart) -> None:
    for name, curve in chart.curves.items():
        axes.plot(range(len(curve)), curve, marker=".", label=name)
    step = len(chart.labels) // _MOST_TICKS + 1
    axes.set_xticks(range(0, len(chart.labels), step), chart.labels[::step], rotation=30, ha="right", parse_math=False)
    axes.legend()


def _heat(axes: Axes, chart: Chart) -> None:
    rows, columns, cells = chart.grid()
    image = axes.imshow(cells, aspect="auto", cmap="viridis")
    axes.set_xticks(range(len(columns)), [str(column) for column in columns])
    axes.set_yticks(range(len(rows)), rows, parse_math=False)
    axes.figure.colorbar(image, label=list(chart.curves)[-1])


_DRAW = {"bar": _bars, "line": _lines, "heat": _heat}
