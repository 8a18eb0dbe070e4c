"""What orders and transfers add up to: counts, prices, and keys by which each event is counted once. Pure.

Two collectors receive the same message, so a count is a count of keys: 16 hexadecimal digits of what identifies the
event. The warehouse counts them without repetition. Bids and cancels are nine of ten lines; each takes a look-up in a
dictionary and an entry in a list.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from zlib import crc32

from tidemark.loader.transform.event import EVENTS
from tidemark.loader.transform.identity import label_of, word_of
from tidemark.loader.transform.market_event import (
    Booked,
    Revision,
    Transfer,
    amount_of,
    booked,
    chain_in,
    digest_of,
    is_late,
    revision,
    transfer,
    unit_price,
)
from tidemark.loader.transform.order import NATIVE, OFFER_TOKENS
from tidemark.loader.transform.outcome import optional
from tidemark.loader.transform.values import decimals_of

LATE_UNTIL = 5  # the minute until which messages can be from before the hour; a lag was never over two minutes
MOST_LINES = 250_000
MOST_CELLS = 40_000
BURNED = frozenset({NATIVE, "0x000000000000000000000000000000000000dead"})
NO_WALLET = "-"
_UTC = b'Z"'
_HEX = re.compile(r"[0-9a-f]{16}")


class Kind(StrEnum):
    """What is counted; a closed set."""

    LISTING = "listing"
    ITEM_BID = "item_bid"
    COLLECTION_OFFER = "collection_offer"
    TRAIT_OFFER = "trait_offer"
    CANCEL = "cancel"
    INVALIDATION = "invalidation"
    REVALIDATION = "revalidation"
    TRANSFER = "transfer"
    MINT = "mint"
    BURN = "burn"


KINDS = {
    "item_listed": Kind.LISTING,
    "item_received_bid": Kind.ITEM_BID,
    "item_received_offer": Kind.ITEM_BID,
    "collection_offer": Kind.COLLECTION_OFFER,
    "trait_offer": Kind.TRAIT_OFFER,
    "item_cancelled": Kind.CANCEL,
    "order_invalidate": Kind.INVALIDATION,
    "order_revalidate": Kind.REVALIDATION,
    "item_transferred": Kind.TRANSFER,
}
_KIND_OF = {EVENTS[name]: kind for name, kind in KINDS.items()}


class Part(NamedTuple):
    """Some events of one kind, chain, collection and payment token, as one collector received them.

    `keys` and `wallets` are keys separated by spaces, in the same order; `wallets` is empty where they are not counted.
    `price_raw` is the lowest of listings and the highest of bids, for one unit in base units. `is_late` says that the
    messages were sent before the hour began.
    """

    kind: Kind
    chain: str | None
    collection_slug: str | None
    payment_token_address: str | None
    payment_token_symbol: str | None
    payment_token_decimals: int | None
    is_late: bool
    price_raw: int | None
    keys: str
    wallets: str


class _Cell:
    """A `Part` while it grows; `text` and `length` are its price as text, to pass over worse ones without reading."""

    __slots__ = ("accounts", "bids_in_it", "decimals", "keys", "length", "place", "price", "symbol", "text")

    def __init__(self, place: tuple[Kind, int, str | None, str | None, str | None]) -> None:
        self.place = place
        self.symbol: str | None = None
        self.decimals: int | None = None
        self.bids_in_it = place[4] is not None and place[4] == OFFER_TOKENS.get(place[2] or "")
        self.keys: list[str] = []  # of each order hash the part that a key is made of
        self.accounts: list[str | None] = []  # whose each of them is, where wallets are counted
        self.price: int | None = None
        self.text, self.length = "", 0

    def offer(self, payload: Any, *, lowest: bool = False) -> None:
        """Take a price for one into account, where it is known."""
        price, quantity = amount_of(payload.base_price), amount_of(payload.quantity)
        if price is None or not quantity:
            return
        unit = unit_price(price, quantity, up=lowest)
        if self.price is None or (unit < self.price if lowest else unit > self.price):
            self.price, self.text = unit, str(unit)
            self.length = len(self.text)

    def may_improve(self, text: Any, *, lowest: bool) -> bool:
        """Tell whether a price of one, as text, can be better than the best so far; digits compare by their number."""
        if not isinstance(text, str) or text[:1] == "0":
            return True
        rank = len(text), text
        return rank < (self.length, self.text) if lowest else rank > (self.length, self.text)

    def part(self) -> Part:
        kind, late, chain, slug, token = self.place
        keys = " ".join(self.keys).lower()
        # none is longer than 16, so with this length and nothing but digits between the spaces each has 16 digits
        others = keys.encode(errors="replace").translate(None, b"0123456789abcdef")
        if len(keys) != 17 * len(self.keys) - 1 or others != b" " * (len(self.keys) - 1):
            keys = " ".join(map(key_of, self.keys))
        wallets = " ".join([wallet_key(account) if account else NO_WALLET for account in self.accounts])
        return Part(kind, chain, slug, token, self.symbol, self.decimals, late > 0, self.price, keys, wallets)


class Market:
    """Takes the decoded lines of an object; what it found is taken out from time to time, so that it stays small.

    `orders` and `transfers` say whether single orders, with what became of them, and single transfers are wanted, too.
    After `most_lines` it is time to take out what was counted.
    """

    def __init__(
        self, hour: datetime, *, orders: bool = False, transfers: bool = False, most_lines: int = MOST_LINES
    ) -> None:
        self.hour = hour
        self._sent_in_it = f'"{hour:%Y-%m-%dT%H}'.encode()
        self._orders_wanted, self._transfers_wanted = orders, transfers
        self._most_lines = most_lines
        self._cells: dict[tuple[Any, ...], _Cell] = {}
        self._spelled: dict[tuple[Kind, int], dict[tuple[Any, ...], _Cell]] = defaultdict(dict)
        self._size = self._late = 0
        self.orders: list[Booked] = []
        self.revisions: list[Revision] = []
        self.transfers: list[Transfer] = []

    def add(self, lines: list[Any]) -> dict[type, list[Any]]:
        """Take successive lines, each with `received_at` and `message`; return them by the types of their messages."""
        groups: dict[type, list[Any]] = defaultdict(list)
        for line in lines:
            groups[type(line.message)].append(line)
        take = self._take_early if lines and lines[0].received_at.minute < LATE_UNTIL else self._take
        for shape, group in groups.items():
            take(shape, group)
        self._size += len(lines)
        return groups

    def _take_early(self, shape: type, lines: list[Any]) -> None:
        """Take lines of the first minutes: each message that was sent before the hour is a part of its own."""
        in_time = []
        for line in lines:
            # most say the hour itself, and nothing has to be read
            sent_at = bytes(line.message.sent_at)
            if (sent_at[:14] == self._sent_in_it and sent_at[-2:] == _UTC) or not is_late(line, self.hour):
                in_time.append(line)
            else:
                self._late += 1
                self._take(shape, [line], self._late)
        self._take(shape, in_time)

    def _take(self, shape: type, lines: list[Any], late: int = 0) -> None:
        """Take lines of one type; `late` is 0, or the number of a message that was sent before the hour."""
        if (kind := _KIND_OF.get(shape)) is None:
            return
        if kind is Kind.ITEM_BID:
            self._bids(lines, late)
        elif kind is Kind.CANCEL:
            self._cancels(lines, late)
        elif kind is Kind.TRANSFER:
            self._transferred(lines, late)
        elif kind in _REVISIONS:
            self._revised(kind, lines, late)
        else:
            self._placed(kind, lines, late)

    def _bids(self, lines: list[Any], late: int) -> None:
        cells = self._spelled[Kind.ITEM_BID, late]
        for line in lines:
            payload = line.message.payload
            try:
                cell = cells[payload.chain, payload.collection.slug, payload.payment_token.address]
                text = payload.base_price
                length = len(text)
                if length > cell.length or (length == cell.length and text > cell.text) or payload.quantity != 1:
                    cell.offer(payload)
                cell.keys.append(payload.order_hash[-16:] or _without_hash(line))
            except (AttributeError, KeyError, TypeError):  # a rare form, or the first of its cell
                cell = self._cell(Kind.ITEM_BID, late, payload)
                if payload:
                    cell.offer(payload)
                cell.keys.append(_part_of_hash(line))

    def _cancels(self, lines: list[Any], late: int) -> None:
        cells = self._spelled[Kind.CANCEL, late]
        for line in lines:
            payload = line.message.payload
            try:
                cell = cells[payload.chain, payload.collection.slug, payload.payment_token.address]
                cell.keys.append(payload.order_hash[-16:] or _without_hash(line))
            except (AttributeError, KeyError, TypeError):
                cell = self._cell(Kind.CANCEL, late, payload)
                cell.keys.append(_part_of_hash(line))
            if self._orders_wanted and payload and not (cell.bids_in_it and _names_token(payload)):
                self._revise(cell, line)

    def _placed(self, kind: Kind, lines: list[Any], late: int) -> None:
        cells, is_listing = self._spelled[kind, late], kind is Kind.LISTING
        single = self._orders_wanted and kind is not Kind.TRAIT_OFFER
        for line in lines:
            payload = line.message.payload
            try:
                cell = cells[payload.chain, payload.collection.slug, payload.payment_token.address]
            except (AttributeError, KeyError, TypeError):
                cell = self._cell(kind, late, payload)
            cell.keys.append(_part_of_hash(line))
            if is_listing:
                cell.accounts.append(payload and payload.maker and payload.maker.address)
            if payload and payload.listing_type is None and not payload.is_private and payload.taker is None:
                if payload.quantity != 1 or not cell.price or cell.may_improve(payload.base_price, lowest=is_listing):
                    cell.offer(payload, lowest=is_listing)
                if single and (order := booked(kind.value, cell.place[2:], cell, line)):
                    self.orders.append(order)

    def _revised(self, kind: Kind, lines: list[Any], late: int) -> None:
        cells = self._spelled[kind, late]
        for line in lines:
            payload = line.message.payload
            try:
                cell = cells[payload.chain, payload.collection.slug]
            except (AttributeError, KeyError, TypeError):
                cell = self._cell(kind, late, payload)
            # an order can become invalid more than once
            at = payload.event_timestamp if payload else line.message.sent_at
            cell.keys.append(f"{_part_of_hash(line)[-8:]}{crc32(at):08x}")
            if self._orders_wanted and payload:
                self._revise(cell, line)

    def _revise(self, cell: _Cell, line: Any) -> None:
        if revised := revision(cell.place[0].value, cell.place[2:], line):
            self.revisions.append(revised)

    def _transferred(self, lines: list[Any], late: int) -> None:
        for line in lines:
            payload = line.message.payload
            sender, recipient = _address(payload, "from_account"), _address(payload, "to_account")
            kind = Kind.MINT if sender == NATIVE else Kind.BURN if recipient in BURNED else Kind.TRANSFER
            try:
                cell = self._spelled[kind, late][payload.chain, payload.collection.slug]
            except (AttributeError, KeyError, TypeError):
                cell = self._cell(kind, late, payload)
            moved = payload and payload.transaction and payload.transaction.hash and payload.item
            what = f"{moved.nft_id}|{payload.quantity}|{payload.transaction.hash}" if moved else line.message.sent_at
            cell.keys.append(digest_of(what, sender, recipient))
            if kind is not Kind.BURN:
                cell.accounts.append(recipient)
            if self._transfers_wanted and payload and (found := transfer(kind.value, cell.place[2:], line)):
                self.transfers.append(found)

    def _cell(self, kind: Kind, late: int, payload: Any) -> _Cell:
        """Return the cell of a message, by names in their one spelling; other spellings lead to it from then on."""
        token = getattr(payload, "payment_token", None)
        collection = payload and payload.collection
        address = optional([], word_of, token.address, "payment_token") if token else None
        place = kind, late, chain_in(payload), label_of(collection.slug) if collection else None, address
        cell = self._cells.get(place)
        if cell is None:
            cell = self._cells[place] = _Cell(place)
            if token:
                cell.symbol = label_of(token.symbol)
                cell.decimals = optional([], decimals_of, token.decimals, "decimals")
        if collection and isinstance(payload.chain, str):
            if token:
                self._spelled[kind, late][payload.chain, collection.slug, token.address] = cell
            elif kind in _WITHOUT_TOKEN:
                self._spelled[kind, late][payload.chain, collection.slug] = cell
        return cell

    @property
    def is_large(self) -> bool:
        """Tell whether it is time to take out what was counted."""
        return self._size > self._most_lines or len(self._cells) > MOST_CELLS

    def parts(self) -> Iterator[Part]:
        """Take out what was counted so far."""
        cells, self._cells, self._size = self._cells, {}, 0
        self._spelled.clear()
        return (cell.part() for cell in cells.values())


_REVISIONS = frozenset({Kind.INVALIDATION, Kind.REVALIDATION})
_WITHOUT_TOKEN = _REVISIONS | {Kind.TRANSFER, Kind.MINT, Kind.BURN}


def key_of(part: str) -> str:
    """Return the key of an order by what was taken from its hash, in lower case; its digest where that is no key."""
    return lower if _HEX.fullmatch(lower := part.lower()) else digest_of(part)


def wallet_key(address: str) -> str:
    """Return the key of a wallet: the last 16 digits of its address; where it has none, of its digest."""
    digits = address[-16:].lower()
    return digits if _HEX.fullmatch(digits) else digest_of(address)


def _part_of_hash(line: Any) -> str:
    payload = line.message.payload
    return (payload and payload.order_hash and payload.order_hash[-16:]) or _without_hash(line)


def _without_hash(line: Any) -> str:
    """Return what stands for the hash of an order that has none: the same at both collectors."""
    payload, sent_at = line.message.payload, line.message.sent_at
    if payload is None:
        return digest_of(sent_at)
    item = getattr(payload, "item", None)
    return digest_of(sent_at, item and item.nft_id, getattr(payload, "base_price", None))


def _address(payload: Any, name: str) -> str | None:
    account = getattr(payload, name, None)
    return account.address.lower() if account and account.address else None


def _names_token(payload: Any) -> bool:
    return bool(payload.item and payload.item.nft_id and payload.item.nft_id.count("/") == 2)  # noqa: PLR2004
