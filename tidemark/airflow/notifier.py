"""Alerts about tasks that have failed for good: by e-mail or Slack, through Airflow's own notifiers and connections.

`TIDEMARK_ALERT_EMAIL` holds addresses separated by commas; the server is Airflow's connection `smtp_default`.
`TIDEMARK_ALERT_SLACK` holds the id of a connection to a Slack webhook.
"""

import html
import os
from collections.abc import Mapping
from typing import Any

from airflow.sdk.bases.notifier import BaseNotifier
from airflow.sdk.exceptions import AirflowFailException

from tidemark.airflow.connections import in_task
from tidemark.airflow.faults import LOG
from tidemark.airflow.run_hours import hours_text
from tidemark.core.errors import Problem
from tidemark.core.text import printable
from tidemark.storage.failures import failure_of

EMAIL, SLACK, SMTP = "TIDEMARK_ALERT_EMAIL", "TIDEMARK_ALERT_SLACK", "smtp_default"
_SENDER = "tidemark@localhost"


class FailureNotifier(BaseNotifier):
    """Tells every channel of the settings which task failed, why, and where its log is."""

    def __init__(self, environ: Mapping[str, str] = os.environ, context: Any = None) -> None:
        super().__init__(context)
        self._environ = environ

    def notify(self, context: Any) -> None:
        """Send the message; a channel that fails does not stop the others."""
        subject, text = message_of(context)
        for setting, channel in {EMAIL: _email, SLACK: _slack}.items():
            if not (value := self._environ.get(setting, "").strip()):
                continue
            try:
                channel(value, subject, text).notify(context)
            except Exception as error:  # noqa: BLE001 - the task has failed already; its log shows this as well
                LOG.warning("%s: the alert was not sent: %s", setting, _known(error) or type(error).__name__)


def message_of(context: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and text of a failed task: its hour where it has one, the reason, and its log's address."""
    task = context["ti"]
    # first the hour of a task that is one of several: its run is for a range or names no hour
    hour = getattr(context.get("task"), "hour", None) or getattr(task, "rendered_map_index", None)
    hour = hour or hours_text(context.get("params", {}), context["dag_run"].partition_key) or task.run_id
    lines = [reason_of(context.get("exception")), f"Run: {task.run_id}", f"Log: {task.log_url}"]
    return f"Tidemark: {task.dag_id} failed in {task.task_id}, {hour}", printable("\n".join(lines), lines=True)


def reason_of(error: object) -> str:
    """Return why a task failed, without a library's own text, which may hold a secret."""
    if isinstance(error, AirflowFailException):
        return str(error)
    if isinstance(error, BaseException) and (known := _known(error)):
        return known
    return f"a fault of Tidemark itself ({type(error).__name__})" if error else "the task was ended from outside"


def _known(error: BaseException) -> str | None:
    failure = failure_of(error)
    return f"{failure.what}. What to do: {failure.hint}" if failure else None


def _email(addresses: str, subject: str, text: str) -> BaseNotifier:
    try:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier
    except ImportError:
        raise _no_provider("smtp") from None
    sender = _connection(SMTP).extra_dejson.get("from_email") or _SENDER
    to = [word.strip() for word in addresses.split(",") if word.strip()]
    return SmtpNotifier(to=to, from_email=sender, subject=subject, html_content=f"<pre>{html.escape(text)}</pre>")


def _slack(connection: str, subject: str, text: str) -> BaseNotifier:
    try:
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
    except ImportError:
        raise _no_provider("slack") from None
    _connection(connection)
    return SlackWebhookNotifier(slack_webhook_conn_id=connection, text=f"{subject}\n{text}")


def _no_provider(name: str) -> Problem:
    return Problem(f"Airflow's provider for {name} is not installed",
                   f"Run: pip install apache-airflow-providers-{name}")  # fmt: skip


def _connection(name: str) -> Any:
    if connection := in_task(name):
        return connection
    raise Problem(f"Airflow has no connection {name}", "Add it as docs/airflow.md shows")


# of every DAG
DEFAULTS: dict[str, Any] = {"owner": "tidemark", "on_failure_callback": FailureNotifier()}
