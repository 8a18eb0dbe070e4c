"""An object's lines as rows: every line in one count, and of a flood of refused ones only the first are kept."""

from collections import Counter

import pytest

from tests.loader.recording import HOUR
from tests.loader.transform.messages import line_of, sample, sold
from tidemark.archive.manifest import Segment
from tidemark.loader.transform.outcome import Reason
from tidemark.loader.warehouse import rows
from tidemark.loader.warehouse.rows import Origin, Rows, rows_of

SALE = sample("item_sold.2023.object-frame.json")
OFFER = sample("trait_offer.2023.object-frame.json")
LISTING = sample("item_listed.2022.docs-example-cut.json")
HASHLESS = line_of(sold(transaction={"hash": "two words"}))
ORIGIN = Origin(3, HOUR.start, "collector-a", Segment("k", 0, 0, 0, ""))


def read(lines: list[bytes], size: int = 4000) -> list[Rows]:
    data = b"".join(lines)
    return list(rows_of(ORIGIN, (data[start : start + size] for start in range(0, len(data), size))))


def test_every_line_is_counted_once() -> None:
    found = read([OFFER, SALE, LISTING, HASHLESS, SALE, b"\n"] * 3)
    refused = sum((Counter(each.refused) for each in found), Counter())
    assert refused == {("item_listed", "cut"): 3, ("item_sold", "malformed"): 3, ("unparsed", "not_a_record"): 3}
    assert sum(each.sales for each in found) == 6
    assert sum(each.others.get("trait_offer", 0) for each in found) == 3
    assert sum(each.lines for each in found) == 18


def test_sights_are_numbered_by_object_and_line() -> None:
    printed = b"".join(each.observations for each in read([OFFER, SALE, LISTING, SALE])).decode()
    assert [row.split(",")[:3] for row in printed.splitlines()] == [
        [str(3 * 2**32 + line), "3", '"collector-a"'] for line in (2, 4)
    ]


@pytest.mark.parametrize("size", [300, 10**6])
def test_a_flood_leaves_its_first_lines_and_crowds_out_no_other_kind(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(rows, "KEPT", 2)
    found = read([LISTING] * 5 + [HASHLESS] + [LISTING] * 5 + [HASHLESS] * 3, size)
    printed = b"".join(each.quarantine for each in found).decode()
    kept = [row.split(",")[2:5] for row in printed.splitlines()]
    assert [(line, reason.strip('"').split(":")[0]) for line, _, reason in kept] == [
        ("1", Reason.CUT),
        ("2", Reason.CUT),
        ("6", Reason.MALFORMED),
        ("12", Reason.MALFORMED),
    ]
    assert sum(sum(each.refused.values()) for each in found) == 14
