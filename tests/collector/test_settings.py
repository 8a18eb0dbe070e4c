"""What a person can set: read once, every mistake reported at once, secrets kept."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collector.settings import CollectorSettings, UploadSettings, read_slugs
from tidemark.archive.event_type import EVENT_TYPES
from tidemark.archive.names import LAST_NUMBER
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.transform.event import EVENTS
from tidemark.storage.settings import checked_slug

NEEDED = {
    "TIDEMARK_COLLECTOR": "collector-a",
    "TIDEMARK_SPOOL": "/spool",
    "OPENSEA_API_KEY": "secret-key",
    "TIDEMARK_BUCKET": "archive",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_three_settings_are_enough_to_record(environment: pytest.MonkeyPatch) -> None:
    settings = CollectorSettings()
    assert settings.slugs() == ("*",)
    assert settings.address.get_secret_value() == (
        "wss://stream-api.opensea.io/socket/websocket?token=secret-key&vsn=2.0.0"
    )
    assert (settings.connections, settings.metrics_port, settings.metrics_host) == (1, None, "127.0.0.1")


def test_a_file_serves_as_well(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("TIDEMARK_COLLECTOR")
    (tmp_path / ".env").write_text("TIDEMARK_COLLECTOR=collector-b\nTIDEMARK_COLLECTIONS=dogs,cats\nAWS_REGION=x\n")
    assert CollectorSettings().collector == "collector-b"
    assert CollectorSettings().slugs() == ("dogs", "cats")


@pytest.mark.parametrize("text", ["dogs,cats", "dogs\ncats", " dogs ,\n cats,"])
def test_lists_are_written_with_commas_or_lines(environment: pytest.MonkeyPatch, text: str) -> None:
    environment.setenv("TIDEMARK_COLLECTIONS", text)
    environment.setenv("TIDEMARK_EVENT_TYPES", "item_sold, item_listed")
    assert CollectorSettings().collections == ("dogs", "cats")
    assert CollectorSettings().event_types == ("item_sold", "item_listed")


def test_every_mistake_is_reported_at_once_and_none_shows_a_value(environment: pytest.MonkeyPatch) -> None:
    wrong = {
        "TIDEMARK_COLLECTOR": "Collector A",
        "TIDEMARK_COLLECTIONS": "dogs,no slug!",
        "TIDEMARK_EVENT_TYPES": "ItemSold",
        "TIDEMARK_CONNECTIONS": "3",
        "TIDEMARK_HEARTBEAT": "600",
        "TIDEMARK_LOG_FORMAT": "xml",
        "OPENSEA_API_KEY": "",
    }
    for name, value in wrong.items():
        environment.setenv(name, value)
    with pytest.raises(ValidationError) as mistakes:
        CollectorSettings()
    names = {str(mistake["loc"][0]).removeprefix("OPENSEA_").lower() for mistake in mistakes.value.errors()}
    assert names == {name.split("_", 1)[1].lower() for name in wrong}


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("TIDEMARK_STREAM_URL", "wss://host/path?token=secret-key", "must not carry a query"),
        ("TIDEMARK_STREAM_URL", "wss://host:99999/", "TIDEMARK_STREAM_URL is no websocket address"),
        ("TIDEMARK_CLOCK", "tomorrow", "is not a clock"),
        ("TIDEMARK_EVENT_TYPES", "item_listed,item_solde", "'item_solde' is no event type.*did you mean item_sold?"),
        ("TIDEMARK_EVENT_TYPES", "Item_Sold", "did you mean item_sold?"),
        ("TIDEMARK_EVENT_TYPES", "x", "there are collection_offer, item_cancelled, "),
        ("TIDEMARK_COLLECTIONS", "dogs,Tugboats", "'Tugboats' is no collection slug; slugs are lower-case: tugboats"),
        ("HTTPS_PROXY", "ftp://me:secret-key@proxy", "the proxy in the environment cannot be used"),
    ],
)
def test_what_can_never_work_is_refused_at_the_start(
    environment: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError, match=complaint) as refused:
        CollectorSettings()
    assert "secret-key" not in str(refused.value)


def test_the_event_types_are_those_that_the_loader_reads() -> None:
    assert sorted(EVENTS) == list(EVENT_TYPES)


def test_secrets_do_not_show(environment: pytest.MonkeyPatch) -> None:
    settings = CollectorSettings()
    assert "secret-key" not in f"{settings!r} {settings} {settings.address!r} {settings.model_dump()}"


def test_the_collections_file_is_read_each_time(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "collections"
    environment.setenv("TIDEMARK_COLLECTIONS_FILE", str(file))
    settings = CollectorSettings()
    with pytest.raises(Problem, match="cannot be used"):
        settings.slugs()
    file.write_text("# mine\ndogs\n\ncats  # also\ndogs\n")
    assert settings.slugs() == ("dogs", "cats")
    file.write_text("no slug!\n")
    with pytest.raises(Problem, match="no collection slug"):
        settings.slugs()


@given(st.text())
def test_a_file_that_is_read_holds_slugs_only(text: str) -> None:
    try:
        slugs = read_slugs(text)
    except ValueError:
        return
    assert slugs
    assert all(checked_slug(slug) == slug and ":" not in slug and len(slug) <= 128 for slug in slugs)


def test_three_settings_are_enough_to_upload(environment: pytest.MonkeyPatch) -> None:
    settings = UploadSettings()
    assert (settings.collector, str(settings.spool), settings.bucket, settings.prefix) == (
        "collector-a",
        "/spool",
        "archive",
        "",
    )


def test_an_empty_variable_is_an_absent_one(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TIDEMARK_SSE", "")
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
def test_a_wrong_setting_is_named(environment: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    environment.setenv(f"TIDEMARK_{name}", value)
    with pytest.raises(ValidationError, match=message):
        UploadSettings()


def test_all_mistakes_of_an_upload_are_reported_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("TIDEMARK_BUCKET")
    environment.setenv("TIDEMARK_COLLECTOR", "?")
    with pytest.raises(ValidationError) as raised:
        UploadSettings()
    assert {mistake["loc"] for mistake in raised.value.errors()} == {("bucket",), ("collector",)}


def numbers_of(settings: type[CollectorSettings | UploadSettings | LoaderSettings]) -> list[str]:
    return [name for name, field in settings.model_fields.items() if field.annotation in (int, float, int | None)]


@pytest.mark.parametrize("settings", [CollectorSettings, UploadSettings, LoaderSettings])
@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e308", "1" + "0" * 30, "-1"])
def test_a_number_that_no_clock_and_no_library_takes_is_refused(
    environment: pytest.MonkeyPatch, settings: type[CollectorSettings | UploadSettings | LoaderSettings], value: str
) -> None:
    names = numbers_of(settings)
    assert len(names) > 3
    for name in names:
        environment.setenv(f"TIDEMARK_{name.upper()}", value)
    with pytest.raises(ValidationError) as mistakes:
        settings()
    assert {str(mistake["loc"][0]) for mistake in mistakes.value.errors()} >= set(names)


def test_the_longest_times_can_be_added_to_any_hour(environment: pytest.MonkeyPatch) -> None:
    hour = Hour.parse("2100-01-01T00")
    environment.setenv("TIDEMARK_RETENTION_HOURS", "876000")
    assert hour.end + timedelta(hours=UploadSettings().retention_hours)
    environment.setenv("TIDEMARK_GRACE_PERIOD", "31536000")
    environment.setenv("TIDEMARK_AUDIT_DELAY", "31536000")
    environment.setenv("TIDEMARK_WAREHOUSE_URL", "postgresql://x")
    assert LoaderSettings().awaits(hour, hour.end)


def test_the_numbers_of_segments_are_enough_for_ten_times_the_whole_market(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TIDEMARK_SEGMENT_MIB", "32")
    assert CollectorSettings().segment_mib * (1 << 20) * LAST_NUMBER > 10 * 9_000_000 * 3600
    environment.setenv("TIDEMARK_SEGMENT_MIB", "31")
    with pytest.raises(ValidationError):
        CollectorSettings()
