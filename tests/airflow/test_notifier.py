import json
import socket
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tidemark.airflow.notifier import EMAIL, SLACK, FailureNotifier, message_of, reason_of
from tidemark.core.errors import Problem


class Mailbox:
    """A real SMTP server for one message."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.commands: list[str] = []
        self.message = b""
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rwb") as stream:

            def answer(text: str) -> None:
                stream.write(f"{text}\r\n".encode())
                stream.flush()

            answer("220 ready")
            while line := stream.readline():
                command = line.decode().strip()
                self.commands.append(command)
                if command.upper() == "DATA":
                    answer("354 go on")
                    while (part := stream.readline()) != b".\r\n":
                        self.message += part
                answer("221 bye" if command.upper() == "QUIT" else "250 ok")

    def close(self) -> None:
        self._thread.join(60)
        self._listener.close()


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    extra = '{"disable_ssl": true, "disable_tls": true, "from_email": "airflow@example.org"}'
    connection = f'{{"conn_type": "smtp", "host": "127.0.0.1", "port": {box.port}, "extra": {extra}}}'
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection)
    yield box
    box.close()


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a webhook of Slack receives; the connection `slack_alerts` names it."""
    received: list[str] = []

    class Slack(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Slack) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        webhook = f"http://127.0.0.1:{server.server_address[1]}/services/T/B/token"
        connection = json.dumps({"conn_type": "slackwebhook", "password": webhook})
        monkeypatch.setenv("AIRFLOW_CONN_SLACK_ALERTS", connection)
        yield received
        server.shutdown()
        serving.join(60)


def failed(error: BaseException | None) -> dict[str, Any]:
    task = SimpleNamespace(dag_id="load_sales", task_id="load", run_id="manual__1", log_url="http://airflow/log")
    run = SimpleNamespace(partition_key="2026-11-22T15")
    return {"ti": task, "dag_run": run, "params": {}, "exception": error}


def test_a_failed_task_is_told_by_mail_with_its_hour_its_reason_and_its_log(mailbox: Mailbox) -> None:
    error = AirflowFailException("a <b>segment</b> is missing. What to do: upload it again")
    FailureNotifier({EMAIL: "ann@example.org, bob@example.org"}).notify(failed(error))
    mailbox.close()
    message = message_from_bytes(mailbox.message, policy=policy.default)
    assert message["Subject"] == "Tidemark: load_sales failed in load, 2026-11-22T15"
    assert [command for command in mailbox.commands if command.lower().startswith("rcpt")] == [
        "rcpt TO:<ann@example.org>", "rcpt TO:<bob@example.org>"
    ]  # fmt: skip
    text = message.get_body().get_content()  # type: ignore[union-attr]
    assert "a &lt;b&gt;segment&lt;/b&gt; is missing. What to do: upload it again" in text
    assert "http://airflow/log" in text


def test_without_a_setting_no_channel_is_tried(caplog: pytest.LogCaptureFixture) -> None:
    FailureNotifier({EMAIL: " "}).notify(failed(None))
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("connection", "why"),
    [
        (None, "Airflow has no connection smtp_default. What to do: Add it"),
        ('{"conn_type": "smtp", "host": "127.0.0.1", "port": 1, "extra": {"disable_ssl": true, "retry_limit": 1}}',
         "the connection was refused. What to do: "),
    ],
)  # fmt: skip
def test_a_channel_that_fails_says_why_and_does_not_stop_the_next(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    slack: list[str],
    connection: str | None,
    why: str,
) -> None:
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection)
    FailureNotifier({EMAIL: "ann@example.org", SLACK: "slack_alerts"}).notify(failed(None))
    assert f"TIDEMARK_ALERT_EMAIL: the alert was not sent: {why}" in caplog.text
    assert len(slack) == 1


def test_a_provider_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.slack.notifications.slack_webhook", None)  # as if not installed
    monkeypatch.setitem(sys.modules, "airflow.providers.smtp.notifications.smtp", None)
    FailureNotifier({EMAIL: "ann@example.org", SLACK: "slack_alerts"}).notify(failed(None))
    for name in ("smtp", "slack"):
        assert f"{name} is not installed. What to do: Run: pip install apache-airflow-providers-{name}" in caplog.text


@pytest.mark.parametrize(
    ("operator", "label", "key", "form", "named"),
    [
        (SimpleNamespace(hour="2026-11-22T07"), None, None, {"hour": "2026-11-22T05"}, "2026-11-22T07"),
        (SimpleNamespace(), "2026-11-22T07", None, {"hour": "2026-11-22T05"}, "2026-11-22T07"),
        (SimpleNamespace(hour="2026-11-22T07"), None, None, {}, "2026-11-22T07"),
        (SimpleNamespace(hour=None), None, "2026-11-22T15", {}, "2026-11-22T15"),
        (SimpleNamespace(hour=None), None, None, {"hour": "2026-11-22T05"}, "2026-11-22T05"),
        (SimpleNamespace(), None, None, {"hour": "2026-11-22T05", "last_hour": "2026-11-22T07"},
         "2026-11-22T05 to 2026-11-22T07"),
        (SimpleNamespace(), None, None, {"hour": None}, "manual__1"),
    ],
)  # fmt: skip
def test_the_hour_is_that_of_the_task_or_else_those_of_its_run(
    operator: object, label: str | None, key: str | None, form: dict[str, Any], named: str
) -> None:
    at = failed(None) | {"task": operator, "params": form, "dag_run": SimpleNamespace(partition_key=key)}
    at["ti"].rendered_map_index = label
    assert message_of(at)[0] == f"Tidemark: load_sales failed in load, {named}"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Problem("it is broken", "Mend it"), "it is broken. What to do: Mend it"),
        (ConnectionRefusedError(111, "s3cret-host"), "the connection was refused"),
        (ZeroDivisionError("s3cret"), "a fault of Tidemark itself (ZeroDivisionError)"),
        (None, "the task was ended from outside"),
    ],
)
def test_a_reason_repeats_no_librarys_text(error: BaseException | None, told: str) -> None:
    assert reason_of(error).startswith(told)
    assert "s3cret" not in reason_of(error)


def test_a_message_has_no_control_characters() -> None:
    assert "\x1b" not in "".join(message_of(failed(AirflowFailException("\x1b[31mred"))))


def test_slack_gets_the_message_at_its_webhook(slack: list[str]) -> None:
    FailureNotifier({SLACK: "slack_alerts"}).notify(failed(Problem("it is broken", "Mend it")))
    (message,) = slack
    assert "it is broken. What to do: Mend it" in json.loads(message)["text"]
