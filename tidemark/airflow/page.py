"""The page behind Airflow's login: who may see the runs of `load_sales` sees it, who may trigger them loads hours.

A plugin's application is mounted beside Airflow's own and gets no login check from it, so each route asks for one.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.models import Connection
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import SecretStr, ValidationError
from sqlalchemy import JSON, ColumnElement, and_, func, or_, select, type_coerce

from tidemark.airflow.connections import WAREHOUSE, Lookup, warehouse_url
from tidemark.airflow.plugin import base_path
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.query.page.html import POLICY, Home, Run, html_of, html_of_problem
from tidemark.query.page.page import Asked, asked_of, month_page
from tidemark.storage.settings import WarehouseSettings

DAG = "load_sales"
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_REFRESH = 3  # seconds, while a run of the hour is not over
_MOST_RUNS = 5
_FOLLOWED = timedelta(minutes=30)
_UNDER_WAY = ("queued", "running")

Clock = Callable[[], datetime]


def application(clock: Clock = lambda: datetime.now(UTC)) -> FastAPI:
    """Return the application that the plugin mounts."""
    app = FastAPI(title="Tidemark", openapi_url=None)

    @app.get("/", dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN, DAG))])
    def show(request: Request, user: GetUserDep) -> HTMLResponse:
        asked, now = asked_of(request.query_params), clock()
        page = month_page(_warehouse_url(), asked, now)
        embedded = request.headers.get("sec-fetch-dest") == "iframe"
        runs, followed = _runs_of(asked.hour, now, embedded=embedded)
        started = request.query_params.get("started", "")
        notice = _notice(started) if started in [run.name for run in runs] else ""
        home = Home(may_load=_may_trigger(user), runs=runs, notice=notice)
        refresh = {"Refresh": _refresh(request.query_params, now)} if followed else {}
        return HTMLResponse(html_of(page, home), headers=refresh)

    @app.post("/load", dependencies=[Depends(requires_access_dag("POST", DagAccessEntity.RUN, DAG))])
    def load(
        request: Request,
        user: GetUserDep,
        hour: Annotated[str, Form()],
        view: Annotated[str, Form()] = "",
        collection: Annotated[str, Form()] = "",
    ) -> RedirectResponse:
        _refuse_other_sites(request)
        asked = asked_of({"hour": hour, "view": view, "collection": collection})
        started = _trigger(asked, user.get_name(), clock())
        query = {"hour": hour, "view": asked.view, "collection": asked.collection or "", "started": started}
        shown = urlencode({name: value for name, value in query.items() if value})
        return RedirectResponse(f"{base_path()}/tidemark/?{shown}#hour", status_code=303)

    @app.middleware("http")
    async def protect(request: Request, call_next) -> Response:  # type: ignore[no-untyped-def]
        response: Response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.exception_handler(Problem)
    def tell(_: Request, problem: Problem) -> HTMLResponse:
        return HTMLResponse(html_of_problem(problem), status_code=400)

    @app.exception_handler(HTTPException)
    def refuse(_: Request, error: HTTPException) -> HTMLResponse:
        return HTMLResponse(html_of_problem(_refusal(error.status_code)), status_code=error.status_code)

    return app


def in_api_server(name: str) -> Any:
    """Return the connection as the API server sees it, None where there is none of that name."""
    try:
        return Connection.get_connection_from_secrets(name)
    except AirflowNotFoundException:
        return None


def _warehouse_url(lookup: Lookup = in_api_server) -> SecretStr:
    if connection := lookup(WAREHOUSE):
        return SecretStr(warehouse_url(connection))
    try:
        return WarehouseSettings().warehouse_url
    except ValidationError:
        raise Problem(
            f"neither the connection {WAREHOUSE} nor the API server's TIDEMARK_WAREHOUSE_URL names the warehouse",
            "Add the connection, as the workers have it, or set the variable and start the API server again",
        ) from None


def _may_trigger(user: GetUserDep) -> bool:
    return get_auth_manager().is_authorized_dag(
        method="POST",
        access_entity=DagAccessEntity.RUN,
        details=DagDetails(id=DAG, team_name=DagModel.get_team_name(DAG)),
        user=user,
    )


def _refuse_other_sites(request: Request) -> None:
    """Raise HTTPException where another site's page sends the browser here with the person's cookie.

    A browser says where a request comes from: in Sec-Fetch-Site, over plain HTTP only in Origin. A program that sends
    its token in Authorization says neither; no other site can make a browser do that.
    """
    headers = request.headers
    if headers.get("authorization", "").lower().startswith("bearer "):
        return
    site, origin = headers.get("sec-fetch-site"), urlsplit(headers.get("origin", "")).netloc
    if site != "same-origin" if site else origin != headers.get("host"):
        raise HTTPException(403)


def _trigger(asked: Asked, person: str, now: datetime) -> str:
    """Start a run of `load_sales` for the hour, and return its name."""
    if asked.hour is None or asked.hour.end > now:
        raise Problem("an hour is loaded when it is over", "Choose an earlier hour")
    run = trigger_dag(
        DAG,
        triggered_by=DagRunTriggeredByType.UI,
        triggering_user_name=person,
        conf={"force": True},
        partition_key=asked.hour.key,
        note="Load again, from the Tidemark page",
    )
    if run is None:
        raise Problem(f"Airflow started no run of {DAG}", f"Trigger {DAG} with the hour {asked.hour}")
    return str(run.run_id)


def _runs_of(hour: Hour | None, now: datetime, *, embedded: bool) -> tuple[list[Run], bool]:
    """Return the last runs of an hour, and whether one of them is under way.

    Within Airflow's own page a link to a run would open Airflow inside itself, so there is none.
    """
    if hour is None:
        return [], False
    with create_session() as session:
        newest = select(DagRun).where(DagRun.dag_id == DAG, _loads(hour))
        found = session.scalars(newest.order_by(DagRun.id.desc()).limit(_MOST_RUNS)).all()
        runs = [
            Run(
                run.run_id,
                str(run.state),
                f"{run.queued_at or run.run_after:%Y-%m-%d %H:%M:%S}",
                "" if embedded else f"{base_path()}/dags/{DAG}/runs/{quote(run.run_id, safe='')}",
            )
            for run in found
        ]
        fresh = [run.run_after for run in found if str(run.state) in _UNDER_WAY]
        return runs, any(at > now - _FOLLOWED for at in fresh)


def _loads(hour: Hour) -> ColumnElement[bool]:
    """Tell of a run whether it is one of the hour: by its partition key, or by the hour or the range of its form."""
    first, last = (type_coerce(DagRun.conf, JSON)[name].as_string() for name in ("hour", "last_hour"))
    return or_(DagRun.partition_key == hour.key, and_(first <= hour.key, func.coalesce(last, first) >= hour.key))


def _refresh(query: Mapping[str, str], now: datetime) -> str:
    """Return the header that loads the page again, at the hour; a browser stays where only the fragment differs."""
    return f"{_REFRESH}; url=?{urlencode({**query, 'at': int(now.timestamp())})}#hour"


def _notice(started: str) -> str:
    dag = DagModel.get_dagmodel(DAG)
    if dag is not None and dag.is_paused:
        return f"Started the run {started}. {DAG} is paused in Airflow: the run waits until you unpause it."
    return f"Started the run {started}."


def _refusal(status: int) -> Problem:
    match status:
        case 401:
            return Problem("you are not logged in to Airflow", "Log in to Airflow, then load this page again")
        case 403:
            return Problem(f"Airflow does not permit you this on {DAG}",
                           f"Ask its administrator for the right to see, or to trigger, the runs of {DAG}")  # fmt: skip
        case _:
            return Problem(f"Airflow answered {status}", "Go back, and try again")
