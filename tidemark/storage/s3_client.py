"""The client of S3, or of anything that speaks its protocol: its address, its credentials and its time-outs.

What the environment holds is checked before a library can put it into a header, an address or an error's text.
"""

import os
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader

from tidemark.core.errors import Problem
from tidemark.core.text import printable
from tidemark.storage.failures import Failure, failure_of
from tidemark.storage.object_store import StoreUnavailableError
from tidemark.storage.settings import UNENCRYPTED, plaintext_host

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONNECT_TIMEOUT = 10.0
_METADATA_ATTEMPTS = 3  # boto3 asks a machine for its role's credentials once, and fails where that answer fails
_KEY = re.compile(r"[!-~]+", re.ASCII)
_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class _Descriptions(Loader):
    """botocore's descriptions of AWS, read once for all clients: that is nine tenths of the time a client takes."""

    @property
    def search_paths(self) -> list[str]:
        """Return a copy, because each session of boto3 adds a folder to it."""
        return list(super().search_paths)


_DESCRIPTIONS = _Descriptions()


def s3_client(
    access: Mapping[str, str] = MappingProxyType({}),
    *,
    plaintext_hosts: Collection[str] = (),
    attempts: int = 4,
    timeout: float = 60,
    connections: int = 10,
) -> "S3Client":
    """Return a client that takes its address and its credentials from boto3's usual places; nothing is sent yet.

    `access` holds what comes from elsewhere, named as the arguments of boto3's `client`. A request fails after
    `timeout` seconds without an answer, and is sent up to `attempts` times.
    Raises StoreUnavailableError where the environment cannot be used, and where the endpoint, wherever it comes from,
    is another machine than those of `plaintext_hosts` and would be reached by http://.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=min(_CONNECT_TIMEOUT, timeout),
        read_timeout=timeout,
        max_pool_connections=connections,
        request_checksum_calculation="when_required",  # every body carries a SHA-256, or none where none is taken
    )
    _check_environment(os.environ)
    try:
        # a session of its own, because the default one keeps the credentials that it found first
        options: dict[str, Any] = {**({} if "aws_access_key_id" in access else _credentials(os.environ)), **access}
        session = botocore.session.get_session()
        session.register_component("data_loader", _DESCRIPTIONS)
        asked = session.get_config_variable("metadata_service_num_attempts")
        session.set_config_variable("metadata_service_num_attempts", max(asked, _METADATA_ATTEMPTS))
        client = boto3.Session(botocore_session=session).client("s3", config=config, **options)
    except Exception as error:
        raise StoreUnavailableError(*client_problem("S3", error).args) from error
    if (host := plaintext_host(client.meta.endpoint_url)) and host not in plaintext_hosts:
        what = f"the endpoint of S3 {UNENCRYPTED.format(printable(host))}"
        raise StoreUnavailableError(what, "Look at AWS_ENDPOINT_URL, AWS's configuration file or Airflow's connection")
    return client


def client_problem(where: str, error: Exception, kept: str = "") -> Problem:
    """Return what any error of a client, or of making one, means for something named `where`; see `Failure.problem`.

    A client looks for its credentials when it is made and again at any request. What the files and programs of the
    AWS configuration raise then comes bare, as a ValueError or an OSError.
    """
    failure = failure_of(error)
    of_a_file = isinstance(error, OSError) and not isinstance(error, BotoCoreError) and failure and not failure.cause
    if failure is None or of_a_file:
        hint = "Check the AWS_* variables, the files in ~/.aws, and the files and programs that these name"
        failure = Failure(f"the AWS configuration cannot be used ({type(error).__name__})", hint, transient=False)
    return failure.problem(where, kept)


def _check_environment(environ: Mapping[str, str]) -> None:
    """Refuse what a library would put into a header or an address, and into its error's text."""
    for name in _SECRETS:
        if (secret := environ.get(name, "").strip()) and not _KEY.fullmatch(secret):
            what = f"{name} holds a space or a character that no key has"
            raise StoreUnavailableError(what, "Copy the key again")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        url = environ.get(name, "")
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and url == url.strip()
        except ValueError:
            usable = False
        if url and not usable:
            raise StoreUnavailableError(f"{name} is not an address", "Write it as https://HOST or https://HOST:PORT")


def _credentials(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the key pair of the environment without the line break that a copied one may end with."""
    key, secret, token = (environ.get(name, "").strip() for name in _SECRETS)
    if not key or not secret:
        return {}
    return {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token or None}


def place_of(client: "S3Client", bucket: str) -> str:
    """Return a bucket and its endpoint as messages name them, without what an address may hold of a password."""
    url = urlsplit(client.meta.endpoint_url)
    return f"bucket {bucket!r} at {url.hostname}{f':{url.port}' if url.port else ''}"
