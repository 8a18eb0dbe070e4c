"""The questions about the whole market, asked of a few orders and transfers; the answers are counted by hand."""
# ruff: noqa: E501  (tables are read whole)

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tests.conftest import fresh_database
from tests.sql.market import ETH, WETH, at, fill, sale
from tidemark.local.services.postgres import Postgres
from tidemark.query.answer import shown
from tidemark.query.parameter import values_of
from tidemark.query.postgres import ask
from tidemark.query.question import question, questions
from tidemark.storage.postgres import connected

Expect = Callable[..., None]
ZERO = ETH[0]
USDC_ON_ETHEREUM = ("0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "USDC", 6)

SALES = [
    # bob takes the floor at 12:30; carol accepts an offer; the first sale of a minted cat
    sale("20T12:30", "cats/1", "0xalice", "0xbob", "2", order_hash="0xlist1", transaction_hash="0xt1"),
    sale(
        "20T13:00",
        "cats/2",
        "0xcarol",
        "0xerin",
        "1.5",
        paid=WETH,
        side="offer",
        order_hash="0xoffer1",
        transaction_hash="0xt2",
    ),
    # three of five passes
    sale("20T10:40", "snipes/1", "0xalice", "0xbob", "1", order_hash="0xsnipe1"),
    sale("20T15:30", "snipes/2", "0xalice", "0xbob", "1", order_hash="0xsnipe2", side="unknown"),
    sale("21T10:00", "owls/1", "0xalice", "0xbob", "1", side="offer"),
    sale("22T10:00", "owls/2", "0xalice", "0xbob", "1", side="offer"),
    sale("20T09:30", "terns/1", "0xalice", "0xbob", "1", side="offer"),
    sale("20T11:30", "terns/2", "0xalice", "0xbob", "1", side="offer"),
    sale("20T13:30", "passes/7", "0xdave", "0xbob", "3", quantity=3, order_hash="0xlist5", transaction_hash="0xt3"),
]

# kind, order, collection/token, maker, price of all, quantity, placed, expires
ORDERS = [
    ("listing", "0xlist1", "cats/1", "0xalice", "2", 1, "20T10:30", "27T10:30", ETH),  # sold at 12:30
    ("listing", "0xlist2", "cats/2", "0xcarol", "3", 1, "20T10:40", "20T14:15", ETH),  # expires
    ("listing", "0xlist3", "cats/3", "0xdave", "2.5", 1, "20T11:10", "27T10:30", ETH),  # invalid from 13:30 to 14:40
    ("listing", "0xlist4", "cats/4", "0xdave", "1", 1, "20T11:20", "27T10:30", ETH),  # cancelled at 11:50
    ("listing", "0xusdc", "cats/5", "0xdave", "10", 1, "20T11:20", "27T10:30", USDC_ON_ETHEREUM),  # in another token
    ("listing", "0xlist5", "passes/7", "0xdave", "5", 5, "20T11:30", "27T10:30", ETH),  # three of five are sold
    ("collection_offer", "0xoffer1", "cats/", "0xerin", "1.5", 1, "20T10:50", "20T18:00", WETH),  # accepted at 13:00
    ("collection_offer", "0xoffer2", "cats/", "0xfrank", "2.8", 2, "20T11:00", "20T18:00", WETH),  # 1.4 each
    ("listing", "0xlist6", "cats/6", "0xgina", "1.2", 1, "20T17:10", "27T10:30", ETH),  # after the gap
    ("listing", "0xsnipe1", "snipes/1", "0xalice", "1", 1, "20T10:41", "27T10:30", ETH),
    ("listing", "0xsnipe2", "snipes/2", "0xalice", "1", 1, "20T10:45", "27T10:30", ETH),
    ("listing", "0xflea1", "fleas/1", "0xhal", "1", 1, "20T11:00", "27T10:30", ETH),
    ("listing", "0xflea2", "fleas/1", "0xhal", "1.1", 1, "20T11:05", "27T10:30", ETH),
    ("listing", "0xflea3", "fleas/2", "0xmal", "0.01", 1, "20T11:10", "27T10:30", ("0xfake", "ETH", 18)),
]  # fmt: skip
LEFT_OUT = f"""
INSERT INTO core.market_order_rest
VALUES ('2026-11-20T11:00Z', 'listing', 'ethereum', 'fleas', '{ZERO}', 3, 1.5e18, '2026-11-27T10:30Z')
"""
REVISIONS = [
    ("cancel", "0xlist4", "20T11:50"),
    ("invalidation", "0xlist3", "20T13:30"),
    ("revalidation", "0xlist3", "20T14:40"),
]
TRANSFERS = [
    ("mint", "cats/1", ZERO, "0xalice", 1, "20T10:05", "0xm1"),
    ("mint", "cats/2", ZERO, "0xalice", 1, "20T10:05", "0xm2"),
    ("transfer", "cats/2", "0xalice", "0xcarol", 1, "20T10:20", "0xm3"),
    ("transfer", "cats/1", "0xalice", "0xbob", 1, "20T12:30", "0xt1"),  # the sale's
    ("transfer", "cats/2", "0xcarol", "0xerin", 1, "20T13:00", "0xt2"),  # the sale's
    ("mint", "cats/8", ZERO, "0xbob", 1, "20T13:10", "0xm4"),
    ("burn", "cats/8", "0xbob", ZERO, 1, "20T13:20", "0xm5"),
    ("mint", "passes/7", ZERO, "0xdave", 5, "20T10:05", "0xm6"),
    ("transfer", "passes/7", "0xdave", "0xbob", 3, "20T13:30", "0xt3"),
    ("transfer", "passes/7", "0xzoe", "0xbob", 2, "20T13:40", "0xm7"),  # zoe had them before the record
]
# both were off from 15:00 to 17:00
COVERAGE = [
    *(("a", f"20T{hour}:00", f"20T{hour + 1}:00") for hour in (10, 11, 12, 13, 14)),
    *(("b", f"20T{hour}:00", f"20T{hour + 1}:00") for hour in (17, 18)),
]
# the market of the 22nd is not known
KNOWN_HOURS = """
INSERT INTO mart.market_hour (hour, is_known, collectors, book_depth, has_transfers)
SELECT hour, hour < '2026-11-22Z', '{a,b}', 100, true
FROM generate_series(timestamptz '2026-11-20T10:00Z', '2026-11-22T12:00Z', '1 hour') AS hour;
INSERT INTO mart.hour_quality (hour, collectors, covered_s, covered_twice_s, repaired_s, gaps, sales, seen_by, recovered, quarantined)
SELECT hour, '{a}', 0, 0, 0, '{}', 0, '{}', 0, 0 FROM mart.market_hour
ON CONFLICT DO NOTHING
"""
# hour, chain, collection, token, then the counts that are not zero
HOURS: list[tuple[str, str, str, tuple[Any, ...] | None, dict[str, int]]] = [
    ("20T10:00", "ethereum", "cats", ETH, {"listings": 2, "item_bids": 0, "cancels": 0}),
    ("20T10:00", "ethereum", "cats", WETH, {"item_bids": 40, "collection_offers": 1, "cancels": 35}),
    ("20T10:00", "ethereum", "cats", None, {"mints": 2, "transfers": 1, "receivers": 2}),
    ("20T11:00", "ethereum", "cats", ETH, {"listings": 3, "cancels": 1}),
    ("20T11:00", "ethereum", "cats", WETH, {"item_bids": 10, "collection_offers": 1, "trait_offers": 2, "cancels": 5}),
    ("20T13:00", "ethereum", "cats", None, {"mints": 1, "burns": 1, "transfers": 1, "invalidations": 1, "receivers": 2}),
    ("20T11:00", "ethereum", "terns", WETH, {"item_bids": 6}),
    ("20T13:00", "base", "dogs", ETH, {"listings": 5, "item_bids": 12}),
    ("21T10:00", "base", "dogs", ETH, {"listings": 2, "cancels": 4}),
    ("21T11:00", "ethereum", "newts", WETH, {"collection_offers": 1}),
    ("21T11:00", "ethereum", "toads", WETH, {"trait_offers": 1}),
]  # fmt: skip


@pytest.fixture(scope="module")
def url(postgres_server: Postgres, migrated: str) -> Iterator[str]:
    with fresh_database(postgres_server, migrated) as url:
        fill(url, SALES, COVERAGE)
        with connected(SecretStr(url)) as connection:
            for order in ORDERS:
                insert_order(connection, *order)
            connection.execute(text(LEFT_OUT))
            for kind, order_hash, moment in REVISIONS:
                values = {"kind": kind, "hash": order_hash, "at": at(moment)}
                connection.execute(
                    text(
                        "INSERT INTO core.order_revision VALUES (date_trunc('hour', CAST(:at AS timestamptz)), :kind, 'ethereum', :hash, 'cats', :at, :at)"
                    ),
                    values,
                )
            for transfer in TRANSFERS:
                insert_transfer(connection, *transfer)
            for hour in HOURS:
                insert_hour(connection, *hour)
            connection.execute(text(KNOWN_HOURS))
            connection.commit()
        yield url


def insert_order(connection: Connection, kind: str, order_hash: str, name: str, maker: str, price: str, quantity: int,
                 placed: str, expires: str, paid: tuple[Any, ...]) -> None:  # fmt: skip
    collection, token = name.split("/")
    address, symbol, decimals, *_ = paid
    values = {
        "kind": kind, "hash": order_hash, "slug": collection, "contract": f"0x{collection}" if token else None, "token": token or None, "maker": maker,
        "quantity": quantity, "price": price, "address": address, "symbol": symbol, "decimals": decimals, "placed": at(placed), "expires": at(expires),
    }  # fmt: skip
    connection.execute(text("""
        INSERT INTO core.market_order VALUES (
            date_trunc('hour', CAST(:placed AS timestamptz)), :kind, 'ethereum', :hash, :slug, :contract, :token, :maker, :quantity,
            CAST(:price AS numeric) * ('1e' || :decimals)::numeric, CAST(:price AS numeric) * ('1e' || :decimals)::numeric / :quantity,
            :address, :symbol, :decimals, :placed, :expires, :placed
        )"""), values)  # fmt: skip


def insert_transfer(connection: Connection, kind: str, name: str, sender: str, recipient: str, quantity: int, moment: str,
                    transaction: str) -> None:  # fmt: skip
    collection, token = name.split("/")
    values = {"kind": kind, "contract": f"0x{collection}", "token": token, "slug": collection, "sender": sender, "recipient": recipient,
              "quantity": quantity, "tx": transaction, "at": at(moment)}  # fmt: skip
    connection.execute(text("""
        INSERT INTO core.transfer VALUES (
            date_trunc('hour', CAST(:at AS timestamptz)), :kind, 'ethereum', :contract, :token, :slug, :sender, :recipient, :quantity, :tx, :at, :at
        )"""), values)  # fmt: skip


def insert_hour(
    connection: Connection, hour: str, chain: str, collection: str, paid: tuple[Any, ...] | None, counts: dict[str, int]
) -> None:
    names = ("listings", "listers", "item_bids", "collection_offers", "trait_offers", "cancels", "invalidations",
             "revalidations", "transfers", "mints", "burns", "receivers")  # fmt: skip
    values = {name: counts.get(name, 0) for name in names} | {
        "hour": at(hour),
        "chain": chain,
        "slug": collection,
        "token": paid and paid[0],
    }
    statement = f"INSERT INTO mart.market_hourly (hour, chain, collection_slug, payment_token_address, {', '.join(names)}) VALUES (:hour, :chain, :slug, :token, :{', :'.join(names)})"
    connection.execute(text(statement), values)


@pytest.fixture
def expect(url: str) -> Expect:
    """Ask a question and compare: the first line names the columns that are looked at."""

    def expected(name: str, table: str, **given: str) -> None:
        columns, *rows = ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines())
        answer = ask(SecretStr(url), question(name), {key.rstrip("_"): value for key, value in given.items()})
        places = [answer.columns.index(column) for column in columns]
        assert [[shown(row[place]) or "-" for place in places] for row in answer.rows] == rows

    return expected


DAY = {"collection": "cats", "from_": "2026-11-20T10", "to": "2026-11-20T18", "hours": "1"}


def test_floor_price(expect: Expect) -> None:
    # the book is known from 11:00 to 15:00 and from 18:00 on: an hour after the record began, and after the gap
    expect("floor_price", """
        at                  | chain    | token | floor | listings | listed_items
        2026-11-20 11:00:00 | ethereum | ETH   | 2     | 2        | 2
        2026-11-20 12:00:00 | ethereum | ETH   | 2     | 3        | 3
        2026-11-20 13:00:00 | ethereum | ETH   | 2.5   | 2        | 2
        2026-11-20 14:00:00 | ethereum | ETH   | 3     | 1        | 1
        2026-11-20 15:00:00 | ethereum | ETH   | 2.5   | 1        | 1
        2026-11-20 16:00:00 | ethereum | ETH   | -     | -        | -
        2026-11-20 17:00:00 | ethereum | ETH   | -     | -        | -
        2026-11-20 18:00:00 | ethereum | ETH   | 1.2   | 1        | 1
        2026-11-20 19:00:00 | ethereum | ETH   | 1.2   | 1        | 1
    """, **DAY)  # fmt: skip
    expect("floor_price", "floor\n -\n -\n -", **DAY | {"from_": "2026-11-20T12", "to": "2026-11-20T14", "hours": "24"})


def test_spread(expect: Expect) -> None:
    expect("spread", """
        at                  | floor | best_offer | spread | spread_percent
        2026-11-20 11:00:00 | 2     | 1.5        | 0.5    | 25
        2026-11-20 12:00:00 | 2     | 1.5        | 0.5    | 25
        2026-11-20 13:00:00 | 2.5   | 1.5        | 1      | 40
        2026-11-20 14:00:00 | 3     | 1.4        | 1.6    | 53.33
        2026-11-20 15:00:00 | 2.5   | 1.4        | 1.1    | 44
        2026-11-20 16:00:00 | -     | -          | -      | -
    """, **DAY | {"to": "2026-11-20T15"})  # fmt: skip


def test_depth(expect: Expect) -> None:
    # at 12:00: listed for 2, 2.5 and 3; offered 1.5 for one and 1.4 for two
    expect("depth", """
        side             | percent | orders | items | units
        listing          | 0       | 1      | 1     | 1
        listing          | 1       | 1      | 1     | 1
        listing          | 2       | 1      | 1     | 1
        listing          | 5       | 1      | 1     | 1
        listing          | 10      | 1      | 1     | 1
        listing          | 20      | 1      | 1     | 1
        listing          | 50      | 3      | 3     | 3
        listing          | 100     | 3      | 3     | 3
        collection_offer | 0       | 1      | -     | 1
        collection_offer | 1       | 1      | -     | 1
        collection_offer | 2       | 1      | -     | 1
        collection_offer | 5       | 1      | -     | 1
        collection_offer | 10      | 2      | -     | 3
        collection_offer | 20      | 2      | -     | 3
        collection_offer | 50      | 2      | -     | 3
        collection_offer | 100     | 2      | -     | 3
    """, collection="cats", to="2026-11-20T11", hours="1")  # fmt: skip
    # of the five passes three were sold at 13:30
    expect("depth", "units" + "\n 5" * 8, collection="passes", to="2026-11-20T12", hours="1")
    expect("depth", "units" + "\n 2" * 8, collection="passes", to="2026-11-20T13", hours="1")
    # fleas/1 is listed for 1 and 1.1; from 1.5 on a listing was left out
    expect("depth", """
        percent | price | orders | items | units
        0       | 1     | 1      | 1     | 1
        1       | 1.01  | 1      | 1     | 1
        2       | 1.02  | 1      | 1     | 1
        5       | 1.05  | 1      | 1     | 1
        10      | 1.1   | 2      | 1     | 2
        20      | 1.2   | 2      | 1     | 2
        50      | 1.5   | -      | -     | -
        100     | 2     | -      | -     | -
    """, collection="fleas", to="2026-11-20T12", hours="1")  # fmt: skip
    # an impostor's token of the same symbol is not the chain's coin
    expect(
        "floor_price",
        "token | floor | listings\n ETH | 1 | -",
        collection="fleas",
        from_="2026-11-20T12",
        to="2026-11-20T12",
        hours="1",
    )
    expect("depth", "percent", collection="cats", to="2026-11-20T16", hours="1")


def test_listing_to_sale(expect: Expect) -> None:
    # listed at 10:30, sold at 12:30
    expect("listing_to_sale", """
        day        | sales_of_listings | with_listing | median_hours
        2026-11-20 | 1                 | 1            | 2
    """, collection="cats")  # fmt: skip
    # a block's time is in whole seconds and can be before the event's
    expect("listing_to_sale", "sales_of_listings | with_listing | median_hours\n 1 | 1 | 0", collection="snipes")


def test_sell_through(expect: Expect) -> None:
    expect("sell_through", """
        day        | listings | sold | cancelled | invalidated | expired | not_known | sold_percent
        2026-11-20 | 6        | 1    | 1         | 0           | 1       | 3         | 16.67
    """, collection="cats", from_="2026-11-20", to="2026-11-21")  # fmt: skip
    # one was sold in the second of its placing, one in the gap
    expect(
        "sell_through",
        "listings | sold | not_known\n 2 | 2 | 0",
        collection="snipes",
        from_="2026-11-20",
        to="2026-11-21",
    )


def test_cancel_rate(expect: Expect) -> None:
    expect("cancel_rate", """
        day        | hours | listings | item_bids | offers | cancels | invalidations | cancels_percent
        2026-11-20 | 14    | 10       | 68        | 4      | 41      | 1             | 50
        2026-11-21 | 24    | 2        | 0         | 2      | 4       | 0             | 100
    """, from_="2026-11-20", to="2026-11-22")  # fmt: skip
    expect("cancel_rate", "cancels_percent\n 69.49", collection="cats", from_="2026-11-20", to="2026-11-21")


def test_bid_to_sale(expect: Expect) -> None:
    # 50 bids, 2 collection offers and 2 trait offers on cats; one was accepted
    expect("bid_to_sale", """
        day        | item_bids | collection_offers | trait_offers | accepted | bids_per_sale
        2026-11-20 | 50        | 2                 | 2            | 1        | 54
    """, collection="cats", from_="2026-11-20", to="2026-11-20")  # fmt: skip
    expect("bid_to_sale", "accepted | bids_per_sale\n 0 | -", collection="dogs", from_="2026-11-20", to="2026-11-20")
    # from the hour and to the hour that is named
    for hour, bids in (("2026-11-20T11", "10 | 1 | 2 | 1"), ("2026-11-20T10", "40 | 1 | 0 | 0")):
        span = {"from_": hour, "to": "2026-11-20T13" if hour.endswith("11") else hour}
        expect(
            "bid_to_sale",
            f"item_bids | collection_offers | trait_offers | accepted\n {bids}",
            collection="cats",
            **span,
        )
    # one offer is enough to be a day with offers
    for collection, bids in (("newts", "0 | 1 | 0"), ("toads", "0 | 0 | 1")):
        expect("bid_to_sale", f"item_bids | collection_offers | trait_offers\n {bids}", collection=collection,
               from_="2026-11-21", to="2026-11-21")  # fmt: skip
    # of two accepted on the 20th, one was before 10:00, when the market was not known
    expect("bid_to_sale", """
        day        | hours | item_bids | accepted | bids_per_sale
        2026-11-20 | 14    | 6         | 2        | 6
    """, collection="terns", from_="2026-11-20", to="2026-11-20")  # fmt: skip
    # an offer was accepted on the 21st without a bid, and one on the 22nd, whose market is not known
    expect("bid_to_sale", """
        day        | hours | item_bids | collection_offers | trait_offers | accepted | bids_per_sale
        2026-11-21 | 24    | 0         | 0                 | 0            | 1        | 0
        2026-11-22 | -     | -         | -                 | -            | 1        | -
    """, collection="owls", from_="2026-11-20", to="2026-11-22")  # fmt: skip


def test_mints(expect: Expect) -> None:
    expect("mints", """
        hour                | chain    | collection | mints | burns | receivers
        2026-11-20 10:00:00 | ethereum | cats       | 2     | 0     | 2
        2026-11-20 13:00:00 | ethereum | cats       | 1     | 1     | 2
    """, from_="2026-11-20", to="2026-11-20")  # fmt: skip
    expect("mints", "mints\n 2", from_="2026-11-20", to="2026-11-20", limit="1")


def test_holders(expect: Expect) -> None:
    # of passes/7: dave minted 5 and sold 3; bob has those and 2 of zoe's
    expect("holders", """
        rank | wallet  | tokens | units | percent | cumulative_percent | holders
        1    | 0xbob   | 1      | 5     | 71.43   | 71.43              | 2
        2    | 0xdave  | 1      | 2     | 28.57   | 100                | 2
    """, collection="passes", to="2026-11-20T18")  # fmt: skip
    # cats/8 was burned
    expect("holders", "wallet | units\n 0xbob | 1\n 0xerin | 1", collection="cats", to="2026-11-20T18")
    expect("holders", "wallet | units\n 0xalice | 1\n 0xcarol | 1", collection="cats", to="2026-11-20T11")


def test_chain_share(expect: Expect) -> None:
    # listings: 2 + 3 on ethereum, 5 on base; bids: 40 + 1 + 10 + 1 + 2 + 6 = 60 and 12
    expect("chain_share", """
        chain    | listings | listings_percent | bids | bids_percent | sales | sales_percent | mints
        ethereum | 5        | 50               | 60   | 83.33        | 7     | 100           | 3
        base     | 5        | 50               | 12   | 16.67        | 0     | 0             | 0
    """, from_="2026-11-20", to="2026-11-20")  # fmt: skip
    expect(
        "chain_share",
        "chain | listings | bids | sales | mints\n ethereum | - | - | 1 | -",
        from_="2026-11-22",
        to="2026-11-22",
    )


def test_token_history(expect: Expect) -> None:
    expect("token_history", """
        at                  | event       | from_wallet | to_wallet | price
        2026-11-20 10:05:00 | minted      | 0x0000000000000000000000000000000000000000 | 0xalice | -
        2026-11-20 10:20:00 | transferred | 0xalice     | 0xcarol   | -
        2026-11-20 10:40:00 | listed      | 0xcarol     | -         | 3
        2026-11-20 13:00:00 | sold        | 0xcarol     | 0xerin    | 1.5
    """, contract="0xCats", token="2")  # fmt: skip
    expect("token_history", "event\n listed\n cancelled", contract="0xcats", token="4")


def test_first_sales(expect: Expect) -> None:
    # cats/1 for 2 after 2 hours and 25 minutes, cats/2 for 1.5 after 2 hours and 55; cats/8 was burned
    expect("first_sales", """
        day        | minted | sold | sold_percent | median_hours | median_eth
        2026-11-20 | 3      | 2    | 66.67        | 2.42         | 1.5
    """, collection="cats")  # fmt: skip


def test_flips_know_what_was_minted_given_and_burned(warehouse_url: str) -> None:
    fill(warehouse_url, [
        sale("20T09:00", "pass/7", "0xa", "0xw", "3", quantity=3, transaction_hash="0xs1"),
        sale("20T11:00", "pass/7", "0xw", "0xc", "6", quantity=3, transaction_hash="0xs2"),
        sale("20T12:00", "pass/7", "0xv", "0xc", "5", transaction_hash="0xs3"),
        sale("20T13:00", "pass/7", "0xw", "0xd", "0.5", transaction_hash="0xs4"),
        sale("20T14:00", "pass/7", "0xw", "0xe", "9"),  # w was seen to get six, and gave them all away
    ])  # fmt: skip
    with connected(SecretStr(warehouse_url)) as connection:
        for transfer in (
            ("mint", "pass/7", ZERO, "0xw", 3, "20T08:00", "0xm1"),
            ("transfer", "pass/7", "0xa", "0xw", 3, "20T09:00", "0xs1"),  # the sale's
            ("transfer", "pass/7", "0xw", "0xv", 1, "20T10:00", "0xm2"),
            ("burn", "pass/7", "0xw", ZERO, 1, "20T10:30", "0xm3"),
            ("transfer", "pass/7", "0xw", "0xc", 3, "20T11:00", "0xs2"),  # the sale's
        ):
            insert_transfer(connection, *transfer)
        connection.commit()
    answer = ask(SecretStr(warehouse_url), question("flips"), {"from": "2026-11-20"})
    names = ("wallet", "acquired_by", "quantity", "bought_eth", "sold_eth", "profit_eth")
    # w sells first what it minted: of three one was given away, one burned, one sold with two of the purchase
    assert [list(map(shown, row)) for row in zip(*map(answer.column, names), strict=True)] == [
        ["0xw", "purchase", "2", "1", "2", "2"],
        ["0xw", "purchase", "1", "1", "0.5", "-0.5"],
        ["0xw", "mint", "1", "", "2", ""],
        ["0xv", "transfer", "1", "", "5", ""],
    ]


@pytest.mark.parametrize(("name", "why"), [
    ("mints", "in none of the 13 hours asked about that are loaded the market is known. A load of all collectors counts it."),
    ("floor_price", "in none of the 13 hours asked about that are loaded single orders are kept. TIDEMARK_BOOK_DEPTH keeps them."),
    ("first_sales", "in none of the 13 hours asked about that are loaded single transfers are kept. TIDEMARK_TRANSFERS keeps them."),
    ("holders", "the warehouse has none of collection dogs."),
])  # fmt: skip
def test_an_answer_without_rows_says_what_of_the_market_was_not_kept(url: str, name: str, why: str) -> None:
    given = {"collection": "cats", "to": "2026-11-22T12"} if name != "holders" else {"collection": "dogs"}
    given |= {"from": "2026-11-22"} if name != "holders" else {}
    assert ask(SecretStr(url), question(name), given).why_empty == f"No rows: {why}"


def test_no_question_reads_every_transfer_or_order(warehouse_url: str) -> None:
    fill(warehouse_url, SALES)
    with connected(SecretStr(warehouse_url)) as connection:
        connection.execute(text("""
            INSERT INTO core.transfer
            SELECT hour, 'transfer', 'ethereum', '0xcats', n::text, 'cats' || n % 1000, '0xa', '0xb', 1, '0xt' || n, hour, hour
            FROM generate_series(1, 50000) AS n, LATERAL (SELECT timestamptz '2026-11-01Z' + n % 480 * interval '1 hour' AS hour) AS at;
            INSERT INTO core.market_order
            SELECT hour, 'listing', 'ethereum', '0xlist' || n, 'cats' || n % 1000, '0xcats', n::text, '0xa', 1, n, n, :address, 'ETH', 18, hour,
                hour + interval '1 day', hour
            FROM generate_series(1, 50000) AS n, LATERAL (SELECT timestamptz '2026-11-01Z' + n % 480 * interval '1 hour' AS hour) AS at;
            ANALYZE core.transfer, core.market_order"""), {"address": ZERO})  # fmt: skip
        named = {"collection": "cats1", "wallet": "0xbob", "contract": "0xcats", "token": "1"}
        for each in questions():
            given = {one.name: named[one.name] for one in each.parameters if one.default is None}
            optional = {one.name: named[one.name] for one in each.parameters if one.name in {"collection", "wallet"}}
            for asked in (given, optional | given):
                values = values_of(each.parameters, asked, at("21T00:00"), at("22T00:00"))
                plan = "\n".join(connection.scalars(text(f"EXPLAIN {each.sql}"), values))
                assert not re.search("Seq Scan on (transfer|market_order) ", plan), (each.name, asked, plan)
