import pytest
from pydantic import ValidationError

from collector.upload.settings import UploadSettings

NEEDED = {"TIDEMARK_COLLECTOR": "collector-a", "TIDEMARK_SPOOL": "/spool", "TIDEMARK_BUCKET": "archive"}


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def test_three_settings_are_enough():
    settings = UploadSettings()
    assert (settings.collector, str(settings.spool), settings.bucket, settings.prefix) == (
        "collector-a",
        "/spool",
        "archive",
        "",
    )


def test_an_empty_variable_is_an_absent_one(monkeypatch):
    monkeypatch.setenv("TIDEMARK_SSE", "")
    assert UploadSettings().sse is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("COLLECTOR", "Collector A", "is not a collector id"),
        ("PREFIX", "no-slash", "is not a key prefix"),
        ("RETENTION_HOURS", "-1", "greater than or equal to 0"),
        ("UPLOAD_WORKERS", "0", "greater than or equal to 1"),
        ("MULTIPART_THRESHOLD_MIB", "4", "greater than or equal to 5"),
        ("SSE", "rot13", "AES256"),
        ("CLOCK", "tomorrow", "is not a clock"),
        ("SSE_KEY_ID", "key", "need TIDEMARK_SSE=aws:kms"),
        ("SSE_BUCKET_KEY", "true", "need TIDEMARK_SSE=aws:kms"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch, name, value, message):
    monkeypatch.setenv(f"TIDEMARK_{name}", value)
    with pytest.raises(ValidationError, match=message):
        UploadSettings()


def test_all_mistakes_are_reported_at_once(monkeypatch):
    monkeypatch.delenv("TIDEMARK_BUCKET")
    monkeypatch.setenv("TIDEMARK_COLLECTOR", "?")
    with pytest.raises(ValidationError) as raised:
        UploadSettings()
    assert {mistake["loc"] for mistake in raised.value.errors()} == {("bucket",), ("collector",)}
