"""Alerts about tasks that have failed for good: by e-mail or Slack, through Airflow's own notifiers and connections.

`TIDEMARK_ALERT_EMAIL` holds addresses separated by commas; the server is Airflow's connection `smtp_default`.
`TIDEMARK_ALERT_SLACK` holds the id of a connection to a Slack webhook.
"""

import html
import os
from collections.abc import Iterator, Mapping
from typing import Any

from airflow.sdk.bases.notifier import BaseNotifier
from airflow.sdk.exceptions import AirflowFailException

from tidemark.core.errors import Problem
from tidemark.core.text import printable
from tidemark.storage.failures import failure_of

EMAIL, SLACK = "TIDEMARK_ALERT_EMAIL", "TIDEMARK_ALERT_SLACK"
_SENDER = "tidemark@localhost"


class FailureNotifier(BaseNotifier):
    """Tells every channel of the settings which task failed, why, and where its log is."""

    def __init__(self, environ: Mapping[str, str] = os.environ, context: Any = None) -> None:
        super().__init__(context)
        self._environ = environ

    def notify(self, context: Any) -> None:
        """Send the message; a channel that fails does not stop the others."""
        subject, text = message_of(context)
        for channel in channels(self._environ, subject, text):
            try:
                channel.notify(context)
            except Exception as error:  # noqa: BLE001 - the task has failed already; its log shows this as well
                failure = failure_of(error)
                why = failure.what if failure else type(error).__name__
                self.log.warning("%s did not take the alert: %s", type(channel).__name__, why)


def message_of(context: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and text of a failed task: its hour where it has one, the reason, and its log's address."""
    task = context["ti"]
    hour = context["dag_run"].partition_key or context.get("params", {}).get("hour") or task.run_id
    lines = [reason_of(context.get("exception")), f"Run: {task.run_id}", f"Log: {task.log_url}"]
    return f"Tidemark: {task.dag_id} failed in {task.task_id}, {hour}", printable("\n".join(lines), lines=True)


def reason_of(error: object) -> str:
    """Return why a task failed, without a library's own text, which may hold a secret."""
    if isinstance(error, AirflowFailException):
        return str(error)
    if isinstance(error, Problem):
        return f"{error.what}. What to do: {error.hint}"
    failure = failure_of(error) if isinstance(error, BaseException) else None
    if failure:
        return f"{failure.what}. What to do: {failure.hint}"
    return f"a fault of Tidemark itself ({type(error).__name__})" if error else "the task was ended from outside"


def channels(environ: Mapping[str, str], subject: str, text: str) -> Iterator[BaseNotifier]:
    """Yield a notifier of Airflow for each channel that is set."""
    if addresses := [word.strip() for word in environ.get(EMAIL, "").split(",") if word.strip()]:
        from airflow.providers.smtp.hooks.smtp import SmtpHook
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        sender = SmtpHook.get_connection(SmtpHook.default_conn_name).extra_dejson.get("from_email") or _SENDER
        body = f"<pre>{html.escape(text)}</pre>"
        yield SmtpNotifier(to=addresses, from_email=sender, subject=subject, html_content=body)
    if connection := environ.get(SLACK):
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

        yield SlackWebhookNotifier(slack_webhook_conn_id=connection, text=f"{subject}\n{text}")


# of every DAG
DEFAULTS: dict[str, Any] = {"owner": "tidemark", "on_failure_callback": FailureNotifier()}
