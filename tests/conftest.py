"""Outside things that tests share: each is real, embedded, and started once per test process."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from local.s3 import S3Server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """The embedded S3 of this test process."""
    with S3Server() as server:
        yield server


@pytest.fixture
def s3_endpoint(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the embedded S3; the AWS_* variables of the test point there."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server.endpoint


@pytest.fixture
def bucket(s3_server: S3Server, s3_endpoint: str) -> str:
    """A fresh, empty bucket."""
    name = f"test-{uuid4().hex}"
    s3_server.create_bucket(name)
    return name
