"""The data of Grafana's panels: each panel's own query over the warehouse, drawn with its title and unit.

Not Grafana's drawing: the same rows, grouped as its time series format groups them.
"""

import io
import json
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import text

from tidemark.storage.postgres import connected

_DASHBOARDS = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
_WAREHOUSE = "grafana-postgresql-datasource"
_NOT_OF_THIS = ("From sending to receiving", "From receiving to loading")  # a week that was made has no delays
_ROWS = 8  # of a table
_LONGEST = 22  # characters of a cell
_ABOVE: dict[str, Any] = {"frameon": False, "loc": "lower right", "bbox_to_anchor": (1, 0.97)}  # no curve
Curves = dict[str, tuple[list[datetime], list[float]]]


def expanded(statement: str, start: str, end: str) -> str:
    """Expand the macros of Grafana's PostgreSQL data source."""
    column = statement.partition("$__timeFilter(")[2].partition(")")[0]
    statement = statement.replace(f"$__timeFilter({column})", f"{column} BETWEEN '{start}' AND '{end}'")
    return statement.replace("$__timeFrom()", f"'{start}'").replace("$__timeTo()", f"'{end}'")


def curves_of(columns: list[str], rows: list[Any]) -> Curves:
    """Group rows by `metric` where there is one, else each column is a curve; what is NULL leaves a gap."""
    curves: Curves = defaultdict(lambda: ([], []))
    values = [name for name in columns if name not in ("time", "metric")]
    for row in rows:
        found = dict(zip(columns, row, strict=True))
        for name in values:
            times, heights = curves[found.get("metric", name)]
            times.append(found["time"])
            heights.append(float("nan") if found[name] is None else float(found[name]))
    return curves


def draw(url: SecretStr, folder: Path, start: str, end: str) -> None:
    """Draw the panels of the market and of the pipeline that ask the warehouse and that it has rows for."""
    for name in ("market", "pipeline"):
        panels = json.loads((_DASHBOARDS / f"{name}.json").read_text())["panels"]
        asked = [
            panel
            for panel in panels
            if panel["targets"][0]["datasource"]["type"] == _WAREHOUSE and panel["title"] not in _NOT_OF_THIS
        ]
        with connected(url) as connection:
            statements = [expanded(panel["targets"][0]["rawSql"], start, end) for panel in asked]
            answers = [(panel, connection.execute(text(each))) for panel, each in zip(asked, statements, strict=True)]
            found = [(panel, list(result.keys()), [tuple(row) for row in result]) for panel, result in answers]
        found = [each for each in found if any(value for _, *values in each[2] for value in values)]
        figure = Figure(figsize=(12.8, 2.2 * -(-len(found) // 2)), dpi=100, layout="constrained")
        grid = figure.subplots(-(-len(found) // 2), 2)
        for axes, each in zip(grid.flat, found, strict=False):
            _panel(axes, *each)
        for axes in grid.flat[len(found) :]:
            axes.set_axis_off()
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png")
        Image.open(drawn).convert("RGB").save(folder / f"grafana-{name}.webp", "WEBP", quality=60, method=6)


def _panel(axes: Axes, panel: dict[str, Any], columns: list[str], rows: list[Any]) -> None:
    axes.set_title(panel["title"], loc="left", fontsize=10, fontweight="bold")
    if panel["type"] == "timeseries":
        for name, (times, heights) in curves_of(columns, rows).items():
            axes.plot(times, heights, label=name, linewidth=1.2, marker=".", markersize=2)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
        if rows:
            axes.legend(fontsize=7, ncols=5, handlelength=1, columnspacing=1, **_ABOVE)
        return
    if panel["type"] == "piechart":
        wedges = axes.pie([float(value or 0) for _, value in rows])[0]
        axes.legend(
            wedges,
            [str(name) for name, _ in rows],
            fontsize=6,
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
        )
        return
    axes.set_axis_off()
    if rows:
        cells = [[_cell(value) for value in row] for row in rows[:_ROWS]]
        table = axes.table(cells, colLabels=columns, loc="upper left", cellLoc="left", edges="horizontal")
        table.auto_set_font_size(False)
        table.set_fontsize(6)
        table.auto_set_column_width(list(range(len(columns))))


def _cell(value: object) -> str:
    match value:
        case datetime():
            return f"{value:%m-%d %H:%M}"
        case bool() | int():
            return f"{value:,}"
        case float() | Decimal():
            return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}" if value >= 1 else f"{value:.3g}"
    shown = "" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
