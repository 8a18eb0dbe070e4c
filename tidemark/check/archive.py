"""The bucket of the archive: whether it is there, what this user may do, and whether objects are put once."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tidemark.check.machine import compare_clocks
from tidemark.check.report import Warned
from tidemark.core.timestamps import parse_http_date
from tidemark.storage.object_store import ObjectStore
from tidemark.storage.s3_client import client_problem, place_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def check_put_once(store: ObjectStore, prefix: str, name: str, put_once: str) -> str | Warned:
    """Put probe objects whose names contain `name` twice, whole and in parts, and delete them.

    Raises Problem where the endpoint overwrites.
    """
    proof = store.prove(prefix, name, None)
    if not proof.whole:
        hint = "Only one uploader may write under this TIDEMARK_COLLECTOR"
        return Warned(f"objects can be overwritten; each key is looked up before its put ({put_once})", hint)
    parts = "whole and in parts" if proof.parts else "whole; in parts they could be overwritten, so none is put so"
    return f"a taken key is refused ({parts}); probe objects were put and deleted"


def check_reading(client: "S3Client", bucket: str, prefix: str, now: Callable[[], float]) -> str | Warned:
    """List the manifests and read one. Raises Problem where the bucket is missing or a right is missing."""
    try:
        answer = client.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}manifests/", MaxKeys=1)
        contents = answer.get("Contents", [])
        for listed in contents:
            client.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
    except Exception as error:
        raise client_problem(place_of(client, bucket), error) from error
    note = "listed and read" if contents else "listed; it has no manifest yet"
    theirs = parse_http_date(answer["ResponseMetadata"]["HTTPHeaders"].get("date", ""))
    return compare_clocks(theirs, now(), note) if theirs else note
