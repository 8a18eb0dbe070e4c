"""Which observations of one NFT in one transaction are one sale, although their keys (`sale_uid`) differ. Pure.

Keys differ where an observation lacks a value that another one has: a broadcast without its order hash, an account
that is null. Two observations are one sale when no value that both have contradicts it, and when no list of the Events
API has both: a list has each sale once. docs/adr/0013 has the argument, pair by pair.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID


class Reported(NamedTuple):
    """What identifies a sale, as one key reports it. None is unknown.

    `makers` are maker and taker, which only the stream states; `parties` are seller and buyer, or maker and taker where
    the side is unknown. `directed` says that seller and buyer are stated, or follow from the order, and are no guess by
    the payment. `lists` are the runs of the Events API that listed it. `place` is 1 for the observation of the highest
    precedence of its group.
    """

    sale_uid: UUID
    order_hash: str | None
    makers: tuple[str | None, str | None] | None
    parties: tuple[str | None, str | None]
    directed: bool
    quantity: int | None
    price_raw: int | None
    payment_token_address: str | None
    lists: frozenset[str]
    place: int


def reported_of(row: Any) -> Reported:
    """Return what a row of the temporary table `candidate` (`sql/load/3_decide.sql`) reports."""
    known, streamed = row.seller or row.buyer, row.source == "stream"
    return Reported(
        sale_uid=row.sale_uid,
        order_hash=row.order_hash,
        makers=(row.maker, row.taker) if streamed else None,
        parties=(row.seller, row.buyer) if known else (row.maker, row.taker),
        directed=not streamed or row.side_source == "order",
        quantity=row.quantity,
        price_raw=row.price_raw,
        payment_token_address=row.payment_token_address,
        lists=frozenset(row.lists),
        place=row.place,
    )


def superseded(group: Iterable[Reported]) -> dict[UUID, UUID]:
    """Return, for each key of one NFT in one transaction that is another one's sale, the key that stays.

    The observations that say most come first; each joins the sale that it agrees with and resembles most, or is a sale
    of its own. Of a sale's keys, the one of the highest precedence stays. The result depends on the set alone.
    """
    sales: list[list[Reported]] = []
    for report in sorted(group, key=lambda each: (_unknown(each), each.place, each.sale_uid)):
        fitting = [sale for sale in sales if all(may_be_one(report, other) for other in sale)]
        if fitting:
            max(fitting, key=lambda sale: max(_likeness(report, other) for other in sale)).append(report)
        else:
            sales.append([report])
    stays = [(min(sale, key=lambda each: each.place), sale) for sale in sales]
    return {each.sale_uid: first.sale_uid for first, sale in stays for each in sale if each is not first}


def may_be_one(one: Reported, other: Reported) -> bool:
    """Tell whether two observations of an NFT in one transaction can be of one sale: nothing known contradicts it."""
    if one.lists & other.lists or not _agree(one.order_hash, other.order_hash):
        return False
    if not _parties_agree(one, other) or not _agree(one.quantity, other.quantity):
        return False
    same_order = one.order_hash is not None and other.order_hash is not None
    if same_order and one.quantity is not None and other.quantity is not None:
        return True  # equal parts of an order have one price: another one is a conflict, not another sale
    same_price = _agree(one.price_raw, other.price_raw)
    return same_price and (same_order or _agree(one.payment_token_address, other.payment_token_address))


def _agree(one: object, other: object) -> bool:
    return one is None or other is None or one == other


def _parties_agree(one: Reported, other: Reported) -> bool:
    if one.makers and other.makers:
        return all(map(_agree, one.makers, other.makers))
    (a, b), (c, d) = one.parties, other.parties
    turned = not (one.directed and other.directed) and _agree(a, d) and _agree(b, c)
    return turned or (_agree(a, c) and _agree(b, d))


def _unknown(report: Reported) -> tuple[bool, int, bool]:
    values = (*report.parties, report.quantity, report.price_raw, report.payment_token_address)
    return report.order_hash is None, values.count(None), not report.directed


def _likeness(one: Reported, other: Reported) -> int:
    pairs = [*zip(one.parties, other.parties, strict=True), (one.quantity, other.quantity),
             (one.price_raw, other.price_raw), (one.payment_token_address, other.payment_token_address)]  # fmt: skip
    return sum(a is not None and a == b for a, b in pairs)
