from pathlib import Path

import boto3
import pytest

from tidemark.local.services.mirror import restore, save


@pytest.fixture
def client(s3_endpoint: str):
    client = boto3.client("s3")
    yield client
    client.close()


def test_what_was_saved_and_restored_is_the_archive(client, bucket: str, tmp_path: Path) -> None:
    client.put_object(Bucket=bucket, Key="events/hour=10/a.zst", Body=b"one")
    client.put_object(Bucket=bucket, Key="manifests/hour=10/a.json", Body=b"two")
    assert save(client, bucket, tmp_path) == 2
    for key in ("events/hour=10/a.zst", "manifests/hour=10/a.json"):
        client.delete_object(Bucket=bucket, Key=key)
    assert restore(client, bucket, tmp_path) == 2
    assert client.get_object(Bucket=bucket, Key="events/hour=10/a.zst")["Body"].read() == b"one"
    assert client.get_object(Bucket=bucket, Key="manifests/hour=10/a.json")["Body"].read() == b"two"


def test_saving_again_copies_only_what_is_new(client, bucket: str, tmp_path: Path) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"one")
    assert save(client, bucket, tmp_path) == 1
    client.put_object(Bucket=bucket, Key="b", Body=b"two")
    assert save(client, bucket, tmp_path) == 1
    assert (tmp_path / "b").read_bytes() == b"two"


def test_a_copy_that_was_cut_short_is_neither_kept_nor_restored(client, bucket: str, tmp_path: Path) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"whole")
    (tmp_path / "a.part").write_bytes(b"wh")
    assert restore(client, bucket, tmp_path) == 0
    assert save(client, bucket, tmp_path) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_key_that_leads_out_of_the_folder_is_refused(client, bucket: str, tmp_path: Path) -> None:
    client.put_object(Bucket=bucket, Key="../out", Body=b"")
    with pytest.raises(ValueError, match="leads out of"):
        save(client, bucket, tmp_path / "inner")
