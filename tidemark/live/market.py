"""A record line as one event of the market, for a person: lenient, and never more than the message says.

A sale is read as the loader reads it, exact. Of other events what is missing or strange is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec
from rich.cells import cell_len, set_cell_size

from tidemark.archive.event_type import SALE, event_type_of
from tidemark.archive.record import Record, read_record
from tidemark.core.text import escape_json, printable
from tidemark.core.timestamps import format_timestamp, parse_timestamp
from tidemark.loader.transform.read import read_line
from tidemark.loader.transform.sale import Sale

_ETH = ("ETH", "WETH")
_MOST_DECIMALS = 36
_LONGEST = 40
_NARROWEST = 80  # terminal
_OTHERS = 49  # columns of a line that are neither the collection nor the NFT
_PRICE, _TOKEN = 14, 7  # cells of the column of prices, and of the token's name in it
_SMALL = Decimal("0.001")  # below it three significant digits are shown
_NUMBER = 6  # characters at the end of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketEvent:
    """One event. Amounts are of the whole order, in whole tokens; None and "" are unknown.

    `price_eth` of an order is known only where it is in ETH or WETH.
    """

    received_at: datetime
    type: str
    collection: str = ""
    chain: str = ""
    nft: str = ""
    price: Decimal | None = None
    token: str = ""
    price_eth: Decimal | None = None
    price_usd: Decimal | None = None
    buyer: str = ""
    transaction: str = ""


def event_of(line: bytes) -> MarketEvent | None:
    """Read a record line; None where it is no record of a message."""
    try:
        record = read_record(line)
        received_at = parse_timestamp(record.received_at)
    except ValueError:
        return None
    kind = event_type_of(record.message)
    if kind == SALE:
        sale = read_line(line)
        if isinstance(sale, Sale):
            return _sold(sale)
    return _other(record, kind, received_at)


def _sold(sale: Sale) -> MarketEvent:
    return MarketEvent(
        received_at=sale.received_at, type="item_sold", collection=sale.collection_slug or "", chain=sale.chain,
        nft=sale.nft_name or sale.token_id, price=sale.price, token=sale.payment_token_symbol or "",
        price_eth=sale.price_eth, price_usd=sale.price_usd, buyer=sale.buyer or "", transaction=sale.transaction_hash,
    )  # fmt: skip


def _other(record: Record, kind: str, received_at: datetime) -> MarketEvent:
    try:
        message = msgspec.json.decode(record.message) if bytes(record.message) else {}
    except (ValueError, RecursionError):
        message = {}
    payload = _at(message, ("payload",))
    if isinstance(inner := _at(payload, ("payload",)), dict):  # an object frame
        payload = inner
    nft_id = _text(payload, "item", "nft_id").split("/")
    price = _amount(_text(payload, "base_price"), _at(payload, ("payment_token", "decimals")))
    token = _text(payload, "payment_token", "symbol")
    return MarketEvent(
        received_at=received_at, type=kind, collection=_text(payload, "collection", "slug"), chain=nft_id[0],
        nft=_text(payload, "item", "metadata", "name") or (nft_id[-1] if len(nft_id) > 2 else ""),  # noqa: PLR2004
        price=price, token=token, price_eth=price if token in _ETH else None,
    )  # fmt: skip


def _at(found: object, path: Iterable[str]) -> object:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(payload: object, *path: str) -> str:
    found = _at(payload, path)
    return found if isinstance(found, str) else ""


def _amount(digits: str, decimals: object) -> Decimal | None:
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 78:  # noqa: PLR2004 - the digits of 2^256
        return None
    if not isinstance(decimals, int) or isinstance(decimals, bool) or not 0 <= decimals <= _MOST_DECIMALS:
        return None
    return Decimal(digits).scaleb(-decimals)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a person wants: of these collections and types (none means all), of at least a price in ETH."""

    collections: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    least_eth: Decimal | None = None

    def takes(self, event: MarketEvent) -> bool:
        """Say whether an event is wanted."""
        return (
            (not self.collections or event.collection in self.collections)
            and (not self.types or event.type in self.types)
            and (self.least_eth is None or (event.price_eth is not None and event.price_eth >= self.least_eth))
        )


def chosen(lines: Iterable[bytes], wanted: Filter) -> Iterator[MarketEvent]:
    """Yield the events among record lines that a person wants."""
    for line in lines:
        if (event := event_of(line)) and wanted.takes(event):
            yield event


def line_of(event: MarketEvent, width: int = _NARROWEST) -> str:
    """Return an event as one line of safe text: time, type, collection, price, what.

    It fits a width of 80 and more; of a long name of an NFT the end is kept, for the number is there.
    """
    room = max(width, _NARROWEST) - _OTHERS
    collection = min(room - room // 2 + 1, _LONGEST)
    parts = (
        f"{event.received_at:%H:%M:%S}", f"{safe(event.type, 19):<19}", _fitted(event.collection, collection),
        _short_price_of(event), _fitted(event.nft, min(room - collection, 2 * _LONGEST), _NUMBER),
    )  # fmt: skip
    return "  ".join(parts).rstrip()


def _fitted(text: str, cells: int, end: int = 0) -> str:
    """Return safe text of exactly so many cells; of a longer one some characters at its end may be kept."""
    shown, kept = safe(text, 2 * _LONGEST), printable(text[-end:]) if end else ""
    if cell_len(shown) <= cells:
        return set_cell_size(shown, cells)
    kept = kept if cell_len(kept) == end else ""
    return f"{set_cell_size(shown, cells - 1 - len(kept))}…{kept}"


def price_of(event: MarketEvent) -> str:
    """Return the price with its token, such as `1.5 WETH`; empty where it is unknown."""
    if event.price is None:
        return ""
    return f"{next(_amounts(event.price))} {safe(event.token, 8)}".rstrip()


def _short_price_of(event: MarketEvent) -> str:
    """Return the same in so many cells as its column has: the larger an amount, the fewer decimals, or an exponent."""
    if event.price is None:
        return " " * _PRICE
    token = _fitted(event.token, _TOKEN).rstrip()
    room = _PRICE - cell_len(f" {token}".rstrip())
    amounts = list(_amounts(event.price))
    amount = next((each for each in amounts if len(each) <= room), amounts[-1])
    text = f"{amount} {token}".rstrip()
    return " " * (_PRICE - cell_len(text)) + text


def _amounts(price: Decimal) -> Iterator[str]:
    """Yield an amount, each time with fewer digits."""
    if price and price < _SMALL:
        yield from (f"{price:.{digits}g}" for digits in (3, 2, 1))
    else:
        for decimals in range(4, -1, -1):
            text = f"{price:,.{decimals}f}"
            yield text.rstrip("0").rstrip(".") if "." in text else text
        yield f"{price:.0f}"
    yield from (f"{price:.{decimals}e}" for decimals in range(3, -1, -1))


def safe(text: str, longest: int = _LONGEST) -> str:
    """Return a text of a message so that a terminal prints it and obeys nothing, cut at a length."""
    text = printable(text[: 2 * longest])
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def json_of(event: MarketEvent) -> str:
    """Return an event as one JSON object on one line; amounts are texts, what is unknown is null."""
    return escape_json(msgspec.json.encode({
        "received_at": format_timestamp(event.received_at), "type": event.type,
        "collection": event.collection or None, "chain": event.chain or None, "nft": event.nft or None,
        "price": None if event.price is None else f"{event.price:f}", "token": event.token or None,
        "price_eth": None if event.price_eth is None else f"{event.price_eth:f}",
        "price_usd": None if event.price_usd is None else f"{event.price_usd:f}",
        "buyer": event.buyer or None, "transaction": event.transaction or None,
    })).decode()  # fmt: skip
