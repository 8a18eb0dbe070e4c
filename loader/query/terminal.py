"""Charts drawn with characters."""

from plotext import figure, uncolorize

from loader.query.chart import Chart

_SHADES = " ░▒▓█"
_LONGEST_LABEL = 28
_FRAME_ROWS = 4  # title, two borders, axis
_CURVE_ROWS = 20
_TICK_WIDTH = 14


def drawn(chart: Chart, width: int) -> str:
    """Return the chart as lines of text without colours, at most `width` wide."""
    return _heat(chart) if chart.kind == "heat" else _plotted(chart, width)


def _plotted(chart: Chart, width: int) -> str:
    figure.clear()  # plotext keeps one figure for the whole process
    figure.title(chart.title)
    if chart.kind == "bar":
        _bars(chart, width)
    else:
        _lines(chart, width)
    return str(uncolorize(figure.build().string()))


def _bars(chart: Chart, width: int) -> None:
    (heights,) = chart.curves.values()
    labels = [label[:_LONGEST_LABEL] for label in chart.labels]
    figure.plot_size(width, len(labels) + _FRAME_ROWS)
    figure.draw(figure.bar(labels[::-1], heights[::-1], orientation="horizontal", width=0.5))
    # one row for each bar; plotext's own limits are those of upright bars
    figure.ruler("y").lim(0.5, len(labels) + 0.5)
    figure.ruler("x").lim(min(0, *heights), max(0, *heights) or 1)


def _lines(chart: Chart, width: int) -> None:
    figure.plot_size(width, _CURVE_ROWS)
    for name, curve in chart.curves.items():
        figure.draw(figure.signal(list(range(len(curve))), curve).lines().label(name))
    step = len(chart.labels) * _TICK_WIDTH // width + 1
    ticks = list(range(0, len(chart.labels), step))
    figure.ruler("x").ticks(ticks, [chart.labels[tick] for tick in ticks])


def _heat(chart: Chart) -> str:
    rows, columns, cells = chart.grid()
    most = max(max(row) for row in cells) or 1.0
    lines = [
        f"{label[:11]:<12}" + "".join(f" {_SHADES[round(cell / most * (len(_SHADES) - 1))] * 2}" for cell in row)
        for label, row in zip(rows, cells, strict=True)
    ]
    head = " " * 12 + "".join(f"{column:>3}" for column in columns)
    return "\n".join([chart.title, head, *lines, f"{_SHADES[-1] * 2} is {most:g} {list(chart.curves)[-1]}"])
