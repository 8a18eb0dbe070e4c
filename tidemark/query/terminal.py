"""Charts drawn with characters."""

from itertools import cycle

from plotext import figure, uncolorize
from rich.cells import cell_len, set_cell_size

from tidemark.query.chart import Chart

_SHADES = " ░▒▓█"
_MARKS = "●○▲△◆"  # one for each curve of a chart
_CURVE_ROWS = 20
_TICK_WIDTH = 14


def drawn(chart: Chart, width: int) -> str:
    """Return the chart as lines of text without colours, at most `width` wide."""
    return {"bar": _bars, "line": _lines}[chart.kind](chart, width) if chart.kind != "heat" else _heat(chart)


def _titled(chart: Chart, names: str, width: int) -> str:
    """Return the title with the names of what is drawn, below it where both are too wide."""
    one = f"{chart.title} {names}"
    return one if cell_len(one) <= width else f"{chart.title}\n{names}"


def _bars(chart: Chart, width: int) -> str:
    ((name, heights),) = chart.curves.items()
    numbers = [f"{height:,.6g}" for height in heights]
    most, wide, long = max(heights), max(map(cell_len, chart.labels)), max(map(len, numbers))
    room = max(width - wide - long - 2, 1)
    lines = [
        f"{set_cell_size(label, wide)} {number:>{long}} " + "█" * (round(height / most * room) if height > 0 else 0)
        for label, number, height in zip(chart.labels, numbers, heights, strict=True)
    ]
    return "\n".join([_titled(chart, name, width), *lines])


def _lines(chart: Chart, width: int) -> str:
    figure.clear()  # plotext keeps one figure for the whole process
    figure.plot_size(width, _CURVE_ROWS)
    marks = dict(zip(chart.curves, cycle(_MARKS), strict=False))
    for name, curve in chart.curves.items():
        figure.draw(figure.signal(list(range(len(curve))), curve, marker=marks[name]).lines())
    step = len(chart.labels) * _TICK_WIDTH // width + 1
    ticks = list(range(0, len(chart.labels), step))
    figure.ruler("x").ticks(ticks, [chart.labels[tick] for tick in ticks])
    title = _titled(chart, " ".join(f"{mark} {name}" for name, mark in marks.items()), width)
    return f"{title}\n{uncolorize(figure.build().string())}"


def _heat(chart: Chart) -> str:
    rows, columns, cells = chart.grid()
    most = max(max(row) for row in cells) or 1.0
    wide = min(max(map(len, rows)), 11) + 1
    shades = [[_SHADES[round(cell / most * (len(_SHADES) - 1))] * 2 for cell in row] for row in cells]
    lines = [f"{label[: wide - 1]:<{wide}} {' '.join(row)}" for label, row in zip(rows, shades, strict=True)]
    head = " " * wide + "".join(f"{column:>3}" for column in columns)
    return "\n".join([chart.title, head, *lines, f"{_SHADES[-1] * 2} is {most:g} {list(chart.curves)[-1]}"])
