"""The ledger's lines, read back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archive.test_coverage import entries_of_any_kind
from tidemark.archive.ledger import Entry, Rates, Retracted, Stopped, print_entry, read_entry, read_ledger


@given(st.lists(entries_of_any_kind))
def test_what_is_printed_is_read_back(entries: list[Entry]) -> None:
    lines = [print_entry(entry) for entry in entries]
    assert all(line.count(b"\n") == 1 for line in lines)
    assert read_ledger(b"".join(lines)) == tuple(entries)


@given(st.lists(entries_of_any_kind, min_size=1), st.integers(1, 40))
def test_a_torn_last_line_is_left_out(entries: list[Entry], lost: int) -> None:
    data = b"".join(map(print_entry, entries))
    torn = data[: -min(lost, len(print_entry(entries[-1])))]
    assert read_ledger(torn) == tuple(entries[:-1])


@given(st.binary())
def test_a_line_that_is_no_entry_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_entry(line)


def test_a_moment_without_zone_is_refused() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    rates = Rates(now, {"collection:*": (1.0, 1.0, 1.0)}, {"collection:*": (1.0, now)})
    for entry in (Stopped(now), Retracted(now, "collection:*", now, "unproven"), rates):
        line = print_entry(entry)
        assert read_entry(line)
        head, _, tail = line.rpartition(b"Z")
        with pytest.raises(ValueError, match="no time zone"):
            read_entry(head + tail)


def test_a_line_that_is_nested_without_end_is_refused() -> None:
    line = print_entry(Stopped(datetime(2026, 11, 22, tzinfo=UTC)))
    with pytest.raises(ValueError, match="nested too deeply"):
        read_entry(line.replace(b"{", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b",", 1))
