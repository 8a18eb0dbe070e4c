"""What the ledgers of a spool add up to."""

from collections.abc import Iterator

from collector.spool.disk import Disk
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import read_ledger
from tidemark.archive.manifest import Gap
from tidemark.archive.names import CoverageName

COVERAGE = ".coverage.jsonl"


def gaps_in(disk: Disk) -> Iterator[Gap]:
    """Yield the gaps that the ledgers of all hours show."""
    for path in disk.everywhere():
        if path.endswith(COVERAGE):
            hour = CoverageName.parse(path.rpartition("/")[2]).hour
            yield from coverage_of(read_ledger(disk.read(path)), hour).gaps
