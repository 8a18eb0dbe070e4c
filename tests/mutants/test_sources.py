"""Which faults are put into a file, and which texts are left alone."""

import ast

import pytest

from tests.mutants.__main__ import mutants
from tests.mutants.explained import explanations
from tests.mutants.mutant import Mutant
from tests.mutants.python_source import mutants_of_python
from tests.mutants.sql_source import mutants_of_sql
from tests.mutants.targets import noticing, targets


def changes(found: list[Mutant]) -> set[tuple[str, str]]:
    return {(mutant.old, mutant.new) for mutant in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", {("<", "<=")}),
        ("x = a and not b", {("a", "True"), ("not b", "True"), ("not ", "")}),
        ("x = min(a, 1)", {("min", "max"), ("1", "2")}),
        ("if é: f()", {("é", "not (é)"), ("f()", "pass")}),
        ("def f(a: int = 1) -> int:\n    '''2'''\n    raise E(f'{3}')", {("1", "2"), ("raise E(f'{3}')", "pass")}),
        ("say(1)", set()),
        ("self.a += 1", {("self.a += 1", "pass"), ("1", "2")}),
    ],
)
def test_python(text: str, expected: set[tuple[str, str]]) -> None:
    found = mutants_of_python("a.py", text)
    assert changes(found) == expected
    for mutant in found:
        ast.parse(mutant.applied(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT min(a) -- 1\nFROM t", {("min", "max")}),
        ("SELECT FROM t WHERE a = 1 AND b IS NULL", {
            ("=", "<>"), ("1", "2"), ("a = 1", "true"), ("IS NULL", "IS NOT NULL"), ("b IS NULL", "true"),
        }),
        ("SELECT FROM t WHERE (a BETWEEN b AND c OR d)", {
            ("a BETWEEN b AND c", "false"), ("d", "false"), ("(a BETWEEN b AND c OR d)", "true"),
        }),
        ("SELECT coalesce(f(a, b), 'x'), '1'", {("coalesce(f(a, b), 'x')", "(f ( a , b ))")}),
        ("SELECT a - interval '2 min'", {("-", "+"), ("'2 min'", "'3 min'")}),
        ("UPDATE t SET a = b;", {("UPDATE t SET a = b", "SELECT")}),
        ("SELECT FROM a LEFT JOIN b USING (c) JOIN d USING (e)", {("LEFT JOIN", "JOIN"), ("JOIN", "LEFT JOIN")}),
        ("SELECT count(DISTINCT a) UNION SELECT 'x'", {("DISTINCT", ""), ("UNION", "UNION ALL")}),
        ("ANALYZE a (b); SELECT set_config('x', 'off', true) WHERE a = b", set()),
    ],
)  # fmt: skip
def test_sql(text: str, expected: set[tuple[str, str]]) -> None:
    assert changes(mutants_of_sql("a.sql", text)) == expected


def test_a_mutant_is_named_by_its_line_and_not_by_its_number() -> None:
    first, second = (mutant for mutant in mutants_of_python("a.py", "\nx = a < b, c < d\n") if mutant.old == "<")
    assert str(second) == "a.py:2: `x = a < b, c < d`: `<` → `<=` (2)"
    assert second.key == mutants_of_python("a.py", "\n\nx = a < b, c < d\n")[1].key != first.key
    assert second.applied("\nx = a < b, c < d\n") == "\nx = a < b, c <= d\n"


def test_every_file_has_tests() -> None:
    assert [path for path in targets() if not noticing(path)] == []


def test_every_explanation_is_of_a_mutant() -> None:
    known = explanations()
    paths = {path for path, *_ in known}
    assert paths <= set(targets())
    assert known.keys() <= {mutant.key for path in paths for mutant in mutants(path)}


def test_an_explanation_may_take_several_lines() -> None:
    page = "## `a.py`\n\n- `x < y`: `<` → `<=` (2): equal ones\n  are the same.\n"
    assert explanations(page) == {("a.py", "x < y", "`<` → `<=` (2)"): "equal ones are the same."}
