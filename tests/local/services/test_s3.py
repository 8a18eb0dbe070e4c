import socket

import psutil
import pytest
from botocore.exceptions import ClientError

from tidemark.core.errors import Problem
from tidemark.local.services.s3 import HOST, S3Server


def test_serves_objects_as_its_own_process_and_ends_with_the_block(tmp_path):
    with S3Server(log=tmp_path / "s3.log") as server:
        server.create_bucket("archive")
        server.create_bucket("archive")
        client = server.client()
        client.put_object(Bucket="archive", Key="key", Body=b"content")
        assert client.get_object(Bucket="archive", Key="key")["Body"].read() == b"content"
        pid = server.pid
        assert pid is not None
        assert psutil.Process(pid).net_connections()[0].laddr.ip == HOST
    assert server.pid is None
    assert not psutil.pid_exists(pid)


def test_takes_the_port_it_is_given():
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    with S3Server(port=port) as server:
        assert server.endpoint == f"http://{HOST}:{port}"
        assert server.environment["AWS_ENDPOINT_URL"] == server.endpoint


def test_a_taken_port_is_a_problem_that_names_it():
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match=f"port {port} on {HOST} is taken"):
            S3Server(port=port).start()


def test_a_process_that_ends_at_once_is_a_problem(tmp_path):
    (tmp_path / "-").mkdir()  # the name of no bucket, so nothing can be restored
    server = S3Server(folder=tmp_path)
    with pytest.raises(Problem, match="does not answer"):
        server.start()
    assert server.pid is None


def test_stop_is_harmless_when_nothing_runs():
    S3Server().stop()


def test_a_killed_server_has_the_same_objects_at_the_same_address_after_its_restart(tmp_path):
    key = "events/date=2026-11-20/hour=10/collector=a/20261120T10.0001 ü.jsonl.zst"
    with S3Server(folder=tmp_path / "s3", log=tmp_path / "s3.log") as server:
        server.create_bucket("archive")
        client = server.client()
        whole = client.put_object(Bucket="archive", Key=key, Body=b"content", ChecksumAlgorithm="SHA256")
        upload = client.create_multipart_upload(Bucket="archive", Key="parts")["UploadId"]
        part = client.upload_part(Bucket="archive", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        client.complete_multipart_upload(Bucket="archive", Key="parts", UploadId=upload, MultipartUpload=parts)
        for gone in ("one", "two"):
            client.put_object(Bucket="archive", Key=gone, Body=b"")
        client.delete_object(Bucket="archive", Key="one")
        client.delete_objects(Bucket="archive", Delete={"Objects": [{"Key": "two"}]})
        psutil.Process(server.pid).kill()
        endpoint = server.endpoint
        psutil.wait_procs([psutil.Process(server.pid)] if server.pid else [], 60)
        assert server.pid is None

        server.start()
        assert server.endpoint == endpoint
        listed = client.list_objects_v2(Bucket="archive")["Contents"]
        assert {each["Key"]: each["Size"] for each in listed} == {key: 7, "parts": 4}
        assert client.get_object(Bucket="archive", Key=key)["Body"].read() == b"content"
        head = client.head_object(Bucket="archive", Key=key, ChecksumMode="ENABLED")
        assert head["ChecksumSHA256"] == whole["ChecksumSHA256"]
        with pytest.raises(ClientError, match="PreconditionFailed"):
            client.put_object(Bucket="archive", Key=key, Body=b"other", IfNoneMatch="*")


def test_an_empty_bucket_is_there_after_a_restart(tmp_path):
    with S3Server(folder=tmp_path / "s3") as server:
        server.create_bucket("archive")
    with S3Server(folder=tmp_path / "s3") as server:
        assert [each["Name"] for each in server.client().list_buckets()["Buckets"]] == ["archive"]


def test_a_file_that_was_not_written_completely_is_no_object(tmp_path):
    folder = tmp_path / "s3" / "archive"
    folder.mkdir(parents=True)
    (folder / "key.part").write_bytes(b"tor")
    with S3Server(folder=tmp_path / "s3") as server:
        assert "Contents" not in server.client().list_objects_v2(Bucket="archive")


def test_a_key_outside_of_the_folder_writes_no_file(tmp_path):
    with S3Server(folder=tmp_path / "s3") as server:
        server.create_bucket("archive")
        server.client().put_object(Bucket="archive", Key="../../out", Body=b"")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
