"""An hour whose collector is late: it waits without a worker, and is there soon after the manifest is."""

import time
from datetime import UTC, datetime

import pytest

from tests.loading import Loading
from tidemark.core.hour import Hour

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.timeout(900)]


def test_an_hour_is_queryable_within_a_minute_of_its_last_manifest(loading: Loading) -> None:
    rest, key = loading.airflow.rest, Hour.of(datetime.now(UTC)).previous().key
    rest.unpause("load_sales")
    run = rest.trigger("load_sales", partition_key=key)
    rest.await_task("load_sales", run, "load", "deferred")
    assert rest.get("/pools/warehouse")["deferred_slots"] >= 1
    assert rest.get("/pools/warehouse")["occupied_slots"] == 0
    loading.archive(key)
    began = time.monotonic()
    while loading.loaded([key]) != {key: 3}:
        assert time.monotonic() - began < 60
        time.sleep(0.2)
    assert rest.wait("load_sales", run) == "success"
    (event,) = rest.get("/assets/events", source_run_id=run)["asset_events"]
    assert (event["partition_key"], event["extra"][key]["inserted"]) == (key, 3)
