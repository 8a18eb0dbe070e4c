"""Messages as the spool counts them."""

from datetime import UTC, datetime, timedelta
from errno import EDQUOT, EIO, ENOSPC, EROFS

import pytest

from collector.spool.batch import Batch, joined, reason_of

START = datetime(2026, 11, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(ENOSPC, "disk_full"), (EDQUOT, "disk_full"), (EROFS, "disk_read_only"), (EIO, "disk_error")],
)
def test_reasons_are_words_of_the_ledger(number: int, reason: str) -> None:
    assert reason_of(OSError(number, "")) == reason


def test_batches_join_from_first_to_last() -> None:
    later = Batch(START + timedelta(seconds=2), START + timedelta(seconds=3), 5)
    assert joined(None, later) is later
    both = joined(Batch(START, START, 2), later)
    assert both == Batch(START, later.last, 7)
    assert both.until > later.last
