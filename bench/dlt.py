"""How long Python objects take into the keyed fact, beside dlt's merge of the same objects.

Both write to the same PostgreSQL, with fsync. dlt's table has the same columns, once with no index to keep and once
with those of core.sale. Tidemark's share ends where sales are under every key and index of core.sale: dlt writes
nothing of what a load does afterwards. Tidemark loads them once as one hour, which several processes print as they read
a large hour, and once as twelve hours by two loaders, in the order in which tasks of Airflow take a range. dlt runs as
its manual shows it and, beside the two loaders, also with two processes and the files that they need to share the work.
"""

import json
import os
import pickle
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from statistics import mean, median
from typing import Any

import msgspec
from pydantic import SecretStr
from sqlalchemy import Connection, text

from bench import results
from bench.load import FEW, HOUR, KEYED, SALES, Printed, codes_in, emptied, kept, loaded, printed, stage
from bench.sales import sales
from bench.server import warehouse
from tidemark.core.hour import Hour, hours
from tidemark.loader.hours import spread
from tidemark.loader.transform.identity import sale_uid
from tidemark.loader.transform.sale import Sale
from tidemark.loader.warehouse.kind import Kind
from tidemark.loader.warehouse.load import execute, merge
from tidemark.loader.warehouse.packing import Codes
from tidemark.loader.warehouse.reading import MOST_PROCESSES
from tidemark.local.services.postgres import Postgres
from tidemark.storage.postgres import connected

LOADERS = 2
RANGE = spread(list(hours(HOUR, Hour.parse("2026-11-20T21"))))
OF_EACH = SALES // len(RANGE)
OPPONENT = Path(__file__).with_name("opponents") / "dlt_merge.py"
PYTHON = Path(__file__).parents[1] / ".venv-bench" / "bin" / "python"
PRICES = ("price", "unit_price", "price_usd", "price_eth")
TOLD = (*Sale.__struct_fields__, *PRICES)
SAME = f"""
    SELECT count(*) FROM core.sale AS ours JOIN dlt.sale AS theirs ON theirs.sale_uid = ours.sale_uid::text
    WHERE ({", ".join(f"ours.{name}" for name in TOLD)})
        IS NOT DISTINCT FROM ({", ".join(f"theirs.{name}" for name in TOLD)})
"""
# how an index names a column that core.sale shows otherwise
AS_TEXT = re.compile(r"(?:core\.(?:party_)?to_text|COALESCE)\((\w+)(?:[^()]|\([^()]*\))*\)")
SEED = 2
AT_ONCE = 2_000  # objects that a process prints before it hands over rows
Load = Callable[[], float]  # brings all sales into an empty fact; returns its seconds


def main() -> None:
    with warehouse() as server:
        # the first load makes the files: not counted
        loaded(server, printed(sales(HOUR, SALES, seed=3), codes_in(server.url())))
        with in_one_hour(server, FEW) as load:
            bare, keyed = beside_dlt(server, one_hour(FEW), FEW, load, rounds=2)
        results.record(load_vs_dlt_merge_100k=keyed, load_vs_dlt_merge_100k_no_keys=bare)
        with in_one_hour(server, SALES) as load:
            bare, keyed = beside_dlt(server, one_hour(SALES), SALES, load)
        results.record(load_vs_dlt_merge=keyed, load_vs_dlt_merge_no_keys=bare)
        with in_a_range(server) as load:
            bare, keyed = beside_dlt(server, whole_range(), OF_EACH * len(RANGE), load)
            results.record(range_vs_dlt_merge=keyed, range_vs_dlt_merge_no_keys=bare)
            bare, keyed = beside_dlt(server, whole_range(), OF_EACH * len(RANGE), load, processes=2)
            results.record(range_vs_dlt_merge_2_processes=keyed, range_vs_dlt_merge_2_processes_no_keys=bare)


def one_hour(count: int) -> Iterator[Sale]:
    return sales(HOUR, count, SEED)


def hour_of_range(hour: Hour) -> Iterator[Sale]:
    return sales(hour, OF_EACH, SEED + hour.start.hour)


def whole_range() -> Iterator[Sale]:
    return chain.from_iterable(map(hour_of_range, RANGE))


def beside_dlt(
    server: Postgres, objects: Iterable[Sale], count: int, load: Load, *, rounds: int = 1, processes: int = 1
) -> tuple[float, float]:
    """Let Tidemark load objects, and dlt merge them into a table of its own without keys and into one with the same.

    Return the ratios of their seconds. Tidemark goes before and after dlt, for a machine is not as quick all the time.
    """
    ratios: dict[str, list[float]] = {"no keys": [], "the same keys": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "sales").open("wb") as rows:
            for sale in objects:
                pickle.dump(row_for_dlt(sale), rows)
        ours = load()
        for _ in range(rounds):
            for keys, found in ratios.items():
                before, theirs = ours, merged_by_dlt(server, folder, count, processes, keyed=keys != "no keys")
                ours = load()
                found.append(theirs / mean((before, ours)))
                print(
                    f"{count:,} sales: fact {before:.1f} and {ours:.1f} s, dlt with {keys} {theirs:.1f} s", flush=True
                )
    bare, keyed = (median(found) for found in ratios.values())
    return bare, keyed


@contextmanager
def in_one_hour(server: Postgres, count: int) -> Iterator[Load]:
    """Run as many processes as read a large hour; each has made the same sales, and prints parts of them when asked."""

    def rows(kinds: dict[int, Kind]) -> Iterator[bytes]:
        for part, met in pool.map(_Part.printed, range(0, count, AT_ONCE)):
            kinds.update(met)
            yield part

    def made() -> Printed:
        kinds: dict[int, Kind] = {}
        return Printed(rows(kinds), kinds)

    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    with ProcessPoolExecutor(processes, initializer=_Part.make, initargs=(count, codes_in(server.url()))) as pool:
        kept(made())  # so that all have begun
        yield lambda: loaded(server, made())[0]


class _Part:
    """What a process prints parts of."""

    objects: list[Sale]
    codes: Codes

    @classmethod
    def make(cls, count: int, codes: Codes) -> None:
        cls.objects, cls.codes = list(one_hour(count)), codes

    @classmethod
    def printed(cls, start: int) -> tuple[bytes, dict[int, Kind]]:
        made = printed(cls.objects[start : start + AT_ONCE], cls.codes, start + 1)
        return b"".join(made.rows), made.kinds


@contextmanager
def in_a_range(server: Postgres) -> Iterator[Load]:
    """Run two loaders, which have made every other hour each and load them one after the other when asked."""

    def load() -> float:
        with connected(SecretStr(server.url())) as connection:
            emptied(connection)
        began = time.perf_counter()
        for ended in [pool.submit(_Loader.load) for pool in pools]:
            ended.result()
        return time.perf_counter() - began

    with ExitStack() as begun:
        codes = codes_in(server.url())
        pools = [
            begun.enter_context(
                ProcessPoolExecutor(1, initializer=_Loader.make, initargs=(server.url(), RANGE[number::LOADERS], codes))
            )
            for number in range(LOADERS)
        ]
        load()  # so that both have begun
        yield load


class _Loader:
    """A process that loads hours."""

    url: str
    codes: Codes
    objects: dict[Hour, list[Sale]]

    @classmethod
    def make(cls, url: str, own: list[Hour], codes: Codes) -> None:
        cls.url, cls.codes, cls.objects = url, codes, {hour: list(hour_of_range(hour)) for hour in own}

    @classmethod
    def load(cls) -> None:
        for hour, objects in cls.objects.items():
            with connected(SecretStr(cls.url)) as connection:
                merge(connection, stage(connection, hour, printed(objects, cls.codes)), until_keyed)
                connection.commit()


def until_keyed(connection: Connection, step: Path, values: dict[str, Any]) -> None:
    """Run a step of a load, if it is not after the sales are in the keyed fact."""
    if step.name <= KEYED:
        execute(connection, step, values)


def merged_by_dlt(server: Postgres, folder: Path, count: int, processes: int, *, keyed: bool) -> float:
    """Let dlt merge the sales in a folder into a table of its own, compare and drop it; return dlt's seconds."""
    given = [each.replace("ON core.sale ", "ON dlt.sale ") for each in keys_of_the_fact(server)]
    keys = json.dumps([each for each in given if "(source_hour" not in each] if keyed else [])
    environment = {
        **os.environ, "BENCH_URL": server.url(), "BENCH_KEYS": keys, "BENCH_PROCESSES": str(processes)
    }  # fmt: skip
    done = subprocess.run([PYTHON, OPPONENT, folder, str(count)], env=environment, check=True, stdout=subprocess.PIPE)
    with connected(SecretStr(server.url())) as connection:
        same = connection.scalar(text(SAME))
        connection.execute(text("DROP SCHEMA dlt, dlt_staging CASCADE"))
        connection.commit()
    if same != count:
        raise SystemExit(f"dlt's table has {same:,} of {count:,} sales as core.sale has them")
    return float(done.stdout.splitlines()[-1])


def keys_of_the_fact(server: Postgres) -> list[str]:
    """Return the statements that give a table of text the keys and indexes of core.sale_row, as if on core.sale."""
    with connected(SecretStr(server.url())) as connection:
        made = connection.scalars(
            text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'core' AND tablename = 'sale_row'")
        )
        keys = ["CREATE UNIQUE INDEX sale_key ON core.sale (sale_uid)"]
        shown = [AS_TEXT.sub(r"(\1)", each).replace("nft_kind", "contract_address") for each in made]
        return keys + [each.replace("ON ONLY core.sale_row ", "ON core.sale ") for each in shown]


def row_for_dlt(sale: Sale) -> dict[str, Any]:
    """Return a sale as a dictionary; the amounts in its fees are text, as core.sale has them."""
    row: dict[str, Any] = msgspec.to_builtins(sale, builtin_types=(datetime, Decimal))
    row |= {"sale_uid": str(sale_uid(sale)), **{name: getattr(sale, name) for name in PRICES}}
    if sale.fees:
        row["fees"] = [fee | {"amount_raw": str(fee["amount_raw"])} for fee in row["fees"]]
    return row
