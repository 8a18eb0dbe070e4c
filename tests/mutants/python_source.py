"""Mutants of a Python file: comparisons, conditions, arithmetic, constants, bounds, and statements left out."""

import ast
from itertools import accumulate

from tests.mutants.mutant import Mutant, mutant_of

_SWAPPED = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "in": "not in", "not in": "in",
    "is": "is not", "is not": "is", "+": "-", "-": "+", "*": "//", "//": "*", "%": "*", "|": "&", "&": "|",
    "<<": ">>", ">>": "<<",
}  # fmt: skip
_OPERATORS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not", ast.Add: "+", ast.Sub: "-", ast.Mult: "*",
    ast.FloorDiv: "//", ast.Mod: "%", ast.BitOr: "|", ast.BitAnd: "&", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
_SAYING = ("say", "log", "print", "warning", "error", "info", "debug")
_Change = tuple[int, int, str]


def mutants_of_python(path: str, text: str) -> list[Mutant]:
    """Return the mutants of a file, in order of place.

    Left alone are annotations, decorators, docstrings, what is printed, and what a raised error says.
    """
    found = _Finder(text)
    found.visit(ast.parse(text))
    return [mutant_of(path, text, *change) for change in sorted(set(found.changes))]


class _Finder(ast.NodeVisitor):
    def __init__(self, text: str) -> None:
        self._text = text
        lines = text.encode().split(b"\n")
        self._lines = lines
        self._starts = list(accumulate((len(line.decode()) + 1 for line in lines), initial=0))
        self.changes: list[_Change] = []

    def _at(self, line: int, column: int) -> int:
        """Return the offset in characters of a place that ast gives in lines and bytes."""
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode())

    def _span(self, node: ast.AST) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _replace(self, node: ast.AST, new: str) -> None:
        self.changes.append((*self._span(node), new))

    def _operator(self, left: ast.AST, right: ast.AST, operator: ast.AST) -> None:
        word = _OPERATORS.get(type(operator))
        begin, end = self._span(left)[1], self._span(right)[0]
        if word and (place := self._text.find(word, begin, end)) >= 0:
            self.changes.append((place, place + len(word), _SWAPPED[word]))

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            self._operator(left, right, operator)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._operator(node.left, node.right, node.op)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for value in node.values:
            self._replace(value, "True" if isinstance(node.op, ast.And) else "False")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            start = self._span(node)[0]
            self.changes.append((start, start + len("not "), ""))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace(node, str(node.value + 1))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            self._replace(node.func, _CALLS[node.func.id])
        if not _says(node):
            self.generic_visit(node)

    def _condition(self, test: ast.expr) -> None:
        if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            start, end = self._span(test)
            self.changes.append((start, end, f"not ({self._text[start:end]})"))

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self._condition(node.test)
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._replace(test, "True")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call) and not _says(node.value):
            self._replace(node, "pass")
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self._replace(node, "pass")
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._replace(node, "pass")
        self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace(node, "pass")

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "break")

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name in {"__str__", "__repr__"}:
            return
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        for statement in node.body:
            self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave formatted text alone."""


def _says(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name.lstrip("_") in _SAYING
