"""A million sales such as the market makes them, each another one, as CSV for COPY. No benchmark by itself."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import cycle, islice
from random import Random

from msgspec.structs import replace

from tidemark.archive.record import record_line
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.transform.read import read_line
from tidemark.loader.transform.sale import Sale
from tidemark.simulator.market.market import Market

DISTINCT = 20_000


@cache
def templates() -> list[Sale]:
    """Sales of a generated market, through the transform."""
    market, hour = Market(1, sales_share=1.0), Hour.parse("2026-11-20T10")
    lines = record_lines(market, hour, DISTINCT, timedelta(milliseconds=100))
    return [sale for line in lines if isinstance(sale := read_line(line), Sale)]


def record_lines(market: Market, hour: Hour, count: int, every: timedelta) -> Iterator[bytes]:
    """Yield a market's next messages as a collector records them, one after another from the hour's beginning on."""
    for number in range(count):
        at = hour.start + number * every
        yield record_line(format_timestamp(at), "collection:*", market.next(at).body)


def sales(hour: Hour, count: int, seed: int) -> Iterator[Sale]:
    """Yield different sales that happened and were received within an hour."""
    random = Random(seed)
    for number, sale in enumerate(islice(cycle(templates()), count)):
        moment = hour.start + timedelta(seconds=3600 * number / count)
        yield replace(
            sale,
            transaction_hash=f"0x{random.randbytes(32).hex()}",
            order_hash=f"0x{random.randbytes(32).hex()}",
            token_id=str(random.randrange(10**6)),
            sold_at=moment,
            event_at=moment,
            sent_at=moment,
            received_at=moment,
        )
