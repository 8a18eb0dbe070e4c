import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.console import Console
from rich.table import Table

from tidemark.query.answer import Answer
from tidemark.query.question import question
from tidemark.query.table import console, table_of, table_of_questions


def printed(table: Table, width: int = 100) -> str:
    paper = console(width)
    with paper.capture() as capture:
        paper.print(table)
    return capture.get()


def fitted(answer: Answer, width: int) -> tuple[list[str], list[str]]:
    """Return the lines of the table on a terminal of that width, and the columns that were left out."""
    table, left_out = table_of(answer, width, wide=False)
    return [line.rstrip() for line in printed(table, width).splitlines()], list(left_out)


SALE = Answer(
    ("sold_at", "collection", "token_id", "price_eth", "price_usd", "buyer", "chain", "contract_address",
     "transaction_hash"),
    [
        (datetime(2026, 11, 20, 10, tzinfo=UTC), "pudgypenguins", "77" * 39, Decimal("1.5"), Decimal("3000.126"),
         "0x" + "ab" * 20, "ethereum", "0x" + "cd" * 20, "0x" + "ef" * 32),
        (datetime(2026, 11, 20, 11, 1, tzinfo=UTC), "lighthouse-keepers", "7", None, Decimal("0.001"),
         None, "base", "0x" + "cd" * 20, "0x" + "12" * 32),
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (80, ["chain", "contract_address", "transaction_hash"]),
        (100, ["contract_address", "transaction_hash"]),
        (120, []),
        (160, []),
    ],
)
def test_a_table_fits_the_terminal_and_says_what_it_leaves_out(width: int, left_out: list[str]) -> None:
    lines, missing = fitted(SALE, width)
    assert missing == left_out
    assert max(map(len, lines)) <= width
    assert "2026-11-20 10:00  pudgypenguins" in lines[-2]


def test_at_80_columns_identifiers_are_short_dollars_have_cents_and_times_end_with_the_minute() -> None:
    assert fitted(SALE, 80)[0] == [
        "                                                   price_    price_",
        "sold_at           collection          token_id        eth       usd  buyer",
        "─" * 80,
        "2026-11-20 10:00  pudgypenguins       777777…7777     1.5  3,000.13  0xabab…abab",
        "2026-11-20 11:01  lighthouse-keepers  7                       <0.01",
    ]


@pytest.mark.parametrize(
    ("profit", "shown"), [("-0.001", ">-0.01"), ("0.001", "<0.01"), ("0", "0.00"), ("-1", "-1.00")]
)
def test_an_amount_below_a_cent_keeps_its_sign(profit: str, shown: str) -> None:
    lines, _ = fitted(Answer(("profit_usd",), [(Decimal(profit),)]), 80)
    assert lines[-1].strip() == shown


def test_with_wide_every_value_is_whole() -> None:
    text = printed(table_of(SALE, 80).table, 500)
    assert all(value in text for value in ("0x" + "ab" * 20, "77" * 39, "3,000.126", "2026-11-20 10:00:00"))
    assert "…" not in text


def test_short_values_carry_links_on_a_terminal_and_only_there() -> None:
    terminal = Console(width=160, force_terminal=True, color_system="standard", legacy_windows=False)
    with terminal.capture() as capture:
        terminal.print(table_of(SALE, 160, wide=False).table)
    assert re.findall(r"\x1b]8;id=[0-9]+;(https[^\x1b]+)\x1b", capture.get())[:5] == [
        "https://opensea.io/collection/pudgypenguins",
        "https://opensea.io/item/ethereum/0x" + "cd" * 20 + "/" + "77" * 39,
        "https://opensea.io/0x" + "ab" * 20,
        "https://etherscan.io/address/0x" + "cd" * 20,
        "https://etherscan.io/tx/0x" + "ef" * 32,
    ]
    assert "\x1b" not in printed(table_of(SALE, 160, wide=False).table, 160)


def test_a_value_cannot_style_the_table() -> None:
    text = printed(table_of(Answer(("[b]name", ":cat:"), [("[red]cats[/]", "back\\")])).table)
    assert [line.split() for line in text.splitlines() if "─" not in line] == [
        ["[b]name", ":cat:"],
        ["[red]cats[/]", "back\\"],
    ]


def test_what_does_not_fit_at_all_stands_record_below_record() -> None:
    row = (Decimal(10) ** 30, "pudgypenguins", None)
    lines, missing = fitted(Answer(("quantity", "collection", "seller"), [row, row]), 55)
    record = [["quantity", "1" + ",000" * 10], ["collection", "pudgypenguins"], ["seller", ""]]
    cells = [[cell.strip() for cell in line.split("│")] for line in lines]
    assert [line for line in cells if len(line) == 2] == [*record, *record]
    assert missing == []


def test_a_name_breaks_at_its_underscores_where_it_is_wider_than_its_values() -> None:
    answer = Answer(("day", "volume_eth_clean", "without_eth"), [(date(2026, 11, 20), Decimal("5.5"), 1)])
    assert [line.split() for line in fitted(answer, 30)[0] if "─" not in line] == [
        ["volume_"], ["eth_", "without_"], ["day", "clean", "eth"], ["2026-11-20", "5.5", "1"],
    ]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 120, 240])
def test_no_digit_is_lost_at_any_width(width: int) -> None:
    columns = ("sold_at", "collection", *(f"amount_{place}" for place in range(8)))
    amounts = [Decimal(f"{place}23456.789012") for place in range(1, 9)]
    answer = Answer(columns, [(datetime(2026, 11, 20, 10, tzinfo=UTC), "pudgypenguins", *amounts)])
    lines, missing = fitted(answer, width)
    kept = [amount for place, amount in enumerate(amounts) if f"amount_{place}" not in missing]
    assert all(f"{amount:,}" in lines[-1] for amount in kept)
    assert len(kept) >= 1
    assert max(map(len, lines)) <= width


def test_nothing_wraps_in_a_pipe() -> None:
    assert console().width > 10_000


def test_questions_are_listed_with_what_has_to_be_given_in_capitals() -> None:
    text = printed(table_of_questions([question("floor_price")]), width=80)
    assert "floor_price" in text
    assert "COLLECTION from to" in text
