"""A sale → the values of its row in `core.sale_row`, packed as `sql/migrations/0002_core.sql` packs them. Pure.

Sales are packed where an hour is read, which of a large hour is on all cores, and not by the one server process of its
merge. A test holds every value against the SQL.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from tidemark.loader.transform.sale import Sale
from tidemark.loader.warehouse.kind import Kind, storable

CIRCUMSTANCES = ("received_at", "sent_after", "sent_at", "is_replayed", "source")
REPORTED = (
    "sold_at", "sold_at_source", "event_after", "event_at", "chain", "transaction_hash", "order_hash",
    "collection_slug", "token_id", "nft_name", "maker", "taker", "seller", "buyer", "side", "side_source",
    "quantity", "price_raw", "payment_token_address", "payment_token_symbol", "payment_token_decimals", "unit_price",
    "usd_rate", "eth_rate", "fees", "is_private",
)  # fmt: skip
FEE_TOTALS = (
    "marketplace_share", "marketplace_fee_raw", "royalty_share", "royalty_raw", "other_share", "other_fee_raw",
)  # fmt: skip

_ZERO_ADDRESS = "0x" + 40 * "0"
_LENGTHS = frozenset({40, 64})
_DIGITS = b"0123456789abcdef"
_NEAR = timedelta(minutes=30)
_NEAR_BEFORE = -_NEAR
_LONGEST_RECIPIENT = 2 * 254  # digits
_UNKNOWN_CODE = _OF_THE_KIND = "ff"  # digits
_ETH = "!"  # the code of the first of core.known_words
_MOST_SHARE = 32767  # hundredths of a percent
_UNKNOWN_TIME = "-infinity"
_MOST_WORDS = 1000  # anyone can make a token with a symbol of its own
_ALWAYS = datetime.min.replace(tzinfo=UTC)


class FeeKind(msgspec.Struct, frozen=True):
    """A row of core.fee_recipient; `since` is None where it holds always."""

    recipient: str
    chain: str
    since: datetime | None
    kind: str


class Words(dict[str | None, str | None]):
    """Codes of words; a word without one is kept, after a space where it would be mistaken for a code.

    A zero character is not: it is stored as another one, of several bytes.
    """

    def __missing__(self, word: str | None) -> str | None:
        kept = f" {word}" if word and (word[0] == " " or (len(word.encode()) == 1 and word != "\0")) else word
        if len(self) < _MOST_WORDS:
            self[word] = kept
        return kept


class Addresses(dict[str, str]):
    """Codes of addresses; one without a code is itself. The first that are met are kept: few are met often."""

    def __missing__(self, address: str) -> str:
        digits = to_digits(address)
        if len(self) < _MOST_WORDS:
            self[address] = digits
        return digits


class Codes(msgspec.Struct, frozen=True, dict=True):
    """What a warehouse packs sales by.

    Of core.known_words, core.known_addresses, core.fee_recipient and core.nft_kind_salt.
    """

    words: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    fee_kinds: tuple[FeeKind, ...] = ()
    salt: bytes = b""

    @cached_property
    def word(self) -> "Words":
        """A word's code by the word, as core.word_to_code gives it."""
        return Words({word: chr(32 + place) for place, word in enumerate(self.words, 1)})

    @cached_property
    def known_addresses(self) -> frozenset[str]:
        """The addresses that have a code."""
        return frozenset(self.addresses)

    @cached_property
    def known(self) -> "Addresses":
        """An address by its text as core.known_to_bytes gives it, in hexadecimal digits."""
        return Addresses({address: f"{place:02x}" for place, address in enumerate(self.addresses, 1)})

    @cached_property
    def _kinds(self) -> dict[str, dict[str, tuple[list[datetime], list[str]]]]:
        """For each recipient and chain, the moments from which on a kind holds, in order, and the kinds."""
        found: dict[str, dict[str, tuple[list[datetime], list[str]]]] = {}
        for since, each in sorted(((each.since or _ALWAYS, each) for each in self.fee_kinds), key=lambda one: one[0]):
            moments, kinds = found.setdefault(each.recipient, {}).setdefault(each.chain, ([], []))
            moments.append(since)
            kinds.append(each.kind)
        return found

    def kind(self, recipient: str, chain: str, at: datetime) -> str:
        """Return the kind of a fee of a sale at a time; a recipient that is not known is a creator."""
        if known := self._kinds.get(recipient):
            for of in (chain, "*"):
                if (kinds := known.get(of)) and (place := bisect_right(kinds[0], at)):
                    return kinds[1][place - 1]
        return "royalty"


def packed(sale: Sale, codes: Codes, kind: Kind) -> tuple[list[Any], list[Any], list[Any]]:
    """Return a sale's values for `CIRCUMSTANCES`, `REPORTED` and `FEE_TOTALS`; bytes as COPY takes them."""
    word = codes.word
    maker, taker, token = sale.maker, sale.taker, sale.payment_token_address
    event_after = microseconds_after(sale.sold_at, sale.event_at)
    sent_after = microseconds_after(sale.received_at, sale.sent_at)
    fees, totals = _packed_fees(sale, codes, kind.fee_recipient)
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
        event_after or None,
        None if event_after is not None else sale.event_at or _UNKNOWN_TIME,
        word[sale.chain],
        _address(sale.transaction_hash),
        _address(sale.order_hash),
        sale.collection_slug,
        sale.token_id,
        sale.nft_name if kind.name_prefix is None else None,
        _address(maker),
        _address(taker),
        _party(sale.seller, maker, taker),
        _party(sale.buyer, maker, taker),
        word[sale.side],
        word[sale.side_source],
        _usual_to_null(sale.quantity, 1, -1),
        sale.price_raw,
        None if token == _ZERO_ADDRESS else rf"\x{_UNKNOWN_CODE if token is None else codes.known[token]}",
        _usual_to_null(word[sale.payment_token_symbol], _ETH, " "),
        _usual_to_null(sale.payment_token_decimals, 18, -1),
        None if sale.quantity == 1 else sale.unit_price,
        sale.usd_rate,
        _usual_to_null(sale.eth_rate, 1, -1),
        fees,
        sale.is_private,
    ]
    return circumstances, reported, totals


def to_digits(text: str) -> str:
    """Return a hash or an address as core.to_bytes does, in hexadecimal digits.

    NUL, which PostgreSQL cannot keep, becomes U+FFFD.
    """
    digits = text[2:]
    if len(digits) in _LENGTHS and text[:2] == "0x" and not digits.encode().translate(None, _DIGITS):
        return "" if text == _ZERO_ADDRESS else digits
    plain = storable(text).encode()
    return (b"\0" + plain if len(plain) in {0, 1, 20, 32} else plain).hex()


def microseconds_after(base: datetime, moment: datetime | None) -> int | None:
    """Return how long after another one a moment is, where that is half an hour at most."""
    if moment is None or not _NEAR_BEFORE <= (after := moment - base) <= _NEAR:
        return None
    return (after.days * 86_400 + after.seconds) * 1_000_000 + after.microseconds


def _address(text: str | None) -> str | None:
    return None if text is None else rf"\x{to_digits(text)}"


def _party(party: str | None, maker: str | None, taker: str | None) -> str | None:
    if party is None:
        return None
    return r"\x01" if party == maker else r"\x02" if party == taker else _address(party)


def _packed_fees(sale: Sale, codes: Codes, of_the_kind: str | None) -> tuple[str | None, list[Any]]:
    """Return the fees as core.fees_to_bytes does, and their sums by kind; the NFT's kind names `of_the_kind`."""
    if sale.fees is None:
        return None, [None] * len(FEE_TOTALS)
    totals = {"marketplace": 0, "royalty": 0, "other": 0}
    chain, sold_at, price = sale.chain, sale.sold_at, sale.price_raw
    shares = {0: 0 if price else None}  # by the amount
    printed, fit = r"\x", True
    for fee in sale.fees:
        recipient, amount = fee.recipient, fee.amount_raw
        totals[codes.kind(recipient, chain, sold_at)] += amount
        address = _OF_THE_KIND if storable(recipient) == of_the_kind else codes.known[recipient]
        share = shares[amount] = _share(amount, price)
        if len(address) > _LONGEST_RECIPIENT:
            fit = False
        else:
            printed += f"{len(address) // 2:02x}{address}{_digits(amount) if share is None else f'02{share:04x}'}"
    if not fit:
        whole = [{"recipient": storable(fee.recipient), "amount_raw": str(fee.amount_raw)} for fee in sale.fees]
        printed = rf"\xff{msgspec.json.encode(whole).hex()}"
    found: list[Any] = []
    for total in totals.values():
        share = shares[total] if total in shares else _share(total, price)
        found += [share, total if share is None else None]
    return printed, found


def _digits(amount: int) -> str:
    """Return an amount that is no share of the price as core.fee_to_bytes has it, in hexadecimal digits."""
    digits = str(amount).encode()
    return f"{10 + len(digits):02x}{digits.hex()}"


def _share(amount: int, price: int | None) -> int | None:
    """Return what core.share_of does: the share of the price in hundredths of a percent, where it gives the amount."""
    if price:
        share = (20_000 * amount + price) // (2 * price)
        if share <= _MOST_SHARE and share * price // 10_000 == amount:
            return share
    return None


def _usual_to_null(value: Any, usual: Any, unknown: Any) -> Any:
    """Return what core.usual_to_null does: None for the value that most sales have."""
    return unknown if value is None else None if value == usual else value
