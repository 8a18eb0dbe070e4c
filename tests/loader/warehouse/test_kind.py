"""Kinds of NFT: their keys are those of SQL, each is added once, and no two that differ can pass for one."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Connection

from tests.loader.contents import one, query
from tests.loader.recording import HOUR, Recording, sold
from tests.loader.test_hours import quiet, url_of
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.kind import Kind, Kinds, kind_key
from tidemark.loader.warehouse.load import execute, load
from tidemark.loader.warehouse.staging import Staging, codes_of
from tidemark.storage.postgres import connected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STORED = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
KINDS = st.builds(Kind, STORED, st.none() | STORED, st.none() | STORED, st.none() | STORED)
CAT = Kind("0xcats", "erc721", "Cat #", None)
KEYS = """
SELECT array_agg(core.kind_key(contract, standard, prefix, recipient) ORDER BY place)
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
    AS given (contract, standard, prefix, recipient, place)
"""


@pytest.mark.postgres
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(KINDS, min_size=1, max_size=20))
def test_a_key_is_the_one_that_sql_gives(warehouse_url: str, kinds: list[Kind]) -> None:
    with connected(SecretStr(warehouse_url)) as connection:
        salt = codes_of(connection).salt
    columns = [list(column) for column in zip(*kinds, strict=True)]
    assert query(warehouse_url, KEYS, *columns) == [([kind_key(kind, salt) for kind in kinds],)]


@given(KINDS, KINDS)
def test_texts_that_are_cut_elsewhere_have_another_key(some: Kind, other: Kind) -> None:
    assert (kind_key(some, b"") == kind_key(other, b"")) == (some == other)
    assert kind_key(some, b"") != kind_key(some, b"salt")


def test_a_kind_is_new_once() -> None:
    kinds = Kinds(b"")
    key, _ = kinds.known(CAT)
    assert [kinds.known(CAT)[0], kinds.taken(), kinds.known(CAT)[0], kinds.taken()] == [key, {key: CAT}, key, {}]


def test_two_objects_cannot_have_two_kinds_under_one_key() -> None:
    written: list[bytes] = []

    class Spool:
        def write(self, rows: bytes) -> None:
            written.append(rows)

    staging = Staging(quiet, {"observed_kind": Spool()}, quiet)
    staging.keep({7: CAT})
    staging.keep({7: CAT})
    with pytest.raises(Problem, match="have the same key, 7"):
        staging.keep({7: CAT._replace(name_prefix="Dog #")})
    assert written == [b'7,"0xcats","erc721","Cat #",null\n']


@pytest.mark.postgres
def test_a_kind_under_another_ones_key_is_refused_and_nothing_is_loaded(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    Recording(hour=HOUR).receive(sold(1), 1).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    query(url_of(settings), "DELETE FROM core.sale_row; UPDATE core.nft_kind SET name_prefix = 'Dog #'")
    with pytest.raises(Problem, match=r"core\.nft_kind has other values under the key -?[0-9]+ than the messages"):
        load_hour(HOUR, settings, force=True, log=quiet)
    assert one(url_of(settings), "SELECT count(*) FROM core.sale") == 0


@pytest.mark.postgres
def test_a_load_that_brings_a_new_kind_does_not_wait_for_another_that_brings_it_too(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    far = Hour.parse("2026-11-25T10")
    Recording(hour=HOUR).receive(sold(1), 1).put(s3, settings.bucket)
    Recording(hour=far).receive(sold(8, far), 2).put(s3, settings.bucket)

    def beside(connection: Connection, step: Path, values: dict[str, Any]) -> None:
        execute(connection, step, values)
        if step.name == "5_sales.sql":  # the other hour is loaded whole while this one's transaction is open
            load_hour(far, settings, log=quiet)

    load_hour(HOUR, settings, log=quiet, loading=partial(load, run_step=beside))
    assert query(url_of(settings), "SELECT count(*), count(DISTINCT nft_kind) FROM core.sale_row") == [(2, 1)]
    assert one(url_of(settings), "SELECT count(*) FROM core.nft_kind") == 1


@pytest.mark.postgres
def test_a_kind_that_was_lost_comes_back_with_the_next_load_of_its_hour(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    Recording(hour=HOUR).receive(sold(1), 1).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    shown = "SELECT contract_address, nft_name, token_standard, fees::text FROM core.sale"
    before = query(url_of(settings), shown)
    query(url_of(settings), "DELETE FROM core.nft_kind")
    load_hour(HOUR, settings, force=True, log=quiet)
    assert query(url_of(settings), shown) == before


@pytest.mark.postgres
def test_a_warehouse_without_its_salt_is_told_what_to_do(s3: "S3Client", settings: LoaderSettings) -> None:
    Recording().receive(sold(1), 1).put(s3, settings.bucket)
    query(url_of(settings), "DELETE FROM core.nft_kind_salt")
    with pytest.raises(Problem, match=r"core\.nft_kind_salt is empty") as told:
        load_hour(HOUR, settings, log=quiet)
    query(url_of(settings), told.value.hint.partition("no sales: ")[2])
    assert load_hour(HOUR, settings, log=quiet).inserted == 1
