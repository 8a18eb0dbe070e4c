"""Bars and lines as SVG, drawn by pygal and stripped of its script and styles: `page.css` colours them."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup

# pygal leaves a hook of an old kind in Python's imports, for plugins of its own; Python 3.11 warns of it at each import
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]

_SVG = "{http://www.w3.org/2000/svg}"
_WIDTH, _HEIGHT = 760, 190
_MOST_LABELS = 8


def bars(title: str, labels: Sequence[str], marked: Sequence[str], values: Sequence[Decimal | None]) -> Markup:
    """Return a chart with one bar per label; None, which is unknown, has no bar.

    Of the `marked` labels as many are written as there is room for.
    """
    return _drawn(pygal.Bar(**_options(marked)), title, labels, {title: values})


def lines(
    title: str, labels: Sequence[str], marked: Sequence[str], curves: Mapping[str, Sequence[Decimal | None]]
) -> Markup:
    """Return a chart with one line per curve, interrupted where it is unknown, and a dot for each value.

    Labels are as for `bars`.
    """
    return _drawn(pygal.Line(**_options(marked), dots_size=1.6, allow_interruptions=True), title, labels, curves)


def _options(marked: Sequence[str]) -> dict[str, Any]:
    every = max(1, -(-len(marked) // _MOST_LABELS))
    return {
        "css": [],
        "js": [],
        "width": _WIDTH,
        "height": _HEIGHT,
        "margin": 4,
        "spacing": 4,
        "max_scale": 4,
        "show_legend": False,
        "x_labels_major": list(marked[::every]),
        "show_minor_x_labels": False,
        "truncate_label": -1,
        "disable_xml_declaration": True,
        "value_formatter": lambda value: f"{value:,.6g}",
    }


def _drawn(chart: Any, title: str, labels: Sequence[str], curves: Mapping[str, Sequence[Decimal | None]]) -> Markup:
    chart.x_labels = labels
    for name, values in curves.items():
        chart.add(name, [None if value is None else float(value) for value in values])
    return Markup(_stripped(chart.render_tree(), title))  # noqa: S704 - the XML writer escapes every text


def _stripped(root: ET.Element, title: str) -> str:
    """Take out what a strict Content-Security-Policy refuses, and what only pygal's own script would use."""
    for parent in list(root.iter()):
        for child in list(parent):
            if callable(child.tag) or child.tag in ("defs", f"{_SVG}defs", "desc", f"{_SVG}desc"):
                parent.remove(child)
    for element in root.iter():
        element.attrib.pop("style", None)
    root.set("role", "img")
    root.set("aria-label", title)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)
