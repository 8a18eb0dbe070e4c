import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg2
import pytest
from pydantic import SecretStr

from tests.sql.market import fill
from tidemark.core.errors import Problem
from tidemark.query.answer import NOTHING_LOADED
from tidemark.query.postgres import ask
from tidemark.query.question import Question, question

HEADER = "-- Grain: g.\n-- Answers: a?\n-- Plot: none\n-- Example: e\n"


def test_an_answer_has_columns_and_rows_of_python_values(warehouse_url: str) -> None:
    fill(warehouse_url)
    answer = ask(SecretStr(warehouse_url), question("daily_volume"), {"collection": "cats", "to": "2026-11-20"})
    assert answer.columns[:3] == ("day", "sales", "volume_eth")
    assert [row[:3] for row in answer.rows] == [(date(2026, 11, 20), 3, Decimal("4.5"))]


def test_every_question_answers_an_empty_warehouse(warehouse_url: str) -> None:
    for each in map(question, ("daily_volume", "top_sales", "hour_quality", "price_distribution")):
        assert ask(SecretStr(warehouse_url), each, {}).rows == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("daily_volume", {}), ("daily_volume", {"collection": "cats", "chain": "nothing"}),
        ("wallet_history", {"wallet": "0xa"}), ("hour_quality", {"from": "today"}), ("top_sales", {"to": "2020-01-01"}),
    ],
)  # fmt: skip
def test_an_empty_warehouse_says_that_nothing_is_loaded(warehouse_url: str, name: str, given: dict[str, str]) -> None:
    answer = ask(SecretStr(warehouse_url), question(name), given)
    assert (answer.why_empty, dict(answer.asked)) == (NOTHING_LOADED, {})
    assert answer.columns


def test_a_wallet_without_sales_is_told_of_the_hours_since_the_first_that_is_loaded(warehouse_url: str) -> None:
    fill(warehouse_url)
    said = ask(SecretStr(warehouse_url), question("wallet_history"), {"wallet": "0xnobody"}).why_empty
    assert said.startswith(
        "No rows: 8 of the 29 hours asked about are loaded, and none holds such a sale of the wallet 0xnobody."
    )
    before = {"wallet": "0xnobody", "to": "2026-11-19"}
    assert "is loaded" in ask(SecretStr(warehouse_url), question("wallet_history"), before).why_empty


def test_values_are_bound_and_never_become_sql(warehouse_url: str) -> None:
    fill(warehouse_url)
    hostile = "x' OR '1'='1'; DROP TABLE core.sale; --"
    assert ask(SecretStr(warehouse_url), question("daily_volume"), {"collection": hostile}).rows == []
    assert ask(SecretStr(warehouse_url), question("daily_volume"), {}).rows


def test_a_question_cannot_write(warehouse_url: str) -> None:
    writing = Question.parse("writing", HEADER + "DELETE FROM core.sale RETURNING sale_uid")
    with pytest.raises(Problem, match="read only sql transaction"):
        ask(SecretStr(warehouse_url), writing, {})


def test_a_warehouse_without_tables_says_to_migrate(postgres_url: str) -> None:
    with pytest.raises(Problem, match="lacks what this question reads") as caught:
        ask(SecretStr(postgres_url), question("daily_volume"), {})
    assert caught.value.hint.startswith("Run: tidemark migrate")


def test_a_dead_database_is_a_problem_without_the_password() -> None:
    with pytest.raises(Problem) as caught:
        ask(SecretStr("postgresql://someone:hunter2@127.0.0.1:1/none"), question("daily_volume"), {})
    assert "127.0.0.1:1" in caught.value.what
    assert "hunter2" not in str(caught.value)


def test_an_answer_knows_its_types_and_what_was_asked(warehouse_url: str) -> None:
    fill(warehouse_url)
    answer = ask(SecretStr(warehouse_url), question("chains"), {"to": "2026-11-20"})
    assert dict(zip(answer.columns, answer.types, strict=True))["volume_eth"] == 1700
    assert answer.asked["to"] == datetime(2026, 11, 21, tzinfo=UTC)


def test_names_that_do_not_match_are_a_problem_of_the_question(warehouse_url: str) -> None:
    with pytest.raises(Problem, match=r"mine\.sql does not fit its parameters: it reads :too"):
        ask(SecretStr(warehouse_url), Question.parse("mine", HEADER + "SELECT :too"), {})


def test_a_question_that_takes_too_long_is_told_as_that(warehouse_url: str) -> None:
    slow = Question.parse("slow", HEADER + "SET LOCAL statement_timeout = 10; SELECT pg_sleep(60)")
    with pytest.raises(Problem, match="took longer than this user may"):
        ask(SecretStr(warehouse_url), slow, {})


def test_a_person_may_interrupt_what_the_server_does(warehouse_url: str) -> None:
    def interrupt() -> None:
        with closing(psycopg2.connect(warehouse_url)) as connection, connection.cursor() as cursor:
            while not cursor.rowcount > 0:
                connection.rollback()
                cursor.execute("SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'")
        os.kill(os.getpid(), signal.SIGINT)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            ask(SecretStr(warehouse_url), replace(question("chains"), sql="SELECT pg_sleep(60)"), {})


def test_readers_may_ask_and_strangers_are_told_whom_to_ask(warehouse_url: str) -> None:
    fill(warehouse_url)
    connection = psycopg2.connect(warehouse_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS test_reader; DROP ROLE IF EXISTS test_stranger")
        cursor.execute("CREATE ROLE test_reader LOGIN PASSWORD 'r' IN ROLE tidemark_reader")
        cursor.execute("CREATE ROLE test_stranger LOGIN PASSWORD 's'")
    connection.close()
    server = warehouse_url.split("@")[1]
    assert ask(SecretStr(f"postgresql://test_reader:r@{server}"), question("daily_volume"), {}).rows
    with pytest.raises(Problem, match="may not read the warehouse") as caught:
        ask(SecretStr(f"postgresql://test_stranger:s@{server}"), question("daily_volume"), {})
    assert "GRANT tidemark_reader" in caught.value.hint
