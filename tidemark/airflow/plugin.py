"""Airflow's plugin: the page in the navigation of its UI, served by the API server.

Every process of Airflow reads this file, so it imports nothing heavy; the application is made by the first request.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

PREFIX = "/tidemark"
Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@cache
def _application() -> App:
    from tidemark.airflow.page import application

    return application()


async def serve(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer a request for the page."""
    await _application()(scope, receive, send)


def base_path() -> str:
    """Return the path under which Airflow is reached, without a slash at its end: empty unless a proxy adds one."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


class TidemarkPlugin(AirflowPlugin):
    """The page, behind Airflow's own login."""

    name = "tidemark"
    fastapi_apps = [{"app": serve, "url_prefix": PREFIX, "name": "tidemark"}]  # noqa: RUF012 - Airflow reads lists
    external_views = [  # noqa: RUF012
        {
            "name": "Tidemark",
            "href": f"{base_path()}{PREFIX}/",
            "destination": "nav",
            "url_route": "tidemark",
            "nav_top_level": True,
        }
    ]
