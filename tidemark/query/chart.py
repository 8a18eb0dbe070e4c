"""What a chart of an answer shows: labelled numbers.

Only for a chart do amounts become floats: a screen shows no more digits than that. What is unknown is left out,
never drawn as 0.
"""

from dataclasses import dataclass
from decimal import Decimal

from tidemark.core.errors import Problem, UsageError
from tidemark.query.answer import Answer, shown
from tidemark.query.question import Plot, Question

_LONGEST_LABEL = 28


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is drawn. `kind` is bar, line or heat; `curves` has one list as long as `labels` per name.

    A heat map's first curve is the number of the column, its second the value of the cell.
    """

    kind: str
    title: str
    labels: list[str]
    curves: dict[str, list[float]]

    def grid(self) -> tuple[list[str], list[int], list[list[float]]]:
        """Return a heat map's rows, columns and cells; a cell that the answer lacks is 0."""
        rows = list(dict.fromkeys(self.labels))
        numbers, values = self.curves.values()
        columns = sorted({int(number) for number in numbers})
        cells = {(row, int(number)): value for row, number, value in zip(self.labels, numbers, values, strict=True)}
        return rows, columns, [[cells.get((row, column), 0.0) for column in columns] for row in rows]


def plot_of(question: Question) -> Plot:
    """Return what the question's header wants drawn. Raises UsageError where it has no chart."""
    if question.plot is None:
        raise UsageError(
            f"{question.name} has no chart", "Ask for a table or a file of rows, or choose another question"
        )
    return question.plot


def chart_of(question: Question, answer: Answer) -> Chart:
    """Return the chart that the question's header asks for, without the rows that lack one of its numbers.

    Raises Problem where the question has no chart, or the answer nothing to draw.
    """
    plot = plot_of(question)
    if lacking := {plot.x, *plot.ys} - set(answer.columns):
        raise Problem(f"the chart of {question.name} needs the column {min(lacking)!r}, which its answer has not",
                      f"Correct the line '-- Plot: …' of {question.name}.sql")  # fmt: skip
    chosen = zip(answer.column(plot.x), *(answer.column(name) for name in plot.ys), strict=True)
    points = [(_label(x), [_number(y) for y in ys]) for x, *ys in chosen if None not in ys]
    if not points:
        raise Problem(f"{question.name} has nothing to draw", "Widen --from and --to, or look without --plot")
    curves = zip(*(ys for _, ys in points), strict=True)
    return Chart(plot.kind, question.answers, [label for label, _ in points],
                 {name: list(curve) for name, curve in zip(plot.ys, curves, strict=True)})  # fmt: skip


def _label(value: object) -> str:
    """Return what a bar or point is called: its value, cut; also the rows without one have a name."""
    label = shown(value).strip() or "(none)"
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def _number(value: object) -> float:
    if not isinstance(value, int | float | Decimal):
        raise TypeError(f"{value!r} cannot be drawn")
    return float(value)
