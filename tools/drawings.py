"""Drawings as SVG: the tables of the warehouse from its catalogue, and the machines on AWS from the templates.

`python -m tools.drawings` writes that of the machines; `tools.warehouse_page` that of the tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from sqlalchemy import Connection, text

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
TEMPLATES = ROOT / "deploy" / "aws"
_ROW, _HEAD = 17, 26
_STYLE = """
svg { font: 12px system-ui, sans-serif; background: #ffffff; }
.box { fill: #f3f6f8; stroke: #9aa9b6; } .head { fill: #1769aa; } .title { fill: #ffffff; font-weight: 600; }
.text { fill: #1b2733; } .faint { fill: #5a6875; } .group { fill: none; stroke: #9aa9b6; stroke-dasharray: 5 4; }
.arrow { stroke: #1769aa; stroke-width: 1.5; fill: none; marker-end: url(#end); }
.label { fill: #1769aa; font-size: 11px; }
"""
_END = (
    '<defs><marker id="end" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
    '<path d="M0,0 L9,4 L0,8 z" fill="#1769aa"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class Box:
    """A box with a title and lines of text."""

    x: float
    y: float
    width: float
    title: str
    lines: Sequence[str]

    @property
    def height(self) -> float:
        """How high it is."""
        return _HEAD + _ROW * len(self.lines) + 8

    def __str__(self) -> str:
        lines = "".join(
            f'<text class="text" x="{self.x + 9:g}" y="{self.y + _HEAD + _ROW * number + 15:g}">{escape(line)}</text>'
            for number, line in enumerate(self.lines)
        )
        return (
            f'<rect class="box" x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}" rx="5"/>'
            f'<rect class="head" x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{_HEAD}" rx="5"/>'
            f'<text class="title" x="{self.x + 9:g}" y="{self.y + 17:g}">{escape(self.title)}</text>{lines}'
        )


def arrow(points: Sequence[tuple[float, float]], label: str = "", at: tuple[float, float] | None = None) -> str:
    """Draw a line through points with a head at its end; `label` is written at `at`."""
    path = " L".join(f"{x:g},{y:g}" for x, y in points)
    words = f'<text class="label" x="{at[0]:g}" y="{at[1]:g}">{escape(label)}</text>' if at else ""
    return f'<path class="arrow" d="M{path}"/>{words}'


def svg(title: str, width: float, height: float, parts: Iterable[object]) -> str:
    """Put parts into a document; the title is for screen readers."""
    drawn = "\n".join(map(str, parts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title><style>{_STYLE}</style>{_END}'
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>\n{drawn}\n</svg>\n'
    )


def aws() -> str:
    """Draw the machines that the templates of `deploy/aws` make. Raises FileNotFoundError where one is gone."""
    for name in ("collector", "archive", "airflow", "warehouse", "alarms", "network"):
        (TEMPLATES / f"{name}.yaml").stat()
    opensea = Box(20, 150, 150, "OpenSea", ["Stream API: websocket", "Events API: HTTPS"])
    first = Box(
        290,
        80,
        190,
        "EC2: collector-a",
        ["tidemark collect (systemd)", "spool on its own EBS", "cron: tidemark upload"],
    )
    second = Box(
        290, 215, 190, "EC2: collector-b", ["in another zone", "records the same stream", "cron: tidemark upload"]
    )
    bucket = Box(
        580, 140, 180, "S3: the archive", ["events/date=…/hour=…", "manifests/date=…/hour=…", "put once, versioned"]
    )
    airflow = Box(
        580, 300, 180, "EC2: Airflow 3", ["load_sales, hourly", "reconcile, repair, audit", "the Tidemark page"]
    )
    warehouse = Box(
        860, 300, 180, "RDS: PostgreSQL", ["core: sales", "mart: what people read", "ops: coverage and gaps"]
    )
    people = Box(
        860, 140, 180, "People", ["psql, notebooks, Grafana", "tidemark query, report", "Athena, Spark, DuckDB"]
    )
    watch = Box(290, 350, 190, "CloudWatch, SNS", ["alarms.yaml: silence,", "disk, upload, late hours"])
    parts = [
        '<rect class="group" x="265" y="40" width="800" height="400" rx="8"/>',
        '<text class="faint" x="277" y="60">one VPC (network.yaml); the warehouse has no public address</text>',
        opensea, first, second, bucket, airflow, warehouse, people, watch,
        arrow([(170, 180), (230, 180), (230, 120), (290, 120)]),
        arrow([(170, 180), (230, 180), (230, 255), (290, 255)], "one message to each", (20, 142)),
        arrow([(480, 120), (530, 120), (530, 170), (580, 170)], "hourly", (486, 113)),
        arrow([(480, 255), (530, 255), (530, 190), (580, 190)], "hourly", (486, 248)),
        arrow([(670, 225), (670, 300)], "manifests say an hour is complete", (676, 265)),
        arrow([(760, 340), (860, 340)], "one hour, one", (767, 333)),
        '<text class="label" x="767" y="355">transaction</text>',
        arrow([(950, 300), (950, 225)]),
        arrow([(760, 180), (860, 180)], "Parquet, JSON", (767, 173)),
        arrow([(580, 370), (520, 370), (520, 470), (95, 470), (95, 220)], "repair and audit", (200, 463)),
        arrow([(385, 301), (385, 350)]),
    ]  # fmt: skip
    return svg("Tidemark on AWS: two collectors, an archive in S3, Airflow, a warehouse", 1085, 490, parts)


_TABLES = """
SELECT
    schema.nspname || '.' || relation.relname AS name,
    array_agg(attribute.attname::text ORDER BY attribute.attnum) FILTER (
        WHERE attribute.attnum = ANY (coalesce(key.conkey, '{}'))
    ) AS key,
    count(attribute.attnum) AS columns
FROM pg_class AS relation
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
JOIN pg_attribute AS attribute
    ON attribute.attrelid = relation.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
LEFT JOIN pg_constraint AS key ON key.conrelid = relation.oid AND key.contype = 'p'
WHERE schema.nspname = :schema AND relation.relkind IN ('r', 'p')
GROUP BY 1, relation.relname
ORDER BY relation.relname
"""
_REFERENCES = """
SELECT conrelid::regclass::text AS source, confrelid::regclass::text AS target
FROM pg_constraint WHERE contype = 'f' ORDER BY 1, 2
"""


def model(connection: Connection) -> str:
    """Draw every table of the warehouse with its key, and their foreign keys; a column of boxes per schema."""
    tables = {schema: list(connection.execute(text(_TABLES), {"schema": schema})) for schema in ("core", "mart", "ops")}
    references = list(connection.execute(text(_REFERENCES)))
    boxes: dict[str, Box] = {}
    width, gap, most = 220.0, 44.0, 9
    x, bottom = 20.0, 0.0
    for rows in tables.values():
        high = -(-len(rows) // -(-len(rows) // most))  # all columns of a schema equally
        for column in range(0, len(rows), high):
            y = 52.0
            for name, key, columns in rows[column : column + high]:
                rest = columns - len(key or [])
                lines = [*(f"{each}  (key)" for each in key or []), f"… and {rest} columns" if rest else ""]
                boxes[name] = Box(x, y, width, name, [line for line in lines if line])
                y += boxes[name].height + 16
                bottom = max(bottom, y)
            x += width + gap
    lines = [_reference(boxes[source], boxes[target]) for source, target in references if {source, target} <= {*boxes}]
    words = "Tables with their keys; an arrow is a foreign key. docs/warehouse.md explains every column."
    note = f'<text class="faint" x="20" y="32">{words}</text>'
    return svg("The tables of the warehouse", x - gap + 20, bottom + 10, [note, *lines, *boxes.values()])


def _reference(source: Box, target: Box) -> str:
    """Draw a foreign key, in the gap beside the tables."""
    from_y, to_y = source.y + _HEAD / 2, target.y + _HEAD / 2
    if source.x == target.x:
        side = source.x + source.width
        return arrow([(side, from_y), (side + 14, from_y), (side + 14, to_y), (side, to_y)])
    if source.x > target.x:
        middle = source.x - 20
        end = target.x + target.width
        return arrow([(source.x, from_y), (middle, from_y), (middle, to_y), (end, to_y)])
    middle = source.x + source.width + 22
    return arrow([(source.x + source.width, from_y), (middle, from_y), (middle, to_y), (target.x, to_y)])


if __name__ == "__main__":
    (PICTURES / "aws.svg").write_text(aws())
