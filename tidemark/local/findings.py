"""The figures and the verdict of a run: every witness is asked, then they are compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from tidemark.archive.manifest import Manifest
from tidemark.core.hour import Hour
from tidemark.local.evidence import archive, warehouse
from tidemark.local.evidence.ledger import Ledger
from tidemark.local.figures import CollectorHour, Figures, HourFigures
from tidemark.local.verdict import Account, Verdict, judge

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TOP = 8


def findings(
    hours: Sequence[Hour], ledger: Ledger, *, client: "S3Client", bucket: str, warehouse_url: str, flight: timedelta
) -> tuple[Figures, Verdict]:
    """Ask the simulator's ledger, the archive and the warehouse about these hours, and judge what they say.

    `flight` is how long a message may be on its way, by the clock of the ledger.
    """
    manifests = archive.manifests(client, bucket, hours)
    loads = warehouse.loads(warehouse_url)
    qualities = warehouse.qualities(warehouse_url)
    figures = Figures(
        [
            HourFigures(
                hour=hour,
                sent=ledger.messages[hour],
                sent_sales=ledger.sales[hour],
                collectors=tuple(map(CollectorHour.of, manifests[hour])),
                loaded=loads.get(hour),
                quality=qualities.get(hour),
            )
            for hour in hours
        ],
        warehouse.top_collections(warehouse_url, _TOP),
    )
    accounts = _accounts(ledger, manifests, client, bucket)
    sales = warehouse.sales(warehouse_url)
    return figures, judge(accounts, ledger.sold, sales, until=hours[-1].end, flight=flight)


def _accounts(
    ledger: Ledger, manifests: Mapping[Hour, Sequence[Manifest]], client: "S3Client", bucket: str
) -> list[Account]:
    accounts = []
    for collector, sent in ledger.sent.items():
        mine = [each for of_hour in manifests.values() for each in of_hour if each.collector == collector]
        kept = sum((archive.digests(client, bucket, manifest) for manifest in mine), start=Counter[str]())
        accounts.append(Account(collector, sent, kept, [gap for manifest in mine for gap in manifest.gaps]))
    return accounts
