"""A sale → the values of its row in `core.sale_row`, packed as `sql/migrations/0002_core.sql` packs them. Pure.

Sales are packed where an hour is read, which of a large hour is on all cores, and not by the one server process of its
merge. A test holds every value against the SQL.
"""

import re
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from tidemark.loader.transform.sale import Sale

CIRCUMSTANCES = ("received_at", "sent_after", "sent_at", "is_replayed", "source")
REPORTED = (
    "sold_at", "sold_at_source", "event_after", "event_at", "chain", "transaction_hash", "order_hash",
    "collection_slug", "contract_address", "token_id", "nft_name", "token_standard", "maker", "taker", "seller",
    "buyer", "side", "side_source", "quantity", "price_raw", "payment_token_address", "payment_token_symbol",
    "payment_token_decimals", "unit_price", "usd_rate", "eth_rate", "fees", "is_private",
)  # fmt: skip
FEE_TOTALS = ("marketplace_fee_raw", "royalty_raw", "other_fee_raw")

_ZERO_ADDRESS = "0x" + 40 * "0"
_HEXADECIMAL = re.compile(r"0x(?:[0-9a-f]{40}|[0-9a-f]{64})").fullmatch
_NEAR = timedelta(minutes=30)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_RECIPIENT = 254  # bytes
_MOST_SHARE = 32767  # hundredths of a percent
_ALWAYS = datetime.min.replace(tzinfo=UTC)


class FeeKind(msgspec.Struct, frozen=True):
    """A row of core.fee_recipient; `since` is None where it holds always."""

    recipient: str
    chain: str
    since: datetime | None
    kind: str


class Words(dict[str | None, str | None]):
    """Codes of words; a word without one is kept, after a space where it would be mistaken for a code."""

    def __missing__(self, word: str | None) -> str | None:
        return f" {word}" if word and (word[0] == " " or len(word.encode()) == 1) else word


class Codes(msgspec.Struct, frozen=True, dict=True):
    """What the warehouse has a code or a kind for: core.known_words, core.known_addresses, core.fee_recipient."""

    words: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    fee_kinds: tuple[FeeKind, ...] = ()

    @cached_property
    def word(self) -> "Words":
        """A word's code by the word, as core.word_to_code gives it."""
        return Words({word: chr(32 + place) for place, word in enumerate(self.words, 1)})

    @cached_property
    def _address_codes(self) -> dict[str, bytes]:
        return {address: bytes((place,)) for place, address in enumerate(self.addresses, 1)}

    @cached_property
    def _kinds(self) -> dict[tuple[str, str], tuple[list[datetime], list[str]]]:
        """For each recipient and chain, the moments from which on a kind holds, in order, and the kinds."""
        found: dict[tuple[str, str], tuple[list[datetime], list[str]]] = {}
        for since, each in sorted(((each.since or _ALWAYS, each) for each in self.fee_kinds), key=lambda one: one[0]):
            moments, kinds = found.setdefault((each.recipient, each.chain), ([], []))
            moments.append(since)
            kinds.append(each.kind)
        return found

    def known(self, address: str) -> bytes:
        """Return an address as core.known_to_bytes does."""
        return self._address_codes.get(address) or to_bytes(address)

    def kind(self, recipient: str, chain: str, at: datetime) -> str:
        """Return the kind of a fee of a sale at a time; a recipient that is not known is a creator."""
        for of in (chain, "*"):
            if (known := self._kinds.get((recipient, of))) and (place := bisect_right(known[0], at)):
                return known[1][place - 1]
        return "royalty"


def packed(sale: Sale, codes: Codes) -> tuple[list[Any], list[Any], list[Any]]:
    """Return a sale's values for `CIRCUMSTANCES`, `REPORTED` and `FEE_TOTALS`; bytes as COPY takes them."""
    word = codes.word
    maker, taker, token = sale.maker, sale.taker, sale.payment_token_address
    event_after = microseconds_after(sale.sold_at, sale.event_at)
    sent_after = microseconds_after(sale.received_at, sale.sent_at)
    fees, totals = _packed_fees(sale, codes)
    circumstances = [
        sale.received_at,
        sent_after,
        sale.sent_at if sent_after is None else None,
        sale.is_replayed,
        word[sale.source],
    ]
    reported = [
        sale.sold_at,
        word[sale.sold_at_source],
        event_after,
        sale.event_at if event_after is None else None,
        word[sale.chain],
        _address(sale.transaction_hash),
        _address(sale.order_hash),
        sale.collection_slug,
        _address(sale.contract_address),
        sale.token_id,
        sale.nft_name,
        word[sale.token_standard],
        _address(maker),
        _address(taker),
        _party(sale.seller, maker, taker),
        _party(sale.buyer, maker, taker),
        word[sale.side],
        word[sale.side_source],
        sale.quantity,
        sale.price_raw,
        None if token is None else _bytea(codes.known(token)),
        word[sale.payment_token_symbol],
        sale.payment_token_decimals,
        None if sale.quantity == 1 else sale.unit_price,
        sale.usd_rate,
        sale.eth_rate,
        fees,
        sale.is_private,
    ]
    return circumstances, reported, totals


def to_bytes(text: str) -> bytes:
    """Return a hash or an address as core.to_bytes does; NUL, which PostgreSQL cannot keep, becomes U+FFFD."""
    if _HEXADECIMAL(text):
        return b"" if text == _ZERO_ADDRESS else bytes.fromhex(text[2:])
    plain = _storable(text).encode()
    return b"\0" + plain if len(plain) in {0, 1, 20, 32} else plain


def microseconds_after(base: datetime, moment: datetime | None) -> int | None:
    """Return how long after another one a moment is, where that is half an hour at most."""
    if moment is None or not -_NEAR <= (after := moment - base) <= _NEAR:
        return None
    return after // _MICROSECOND


def _address(text: str | None) -> str | None:
    if text is None:
        return None
    # most are: without the way through bytes
    return rf"\x{text[2:]}" if _HEXADECIMAL(text) and text != _ZERO_ADDRESS else _bytea(to_bytes(text))


def _party(party: str | None, maker: str | None, taker: str | None) -> str | None:
    if party is None:
        return None
    return r"\x01" if party == maker else r"\x02" if party == taker else _address(party)


def _packed_fees(sale: Sale, codes: Codes) -> tuple[str | None, list[Any]]:
    """Return the fees as core.fees_to_bytes does, and their sums by kind."""
    if sale.fees is None:
        return None, [None, None, None]
    totals = {"marketplace": 0, "royalty": 0, "other": 0}
    together, longest = b"", 0
    for fee in sale.fees:
        recipient, amount = _storable(fee.recipient), fee.amount_raw
        totals[codes.kind(recipient, sale.chain, sale.sold_at)] += amount
        address = codes.known(recipient)
        longest = max(longest, size := len(address))
        together += b"%c%b%b" % (size & 255, address, _amount(amount, sale.price_raw))
    if longest > _LONGEST_RECIPIENT:
        whole = [{"recipient": _storable(fee.recipient), "amount_raw": str(fee.amount_raw)} for fee in sale.fees]
        together = b"\xff" + msgspec.json.encode(whole)
    return _bytea(together), list(totals.values())


def _amount(amount: int, price: int | None) -> bytes:
    if price:
        share = (20_000 * amount + price) // (2 * price)
        if share <= _MOST_SHARE and share * price // 10_000 == amount:
            return b"\x02" + share.to_bytes(2, "big")
    digits = str(amount).encode()
    return bytes((10 + len(digits),)) + digits


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _bytea(value: bytes) -> str:
    return rf"\x{value.hex()}"
