"""`tidemark verify` says of each check what it found in the whole warehouse, how long it took, and what to do."""

import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.loader.contents import query
from tests.sql.market import fill
from tests.sql.test_checks import FIRST, LOADED, PLANTED
from tests.support.command import run
from tidemark.loader.checks import checks
from tidemark.storage.postgres import connected

pytestmark = pytest.mark.postgres
Capture = pytest.CaptureFixture[str]
NAMES = [check.name for check in checks()]
# of each kind of fault the first, in an order in which none mends or hinders another
LAST = ("flags_disagree", "duplicate_sales", "sale_in_two_months")
FAULTS = [PLANTED[name][0] for name in (*(name for name in NAMES if name not in LAST), *LAST)]
_ESCAPES = re.compile(r"\x1b\]8;.*?\x1b\\|\x1b\[[0-9;?]*[A-Za-z]")
ALL_SIDES = "UPDATE core.sale SET side = 'offer', seller = maker, buyer = taker"


@pytest.fixture
def loaded(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a warehouse with the market and one load, which the command uses, on 80 columns."""
    fill(warehouse_url)
    query(warehouse_url, LOADED)
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    return warehouse_url


def lines_of(out: str) -> list[str]:
    """The lines that stay on a terminal."""
    return [_ESCAPES.sub("", line.rpartition("\r")[2]).rstrip() for line in out.rstrip("\n").split("\n")]


def results(out: str) -> list[str]:
    return [line.rpartition("  ")[0].rstrip() for line in lines_of(out) if re.search(r"^\w.* \d+\.\d s$", line)]


def test_a_sound_warehouse_is_a_line_for_each_check(loaded: str, capsys: Capture) -> None:
    status, out, err = run(capsys, "verify")
    assert (status, err) == (0, "")
    assert results(out) == [f"{name:<24} ok" for name in NAMES]
    lines = lines_of(out)
    assert re.fullmatch(rf"{len(NAMES)} checks in \d+\.\d s: nothing is wrong\.", lines[-1])
    assert max(map(len, lines)) <= 80


def test_a_fault_of_each_kind_is_found_and_says_what_to_do(loaded: str, capsys: Capture) -> None:
    for fault in FAULTS:
        query(loaded, fault)
    status, out, _ = run(capsys, "verify")
    assert status == 1
    assert [line.split()[0] for line in results(out) if " wrong row" in line] == NAMES
    said = " ".join(" ".join(lines_of(out)).split())
    assert [check.name for check in checks() if f"{check.wrong} Next: {check.next}" not in said] == []
    assert said.endswith(f": {len(NAMES)} found wrong rows.")
    assert max(map(len, lines_of(out))) <= 80


def test_a_few_rows_are_shown_of_many(loaded: str, capsys: Capture) -> None:
    query(loaded, ALL_SIDES)
    status, out, _ = run(capsys, "verify", "parties")
    assert (status, results(out)) == (1, ["parties                  11 wrong rows"])
    assert "6 more rows; --rows shows more." in out
    assert out.count("  offer  ") == 5
    status, out, _ = run(capsys, "verify", "parties", "--rows", "1000")
    assert (status, out.count("  offer  "), "more rows" in out) == (1, 11, False)


def test_what_has_no_room_is_named(loaded: str, capsys: Capture) -> None:
    query(loaded, f"UPDATE core.sale SET chain = 'Ethereum' WHERE sale_uid = {FIRST}")
    _, out, _ = run(capsys, "verify", "spelling")
    assert "--wide shows all." in out
    assert max(map(len, lines_of(out))) <= 80
    _, out, _ = run(capsys, "verify", "spelling", "--wide")
    assert "--wide shows all." not in out
    ((uid, name),) = query(loaded, "SELECT sale_uid, transaction_hash FROM core.sale WHERE chain = 'Ethereum'")
    assert str(uid) in out
    assert str(name) in out


def test_a_pipe_gets_no_padding(loaded: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TTY_COMPATIBLE")
    monkeypatch.delenv("COLUMNS")
    query(loaded, ALL_SIDES)
    _, out, _ = run(capsys, "verify", "parties", "--rows", "2")
    assert "9 more rows" in out
    assert max(map(len, out.splitlines())) < 1000


def test_json_has_every_check_with_its_rows(loaded: str, capsys: Capture) -> None:
    query(loaded, ALL_SIDES)
    status, out, err = run(capsys, "verify", "parties", "amounts", "--json", "--rows", "2")
    parties, amounts = json.loads(out)
    assert (status, parties["check"], amounts["check"]) == (1, "parties", "amounts")
    assert (parties["wrong_rows"], amounts["wrong_rows"]) == (11, 0)
    assert (len(parties["first"]), parties["first"][0]["side"], amounts["first"]) == (2, "offer", [])
    assert parties["next"].startswith("Compare the row")
    assert "1 found wrong rows" in err


def test_no_value_of_a_message_moves_the_cursor(loaded: str, capsys: Capture) -> None:
    query(loaded, f"UPDATE core.sale SET chain = E'\\x1b[2J\\u202eX' WHERE sale_uid = {FIRST}")
    for words in ((), ("--wide",), ("--json",)):
        _, out, _ = run(capsys, "verify", "spelling", *words)
        assert "[2J" in out
        assert "\x1b[2J" not in out
        assert "\u202e" not in out


def test_names_are_checked_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:1/none")
    for words, said in ((("amount",), "'amount' is not one of"), (("--rows", "0"), "greater than or equal to 1")):
        status, _, err = run(capsys, "verify", *words)
        assert (status, said in err) == (2, True)


def test_dashes_do_and_a_name_counts_once(loaded: str, capsys: Capture) -> None:
    status, out, _ = run(capsys, "verify", "sale-times", "sale_times")
    assert (status, results(out)) == (0, ["sale_times               ok"])
    assert ("1 check in " in out) is True


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "TIDEMARK_WAREHOUSE_URL: Field required"),
        ("postgresql://nobody:hunter2@127.0.0.1:1/none", "the connection was refused"),
    ],
)
def test_without_a_warehouse_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, address: str, said: str
) -> None:
    monkeypatch.delenv("TIDEMARK_WAREHOUSE_URL", raising=False)
    if address:
        monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", address)
    status, out, err = run(capsys, "verify")
    assert (status, said in err, "Next: " in err, "hunter2" in out + err) == (1 if address else 2, True, True, False)


def test_a_database_without_tables_is_to_be_migrated(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, postgres_url: str
) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", postgres_url)
    status, _, err = run(capsys, "verify")
    assert (status, "lacks the migrations 0001" in err, "Next: Run: tidemark migrate" in err) == (1, True, True)


def test_ctrl_c_cancels_what_the_server_does(loaded: str, capsys: Capture) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%-- Grain:%'"
    with connected(SecretStr(loaded)) as holding, ThreadPoolExecutor(1) as threads:
        holding.execute(text("LOCK TABLE core.sale_row IN ACCESS EXCLUSIVE MODE"))

        def interrupt() -> None:
            while query(loaded, waiting) == [(0,)]:
                pass
            os.kill(os.getpid(), signal.SIGINT)

        threads.submit(interrupt)
        status, out, _ = run(capsys, "verify", "amounts")
        assert (status, "wrong" in out) == (130, False)
        assert query(loaded, waiting) == [(0,)]
