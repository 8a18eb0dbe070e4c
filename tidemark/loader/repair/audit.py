"""Audit: ask the Events API for all sales of settled hours, covered or not, and archive the answers, hour by hour."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.repair.draw import Drawn, draw
from tidemark.loader.repair.gaps import NO_KEY, Log
from tidemark.loader.repair.http import EventsApi, client_of
from tidemark.loader.repair.objects import AUDIT, run_name
from tidemark.loader.repair.postgres import due_hours, hour_quality, record_draw
from tidemark.loader.repair.session import Session, WindowReport
from tidemark.loader.s3 import archive_client
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.runs import require_migrated
from tidemark.storage.postgres import connected
from tidemark.storage.s3 import S3Store

_FIGURES = (
    "audited_share",
    "api_sales",
    "api_seen_by",
    "api_covered",
    "api_unseen",
    "api_unseen_uncovered",
    "api_set_aside",
    "stream_only",
    "loss",
    "loss_low",
    "loss_high",
    "missed_estimate",
)


@dataclass(slots=True)
class AuditReport:
    """A run of audits; every value is plain, so that it prints as JSON.

    `hours_due` settled hours were not audited, `drawn` windows of them were chosen by `seed`. `hours` are those whose
    archive changed and that are to be loaded again; `why` tells why the run ended early.
    """

    collector: str
    seed: int
    budget: int
    hours_due: int
    drawn: int = 0
    expected_requests: int = 0
    requests: int = 0
    windows: list[WindowReport] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    why: str | None = None

    def check(self) -> None:
        """Raise Problem where the API was asked and nothing was learnt."""
        if self.requests and not any(window.covered_seconds for window in self.windows):
            seen = sorted({window.why or "no answer" for window in self.windows})
            raise Problem(
                f"nothing was audited: {'; '.join(seen[:3])}", "The hours stay due, and the next run asks again"
            )


def audit_hours(
    settings: LoaderSettings,
    first: Hour,
    last: Hour,
    *,
    seed: int | None = None,
    again: bool = False,
    dry_run: bool = False,
    log: Log = print,
) -> AuditReport:
    """Fetch and archive all sales that the Events API knows of hours from `first` to `last`.

    Hours that are not loaded or not settled, and without `again` those that an audit has asked about, are left out.
    The hours that the report names are then to be loaded again; that compares them. Without a key, and in a dry run,
    nothing is asked for. Raises Problem where the key is refused or the archive cannot be written.
    """
    now = settings.clock.at(time.time())
    # the last hour of which the Events API is taken to know everything
    settled = min(last, Hour.of(now - timedelta(seconds=settings.audit_delay)).previous())
    seed = secrets.randbits(32) if seed is None else seed
    collector = run_name(now, secrets.token_hex(2), AUDIT)
    with connected(settings.warehouse_url) as connection:
        require_migrated(connection)
        due = due_hours(connection, first, settled, again=again)
        closed = len(due_hours(connection, first, settled, again=again, closed=True))
        drawn = draw(due, settings.audit_requests, seed)
        report = AuditReport(collector, seed, settings.audit_requests, len(due), len(drawn))
        report.expected_requests = sum(each.requests for each in drawn)
        log(
            f"{first} to {settled}: hours to audit: {len(due):,}\n  windows: {len(drawn):,}, chosen with seed {seed}; "
            f"about {report.expected_requests:,} of at most {settings.audit_requests:,} requests"
        )
        if closed:
            log(f"left out: {closed:,} hours that cannot be loaded any more, for a month was detached")
        if settings.opensea_api_key is None or dry_run:
            report.why = "a dry run asks for nothing" if dry_run else NO_KEY
            report.windows = [WindowReport.of(each.window) for each in drawn]
        elif drawn:
            record_draw(
                connection, drawn, collector=collector, seed=seed, hours_due=len(due),
                budget=settings.audit_requests, drawn_at=now,
            )  # fmt: skip
            connection.commit()
    if report.why is None and drawn and settings.opensea_api_key:
        with client_of(settings.api_url, settings.opensea_api_key.get_secret_value()) as client:
            api = EventsApi(client, settings.audit_requests)
            store = S3Store(archive_client(settings), settings.bucket)
            session = Session(settings, api, store, collector, lambda: settings.clock.at(time.time()))
            _ask(session, drawn, report, log)
    if report.why:
        log(f"not all was asked: {report.why}")
    return report


def audited(settings: LoaderSettings, hour: Hour) -> dict[str, Any]:
    """Return the audit's figures of a loaded hour, named as the columns of mart.hour_quality, numbers as float."""
    with connected(settings.warehouse_url) as connection:
        row = hour_quality(connection, hour)
    figures = {name: row[name] if row else None for name in _FIGURES}
    plain = {
        name: value if value is None or isinstance(value, int | dict) else float(value)
        for name, value in figures.items()
    }
    return {"hour": hour.key, **plain}


def summary(figures: dict[str, Any]) -> str:
    """Say in a few lines what an audit found in an hour."""
    share = f"{100 * (figures['audited_share'] or 0):.0f} %"
    if not figures["api_sales"]:
        return f"{figures['hour']}: the Events API knows no sale of the {share} audited"
    seen = ", ".join(f"{names} {sales:,}" for names, sales in sorted(figures["api_seen_by"].items()))
    loss = "unknown" if figures["loss"] is None else (
        f"{100 * figures['loss']:.3f} %"
        f" (95 %: {100 * figures['loss_low']:.3f} % to {100 * figures['loss_high']:.3f} %)"
    )  # fmt: skip
    return (
        f"{figures['hour']}: {share} audited; the Events API knows {figures['api_sales']:,} sales\n"
        f"  received by {seen or 'no collector'}\n"
        f"  by none {figures['api_unseen']:,} although covered, {figures['api_unseen_uncovered']:,} in gaps; "
        f"only on the stream {figures['stream_only']:,}\n"
        f"  loss {loss}"
    )


def _ask(session: Session, drawn: Iterable[Drawn], report: AuditReport, log: Log) -> None:
    for hour, group in groupby(drawn, key=lambda each: each.window.hour):
        fetched = []
        for each in session.fetch(one.window for one in group):
            fetched.append(each)
            report.windows.append(each.report)
            log(f"  {len(report.windows)}/{report.drawn}: {each.report}")
        if session.archive(hour, fetched):
            report.hours.append(hour.key)
        report.requests, report.why = session.requests, session.ended
        if report.why:
            return
