"""An archive and a warehouse of a test's own, and the loader's settings for both."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.conftest import fresh_database
from tidemark.loader.settings import LoaderSettings
from tidemark.local.services.postgres import Postgres
from tidemark.local.services.s3 import S3Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def s3(s3_server: S3Server, s3_endpoint: str) -> "S3Client":
    return s3_server.client()


@pytest.fixture
def settings(warehouse_url: str, bucket: str) -> LoaderSettings:
    return LoaderSettings(warehouse_url=warehouse_url, bucket=bucket, collectors=("collector-a", "collector-b"))


@pytest.fixture
def fresh(postgres_server: Postgres, migrated: str) -> Iterator[Callable[[LoaderSettings], LoaderSettings]]:
    """Give the same archive another warehouse, empty."""
    with ExitStack() as databases:

        def another(settings: LoaderSettings) -> LoaderSettings:
            url = databases.enter_context(fresh_database(postgres_server, migrated))
            return settings.model_copy(update={"warehouse_url": SecretStr(url)})

        yield another
