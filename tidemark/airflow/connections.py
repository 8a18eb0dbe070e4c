"""Where tasks find the warehouse, the archive and the API key: Airflow's connections, else environment variables.

| connection | what it holds | without it |
|---|---|---|
| `tidemark_warehouse` | the warehouse (type `postgres`; the extra holds libpq's options, such as `sslmode`) | `TIDEMARK_WAREHOUSE_URL` |
| `aws_default`, or the one that `TIDEMARK_AWS_CONN_ID` names | access to S3 (type `aws`) | what boto3 finds |
| `opensea_default` | the key of the Events API, as its password | `OPENSEA_API_KEY` |
"""  # noqa: E501 - a table

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tidemark.core.errors import Problem

if TYPE_CHECKING:
    from tidemark.loader.settings import LoaderSettings

WAREHOUSE, OPENSEA, AWS = "tidemark_warehouse", "opensea_default", "aws_default"
AWS_ID = "TIDEMARK_AWS_CONN_ID"
_URL, _KEY = "TIDEMARK_WAREHOUSE_URL", "OPENSEA_API_KEY"
# what an `aws` connection may hold besides its key pair without the help of Airflow's provider
_SIMPLE = {"region_name": "region_name", "endpoint_url": "endpoint_url", "aws_session_token": "aws_session_token"}
Lookup = Callable[[str], Any]


def in_task(name: str) -> Any:
    """Return the connection as a running task sees it, None where there is none of that name."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(name)
    except AirflowNotFoundException:
        return None


def loader_settings(
    lookup: Lookup = in_task, environ: Mapping[str, str] = os.environ, log: Callable[[str], None] = lambda _: None
) -> "LoaderSettings":
    """Return the settings of a task, and log where each secret came from.

    Raises Problem where the warehouse is named nowhere, a connection cannot be used or another setting is wrong.
    """
    from pydantic import ValidationError

    from tidemark.loader.settings import LoaderSettings
    from tidemark.storage.settings import mistakes_of

    warehouse, opensea, aws = lookup(WAREHOUSE), lookup(OPENSEA), lookup(environ.get(AWS_ID) or AWS)
    access = s3_access(aws) if aws else {}
    for line in sources(warehouse, opensea, aws if access else None, environ):
        log(line)
    given: dict[str, Any] = {}
    if warehouse:
        given["warehouse_url"] = warehouse_url(warehouse)
    if opensea and opensea.password:
        given["opensea_api_key"] = opensea.password
    try:
        return LoaderSettings(**given).use_s3_access(access)
    except ValidationError as error:
        raise Problem("\n".join(mistakes_of(error)),
                      "Set them in the environment of Airflow's workers and triggerer; docs/settings.md describes each"
                      ) from None  # fmt: skip


def sources(warehouse: Any, opensea: Any, aws: Any, environ: Mapping[str, str]) -> list[str]:
    """Return a line for each connection: it is used, or what is used without it, or what is missing.

    Raises Problem where nothing names the warehouse.
    """
    if not warehouse and not environ.get(_URL):
        raise Problem(
            f"neither the connection {WAREHOUSE} nor {_URL} says where the warehouse is",
            f"Run: airflow connections add {WAREHOUSE} --conn-type postgres --conn-host HOST --conn-schema DATABASE "
            "--conn-login USER --conn-password PASSWORD",
        )
    return [
        f"warehouse: {_used(warehouse, _URL)}",
        f"archive: {_used(aws, 'what boto3 finds')}",
        f"Events API: {_used(opensea, _KEY)}"
        if opensea or environ.get(_KEY)
        else f"Events API: no key; neither the connection {OPENSEA} nor {_KEY} holds one, so gaps are not repaired",
    ]


def _used(connection: Any, otherwise: str) -> str:
    return f"connection {connection.conn_id}" if connection else otherwise


def warehouse_url(connection: Any) -> str:
    """Return the address of a `postgres` connection. Raises Problem where it lacks a part."""
    from sqlalchemy import URL

    if not connection.host or not connection.schema:
        raise Problem(f"the connection {connection.conn_id} lacks its host or its database",
                      "Fill in Host, Login, Password, Port and Database (also called Schema)")  # fmt: skip
    options = {name: str(value) for name, value in connection.extra_dejson.items() if isinstance(value, str | int)}
    return URL.create(
        "postgresql",
        connection.login,
        connection.password,
        connection.host,
        connection.port,
        connection.schema,
        options,
    ).render_as_string(hide_password=False)


def s3_access(connection: Any) -> dict[str, str]:
    """Return an `aws` connection as arguments of boto3's `client`; empty where the connection holds nothing.

    A key pair, a region and an address are read here; for a role, a profile or anything else Airflow's own provider
    for AWS is asked. Raises Problem where it is needed and not installed.
    """
    extra = {name: value for name, value in connection.extra_dejson.items() if value not in (None, "", {}, [])}
    if set(extra) - set(_SIMPLE):
        return _by_provider(connection.conn_id, sorted(set(extra) - set(_SIMPLE)))
    pair = {"aws_access_key_id": connection.login, "aws_secret_access_key": connection.password}
    return {name: value for name, value in (pair | extra).items() if value}


def _by_provider(name: str, extra: list[str]) -> dict[str, str]:
    try:
        from airflow.providers.amazon.aws.hooks.base_aws import (  # type: ignore[import-not-found,unused-ignore]
            AwsGenericHook,
        )
    except ImportError:
        raise Problem(f"the connection {name} holds {', '.join(extra)}, which only Airflow's AWS provider can read",
                      "Run: pip install apache-airflow-providers-amazon") from None  # fmt: skip
    hook = AwsGenericHook(aws_conn_id=name, client_type="s3")
    credentials = hook.get_session().get_credentials()
    found = {"region_name": hook.region_name, "endpoint_url": hook.conn_config.get_service_endpoint_url("s3")}
    if credentials:
        frozen = credentials.get_frozen_credentials()
        found |= {
            "aws_access_key_id": frozen.access_key,
            "aws_secret_access_key": frozen.secret_key,
            "aws_session_token": frozen.token,
        }
    return {name: value for name, value in found.items() if value}
