"""Which checks each program needs, from its own settings."""

import os
import time
from collections.abc import Callable, Iterator, Mapping

from tidemark.check.report import Check, Result, Unexpected, Warned, run_checks

# a program is checked unasked where these are set: all of them, of Airflow's one
_SIGNS = {
    "collector": (all, ("TIDEMARK_SPOOL",)),
    "uploader": (all, ("TIDEMARK_SPOOL",)),
    "loader": (all, ("TIDEMARK_WAREHOUSE_URL", "TIDEMARK_BUCKET")),
    "reader": (all, ("TIDEMARK_WAREHOUSE_URL",)),
    "airflow": (any, ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__API__BASE_URL")),
}
_TIMEOUT = 10.0


def check_programs(
    programs: list[str], variables: Mapping[str, str | None], unexpected: Unexpected, *, offline: bool
) -> Iterator[Result]:
    """Yield the results of these programs, or of all that `variables` (environment and .env) say are used here.

    `offline` leaves out what needs the network; `unexpected` is as in `run_checks`.
    """
    for program in programs or _SIGNS:
        if not programs and (why_not := _unused(program, variables)):
            yield Result(program, "settings", "skipped", f"not used here: {why_not}")
            continue
        yield from _check(program, unexpected, offline=offline)


def _unused(program: str, variables: Mapping[str, str | None]) -> str:
    """Say why a program is not used here, by the variables; empty where it is."""
    if program == "reader" and not _unused("loader", variables):
        return "who loads reads as well"
    suffice, signs = _SIGNS[program]
    return "" if suffice(variables.get(sign) for sign in signs) else f"{' and '.join(signs)} not set"


def _check(program: str, unexpected: Unexpected, *, offline: bool) -> Iterator[Result]:
    if program == "airflow":
        from tidemark.check.airflow import airflow_checks

        checks = [] if offline else airflow_checks(os.environ)
        yield from run_checks(program, checks, unexpected)
        return
    found: list[Callable[[bool], list[Check]]] = []

    def settings() -> str:
        programs = {"collector": _collector, "uploader": _uploader, "loader": _loader, "reader": _reader}
        found.append(programs[program]())
        return "complete"

    yield from run_checks(program, [Check("settings", settings)], unexpected)
    for checks_of in found:
        yield from run_checks(program, checks_of(offline), unexpected)


def _collector() -> Callable[[bool], list[Check]]:
    from collector.settings import CollectorSettings
    from tidemark.check.machine import check_clock, check_metrics, check_proxy, check_spool
    from tidemark.check.stream import check_stream

    settings = CollectorSettings()
    topic = f"collection:{settings.slugs()[0]}"

    def checks(offline: bool) -> list[Check]:
        here = [
            Check("spool and disk", lambda: check_spool(settings.spool)),
            Check("clock", lambda: check_clock(time.time())),
            Check("metrics", lambda: check_metrics(settings.spool, settings.metrics_host, settings.metrics_port)),
        ]
        stream = settings.stream_url.get_secret_value()
        online = [
            Check("proxy", lambda: check_proxy({"stream": stream})),
            Check("key and clock", lambda: check_stream(settings.address, topic, _TIMEOUT, time.time)),
        ]
        return here if offline else here + online

    return checks


def _uploader() -> Callable[[bool], list[Check]]:
    from collector.settings import UploadSettings
    from collector.upload.steps import connect
    from tidemark.archive.names import probe_name
    from tidemark.check.archive import check_put_once

    settings = UploadSettings().model_copy(update={"upload_attempts": 2, "upload_timeout": _TIMEOUT})
    name = probe_name(settings.collector)

    def put_once() -> str | Warned:
        return check_put_once(connect(settings), settings.prefix, name, settings.put_once)

    return lambda offline: [] if offline else [Check("put once", put_once)]


def _loader() -> Callable[[bool], list[Check]]:
    from tidemark.check.archive import check_reading
    from tidemark.check.events_api import check_events_api
    from tidemark.check.machine import check_proxy
    from tidemark.check.warehouse import warehouse_checks
    from tidemark.loader.s3 import archive_client
    from tidemark.loader.settings import LoaderSettings

    settings = LoaderSettings()

    def reading() -> str | Warned:
        client = archive_client(settings, attempts=2, timeout=_TIMEOUT)
        return check_reading(client, settings.bucket, settings.prefix, time.time)

    def events_api() -> str | Warned:
        if not settings.opensea_api_key:
            return Warned("no key: gaps are not repaired", "Set OPENSEA_API_KEY to repair gaps")
        return check_events_api(settings.api_url, settings.opensea_api_key.get_secret_value())

    def checks(offline: bool) -> list[Check]:
        online = [
            Check("archive and clock", reading),
            *warehouse_checks(settings.warehouse_url),
            Check("proxy", lambda: check_proxy({"Events API": settings.api_url})),
            Check("Events API", events_api),
        ]
        return [] if offline else online

    return checks


def _reader() -> Callable[[bool], list[Check]]:
    from tidemark.check.warehouse import reading_checks
    from tidemark.storage.settings import WarehouseSettings

    settings = WarehouseSettings()
    return lambda offline: [] if offline else reading_checks(settings.warehouse_url)
