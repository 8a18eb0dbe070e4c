import re
from contextlib import closing
from typing import Any

import pytest

from tests.loading import Loading
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.local.services.airflow_rest import AirflowRest

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


@pytest.fixture
def rest(loading: Loading) -> AirflowRest:
    loading.airflow.rest.unpause("load_sales")
    return loading.airflow.rest


def test_a_run_is_triggered_by_its_form_and_by_its_partition(loading: Loading, rest: AirflowRest) -> None:
    keys = loading.archive("2026-10-02T00", "2026-10-02T01")
    by_form = rest.trigger("load_sales", hour=keys[0])
    by_key = rest.trigger("load_sales", partition_key=keys[1])
    assert [rest.wait("load_sales", run) for run in (by_form, by_key)] == ["success", "success"]
    assert rest.run("load_sales", by_key)["partition_key"] == keys[1]
    assert rest.run("load_sales", by_form)["note"] == keys[0]
    assert rest.xcom("load_sales", by_form, "load")[keys[0]]["inserted"] == 3
    assert loading.loaded(keys) == dict.fromkeys(keys, 3)


def test_the_form_takes_a_range_the_collectors_and_force(loading: Loading, rest: AirflowRest) -> None:
    keys = loading.archive("2026-10-02T14", "2026-10-02T15")
    form: dict[str, Any] = {"hour": keys[0], "last_hour": keys[1], "collectors": ["collector-a"]}
    unchanged = []
    for force in (False, False, True):
        run = rest.trigger("load_sales", **form, force=force)
        assert rest.wait("load_sales", run) == "success"
        reports = [rest.xcom("load_sales", run, "load_range", map_index=number) for number in (0, 1)]
        unchanged.append([report[key]["unchanged"] for report, key in zip(reports, keys, strict=True)])
    assert unchanged == [[False, False], [True, True], [False, False]]
    assert rest.run("load_sales", run)["note"] == f"{keys[0]} to {keys[1]}"
    tasks = rest.get(f"/dags/load_sales/dagRuns/{run}/taskInstances")["task_instances"]
    assert sorted(task["rendered_map_index"] for task in tasks if task["task_id"] == "load_range") == keys


def test_a_task_logs_what_a_person_wants_to_know(loading: Loading, rest: AirflowRest) -> None:
    key = loading.archive("2026-10-02T05")[0]
    run = rest.trigger("load_sales", hour=key)
    rest.wait("load_sales", run)
    log = rest.log("load_sales", run, "load")
    for said in (f"{key} loaded in", "3 new", "quarantined", "covered", "3,600.0  seconds of 3,600"):
        assert said in log


def test_a_failed_run_says_what_to_do(loading: Loading, rest: AirflowRest) -> None:
    run = rest.trigger("load_sales", hour="2026-10-02T09", collectors=["collector-z"])
    assert rest.wait("load_sales", run) == "failed"
    assert "by collector-z, only by no collector. What to do:" in rest.log("load_sales", run, "load")


def test_an_hour_with_a_run_keeps_it_unless_it_is_to_be_reprocessed(loading: Loading, rest: AirflowRest) -> None:
    hour = Hour.parse(loading.archive("2026-10-02T12")[0])
    first = rest.backfill("load_sales", hour, hour, lambda _: None)
    again = rest.backfill("load_sales", hour, hour, lambda _: None)
    anew = rest.backfill("load_sales", hour, hour, lambda _: None, reprocess_behavior="completed")
    assert (first, again, anew) == ({hour.key: "success"}, {hour.key: "success"}, {hour.key: "success"})
    runs = [run for run in rest.runs("load_sales") if run["partition_key"] == hour.key]
    assert len(runs) == 2


@pytest.mark.parametrize("run_backwards", [False, True])
def test_a_backfill_runs_in_either_order(loading: Loading, rest: AirflowRest, run_backwards: bool) -> None:
    day = "03" if run_backwards else "04"
    keys = loading.archive(f"2026-10-{day}T00", f"2026-10-{day}T03")
    ended: list[str] = []
    first, last = Hour.parse(keys[0]), Hour.parse(keys[-1])
    rest.backfill("load_sales", first, last, ended.append, run_backwards=run_backwards, max_active_runs=1)
    order = [line.split()[0] for line in ended[1:]]
    assert order == (keys[::-1] if run_backwards else keys)
    assert loading.loaded(keys) == dict.fromkeys(keys, 3)


def test_what_airflow_refuses_is_a_problem_with_its_words(rest: AirflowRest) -> None:
    with pytest.raises(Problem, match="404 to POST /api/v2/dags/no_such_dag/dagRuns"):
        rest.trigger("no_such_dag")


def test_a_form_with_a_wrong_hour_is_refused_before_anything_runs(rest: AirflowRest) -> None:
    with pytest.raises(Problem, match="yesterday"):
        rest.trigger("load_sales", hour="yesterday")


def test_waiting_ends_with_a_problem_when_a_run_does_not(loading: Loading, rest: AirflowRest) -> None:
    with pytest.raises(Problem, match="1 of 1 runs of load_sales have not ended"):
        rest.wait_all("load_sales", ["no-such-run"], lambda _: None, timeout=0)
    loading.archive("2026-10-02T19")  # an hour without a manifest is loaded only where recording had begun before
    run = rest.trigger("load_sales", hour="2026-10-02T20")
    rest.wait("load_sales", run)
    with pytest.raises(Problem, match=f"load of {re.escape(run)} is success, not deferred, after 0 s"):
        rest.await_task("load_sales", run, "load", "deferred", timeout=0)


def test_the_health_of_an_airflow_that_is_not_there_is_nothing() -> None:
    with closing(AirflowRest("http://127.0.0.1:1", "admin", "x")) as rest:
        assert rest.health() == {}
        with pytest.raises(Problem, match=r"http://127\.0\.0\.1:1 does not answer"):
            rest.dags()


def test_a_wrong_password_is_a_problem(loading: Loading) -> None:
    with closing(AirflowRest(loading.airflow.url, "admin", "wrong")) as rest, pytest.raises(Problem, match="401"):
        rest.dags()


def test_who_was_logged_out_logs_in_again(rest: AirflowRest) -> None:
    rest._http.headers["Authorization"] = "Bearer expired"
    assert "load_sales" in rest.dags()
