from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tidemark.query.answer import Answer, shown

NEW_YORK = timezone(timedelta(hours=-5))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "yes"), (False, "no"), (7, "7"), ("0xa", "0xa"), (date(2026, 11, 22), "2026-11-22"),
        (datetime(2026, 11, 22, 15, 4, 5, 999, tzinfo=UTC), "2026-11-22 15:04:05"),
        (["a", "b"], "a, b"), ([], ""), ({"a": 3, "b": {"lost": 1.5}}, "a 3, b lost 1.5"),
        (Decimal("1.500000000000000000"), "1.5"), (Decimal(1234567), "1,234,567"), (Decimal(0), "0"),
        (Decimal("0.0000001"), "1e-7"), (Decimal("-0.0000001"), "-1e-7"),
        (Decimal("0.0000014"), "0.0000014"), (Decimal("0.00000051"), "5.1e-7"), (Decimal("0.0012345678"), "0.001235"),
        (Decimal("-0.0"), "0"), (datetime(2026, 11, 22, 10, tzinfo=NEW_YORK), "2026-11-22 15:00:00"),
        ("\x1b[2Jcats\u202e", "\ufffd[2Jcats\ufffd"), (["a\x07"], "a\ufffd"), ({"\x07": "\n"}, "\ufffd \ufffd"),
        (Decimal("-2.50"), "-2.5"), (Decimal("NaN"), "NaN"),
    ],
)  # fmt: skip
def test_values_are_shown_for_a_person(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_column_keeps_the_order_of_the_rows() -> None:
    assert Answer(("a", "b"), [(1, 2), (3, 4)]).column("b") == [2, 4]
