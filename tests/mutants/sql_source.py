"""Mutants of a SQL file: operators, joins, aggregates, bounds, DISTINCT; conditions and statements left out."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.mutants.mutant import Mutant, mutant_of

_TOKEN = re.compile(
    r"""(?P<skip>--[^\n]*|/\*.*?\*/|\s+)
    |(?P<string>'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<word>::?[a-z_]\w*|"[^"]+"|[a-z_]\w*)
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<sign><>|<=|>=|!=|\|\||&&|@>|<@|->>|->|=>|:=|.)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_SIGNS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "<>": "=", "=": "<>", "&&": "@>", "@>": "&&"}
_WORDS = {"min": "max", "max": "min", "least": "greatest", "greatest": "least", "bool_or": "bool_and",
          "bool_and": "bool_or", "lag": "lead", "lead": "lag", "range_agg": "range_intersect_agg",
          "first_value": "last_value"}  # fmt: skip
_BEGIN = {"WHERE", "HAVING", "ON", "WHEN", "AND", "OR"}
_END = {"AND", "OR", "GROUP", "ORDER", "HAVING", "LIMIT", "WINDOW", "UNION", "EXCEPT", "RETURNING", "THEN", "WHERE",
        "JOIN", "LEFT", "CROSS", "FULL", "AS", "OFFSET", "ON", ",", ";", "DO", "SET"}  # fmt: skip
_UNTESTED = re.compile(r"\s*(?:ANALYZE|CREATE INDEX)\b|[^;]*\bset_config\(", re.IGNORECASE)
_PHRASES = (
    (("LEFT", "JOIN"), "JOIN"), (("FULL", "JOIN"), "LEFT JOIN"), (("UNION",), "UNION ALL"),
    (("IS", "NOT", "DISTINCT", "FROM"), "="), (("IS", "DISTINCT", "FROM"), "<>"), (("IS", "NOT", "NULL"), "IS NULL"),
    (("IS", "NULL"), "IS NOT NULL"), (("IS", "NOT", "TRUE"), "IS TRUE"), (("NOT",), ""), (("DESC",), ""),
    (("NULLS", "FIRST"), "NULLS LAST"), (("NULLS", "LAST"), "NULLS FIRST"),
)  # fmt: skip
_Change = tuple[int, int, str]


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int
    depth: int

    @property
    def upper(self) -> str:
        return self.text.upper()


def mutants_of_sql(path: str, text: str) -> list[Mutant]:
    """Return the mutants of a file, in order of place.

    Left alone are comments, texts but for intervals, ANALYZE, indexes, and what only steers the planner.
    """
    changes = {change for tokens in _statements(text) for change in _changes(text, tokens)}
    return [mutant_of(path, text, *change) for change in sorted(changes)]


def _statements(text: str) -> Iterator[list[_Token]]:
    tokens: list[_Token] = []
    depth = 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup if found.lastgroup != "tag" else "string"
        if kind == "skip":
            continue
        depth -= found[0] == ")"
        tokens.append(_Token(str(kind), found[0], found.start(), found.end(), depth))
        depth += found[0] == "("
        if found[0] == ";" and not depth:
            yield tokens
            tokens = []
    if tokens:
        yield tokens


def _changes(text: str, tokens: list[_Token]) -> Iterator[_Change]:
    start, end = tokens[0].start, tokens[-1].start if tokens[-1].text == ";" else tokens[-1].end
    if _UNTESTED.match(text[start:end]):
        return
    yield from _phrases(tokens)
    yield from _conditions(tokens)
    for place, token in enumerate(tokens):
        yield from _of_token(tokens, place, token)
    words = {token.upper for token in tokens if not token.depth}
    if tokens[-1].text == ";" and words & {"INSERT", "UPDATE", "DELETE"} and "CREATE" not in words:
        yield start, end, "SELECT"


def _of_token(tokens: list[_Token], place: int, token: _Token) -> Iterator[_Change]:
    before = tokens[place - 1] if place else token
    if token.kind == "number" and before.upper != "NUMERIC" and tokens[place - 2].upper != "NUMERIC":
        yield token.start, token.end, str(int(token.text) + 1) if token.text.isdigit() else f"{token.text}1"
    elif token.kind == "string" and before.upper == "INTERVAL":
        yield token.start, token.end, re.sub(r"\d+", lambda number: str(int(number[0]) + 1), token.text)
    elif token.text in _SIGNS and not _assigns(tokens, place):
        yield token.start, token.end, _SIGNS[token.text]
    elif token.text in "+-" and before.kind != "sign" and before.upper not in _BEGIN | {"SELECT"}:
        yield token.start, token.end, "-" if token.text == "+" else "+"
    elif token.kind == "word" and place + 1 < len(tokens):
        yield from _of_word(tokens, place, before.upper, tokens[place + 1])


def _of_word(tokens: list[_Token], place: int, before: str, after: _Token) -> Iterator[_Change]:
    token = tokens[place]
    if after.text == "(" and token.text in _WORDS:
        yield token.start, token.end, _WORDS[token.text]
    elif after.text == "(" and token.text == "coalesce":
        comma = _comma(tokens, place + 2)
        yield token.start, tokens[_closing(tokens, place + 1)].end, f"({_text(tokens, place + 2, comma)})"
    elif token.upper == "DISTINCT" and before not in {"IS", "NOT"} and after.upper != "ON":
        yield token.start, token.end, ""
    elif token.upper == "JOIN" and before not in {"LEFT", "FULL", "CROSS", "RIGHT"}:
        yield token.start, token.end, "LEFT JOIN"


def _text(tokens: list[_Token], first: int, last: int) -> str:
    return " ".join(token.text for token in tokens[first:last])


def _closing(tokens: list[_Token], opening: int) -> int:
    ends = range(opening + 1, len(tokens))
    return next(place for place in ends if tokens[place].text == ")" and tokens[place].depth == tokens[opening].depth)


def _comma(tokens: list[_Token], first: int) -> int:
    """Return the place of the comma after a function's first argument."""
    depth, places = tokens[first - 1].depth + 1, range(first, len(tokens))
    return next(place for place in places if tokens[place].text == "," and tokens[place].depth == depth)


def _assigns(tokens: list[_Token], place: int) -> bool:
    """Tell whether `=` is that of UPDATE … SET."""
    for token in reversed(tokens[:place]):
        if token.depth == tokens[place].depth and token.upper in {"SET", "WHERE", "FROM", "ON", "SELECT"}:
            return token.upper == "SET"
    return False


def _phrases(tokens: list[_Token]) -> Iterator[_Change]:
    words = [token.upper for token in tokens]
    place = 0
    while place < len(tokens):
        for phrase, new in _PHRASES:
            if tuple(words[place : place + len(phrase)]) == phrase:
                if not (phrase in {("NOT",), ("UNION",)} and words[place + 1] in {"NULL", "MATERIALIZED", "ALL"}):
                    yield tokens[place].start, tokens[place + len(phrase) - 1].end, new
                place += len(phrase) - 1
                break
        place += 1


def _conditions(tokens: list[_Token]) -> Iterator[_Change]:
    """Leave each condition out: true where it is one of several by AND or alone, false beside OR and after WHEN."""
    for place, token in enumerate(tokens):
        after = tokens[place + 1].upper if place + 1 < len(tokens) else ""
        if token.text == "(":  # the first of several in parentheses
            end = _end_of_condition(tokens, place + 1, token.depth + 1)
            if end < len(tokens) and tokens[end].upper in {"AND", "OR"}:
                yield tokens[place + 1].start, tokens[end - 1].end, "true" if tokens[end].upper == "AND" else "false"
        elif token.upper in _BEGIN and not _is_bound(tokens, place) and after not in {"CONFLICT", "COMMIT"}:
            if tokens[place - 1].upper == "DISTINCT":
                continue
            end = _end_of_condition(tokens, place + 1, token.depth)
            beside_or = token.upper in {"OR", "WHEN"} or (end < len(tokens) and tokens[end].upper == "OR")
            yield tokens[place + 1].start, tokens[end - 1].end, "false" if beside_or else "true"


def _end_of_condition(tokens: list[_Token], first: int, depth: int) -> int:
    for place in range(first, len(tokens)):
        token = tokens[place]
        if token.depth < depth or (token.depth == depth and token.upper in _END and not _is_bound(tokens, place)):
            return place
    return len(tokens)


def _is_bound(tokens: list[_Token], place: int) -> bool:
    """Tell whether an AND is that of BETWEEN."""
    if tokens[place].upper != "AND":
        return False
    for token in reversed(tokens[:place]):
        if token.depth == tokens[place].depth and token.upper in {"AND", "OR", "WHERE", "ON", "BETWEEN", "WHEN"}:
            return token.upper == "BETWEEN"
    return False
