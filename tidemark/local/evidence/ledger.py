"""What the simulator says: which messages it sent to whom, and which sales were made."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from tidemark.archive.event_type import SALE
from tidemark.core.hour import Hour
from tidemark.core.timestamps import parse_timestamp
from tidemark.local.verdict import Sent
from tidemark.simulator import ledger
from tidemark.simulator.disk import read_ledger
from tidemark.simulator.message import SaleKey


@dataclass(frozen=True)
class Ledger:
    """The ledger of a simulator that has stopped.

    `sent` is by client; `messages` and `sales` count different messages and different sales by the hour in which they
    were first sent to anybody.
    """

    sent: dict[str, list[Sent]]
    sold: frozenset[SaleKey]
    messages: Counter[Hour]
    sales: Counter[Hour]


def canonical(sale: SaleKey) -> SaleKey:
    """Return a sale as the warehouse names it: the Stream API says matic where the Events API says polygon."""
    return structs.replace(sale, chain="polygon") if sale.chain == "matic" else sale


def read(folder: Path) -> Ledger:
    """Read the ledger in a folder. Raises ValueError where a line is none, as while the simulator still writes."""
    sent: dict[str, list[Sent]] = {}
    first: dict[tuple[str, str], Hour] = {}
    for line in read_ledger(folder, ledger.Sent):
        at = parse_timestamp(line.at)
        sent.setdefault(line.client, []).append(Sent(at, line.digest, line.sale and canonical(line.sale)))
        first.setdefault((line.event_type, line.digest), Hour.of(at))
    return Ledger(
        sent=sent,
        sold=frozenset(canonical(line.sale) for line in read_ledger(folder, ledger.Sold)),
        messages=Counter(first.values()),
        sales=Counter(hour for (event_type, _), hour in first.items() if event_type == SALE),
    )
