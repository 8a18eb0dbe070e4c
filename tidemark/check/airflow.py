"""Airflow on this machine: its metadata database, its API server, and the connections that tasks use."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from tidemark.check.report import Check, Warned
from tidemark.core.errors import Problem
from tidemark.storage.failures import problem_of
from tidemark.storage.postgres import connected

DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
ADDRESS = "AIRFLOW__API__BASE_URL"
_TIMEOUT = 10.0


def airflow_checks(environ: Mapping[str, str]) -> list[Check]:
    """Return the checks of the Airflow that these variables describe."""
    checks = []
    if database := environ.get(DATABASE):
        checks.append(Check("metadata database", lambda: _database(SecretStr(database))))
        checks.append(Check("connections", lambda: connections(on_server, environ)))
    if address := environ.get(ADDRESS):
        checks.append(Check("health", lambda: _health(address)))
    return checks


def on_server(name: str) -> Any:
    """Return the connection as Airflow's own programs see it, None where there is none of that name."""
    from airflow.models.connection import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get_connection_from_secrets(name)
    except AirflowNotFoundException:
        return None


def connections(lookup: Callable[[str], Any], environ: Mapping[str, str]) -> str | Warned:
    """Return where tasks find the warehouse, the archive and the key. Raises Problem where one cannot be used."""
    from tidemark.airflow.connections import AWS, AWS_ID, OPENSEA, WAREHOUSE, s3_access, sources, warehouse_url

    warehouse, opensea, aws = lookup(WAREHOUSE), lookup(OPENSEA), lookup(environ.get(AWS_ID) or AWS)
    found = "\n".join(sources(warehouse, opensea, aws if aws and s3_access(aws) else None, environ))
    if warehouse:
        warehouse_url(warehouse)
    if "no key" in found:
        return Warned(found, f"To repair gaps: airflow connections add {OPENSEA} --conn-type http --conn-password KEY")
    return found


def _database(url: SecretStr) -> str:
    with connected(url, name=DATABASE, what="Airflow's database"):
        return "it answers"


def _health(address: str) -> str:
    try:
        health = httpx.get(f"{address}/api/v2/monitor/health", timeout=_TIMEOUT).raise_for_status().json()
        states = {part: state["status"] for part, state in health.items() if isinstance(state, dict)}
    except httpx.HTTPStatusError as error:
        raise Problem(f"Airflow answered HTTP {error.response.status_code}", f"Check {ADDRESS}") from None
    except httpx.HTTPError as error:
        problem = problem_of("Airflow's API server", error)
        if problem is None:
            raise
        raise problem from None
    except (ValueError, KeyError, AttributeError):
        raise Problem("the address answers, but not as Airflow does", f"Check {ADDRESS}") from None
    if ill := sorted(part for part, state in states.items() if state not in (None, "healthy")):
        raise Problem(f"Airflow's {', '.join(ill)} {'is' if len(ill) == 1 else 'are'} not healthy", "Read their logs")
    return ", ".join(f"{part} {state or 'not used'}" for part, state in states.items())
