"""An hour whose collector is late: it waits without a worker, and is there soon after the manifest is."""

import time
from datetime import UTC, datetime

import pytest

from tests.loading import Loading
from tidemark.core.hour import Hour

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.timeout(900)]


def test_an_hour_waits_for_its_last_manifest_and_is_queryable_then(loading: Loading) -> None:
    rest, key = loading.airflow.rest, Hour.of(datetime.now(UTC)).previous().key
    rest.unpause("load_sales")
    run = rest.trigger("load_sales", partition_key=key)
    rest.await_task("load_sales", run, "load", "deferred")
    assert rest.get("/pools/warehouse")["deferred_slots"] >= 1
    assert rest.get("/pools/warehouse")["occupied_slots"] == 0
    loading.archive(key)
    began = time.monotonic()
    while loading.loaded([key]) != {key: 3}:
        assert time.monotonic() - began < 300  # python -m bench airflow measures it
        time.sleep(0.2)
    assert rest.wait("load_sales", run) == "success"
    (event,) = rest.get("/assets/events", source_run_id=run)["asset_events"]
    assert (event["partition_key"], event["extra"][key]["inserted"]) == (key, 3)
