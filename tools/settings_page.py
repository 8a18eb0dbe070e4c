"""The page docs/settings.md, written from the settings classes: `make docs`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pydantic_core
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from collector.settings import CollectorSettings, NotifySettings, UploadSettings
from tidemark.core.clock import Clock
from tidemark.loader.settings import LoaderSettings
from tidemark.local.up.settings import UpSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
PROGRAMS: dict[str, tuple[type[BaseSettings], str]] = {
    "The collector": (CollectorSettings, "`tidemark collect`, and `tidemark status` on its machine"),
    "The uploader": (UploadSettings, "`tidemark upload`, as cron runs it"),
    "The notices": (
        NotifySettings,
        "`tidemark notify`; `tail` and `top` need the spool only, `tail --stream` the stream's address and key",
    ),
    "The loader": (
        LoaderSettings,
        "`tidemark load`, `repair` and Airflow's tasks; `coverage`, `query`, `migrate` need the warehouse only",
    ),
    "The system on one machine": (UpSettings, "`tidemark up`"),
}
_HEAD = """# Settings

Every program reads environment variables, and a file `.env` in the folder where it is started; the environment
wins. A program reports all mistakes together and starts only when there is none. Secrets are marked: they are never
printed, and must not be given on a command line.

boto3's own variables hold for S3: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_DEFAULT_REGION`, and
`AWS_ENDPOINT_URL` for an S3 that is not Amazon's; or an IAM role and none of them.

This page is written by `make docs` from the programs themselves.
"""
_TAIL = """
## The DAGs

Read where Airflow's DAG processor and its tasks run.

| variable | what it is | default |
|---|---|---|
| `TIDEMARK_FIRST_HOUR` | The first hour that `load_sales` is meant to load. | the hour in which it is switched on |
| `TIDEMARK_CATCHUP` | Whether the hours since then are loaded when it is switched on. | `false` |
| `TIDEMARK_ALERT_EMAIL` | Who gets an e-mail when a task fails, with commas; by `smtp_default`. | no e-mail |
| `TIDEMARK_ALERT_SLACK` | The connection to a Slack webhook. | no message |
| `TIDEMARK_AWS_CONN_ID` | The connection with which tasks read the archive. | `aws_default` |

## The simulator

| variable | what it is | default |
|---|---|---|
| `TIDEMARK_SIMULATOR_KEYS` | Keys to let in: LABEL=KEY, with spaces; the ledger names a client by its label. | - |

## The scripts of an installation

Read from `/etc/tidemark/*.env` by what `deploy/install` puts on a machine. Services and scripts read these files alike,
as systemd does (`EnvironmentFile=` in systemd.exec(5)); scripts name a line that they skip.

| variable | what it is | default |
|---|---|---|
| `TIDEMARK_SECRET_ID` | The secret of AWS Secrets Manager with the OpenSea API key. | a file in /etc/tidemark/secrets |
| `TIDEMARK_WAREHOUSE_ADDRESS` | Its host name; loads log in as `tidemark_loader` by IAM. | a file `warehouse-url` |
| `TIDEMARK_AIRFLOW_SECRET_ID` | The one with the login of Airflow's own database. | a file `airflow-url` |
| `TIDEMARK_FERNET_SECRET_ID` | The one with the key of what Airflow encrypts. | a file `fernet-key` or `airflow.cfg` |
| `TIDEMARK_OWNER_SECRET_ID` | The one of the owner, who applies migrations. | a file `owner-url` |
| `TIDEMARK_METRICS_NAMESPACE` | Where in CloudWatch this machine's metrics go, every minute. | no CloudWatch |
| `TIDEMARK_LOG_FOLDER` | Where the hourly upload logs. | `/var/log/tidemark` |
"""


def page() -> str:
    """Return the whole page."""
    return _HEAD + "".join(_section(title, *program) for title, program in PROGRAMS.items()) + _TAIL


def variable(settings: type[BaseSettings], name: str) -> str:
    """Return the environment variable of a field."""
    alias = settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def _section(title: str, settings: type[BaseSettings], used_by: str) -> str:
    rows = "".join(_rows(settings))
    return f"\n## {title}\n\nUsed by {used_by}.\n\n| variable | what it is | default |\n|---|---|---|\n{rows}"


def _rows(settings: type[BaseSettings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        secret = "SecretStr" in str(field.annotation) and field.default in (None, pydantic_core.PydanticUndefined)
        what = f"{field.description}{' **Secret.**' if secret else ''}"
        yield f"| `{variable(settings, name)}` | {what} | {_default(field)} |\n"


def _default(field: FieldInfo) -> str:
    match field.default:
        case pydantic_core.PydanticUndefined:
            return "required"
        case SecretStr() as address:
            return f"`{address.get_secret_value()}`"
        case None | () | "" | Clock():
            return "-"
        case tuple() as words:
            return f"`{','.join(words)}`"
        case other:
            return f"`{other}`"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(PAGE.parents[1])} written\n")
