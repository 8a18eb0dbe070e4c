import pytest

from collector.upload.event import Committed, Failed, Report, Shipped

SHIPPED = Shipped("20261120T10.0001.jsonl", "key", 10, 1, 0.1, created=True)
COMMITTED = Committed("2026-11-20T10", "key", 1, 3, 0, created=True)


def test_what_succeeded_is_filed_by_kind():
    report = Report()
    report.done(SHIPPED)
    report.done(COMMITTED)
    assert (report.shipped, report.committed) == ([SHIPPED], [COMMITTED])
    assert report.complete


@pytest.mark.parametrize("report", [Report(failed=[Failed("a", "b", "c")]), Report(waiting=1)])
def test_a_run_that_left_something_behind_is_not_complete(report: Report):
    assert not report.complete
